package durop

// Turn is what a change of the state happens in: the time, and the source of callback ids.
type Turn struct {
	Now        int64                         // Unix milliseconds
	CallbackID func(index int) string        // for the callback with that index
	Closing    func(status string, u Update) // an EXECUTION update closes the execution
}

// Apply changes the state by a batch that Check has accepted and returns the events to append, in order (section 6.4).
func (s *State) Apply(batch []Update, t *Turn) (events []Event) {
	for i := range batch {
		u := &batch[i]
		if u.Type == Execution {
			status := Succeeded
			if u.Action == Fail {
				status = Failed
			}
			t.Closing(status, *u)
			continue
		}
		events = append(events, s.apply(u, t)...)
	}
	return events
}

// Adds counts the operations that a batch would add.
func (s *State) Adds(batch []Update) (n int) {
	seen := make(map[string]bool, len(batch))
	for _, u := range batch {
		if u.Type != Execution && s.byID[u.ID] == nil && !seen[u.ID] {
			seen[u.ID] = true
			n++
		}
	}
	return n
}

// Weight is the data that a batch writes, in bytes (section 7: 100 MB per execution).
func Weight(batch []Update) (n int64) {
	for _, u := range batch {
		n += int64(u.Payload.Len() + len(u.Error))
	}
	return n
}

func statusAfter(action, typ string) string {
	switch action {
	case Succeed:
		return Succeeded
	case Fail:
		return Failed
	case Retry:
		return Pending
	case Cancel:
		return Cancelled
	}
	return Started
}

func (s *State) apply(u *Update, t *Turn) []Event {
	o := s.byID[u.ID]
	if o == nil {
		o = &Operation{
			ID: u.ID, ParentID: u.ParentID, Name: u.Name, Type: u.Type, SubType: u.SubType, Start: t.Now,
		}
		s.add(o)
	}
	o.Status = statusAfter(u.Action, u.Type)
	if o.Terminal() {
		o.End = t.Now
	}
	var events []Event
	switch u.Type {
	case Step:
		events = applyStep(o, u, t.Now)
	case Context:
		events = applyContext(o, u, t.Now)
	case Wait:
		events = applyWait(o, u, t.Now)
	case Callback:
		events = applyCallback(o, u, t)
	case ChainedInvoke:
		events = applyInvoke(o, u, t.Now)
	}
	s.touch(o, false)
	return events
}

// close sets what a completion leaves in the operation.
func (o *Operation) close(result Text, err Object) {
	o.Orphan = o.Orphan || o.Apart != 0
	o.Result, o.Apart, o.Error = result, 0, err
}

// applyStep keeps the last attempt's result and error until the next close: a handler that crashes after START must still
// find the state of a wait-for-condition.
func applyStep(o *Operation, u *Update, now int64) []Event {
	o.Due = 0
	if u.Action == Start {
		return []Event{event("StepStarted", o, now, object{}.end())}
	}
	o.Attempt++
	o.close(u.Payload, u.Error)
	retry := sized(64).number("CurrentAttempt", int64(o.Attempt))
	if u.Action == Retry {
		o.Due = now + *u.NextAttempt*1000
		retry = retry.number("NextAttemptDelaySeconds", *u.NextAttempt)
	}
	if u.Action == Fail || u.Action == Retry && u.Error != nil {
		return []Event{event("StepFailed", o, now, sized(len(u.Error)+128).wrapped("Error", u.Error).raw("RetryDetails", retry.end()).end())}
	}
	return []Event{event("StepSucceeded", o, now, sized(len(u.Payload)+128).wrapped("Result", u.Payload).raw("RetryDetails", retry.end()).end())}
}

func applyContext(o *Operation, u *Update, now int64) []Event {
	if u.ReplayChildren != nil {
		o.ReplayChildren = *u.ReplayChildren
	}
	switch u.Action {
	case Start:
		return []Event{event("ContextStarted", o, now, object{}.end())}
	case Succeed:
		o.close(u.Payload, nil)
		return []Event{event("ContextSucceeded", o, now, sized(len(u.Payload)+128).wrapped("Result", u.Payload).end())}
	}
	o.close(nil, u.Error)
	return []Event{event("ContextFailed", o, now, sized(len(u.Error)+128).wrapped("Error", u.Error).end())}
}

func applyWait(o *Operation, u *Update, now int64) []Event {
	if u.Action == Cancel {
		details := object{}
		if u.Error != nil {
			details = details.wrapped("Error", u.Error)
		}
		return []Event{event("WaitCancelled", o, now, details.end())}
	}
	o.Timeout = *u.WaitSeconds
	o.Due = now + o.Timeout*1000
	details := object{}.number("Duration", o.Timeout).raw("ScheduledEndTimestamp", AppendSeconds(nil, o.Due))
	return []Event{event("WaitStarted", o, now, details.end())}
}

func applyCallback(o *Operation, u *Update, t *Turn) []Event {
	o.CallbackID = t.CallbackID(o.Index)
	o.Timeout, o.Heartbeat = u.CallbackTimes[0], u.CallbackTimes[1]
	details := object{}.text("CallbackId", o.CallbackID)
	if o.Heartbeat > 0 {
		o.HeartbeatDue = t.Now + o.Heartbeat*1000
		details = details.number("HeartbeatTimeout", o.Heartbeat)
	}
	if o.Timeout > 0 {
		o.Due = t.Now + o.Timeout*1000
		details = details.number("Timeout", o.Timeout)
	}
	return []Event{event("CallbackStarted", o, t.Now, details.end())}
}

// applyInvoke starts a chained invoke, or fails it at once if its target was refused (section 5.5).
func applyInvoke(o *Operation, u *Update, now int64) []Event {
	g := u.Invoke
	details := object{}.text("FunctionName", g.FunctionName)
	if g.Refused != nil {
		started := event("ChainedInvokeStarted", o, now, details.end())
		o.Status, o.End = Failed, now
		o.close(nil, g.Refused)
		return []Event{started, event("ChainedInvokeFailed", o, now, object{}.wrapped("Error", g.Refused).end())}
	}
	if g.TenantID != "" {
		details = details.text("TenantId", g.TenantID)
	}
	details = details.wrapped("Input", u.Payload)
	if g.ExecutedVersion != "" {
		details = details.text("ExecutedVersion", g.ExecutedVersion)
	}
	if g.ExecutionARN != "" {
		details = details.text("DurableExecutionArn", g.ExecutionARN)
	}
	return []Event{event("ChainedInvokeStarted", o, now, details.end())}
}
