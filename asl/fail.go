package asl

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// fail takes a failed state to its next attempt, to a catcher, or out of its container.
func (x *Exec) fail(t *thread, f *failure) {
	if x.test != nil {
		x.test.failed(x, t, f)
		return
	}
	x.settle(t, f)
	if x.retry(t, f) {
		return
	}
	if t.kids != nil || f.is(queryError) && t.state.typ == MapState && t.phase == running && !t.gathered {
		t.prev = x.event(string(t.state.typ)+"StateFailed", t.prev, "")
	}
	for i := range t.state.catch {
		if c := &t.state.catch[i]; f.matches(c.errors) {
			g := x.catch(t, c, f)
			if g == nil {
				return
			}
			x.settle(t, g)
			x.propagate(t, g)
			return
		}
	}
	x.propagate(t, f)
}

// settle completes a failure with the state it happened in: its cause names it, and a failed evaluation is recorded.
func (x *Exec) settle(t *thread, f *failure) {
	if f.prefix {
		f.prefix = false
		f.cause = text("An error occurred while executing the state '" + t.state.name + "' (entered at the event id #" +
			strconv.FormatUint(t.entered, 10) + "). " + *f.cause)
	}
	f.cause = bounded(f.cause)
	if f.evaluation {
		x.evaluationFailed(t, f)
	}
}

func (x *Exec) evaluationFailed(t *thread, f *failure) {
	f.evaluation = false
	prev := t.before
	if t.state.typ == WaitState {
		prev = t.entered
	}
	where := member{skip: true}
	if f.location != "" {
		where = str("location", f.location)
	}
	t.prev = x.event("EvaluationFailed", prev, "evaluationFailed",
		some("error", f.name), some("cause", f.cause), where, str("state", t.state.name))
}

// retry starts the pause before the next attempt, if a retrier allows one (spec section 2.2).
func (x *Exec) retry(t *thread, f *failure) bool {
	for i := range t.state.retry {
		r := &t.state.retry[i]
		if !f.matches(r.errors) {
			continue
		}
		if len(t.counts) == 0 {
			t.counts = make([]int, len(t.state.retry))
		}
		if int64(t.counts[i]) >= r.attempts {
			return false
		}
		delay := r.delay(t.counts[i])
		if r.jitter {
			delay *= x.env.Random()
		}
		t.counts[i]++
		t.retries++
		t.call = callState{}
		if t.kids != nil {
			x.dropKids(t)
		}
		x.pause(t, delay)
		return true
	}
	return false
}

// delay is the pause in seconds before the retry that follows n earlier ones, without jitter.
func (r *retrier) delay(n int) float64 {
	d := r.interval * math.Pow(r.backoff, float64(n))
	if r.maxDelay > 0 {
		d = math.Min(d, r.maxDelay)
	}
	return math.Min(d, maxDelay.Seconds())
}

// pause runs the state again after some seconds.
func (x *Exec) pause(t *thread, seconds float64) {
	due := x.now.Add(time.Duration(seconds * float64(time.Second)))
	if !due.After(x.now) {
		t.phase = running
		x.enqueue(t)
		return
	}
	t.phase, t.due = pausing, due
	x.setTimer("w"+t.key, due)
}

// errorOutput is the object a catcher sees.
func (f *failure) errorOutput() value.Value {
	o := value.NewObject(2)
	o.Set("Error", value.Null())
	o.Set("Cause", value.Null())
	if f.name != nil {
		o.Set("Error", value.String(*f.name))
		if f.is(timeoutError) {
			o.Set("Cause", value.String(""))
		}
	}
	if f.cause != nil {
		o.Set("Cause", value.String(*f.cause))
	}
	return value.FromObject(o)
}

// catch leaves the state for the catcher's target (spec section 2.3).
func (x *Exec) catch(t *thread, c *catcher, f *failure) *failure {
	caught := f.errorOutput()
	if t.state.lang == JSONata {
		s := x.at(t)
		s.failed = caught
		return x.produce(t, s, c.assign, c.output, caught, c.next)
	}
	s := &scope{x: x, t: t, root: caught}
	vars, g := c.assign.eval(s)
	if g != nil {
		return g
	}
	out, g := c.place.apply(t.raw, caught)
	if g != nil {
		return g
	}
	return x.exit(t, out, vars, c.next)
}

// propagate ends a thread with a failure.
func (x *Exec) propagate(t *thread, f *failure) {
	t.phase = halted
	if t.parent == nil {
		x.finish(Failed, "", f.name, f.cause, t.prev)
		return
	}
	x.kidFailed(t.parent, t, f)
}

// kidFailed fails a container because of one child. What the others did is kept until it is clear that nothing retries
// or catches, because a redrive goes on from there.
func (x *Exec) kidFailed(p, kid *thread, f *failure) {
	at := kid.prev
	iteration := p.state.typ == MapState
	if iteration {
		x.event("MapIterationFailed", at, "mapIterationFailed", str("name", p.state.name), num("index", int64(kid.index)))
	}
	if kid.state.typ == TaskState {
		x.event("TaskStateAborted", at, "")
	}
	x.abortKids(p, kid, at)
	x.touch(p)
	p.prev = at
	x.fail(p, f)
}

// abortKids halts the children of p but one, recording it.
func (x *Exec) abortKids(p, but *thread, at uint64) {
	for _, i := range p.kids.order() {
		kid := p.kids.live[i]
		if kid == but {
			continue
		}
		if p.state.typ == MapState {
			x.event("MapIterationAborted", at, "mapIterationAborted", str("name", p.state.name), num("index", int64(i)))
		}
		wasOpen := kid.open() && kid.phase != halted
		x.stopWork(kid)
		if wasOpen {
			switch kid.state.typ {
			case TaskState, WaitState, ParallelState, MapState:
				x.event(string(kid.state.typ)+"StateAborted", at, "")
			}
		}
		if kid.kids != nil {
			x.abortKids(kid, nil, at)
		}
	}
	if p.kids.run != nil {
		x.abortRun(p)
	}
}

// order is the indexes of the live children, ascending.
func (c *container) order() []int { return indexes(c.live) }

func indexes[V any](m map[int]V) []int {
	list := make([]int, 0, len(m))
	for i := range m {
		list = append(list, i)
	}
	slices.Sort(list)
	return list
}

// stopWork halts one thread: its task and its timers are no longer wanted.
func (x *Exec) stopWork(t *thread) {
	switch t.phase {
	case halted:
		return
	case sleeping, pausing:
		x.clearTimer("w" + t.key)
	case calling:
		x.endCall(t)
		x.cancel(t.call.key)
	}
	if t.phase != entering {
		t.phase = halted
	} else {
		t.phase = haltedBefore
	}
	t.queued = false
	x.queue = slices.DeleteFunc(x.queue, func(q *thread) bool { return q == t })
	x.touch(t)
}

// cancel takes back a task that was scheduled in this Step, or asks for one scheduled before to be forgotten.
func (x *Exec) cancel(key string) {
	n := len(x.d.Schedule)
	x.d.Schedule = slices.DeleteFunc(x.d.Schedule, func(t Task) bool { return t.Key == key })
	if len(x.d.Schedule) == n {
		x.d.Cancel = append(x.d.Cancel, key)
	}
}

// halt stops a thread and everything below it, without events.
func (x *Exec) halt(t *thread) {
	x.stopWork(t)
	if t.kids == nil {
		return
	}
	for _, i := range t.kids.order() {
		x.halt(t.kids.live[i])
	}
	if t.kids.run != nil {
		x.abortRun(t)
	}
}
