package durable

import "time"

// poller asks the service for news while something is parked and something else still works. The fields belong to
// execution.mu. When nothing works any more the invocation suspends instead, so most invocations never poll.
type poller struct {
	polls     map[string]*pollPlan // by wire id of the awaited operation
	pollTimer *time.Timer
	pollAt    time.Time
}

// pollPlan is when to ask about one operation next, and how often that brought nothing.
type pollPlan struct {
	at        time.Time
	unchanged int
}

// firstPoll is when to ask about an operation whose end is not known.
const firstPoll = time.Second

// maxUnchanged is the number of quick polls of one operation; later ones come once a minute.
const maxUnchanged = 95

// await parks until the operation leaves the statuses the caller cannot use. end is when the service is known to change
// it, nil when only others can.
func (ex *execution) await(b *branch, id string, end *time.Time, ready func(*Operation) bool) error {
	ex.mu.Lock()
	c := ex.cell(id)
	if op := ex.ops[id]; op == nil || !ready(op) {
		if ex.polls == nil {
			ex.polls = map[string]*pollPlan{}
		}
		if ex.polls[id] == nil {
			at := now().Add(firstPoll)
			if end != nil {
				at = *end
			}
			ex.polls[id] = &pollPlan{at: at}
		}
	}
	ex.mu.Unlock()
	ex.armLater(b)
	err := ex.park(b, true, func() bool { op := ex.ops[id]; return op != nil && ready(op) }, c)
	ex.mu.Lock()
	delete(ex.polls, id)
	ex.mu.Unlock()
	return err
}

// armLater sets the timer if work other than b's is going on; otherwise the invocation is about to suspend anyway.
func (ex *execution) armLater(b *branch) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	others := ex.running
	if b != nil {
		others--
	}
	if ex.verdict == nil && (others > 0 || ex.flying || ex.spans > 0) {
		ex.arm()
	}
}

// arm sets the timer for the earliest plan. Caller holds mu.
func (ex *execution) arm() {
	var first time.Time
	for _, p := range ex.polls {
		if first.IsZero() || p.at.Before(first) {
			first = p.at
		}
	}
	if first.IsZero() || ex.verdict != nil {
		return
	}
	if ex.pollTimer != nil {
		if !first.Before(ex.pollAt) {
			return
		}
		ex.pollTimer.Stop()
	}
	ex.pollAt = first
	ex.pollTimer = time.AfterFunc(max(0, first.Sub(now())), ex.poll)
}

// poll asks about the operations that are due. It is a timer's function and ends at once; the call itself is the flusher's.
func (ex *execution) poll() {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.pollTimer = nil
	if ex.verdict != nil {
		return
	}
	at := now()
	if d, ok := ex.meta.deadline(); ok && d.Sub(at) < time.Second {
		return
	}
	r := &request{}
	for id, p := range ex.polls {
		if !p.at.After(at) {
			r.polls = append(r.polls, id)
		}
	}
	if len(r.polls) == 0 {
		ex.arm()
		return
	}
	ex.queue = append(ex.queue, r)
	if !ex.flying {
		ex.takeOff()
	}
}

// polled plans the next poll of operations that did not change. Caller holds mu.
func (ex *execution) polled(r *request) {
	at := now()
	for _, id := range r.polls {
		p := ex.polls[id]
		if p == nil {
			continue
		}
		p.unchanged++
		pause := time.Duration(min(p.unchanged, 10)) * time.Second
		if p.unchanged > maxUnchanged {
			pause = time.Minute
		}
		p.at = at.Add(pause)
	}
	ex.arm()
}

// stopTimers ends grace and poll timers. Caller holds mu.
func (ex *execution) stopTimers() {
	if ex.grace != nil {
		ex.grace.Stop()
		ex.grace = nil
	}
	if ex.pollTimer != nil {
		ex.pollTimer.Stop()
		ex.pollTimer = nil
	}
}
