package asl

import (
	"github.com/perdure/perdure/asl/value"
)

// Machine is a compiled definition. It is immutable and safe for concurrent use.
type Machine struct {
	root    *block
	lang    Language
	timeout int64             // TimeoutSeconds, 0: none
	states  map[string]*state // every state, nested ones too
	order   []*state          // in the order of the definition
}

// Language is a query language.
type Language string

// The query languages.
const (
	JSONPath Language = "JSONPath"
	JSONata  Language = "JSONata"
)

// block is one States container: the machine's own, a branch, or a Map's processor.
type block struct {
	start  *state
	states map[string]*state
}

// StateType is a state's Type.
type StateType string

// The types of states.
const (
	TaskState     StateType = "Task"
	WaitState     StateType = "Wait"
	PassState     StateType = "Pass"
	SucceedState  StateType = "Succeed"
	FailState     StateType = "Fail"
	ChoiceState   StateType = "Choice"
	ParallelState StateType = "Parallel"
	MapState      StateType = "Map"
)

// state is one compiled state. Members that its type or query language does not have are zero.
type state struct {
	name string
	at   string // location in the definition
	typ  StateType
	lang Language
	next *state // nil: the state is terminal

	in     ioPath     // InputPath
	out    ioPath     // OutputPath
	place  resultPath // ResultPath
	args   template   // Parameters (of Map: none) or Arguments
	pick   template   // ResultSelector
	output template   // Output
	assign *assign    // Assign
	retry  []retrier
	catch  []catcher

	result   value.Value // Pass: Result
	task     *taskFields
	wait     *waitFields
	fail     *failFields
	choice   *choiceFields
	branches []*block // Parallel
	each     *mapFields

	variables []string // that its expressions refer to
}

type taskFields struct {
	resource  Resource
	timeout   *scalar
	heartbeat *scalar
	role      *scalar // Credentials.RoleArn
}

type waitFields struct {
	seconds   *scalar
	timestamp *scalar
}

type failFields struct {
	err   *scalar
	cause *scalar
}

// mapFields are what a Map state has beside the members common to all.
type mapFields struct {
	body        *block
	distributed bool
	express     bool   // ExecutionType
	label       string // Label, empty: none
	itemsPath   *pathField
	items       template // Items
	selector    template // ItemSelector, or Parameters
	concurrency *scalar
	tolCount    *scalar
	tolPercent  *scalar
	reader      *itemReader
	batcher     *itemBatcher
	writer      *resultWriter
}

type itemReader struct {
	resource Resource
	args     template
	config   value.Value // ReaderConfig as written
	maxItems *scalar
}

type itemBatcher struct {
	maxItems *scalar
	maxBytes *scalar
	input    template // BatchInput
}

type resultWriter struct {
	resource *Resource // nil: nothing is exported
	args     template
	config   value.Value // WriterConfig as written, undefined: none
}

// assign is an Assign block. JSONPath assigns through one template for the whole block, JSONata member by member in the
// same way; both yield an object.
type assign struct {
	values template
}

// retrier is one member of Retry (spec section 2.2).
type retrier struct {
	errors   []string
	interval float64 // seconds
	attempts int64
	backoff  float64
	maxDelay float64 // seconds, 0: none
	jitter   bool
}

// catcher is one member of Catch (spec section 2.3).
type catcher struct {
	errors []string
	next   *state
	place  resultPath
	output template
	assign *assign
}

// Processor is the machine that the children of a Distributed Map's run execute; nil if there is no such Map state.
func (m *Machine) Processor(name string) *Machine {
	s := m.states[name]
	if s == nil || s.each == nil {
		return nil
	}
	return &Machine{root: s.each.body, lang: m.lang, states: m.states, order: m.order}
}

// Language is the machine's own query language.
func (m *Machine) Language() Language { return m.lang }

// Has tells whether a state of that name exists, nested ones included.
func (m *Machine) Has(name string) bool { return m.states[name] != nil }

// Type is the type of the named state; empty if there is none.
func (m *Machine) Type(name string) StateType {
	if s := m.states[name]; s != nil {
		return s.typ
	}
	return ""
}

// Resource is what the named state calls; false if it is no Task.
func (m *Machine) Resource(name string) (Resource, bool) {
	s := m.states[name]
	if s == nil || s.task == nil {
		return Resource{}, false
	}
	return s.task.resource, true
}
