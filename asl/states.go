package asl

import (
	"math"
	"time"

	"github.com/perdure/perdure/asl/value"
)

func (x *Exec) runPass(t *thread) *failure {
	s, f := x.arguments(t)
	if f != nil {
		return f
	}
	result := s.root
	if !t.state.result.IsUndefined() {
		result = t.state.result
	}
	return x.complete(t, result)
}

func (x *Exec) runSucceed(t *thread) *failure { return x.passThrough(t) }

// passThrough completes the states whose result is their effective input: Wait and Succeed.
func (x *Exec) passThrough(t *thread) *failure {
	st := t.state
	if st.lang == JSONata {
		return x.produce(t, x.at(t), st.assign, st.output, t.raw, st.next)
	}
	s, f := x.effective(t)
	if f != nil {
		return f
	}
	return x.produceByPath(t, s, st.assign, st.next)
}

// produceByPath assigns, applies OutputPath to the effective input, and leaves the state.
func (x *Exec) produceByPath(t *thread, s *scope, a *assign, next *state) *failure {
	vars, f := a.eval(s)
	if f != nil {
		return f
	}
	out, f := t.state.out.apply(s)
	if f != nil {
		return f
	}
	return x.exit(t, out, vars, next)
}

func (x *Exec) runFail(t *thread) *failure {
	s := x.at(t)
	name, f := t.state.fail.err.text(s)
	if f != nil {
		return f
	}
	cause, f := t.state.fail.cause.text(s)
	if f != nil {
		return f
	}
	return &failure{name: name, cause: cause}
}

func (x *Exec) runChoice(t *thread) *failure {
	st := t.state
	s, f := x.effective(t)
	if f != nil {
		return f
	}
	next, vars, output := st.choice.otherwise, st.assign, st.output
	for i := range st.choice.rules {
		r := &st.choice.rules[i]
		ok, f := r.when.holds(s)
		if f != nil {
			return f
		}
		if ok {
			next, vars, output = r.next, r.assign, r.output
			break
		}
	}
	if next == nil {
		return fault("Failed to transition out of the state. The state does not point to a next state.")
	}
	if st.lang == JSONata {
		return x.produce(t, s, vars, output, t.raw, next)
	}
	return x.produceByPath(t, s, vars, next)
}

// maxDelay is the longest a Wait state may wait.
const maxDelay = (1<<31 - 1) * time.Second

func (x *Exec) runWait(t *thread) *failure {
	s, f := x.effective(t)
	if f != nil {
		return f
	}
	due, f := t.state.wait.due(s, x.now)
	if f != nil {
		return f
	}
	if due.Sub(x.now) > maxDelay {
		return fault("Wait state delay is too long.")
	}
	if !due.After(x.now) || x.test != nil {
		return x.passThrough(t)
	}
	t.phase, t.due = sleeping, due
	x.setTimer("w"+t.key, due)
	return nil
}

// due is when a Wait state ends.
func (w *waitFields) due(s *scope, now time.Time) (time.Time, *failure) {
	if w.timestamp != nil {
		return w.until(s)
	}
	v, f := w.seconds.get(s)
	if f != nil {
		if q := w.seconds.path; q != nil {
			f = fault("The SecondsPath parameter does not reference an input value: " + q.p.String())
		}
		return time.Time{}, f
	}
	n, whole := v.Int64()
	if q := w.seconds.path; q != nil {
		where := q.p.String() + " == " + v.Text()
		switch {
		case !whole:
			return time.Time{}, fault("The SecondsPath parameter cannot be parsed as a long value: " + where)
		case n < 0:
			return time.Time{}, fault("The SecondsPath parameter references a negative value: " + where)
		}
	} else if w.seconds.prog != nil {
		switch {
		case v.Kind() != value.KindNumber:
			return time.Time{}, w.seconds.prog.mistyped("number", v)
		case !whole:
			return time.Time{}, queryFault("Seconds", "The Seconds field cannot be parsed as a long value: "+v.Text())
		case n < 0:
			return time.Time{}, queryFault("Seconds", "The Seconds field has a negative value: "+v.Text())
		}
	}
	if n > int64(math.MaxInt64/time.Second) {
		n = int64(math.MaxInt64 / time.Second)
	}
	return now.Add(time.Duration(n) * time.Second), nil
}

func (w *waitFields) until(s *scope) (time.Time, *failure) {
	v, f := w.timestamp.get(s)
	q := w.timestamp.path
	if f != nil {
		if q != nil {
			f = fault("The TimestampPath parameter does not reference an input value: " + q.p.String())
		}
		return time.Time{}, f
	}
	due, ok := parseTimestamp(v.Str())
	switch {
	case ok:
		return due, nil
	case q != nil:
		shown := v.Text()
		if v.Kind() == value.KindString {
			shown = v.Str()
		}
		return due, fault("The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: " +
			q.p.String() + " == " + shown)
	case v.Kind() != value.KindString && w.timestamp.prog != nil:
		return due, w.timestamp.prog.mistyped("string", v)
	}
	return due, queryFault("Timestamp",
		"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "+v.Str())
}
