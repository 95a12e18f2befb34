package jsonata

import (
	"fmt"
	"sync"

	"github.com/perdure/perdure/asl/value"
)

// builtin is a function of the language or of the host.
type builtin struct {
	name   string
	sig    *signature
	params int // how many fn is given at least
	arity  int // how many callers such as $map hand over
	fn     func(r *run, args []Value) (Value, error)
	index  int
	value  Value
}

// builtins are the functions a program knows.
type builtins struct {
	names map[string]*builtin
	count int
}

func (b *builtins) find(name string) *builtin { return b.names[name] }

func (b *builtins) add(name, sig string, params, arity int, fn func(*run, []Value) (Value, error)) {
	f := &builtin{name: name, params: params, arity: arity, fn: fn, index: b.count}
	if sig != "" {
		f.sig = mustSignature(sig)
	}
	f.value = (&function{builtin: f}).value()
	b.names[name] = f
	b.count++
}

// standard are the functions of the language.
var standard = func() *builtins {
	b := &builtins{names: map[string]*builtin{}}
	b.addText()
	b.addNumbers()
	b.addArrays()
	b.addObjects()
	b.addHigherOrder()
	b.addPatterns()
	b.addDates()
	b.addMisc()
	return b
}()

// newBuiltins returns the functions the options ask for.
func newBuiltins(o Options) (*builtins, *Error) {
	if len(o.Functions) == 0 && !o.Eval {
		return standard, nil
	}
	if !o.Eval && len(o.Functions) == len(stepFunctions) && &o.Functions[0] == &stepFunctions[0] {
		s := &stepTable
		s.once.Do(func() { s.table, s.err = extended(o) })
		return s.table, s.err
	}
	return extended(o)
}

// stepTable is what most programs know, made once.
var stepTable struct {
	once  sync.Once
	table *builtins
	err   *Error
}

// extended makes a table of the standard functions and those of the options.
func extended(o Options) (*builtins, *Error) {
	b := &builtins{names: make(map[string]*builtin, len(standard.names)+len(o.Functions)), count: standard.count}
	for name, f := range standard.names {
		b.names[name] = f
	}
	if o.Eval {
		b.add("eval", "<sx?:x>", 2, 2, fnEval)
	}
	for _, f := range o.Functions {
		if _, err := parseSignature(f.Signature); err != nil {
			return nil, err
		}
		call := f.Call
		n := len(mustSignature(f.Signature).params)
		b.add(f.Name, f.Signature, n, n, func(r *run, args []Value) (Value, error) {
			v, err := call(&Call{run: r}, args)
			if err != nil {
				return Value{}, hostError(err)
			}
			return v, nil
		})
	}
	return b, nil
}

// hostError makes what a host's function answers an error of the language.
func hostError(err error) error {
	if e, ok := err.(*Error); ok {
		return e
	}
	if e, ok := err.(*stopped); ok {
		return e
	}
	return &Error{Code: "D3137", extra: err.Error()}
}

// Call is what a host's function may ask of the evaluation it is called in.
type Call struct{ run *run }

// Random gives a number in [0, 1) from the host.
func (c *Call) Random() (float64, error) { return c.run.random() }

// UUID gives an identifier from the host.
func (c *Call) UUID() (string, error) {
	if c.run.host.UUID == nil {
		return "", fmt.Errorf("the host gives no identifiers")
	}
	return c.run.host.UUID(), nil
}

// Spend counts bytes the function is about to allocate against the limits of the evaluation.
func (c *Call) Spend(bytes int) error { return c.run.spend(bytes) }

func (r *run) random() (float64, error) {
	if r.host.Random == nil {
		return 0, &Error{Code: "D3137", extra: "the host gives no random numbers"}
	}
	return r.host.Random(), nil
}

// millis is the time of the evaluation, the same all the way through.
func (r *run) millis() float64 {
	if !r.haveNow {
		r.haveNow = true
		if r.host.Now != nil {
			r.now = r.host.Now()
		}
	}
	if r.now.IsZero() {
		return 0
	}
	return float64(r.now.UnixMilli())
}

// at is argument i, undefined when not given.
func at(args []Value, i int) Value {
	if i < len(args) {
		return args[i]
	}
	return Value{}
}

// text makes a string of a result and counts it.
func (r *run) text(s string) (Value, error) {
	if err := r.spend(len(s)); err != nil {
		return Value{}, err
	}
	return value.String(s), nil
}
