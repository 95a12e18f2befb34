package durabletest

import "github.com/perdure/perdure/internal/durop"

// timed reports whether only time is needed to change the operation, and nobody outside.
func timed(o *durop.Operation) bool {
	return o.Type == durop.Step && o.Status == durop.Pending || o.Type == durop.Wait && o.Status == durop.Started
}

// earliest is the first step retry or wait to fall due, 0 if there is none.
func (s *service) earliest() int64 {
	var first int64
	for _, o := range s.state.Ops {
		if timed(o) && (first == 0 || o.Due < first) {
			first = o.Due
		}
	}
	return first
}

// pass moves the clock to the next timer and lets that change what it changes. On the way to a retry or wait a callback
// may time out, as it would in real time; callbacks alone do not move the clock, so that a test can still answer them.
func (s *service) pass() bool {
	if s.earliest() == 0 {
		return false
	}
	s.now = max(s.now, s.state.NextWake())
	_, events := s.state.Due(s.now)
	s.append(events...)
	return true
}

// slip is pass during an invocation, when the function polls: the clock goes on to the earliest retry or wait unless a
// callback would time out. Work alone takes no time: a wait that runs beside a step does not end because the step did.
func (s *service) slip() {
	if first := s.earliest(); first != 0 && first == s.state.NextWake() {
		s.pass()
	}
}

// finishTimers ends every step retry and wait at once, whenever they fall due.
func (s *service) finishTimers() bool {
	var last int64
	for _, o := range s.state.Ops {
		if timed(o) {
			last = max(last, o.Due)
			o.Due = s.now
		}
	}
	if last == 0 {
		return false
	}
	s.state = durop.NewState(s.state.Ops, s.state.Clock, s.state.Seen, s.state.Mark)
	_, events := s.state.Due(s.now)
	s.append(events...)
	return true
}
