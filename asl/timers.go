package asl

import (
	"slices"
	"time"
)

func (x *Exec) setTimer(key string, due time.Time) {
	x.timers = append(x.timers, timerChange{key, due})
}

func (x *Exec) clearTimer(key string) { x.timers = append(x.timers, timerChange{key: key}) }

// saveTimers keeps the last change of each timer.
func (x *Exec) saveTimers() {
	last := make(map[string]int, len(x.timers))
	for i, c := range x.timers {
		last[c.key] = i
	}
	for i, c := range x.timers {
		switch {
		case last[c.key] != i:
		case c.due.IsZero():
			x.d.ClearTimers = append(x.d.ClearTimers, c.key)
		default:
			x.d.SetTimers = append(x.d.SetTimers, Timer{c.key, c.due})
		}
	}
}

// timersDue deals with every timer that is due. Tasks that time out at the same moment are all recorded before the first
// of them fails its state, as the service does.
func (x *Exec) timersDue(key string) {
	if key == "x" {
		x.halt(x.root)
		x.finish(TimedOut, "", nil, nil, 0)
		return
	}
	due := x.dueThreads()
	type late struct {
		t *thread
		f *failure
	}
	var failed []late
	for _, t := range due {
		x.touch(t)
		if t.phase != calling {
			x.clearTimer("w" + t.key)
			continue
		}
		f := &failure{name: text(timeoutError), task: true}
		if !t.call.beat.IsZero() && !t.call.beat.After(x.now) && (t.call.expires.IsZero() || t.call.beat.Before(t.call.expires)) {
			f.alias = heartbeatError
		}
		x.endCall(t)
		x.cancel(t.call.key)
		x.recordFailure(t, "TimedOut", f)
		failed = append(failed, late{t, f})
	}
	for _, t := range due {
		x.wake(t)
	}
	for _, l := range failed {
		if x.threads[l.t.key] == l.t && l.t.phase == running && x.status == Running {
			x.fail(l.t, l.f)
		}
	}
}

// wake goes on after a Wait state or a pause.
func (x *Exec) wake(t *thread) {
	if x.threads[t.key] != t {
		return
	}
	switch t.phase {
	case sleeping:
		t.phase = running
		if f := x.passThrough(t); f != nil {
			x.fail(t, f)
		}
	case pausing:
		t.phase = running
		x.enqueue(t)
	}
}

// dueThreads are the threads that wait for a moment that has come, the earliest first.
func (x *Exec) dueThreads() []*thread {
	type entry struct {
		t   *thread
		due time.Time
	}
	var list []entry
	for _, t := range x.threads {
		due := t.nextDue()
		if !due.IsZero() && !due.After(x.now) {
			list = append(list, entry{t, due})
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		if c := a.due.Compare(b.due); c != 0 {
			return c
		}
		return compareKeys(a.t.key, b.t.key)
	})
	out := make([]*thread, len(list))
	for i, e := range list {
		out[i] = e.t
	}
	return out
}

// nextDue is the next moment that wakes the thread by itself; zero if there is none.
func (t *thread) nextDue() time.Time {
	switch t.phase {
	case sleeping, pausing:
		return t.due
	case calling:
		if t.call.beat.IsZero() || !t.call.expires.IsZero() && t.call.expires.Before(t.call.beat) {
			return t.call.expires
		}
		return t.call.beat
	}
	return time.Time{}
}
