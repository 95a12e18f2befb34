package asl

// Machine is a compiled definition. It is immutable and safe for concurrent use.
type Machine struct {
	comment string
}

// Options change how a definition is read.
type Options struct {
	Express bool // the machine is EXPRESS: patterns that wait are refused
}

// Parse compiles a definition. The Machine is nil if a diagnostic has severity Error; there may be warnings beside it.
// Diagnostics come in AWS's order (spec section 1.11).
func Parse(definition []byte, o Options) (*Machine, []Diagnostic) {
	return nil, nil
}

// New makes an execution that has not started; its first Step is given Start.
func New(m *Machine, i Info, l Limits) *Exec { return &Exec{} }

// Load makes an execution out of its rows, such as engine.Tx.Parts calls out. Rows with keys of others are ignored.
func Load(m *Machine, l Limits, rows func(each func(key string, value []byte))) (*Exec, error) {
	return &Exec{}, nil
}

// Exec is one execution. Not safe for concurrent use.
type Exec struct{}

// Step takes one input and runs until every thread waits. If it returns an error, nothing has changed. The Delta is the
// caller's. After a Delta that was not committed the Exec must be thrown away and loaded again.
func (x *Exec) Step(in Input, env Env) (*Delta, error) { return &Delta{}, nil }

// Status is where the execution stands.
func (x *Exec) Status() Status { return Running }

// Info is what was given to New, with what redrives have changed.
func (x *Exec) Info() Info { return Info{} }

// Size estimates the bytes the Exec holds in memory.
func (x *Exec) Size() int { return 0 }

// Open calls out the tasks that wait for an answer, for a restart.
func (x *Exec) Open(each func(Task)) {}
