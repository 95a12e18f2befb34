package asl

import (
	"time"

	"github.com/perdure/perdure/asl/value"
)

// The quotas of spec section 6.
const (
	maxPayload     = 262144
	maxEvents      = 25000
	maxTransitions = 1000
	maxInline      = 40 // iterations of an inline Map at once
	expressSeconds = 300

	// bytesOfTransition of history count as one transition more, so that a Step through large payloads ends, and its
	// events leave memory, after about 8 MiB.
	bytesOfTransition = 8 << 10
)

// Exec is one execution. Not safe for concurrent use.
type Exec struct {
	m       *Machine
	limits  Limits
	info    Info
	status  Status
	threads map[string]*thread
	root    *thread
	queue   []*thread
	test    *testRun       // set: one state is run by Machine.Test
	mocked  map[string]int // runs of states so far, if there are mocks
	bytes   int

	queueStored, infoStored, infoDirty bool // about the rows "x" and "n"

	execution, inputValue value.Value // made when first needed

	stepState
}

// stepState is what lasts for one Step only.
type stepState struct {
	env      Env
	d        *Delta
	now      time.Time
	last     uint64 // number of the last event
	closing  bool   // the event that ends the execution may be the last one allowed
	overflow bool
	starting []*thread // tasks scheduled in this Step, whose start is still to be recorded
	touched  []*thread // threads that may have to be written
	gone     []*thread // threads that have ended
	timers   []timerChange
	written  bool // the execution's row is to be written
	spent    int  // of the budget of transitions
}

type timerChange struct {
	key string
	due time.Time // zero: cleared
}

// New makes an execution that has not started; its first Step is given Start.
func New(m *Machine, i Info, l Limits) *Exec {
	return &Exec{m: m, limits: l.resolve(), info: i, threads: map[string]*thread{}}
}

func (l Limits) resolve() Limits {
	for _, d := range []struct {
		n       *int
		initial int
	}{{&l.Payload, maxPayload}, {&l.Events, maxEvents}, {&l.Transitions, maxTransitions}} {
		switch {
		case *d.n == 0:
			*d.n = d.initial
		case *d.n < 0:
			*d.n = 0
		}
	}
	if l.Transitions == 0 {
		l.Transitions = maxTransitions
	}
	return l
}

// Status is where the execution stands; empty before Start.
func (x *Exec) Status() Status { return x.status }

// Info is what was given to New, with what redrives have changed.
func (x *Exec) Info() Info { return x.info }

// Size estimates the bytes the Exec holds in memory.
func (x *Exec) Size() int { return 1024 + len(x.info.Input)*3 + x.bytes*3 + len(x.threads)*512 }

// Step takes one input and runs until every thread waits. If it returns an error, nothing has changed. The Delta is the
// caller's. After a Delta that was not committed the Exec must be thrown away and loaded again.
func (x *Exec) Step(in Input, env Env) (*Delta, error) {
	x.stepState = stepState{env: env, d: &Delta{}, now: env.Now()}
	defer func() { x.stepState = stepState{} }()
	act, err := x.accept(in)
	if err != nil {
		return nil, err
	}
	x.last = env.NextEvent() - 1
	act()
	x.loop()
	x.save()
	return x.d, nil
}

// accept checks that the input fits, without changing anything, and tells what it does.
func (x *Exec) accept(in Input) (func(), error) {
	if _, ok := in.(Start); ok {
		if x.status != "" {
			return nil, ErrOrder
		}
		return x.start, nil
	}
	if _, ok := in.(Redrive); ok {
		if x.status == "" || x.status == Running || x.status == Succeeded {
			return nil, ErrOrder
		}
		return x.redrive, nil
	}
	if x.status != Running {
		return nil, ErrClosed
	}
	switch in := in.(type) {
	case Continue:
		return func() {}, nil
	case Stop:
		return func() { x.stop(in) }, nil
	case TimerDue:
		return func() { x.timersDue(in.Key) }, nil
	case TaskSubmitted:
		return x.onTask(in.Key, func(t *thread) { x.taskSubmitted(t, in.Output) })
	case TaskStarted:
		return x.onTask(in.Key, func(t *thread) { x.taskStarted(t, in.Worker) })
	case TaskSucceeded:
		return x.onTask(in.Key, func(t *thread) { x.taskSucceeded(t, in.Output) })
	case TaskFailed:
		return x.onTask(in.Key, func(t *thread) { x.taskFailed(t, in.Error, in.Cause) })
	case TaskHeartbeat:
		return x.onTask(in.Key, x.heartbeat)
	}
	return x.acceptRun(in)
}

// onTask finds the thread that waits for a task.
func (x *Exec) onTask(key string, f func(*thread)) (func(), error) {
	t := x.threads[threadOf(key)]
	if t == nil || t.phase != calling || t.call.key != key {
		return nil, ErrNoTask
	}
	return func() { f(t) }, nil
}

// start begins the execution.
func (x *Exec) start() {
	x.status = Running
	x.written = true
	x.root = x.newThread(nil, 0, "0", x.m.root, x.input())
	x.root.first = true
	x.event("ExecutionStarted", 0, "executionStarted",
		str("input", string(x.info.Input)), inputDetails, str("roleArn", x.info.Role),
		optional("stateMachineAliasArn", x.info.Alias), optional("stateMachineVersionArn", x.info.Version))
	switch {
	case x.info.Express && (x.m.timeout == 0 || x.m.timeout > expressSeconds):
		x.setTimer("x", x.now.Add(expressSeconds*time.Second))
	case x.m.timeout > 0:
		x.setTimer("x", x.now.Add(time.Duration(x.m.timeout)*time.Second))
	}
	x.enqueue(x.root)
}

func optional(name, s string) member {
	if s == "" {
		return member{skip: true}
	}
	return str(name, s)
}

// newThread makes a thread that enters the start of a block.
func (x *Exec) newThread(parent *thread, index int, key string, b *block, input value.Value) *thread {
	t := &thread{key: key, parent: parent, index: index, block: b, state: b.start, phase: entering, raw: input}
	x.threads[key] = t
	x.touch(t)
	return t
}

func (x *Exec) enqueue(t *thread) {
	if !t.queued {
		t.queued = true
		x.queue = append(x.queue, t)
	}
}

// loop runs threads in turn, a state each, until all wait, the execution has ended, or the budget is used up.
func (x *Exec) loop() {
	for x.status == Running {
		if x.overflow {
			x.full()
			return
		}
		if len(x.queue) == 0 {
			if !x.startTasks() {
				return
			}
			continue
		}
		if x.spent >= x.limits.Transitions {
			x.startTasks()
			if x.overflow {
				x.full()
			}
			x.d.Again = x.status == Running && len(x.queue) > 0
			return
		}
		t := x.queue[0]
		x.queue[0] = nil
		x.queue = x.queue[1:]
		x.spent++
		t.queued = false
		if x.threads[t.key] == t {
			x.advance(t)
		}
	}
}

// full ends an execution whose history has no room for more.
func (x *Exec) full() {
	x.overflow = false
	x.closing = true
	cause := "The execution reached the maximum number of history events (" + itoa(x.limits.Events) + ")."
	x.halt(x.root)
	x.finish(Failed, "", text(runtimeError), &cause, x.root.prev)
}

// advance takes a thread one state further.
func (x *Exec) advance(t *thread) {
	x.touch(t)
	switch t.phase {
	case entering:
		x.enter(t)
		x.run(t)
	case running:
		x.run(t)
	case holding:
		if f := x.children(t); f != nil {
			x.fail(t, f)
		}
	}
}

// enter records that a thread has come to its state.
func (x *Exec) enter(t *thread) {
	t.before = t.prev
	t.enteredAt = x.now
	if t.text == "" {
		t.text = t.raw.Text()
	}
	t.entered = x.event(string(t.state.typ)+"StateEntered", t.prev, "stateEntered",
		str("name", t.state.name), str("input", t.text), inputDetails)
	t.text = ""
	t.prev = t.entered
	t.phase = running
}

// run does the work of the state, as far as it goes.
func (x *Exec) run(t *thread) {
	s := t.state
	var f *failure
	switch s.typ {
	case PassState:
		f = x.runPass(t)
	case SucceedState:
		f = x.runSucceed(t)
	case FailState:
		f = x.runFail(t)
	case WaitState:
		f = x.runWait(t)
	case ChoiceState:
		f = x.runChoice(t)
	case TaskState:
		f = x.runTask(t)
	case ParallelState:
		f = x.runParallel(t)
	case MapState:
		f = x.runMap(t)
	}
	if f != nil {
		x.fail(t, f)
	}
}
