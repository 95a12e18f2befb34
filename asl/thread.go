package asl

import (
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// phase is where a thread stands in its state.
type phase string

const (
	entering phase = "enter" // the state is to be entered
	running  phase = "run"   // the state has been entered and is to be run (again)
	sleeping phase = "sleep" // a Wait state; due
	pausing  phase = "pause" // before a retry; due
	calling  phase = "call"  // a task
	holding  phase = "hold"  // branches, iterations or a map run are under way
	halted   phase = "halt"  // ended without success; where a redrive goes on

	// haltedBefore: ended before the state was entered.
	haltedBefore phase = "halt0"
)

// thread is one line of control: the root, a branch or an iteration. It is at one state.
type thread struct {
	key    string
	parent *thread
	index  int
	block  *block
	state  *state
	phase  phase

	raw   value.Value // the state's input
	text  string      // raw encoded, if that was needed anyway; else empty
	first bool        // raw is the execution's input, whose text is known

	before    uint64 // last event before the state was entered
	entered   uint64 // the event with which it was entered
	enteredAt time.Time
	prev      uint64 // the event that the next one follows

	retries int // of the state, $$.State.RetryCount
	counts  []int
	vars    *value.Object

	varsBytes int // of vars, at most: what was assigned since they were last measured

	due  time.Time // of sleeping and pausing
	call callState
	kids *container

	gathered bool // the container has succeeded; what fails now is its output

	dirty, stored, varsDirty, varsStored, rawStored, queued bool
	bytes                                                   int // of the stored row
}

// callState is what a thread keeps of a task under way.
type callState struct {
	key       string
	token     string
	started   bool
	submitted bool
	mock      *TaskResult // its answer, in the Step that scheduled it
	timeout   int64       // seconds, 0: none
	heartbeat int64       // seconds, 0: none
	expires   time.Time   // zero: no deadline
	beat      time.Time   // zero: no deadline
}

// open tells whether the thread has entered its state and not left it.
func (t *thread) open() bool { return t.phase != entering }

// container holds the children of a Parallel or Map state.
type container struct {
	size    int
	next    int // index of the next one to start
	width   int // how many may run at once
	live    map[int]*thread
	results []value.Value // undefined: not there yet
	done    int
	items   itemList
	run     *runState // of a Distributed Map

	itemsStored bool
	bytes       int   // of the stored rows
	newResults  []int // not yet written
	written     map[int]bool
}

// item is $$.Map.Item of the n'th iteration.
func (t *thread) item(n int) value.Value {
	if t.kids == nil {
		return value.Value{}
	}
	v, _ := t.kids.items.context(n, "") // the items of iterations are decoded
	return v
}

func childKey(parent string, n int) string { return parent + "." + strconv.Itoa(n) }
