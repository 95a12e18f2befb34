package asl

import "time"

// redrive runs an execution that has failed again from where it ended (spec section 5.9): finished branches and
// iterations keep their results, what had failed or been aborted is run anew, counters and deadlines begin again.
//
// The event's previous id and what follows it were never recorded (spec section 10, point 6): it is 0, as of the events
// that ended the execution, and what is run anew follows it.
func (x *Exec) redrive() {
	x.status = Running
	x.written, x.infoDirty = true, true
	x.info.RedriveCount++
	x.info.Redriven = x.now
	x.execution = undefined
	id := x.event("ExecutionRedriven", 0, "executionRedriven", num("redriveCount", int64(x.info.RedriveCount)))
	if x.m.timeout > 0 {
		x.setTimer("x", x.now.Add(time.Duration(x.m.timeout)*time.Second))
	}
	x.revive(x.root, id)
}

func (x *Exec) revive(t *thread, after uint64) {
	x.touch(t)
	t.prev = after
	t.retries, t.counts, t.call, t.due = 0, nil, callState{}, time.Time{}
	switch {
	case t.phase == haltedBefore:
		t.phase = entering
		x.enqueue(t)
	case t.kids == nil:
		t.phase = running
		x.enqueue(t)
	case t.kids.run != nil:
		t.phase = holding
		x.reviveRun(t)
	case len(t.kids.live) == 0:
		x.dropKids(t)
		t.phase = running
		x.enqueue(t)
	default:
		t.phase = holding
		for _, i := range t.kids.order() {
			x.revive(t.kids.live[i], after)
		}
	}
}
