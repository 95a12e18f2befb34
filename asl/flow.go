package asl

import (
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
)

func itoa(n int) string { return strconv.Itoa(n) }

// at is the scope of a state's own input: what its first expressions see.
func (x *Exec) at(t *thread) *scope {
	s := &scope{x: x, t: t, root: t.raw}
	if t.first {
		s.raw = x.info.Input
	}
	return s
}

// effective is the scope after InputPath.
func (x *Exec) effective(t *thread) (*scope, *failure) {
	s := x.at(t)
	in := t.state.in
	if in.null || in.path != nil {
		v, f := in.apply(s)
		if f != nil {
			return nil, f
		}
		s = s.with(v)
	}
	if t.state.lang == JSONPath && t.state.typ != ParallelState && t.state.result.IsUndefined() {
		x.inspect("afterInputPath", s.root)
	}
	return s, nil
}

// arguments is the effective input, shaped by Parameters or Arguments if there are any.
func (x *Exec) arguments(t *thread) (*scope, *failure) {
	s, f := x.effective(t)
	if f != nil {
		return s, f
	}
	if t.state.args != nil {
		v, f := t.state.args.eval(s)
		if f != nil {
			return nil, f
		}
		s = s.with(v)
	}
	switch {
	case t.state.typ == ParallelState || !t.state.result.IsUndefined():
	case t.state.lang == JSONPath:
		x.inspect("afterParameters", s.root)
	case t.state.args != nil:
		x.inspect("afterArguments", s.root)
	}
	return s, nil
}

// complete goes from a state's result to its output (spec section 1.4, steps 4 to 7) and leaves the state. placed:
// ResultPath puts the result into the input; s is the scope of the effective input.
func (x *Exec) complete(t *thread, result value.Value) *failure {
	st := t.state
	if st.typ == TaskState || !st.result.IsUndefined() {
		x.inspect("result", result)
	}
	if st.lang == JSONata {
		s := x.at(t)
		switch st.typ {
		case TaskState, ParallelState, MapState:
			s.result = result
		}
		return x.produce(t, s, st.assign, st.output, result, st.next)
	}
	s := &scope{x: x, t: t, root: result}
	if t.first && st.typ == PassState && st.result.IsUndefined() && st.args == nil && st.in.path == nil && !st.in.null {
		s.raw = x.info.Input
	}
	vars, f := st.assign.eval(s)
	if f != nil {
		return f
	}
	if st.pick != nil {
		if result, f = st.pick.eval(s); f != nil {
			return f
		}
	}
	x.inspect("afterResultSelector", result)
	out, f := st.place.apply(t.raw, result)
	if f != nil {
		return f
	}
	x.inspect("afterResultPath", out)
	last := s.with(out)
	if t.first && st.place.path == nil && s.raw != nil {
		last.raw = s.raw
	}
	if out, f = st.out.apply(last); f != nil {
		return f
	}
	return x.exit(t, out, vars, st.next)
}

// produce evaluates Assign and Output of JSONata and leaves the state; initial is the output without Output.
func (x *Exec) produce(t *thread, s *scope, a *assign, output template, initial value.Value, next *state) *failure {
	vars, f := a.eval(s)
	if f != nil {
		return f
	}
	if output != nil {
		if initial, f = output.eval(s); f != nil {
			return f
		}
	}
	return x.exit(t, initial, vars, next)
}

// eval yields the variables to set; nil if there is no Assign.
func (a *assign) eval(s *scope) (*value.Object, *failure) {
	if a == nil || a.values == nil {
		return nil, nil
	}
	v, f := a.values.eval(s)
	return v.Object(), f
}

// exit leaves a state: for the next one, or, if there is none, for the end of the thread.
func (x *Exec) exit(t *thread, out value.Value, vars *value.Object, next *state) *failure {
	encoded := out.Text()
	if x.limits.Payload > 0 && len(encoded) > x.limits.Payload {
		return tooLarge(t.state.name)
	}
	if f := x.assignAll(t, vars); f != nil {
		return f
	}
	if x.test != nil {
		x.test.left(encoded, next)
		return nil
	}
	names, details := assigned(vars)
	t.prev = x.event(string(t.state.typ)+"StateExited", t.prev, "stateExited",
		str("name", t.state.name), str("output", encoded), outputDetails, names, details)
	x.leave(t)
	if next == nil || t.state.typ == SucceedState {
		x.ended(t, out, encoded)
		return nil
	}
	t.state, t.raw, t.text, t.first, t.phase = next, out, encoded, false, entering
	x.enqueue(t)
	return nil
}

// leave forgets what belongs to the visit of a state.
func (x *Exec) leave(t *thread) {
	t.retries, t.counts = 0, nil
	t.call = callState{}
	t.due = time.Time{}
	if t.rawStored {
		t.rawStored = false
		x.d.Delete = append(x.d.Delete, "s"+t.key)
	}
	if t.kids != nil {
		x.dropKids(t)
	}
}

// maxVariables bounds the bytes of all variables of a scope.
const maxVariables = 10 << 20

// assignAll writes variables into the thread's scope.
func (x *Exec) assignAll(t *thread, vars *value.Object) *failure {
	if vars.Len() == 0 {
		return nil
	}
	var all *value.Object
	if t.vars == nil {
		all = value.NewObject(vars.Len())
	} else {
		all = t.vars.Clone()
	}
	size := 0
	for i := range vars.Len() {
		n := len(vars.At(i).Text())
		size += n
		all.Set(vars.Key(i), vars.At(i))
	}
	if x.limits.Payload > 0 && size > x.limits.Payload {
		return fault("The variables assigned exceed the maximum number of bytes service limit.")
	}
	bytes := t.varsBytes + size
	if bytes > maxVariables {
		bytes = len(value.FromObject(all).Text())
	}
	if bytes > maxVariables && x.limits.Payload > 0 {
		return fault("The variables of the execution exceed the maximum number of bytes service limit.")
	}
	t.vars, t.varsBytes, t.varsDirty = all, bytes, true
	return nil
}

// ended is the end of a thread with success.
func (x *Exec) ended(t *thread, out value.Value, encoded string) {
	if t.parent == nil {
		x.finish(Succeeded, encoded, nil, nil, t.prev)
		return
	}
	x.kidDone(t.parent, t, out)
}

// finish closes the execution.
func (x *Exec) finish(status Status, out string, errName, cause *string, prev uint64) {
	if x.overflow {
		x.full()
		return
	}
	x.closing = true
	x.status = status
	x.written = true
	fin := &Finish{Status: status, Error: errName, Cause: cause}
	switch status {
	case Succeeded:
		fin.Output = []byte(out)
		x.event("ExecutionSucceeded", prev, "executionSucceeded", str("output", out), outputDetails)
		x.forget(x.root)
	case Failed:
		x.event("ExecutionFailed", prev, "executionFailed", some("error", errName), some("cause", cause))
	case Aborted:
		x.event("ExecutionAborted", 0, "executionAborted", some("error", errName), some("cause", cause))
	case TimedOut:
		x.event("ExecutionTimedOut", 0, "executionTimedOut", some("error", text(timeoutError)))
	}
	x.clearTimer("x")
	for _, t := range x.queue {
		t.queued = false
	}
	x.queue = nil
	x.d.Finish = fin
}

// stop aborts the execution.
func (x *Exec) stop(in Stop) {
	x.halt(x.root)
	x.finish(Aborted, "", in.Error, in.Cause, 0)
}
