package durop

import "fmt"

// Due changes what time alone changes by now: waits end, steps become ready, callbacks time out. A step that becomes ready
// leaves no event.
func (s *State) Due(now int64) (changed []*Operation, events []Event) {
	for at := s.NextWake(); at != 0 && at <= now; at = s.NextWake() {
		o := s.Ops[s.wakes[0].index]
		switch o.Type {
		case Step:
			o.Status, o.Due = Ready, 0
		case Wait:
			o.Status, o.End = Succeeded, now
			events = append(events, event("WaitSucceeded", o, now, object{}.number("Duration", o.Timeout).end()))
		case Callback:
			err := NewError("Callback timed out", "Callback.Timeout")
			if o.Due == 0 || o.HeartbeatDue != 0 && o.HeartbeatDue < o.Due {
				err = NewError("Callback timed out on heartbeat", "Callback.Heartbeat")
			}
			events = append(events, s.finish(o, TimedOut, nil, err, now))
		}
		s.touch(o, true)
		changed = append(changed, o)
	}
	return changed, events
}

// Answer completes an open callback from outside: with a result, or with an error if err is not nil. ok is false if it is
// not open.
func (s *State) Answer(o *Operation, result Text, err Object, now int64) (e Event, ok bool) {
	if o.Type != Callback || o.Status != Started {
		return Event{}, false
	}
	status := Succeeded
	if err != nil {
		status = Failed
	}
	e = s.finish(o, status, result, err, now)
	s.touch(o, true)
	return e, true
}

// Beat extends the heartbeat of an open callback; one without a heartbeat time-out stays as it is.
func (s *State) Beat(o *Operation, now int64) {
	if o.Heartbeat > 0 {
		o.HeartbeatDue = now + o.Heartbeat*1000
		s.dirty = append(s.dirty, o.Index)
		s.schedule(o)
	}
}

// Outcome is how the target of a chained invoke ended.
type Outcome struct {
	Status  string // SUCCEEDED, FAILED, TIMED_OUT or STOPPED
	Result  Text
	Error   Object
	Seconds int64 // TIMED_OUT: the execution timeout of the target
}

// Return completes an open chained invoke. ok is false if it is not open.
func (s *State) Return(o *Operation, out Outcome, now int64) (e Event, ok bool) {
	if o.Type != ChainedInvoke || o.Status != Started {
		return Event{}, false
	}
	switch {
	case out.Status == TimedOut:
		out.Error = NewError(fmt.Sprintf("CHAINED_INVOKE timed out after %d seconds.", out.Seconds), "ChainedInvoke.Timeout")
	case out.Result.Len() > maxInput:
		out = Outcome{Status: Failed, Error: NewError(
			fmt.Sprintf("CHAINED_INVOKE output payload size must be less than or equal to %d bytes.", maxInput), "InvalidParameterValueException")}
	}
	e = s.finish(o, out.Status, out.Result, out.Error, now)
	s.touch(o, true)
	return e, true
}

// finish ends a callback or a chained invoke and describes it.
func (s *State) finish(o *Operation, status string, result Text, err Object, now int64) Event {
	o.Status, o.End, o.HeartbeatDue = status, now, 0
	o.close(result, err)
	kind := map[string]string{Callback: "Callback", ChainedInvoke: "ChainedInvoke"}[o.Type]
	switch status {
	case Succeeded:
		return event(kind+"Succeeded", o, now, sized(len(result)+64).wrapped("Result", result).end())
	case TimedOut:
		kind += "TimedOut"
	case Stopped:
		kind += "Stopped"
	default:
		kind += "Failed"
	}
	return event(kind, o, now, sized(len(err)+64).wrapped("Error", err).end())
}
