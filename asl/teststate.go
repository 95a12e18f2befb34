package asl

import (
	"fmt"

	"github.com/perdure/perdure/asl/value"
)

// Test is one run of a single state outside of any execution (the TestState operation, spec section 5.10).
type Test struct {
	State     string // name; empty: the machine's first state
	Input     []byte // JSON
	Variables []byte // JSON object; nil: none
	Context   []byte // JSON object that replaces the context object; nil: made of the Info
	Token     string // the task token of the context object

	// Result or Error answer the task, the branches or the iterations: a mock, or what a Task has really answered.
	Result       []byte
	Error, Cause *string
	Failed       bool // Error and Cause are the answer, even if both are nil
	Mocked       bool // the answer is a mock

	RetryCount       int    // retries there have been, for the retrier that matches
	ErrorCausedBy    string // state inside a Map or Parallel that is said to have failed
	FailedIterations *int   // of a Distributed Map
	ReaderData       []byte // JSON that stands for what an ItemReader reads
}

// TestResult is what came of a Test.
type TestResult struct {
	Task       *Task  // not nil: the state calls this; run the Test again with its answer
	Status     string // SUCCEEDED, FAILED, RETRIABLE, CAUGHT_ERROR
	Output     []byte
	Error      *string
	Cause      *string
	Next       string
	Inspection []byte // JSON object: inspectionData at level DEBUG
}

// InvalidTest says why a Test cannot be run: the message of a ValidationException.
type InvalidTest struct{ Message string }

func (e *InvalidTest) Error() string { return e.Message }

func invalidTest(format string, args ...any) error {
	return &InvalidTest{fmt.Sprintf(format, args...)}
}

// testRun makes an Exec stop after one state and tell what happened.
type testRun struct {
	Test
	context value.Value
	answer  value.Value
	seen    *value.Object
	errors  *value.Object // errorDetails
	result  *TestResult
	task    *Task
	caught  bool
	invalid error
}

// Test runs one state. Waiting takes no time. i should say Sync, since the context object has no RedriveCount here.
func (m *Machine) Test(t Test, i Info, env Env) (*TestResult, error) {
	s := m.root.start
	if t.State != "" {
		s = m.states[t.State]
	}
	if s == nil {
		return nil, invalidTest("State not found in definition")
	}
	r := &testRun{Test: t, seen: value.NewObject(8), result: &TestResult{}}
	if err := r.check(s); err != nil {
		return nil, err
	}
	i.Input = t.Input
	x := New(m, i, Limits{})
	x.test = r
	x.status = Running
	x.stepState = stepState{env: env, d: &Delta{}, now: env.Now()}
	x.root = x.newThread(nil, 0, "0", m.root, x.input())
	x.root.state, x.root.first, x.root.enteredAt = s, true, x.now
	x.root.retries = t.RetryCount
	x.root.phase = running
	if len(t.Variables) > 0 {
		v, err := value.Decode(t.Variables, value.Limits{})
		if err != nil || v.Kind() != value.KindObject {
			return nil, invalidTest("Variables must be a JSON object")
		}
		x.root.vars = v.Object()
	}
	r.seen.Set("input", value.String(string(t.Input)))
	x.run(x.root)
	if r.invalid != nil {
		return nil, r.invalid
	}
	return r.finish(x), nil
}

// finish completes the result with what was seen on the way.
func (r *testRun) finish(x *Exec) *TestResult {
	if r.task != nil {
		return &TestResult{Task: r.task}
	}
	if x.root.vars.Len() > 0 {
		r.seen.Set("variables", value.String(value.FromObject(x.root.vars).Text()))
	}
	if r.errors != nil {
		r.seen.Set("errorDetails", value.FromObject(r.errors))
	}
	r.result.Inspection = value.FromObject(r.seen).JSON()
	return r.result
}

// inspect notes a value for inspectionData.
func (x *Exec) inspect(name string, v value.Value) {
	if x.test != nil {
		x.test.seen.Set(name, value.String(v.Text()))
	}
}

func (x *Exec) inspectNumber(name string, v value.Value) {
	if x.test != nil {
		x.test.seen.Set(name, v)
	}
}

func (r *testRun) detail(name string, v value.Value) {
	if r.errors == nil {
		r.errors = value.NewObject(2)
	}
	r.errors.Set(name, v)
}

// left takes the place of going on to the next state.
func (r *testRun) left(out string, next *state) {
	r.result.Status = "SUCCEEDED"
	if r.caught {
		r.result.Status = "CAUGHT_ERROR"
	}
	r.result.Output = []byte(out)
	if next != nil {
		r.result.Next = next.name
	}
}

// failed takes the place of retrying, catching and ending.
func (r *testRun) failed(x *Exec, t *thread, f *failure) {
	r.result.Status, r.result.Error, r.result.Cause = "FAILED", f.name, f.cause
	for i := range t.state.retry {
		rt := &t.state.retry[i]
		if !f.matches(rt.errors) {
			continue
		}
		r.detail("retryIndex", value.Int(int64(i)))
		if int64(r.RetryCount) < rt.attempts {
			r.result.Status = "RETRIABLE"
			r.detail("retryBackoffIntervalSeconds", value.Int(int64(rt.delay(r.RetryCount))))
			return
		}
		break
	}
	for i := range t.state.catch {
		c := &t.state.catch[i]
		if !f.matches(c.errors) {
			continue
		}
		r.detail("catchIndex", value.Int(int64(i)))
		r.caught = true
		if g := x.catch(t, c, f); g != nil {
			r.result.Status, r.result.Error, r.result.Cause = "FAILED", g.name, g.cause
		}
		return
	}
}

// call answers a Task state, or asks for its answer.
func (r *testRun) call(x *Exec, t *thread, cmd Task) *failure {
	switch {
	case r.Failed:
		return &failure{name: r.Error, cause: r.Cause, task: true}
	case r.answer.IsUndefined():
		r.task = &cmd
		return nil
	}
	if x.limits.Payload > 0 && len(r.Result) > x.limits.Payload {
		return tooLarge(t.state.name)
	}
	return x.complete(t, r.answer)
}

// gather answers a Parallel state.
func (r *testRun) gather(x *Exec, t *thread) *failure {
	if r.Failed {
		inner := x.m.states[r.ErrorCausedBy]
		return &failure{name: r.Error, cause: r.Cause, task: inner != nil && inner.typ == TaskState}
	}
	return x.complete(t, r.answer)
}

// iterate answers a Map state after what it makes of its items has been looked at.
func (r *testRun) iterate(x *Exec, t *thread) *failure {
	m := t.state.each
	s, f := x.effective(t)
	if f != nil {
		return f
	}
	items, f := r.items(x, t, s)
	if f != nil {
		return f
	}
	width, f := m.concurrency.integer(s)
	if f != nil {
		return f
	}
	x.inspectNumber("maxConcurrency", value.Int(width))
	if r.Failed {
		return r.gather(x, t)
	}
	run := &runState{}
	if f := run.tolerance(m, s); f != nil {
		return f
	}
	if run.hasCount {
		x.inspectNumber("toleratedFailureCount", value.Int(run.ToleratedCount))
	}
	if run.hasPercent {
		x.inspectNumber("toleratedFailurePercentage", value.Number(run.ToleratedPercentage))
	}
	if r.FailedIterations != nil {
		n := *r.FailedIterations
		if n > items.Len() {
			r.invalid = invalidTest("Map iteration failure count must be less than or equal to the number of Map iterations")
			return nil
		}
		run.Items.Failed = n
		if (run.hasCount || run.hasPercent) && run.exceeded(items.Len()) {
			return &failure{name: text(thresholdError), cause: text("The specified tolerated failure threshold was exceeded")}
		}
	}
	return x.complete(t, r.answer)
}

// items evaluates ItemsPath or Items, ItemSelector and ItemBatcher.
func (r *testRun) items(x *Exec, t *thread, s *scope) (value.Value, *failure) {
	m := t.state.each
	var items value.Value
	var f *failure
	if m.reader != nil && len(r.ReaderData) > 0 {
		v, err := value.Decode(r.ReaderData, value.Limits{})
		if err != nil || v.Kind() != value.KindArray && v.Kind() != value.KindObject {
			return v, &failure{name: text(readerError), cause: text("Attempting to map over non-iterable node.")}
		}
		items = v
	} else if items, f = x.items(t, s); f != nil {
		return items, f
	}
	if m.itemsPath != nil {
		x.inspect("afterItemsPath", items)
	}
	if m.selector == nil && m.batcher == nil {
		return items, nil
	}
	t.kids = newContainer(0, 0)
	t.kids.items, t.kids.run = decodedItems(items), &runState{}
	defer func() { t.kids = nil }()
	if m.selector != nil {
		all := make([]value.Value, items.Len())
		for i := range all {
			if all[i], f = x.selected(t, s, i); f != nil {
				return items, f
			}
		}
		x.inspect("afterItemSelector", value.Array(all...))
	}
	if m.batcher == nil {
		return items, nil
	}
	if f := t.kids.run.batches(m.batcher, s); f != nil {
		return items, f
	}
	var batches []value.Value
	for i := 0; i < items.Len(); {
		to, in, f := x.childInput(t, i, 0)
		if f != nil {
			return items, f
		}
		v, _ := value.Decode(in, value.Limits{})
		batches = append(batches, v)
		i = to
	}
	x.inspect("afterItemBatcher", value.Array(batches...))
	return items, nil
}
