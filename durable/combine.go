package durable

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Settled is the outcome of one future of AllSettled.
type Settled[O any] struct {
	_     [0]func()
	Value O
	Err   error
}

// settledJSON is Settled on the record.
type settledJSON struct {
	Status    string          `json:"status"`
	Value     json.RawMessage `json:"value,omitempty"`
	Error     string          `json:"error,omitempty"`
	ErrorType string          `json:"errorType,omitempty"`
	Operation *settledFailure `json:"operation,omitempty"`
}

type settledFailure struct {
	Name       string   `json:"name,omitempty"`
	ErrorType  string   `json:"errorType,omitempty"`
	Message    string   `json:"message,omitempty"`
	ErrorData  string   `json:"errorData,omitempty"`
	StackTrace []string `json:"stackTrace,omitempty"`
}

// MarshalJSON writes {"status":"fulfilled","value":...} or {"status":"rejected","error":...}.
func (s Settled[O]) MarshalJSON() ([]byte, error) {
	if s.Err != nil {
		w := settledJSON{Status: "rejected", Error: messageOf(s.Err), ErrorType: typeOf(s.Err)}
		var o *OperationError
		if errors.As(s.Err, &o) {
			w.Operation = &settledFailure{o.Name, o.ErrorType, o.Message, o.ErrorData, o.StackTrace}
		}
		return marshalJSON(w)
	}
	v, err := marshalJSON(s.Value)
	if err != nil {
		return nil, err
	}
	return marshalJSON(settledJSON{Status: "fulfilled", Value: v})
}

// UnmarshalJSON reads what MarshalJSON writes; a rejected outcome may carry its message only.
func (s *Settled[O]) UnmarshalJSON(b []byte) error {
	var w settledJSON
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*s = Settled[O]{}
	if w.Status != "rejected" {
		if len(w.Value) == 0 {
			return nil
		}
		return json.Unmarshal(w.Value, &s.Value)
	}
	obj := &ErrorObject{ErrorType: ptr(or(w.ErrorType, "Error")), ErrorMessage: &w.Error}
	if w.Operation != nil {
		obj.ErrorData, obj.StackTrace = optional(w.Operation.ErrorData), w.Operation.StackTrace
	}
	s.Err = ErrorFromObject(obj)
	return nil
}

// All waits for all futures and gives their values in order. The first failure, in order, fails it.
func All[O any](ctx Context, name string, fs []*Future[O], opts ...ChildOption) ([]O, error) {
	return combine(ctx, name, promises(fs), opts, func(j *joiner) ([]O, error) {
		out := make([]O, 0, len(fs))
		for i, f := range fs {
			if err := j.wait(i); err != nil {
				return nil, err
			}
			out = append(out, f.value)
		}
		return out, nil
	})
}

// AllSettled waits for all futures and gives their outcomes in order. A failed future does not fail it.
func AllSettled[O any](ctx Context, name string, fs []*Future[O], opts ...ChildOption) ([]Settled[O], error) {
	return combine(ctx, name, promises(fs), opts, func(j *joiner) ([]Settled[O], error) {
		out := make([]Settled[O], 0, len(fs))
		for i, f := range fs {
			err := j.wait(i)
			if errors.Is(err, errSuspended) {
				return nil, err
			}
			s := Settled[O]{Err: err}
			if err == nil {
				s.Value = f.value
			}
			out = append(out, s)
		}
		return out, nil
	})
}

// Any gives the first value; it fails when all futures did, and when there is none.
func Any[O any](ctx Context, name string, fs []*Future[O], opts ...ChildOption) (O, error) {
	return combine(ctx, name, promises(fs), opts, func(j *joiner) (O, error) {
		var zero O
		left := map[int]bool{}
		for i := range fs {
			left[i] = true
		}
		var failures []error
		for len(left) > 0 {
			i, err := j.first(left)
			if err != nil {
				return zero, err
			}
			delete(left, i)
			if err := j.outcome(i); err != nil {
				failures = append(failures, err)
				continue
			}
			return fs[i].value, nil
		}
		return zero, &CombinatorError{Name: name, Errors: failures, text: "All promises were rejected"}
	})
}

// Race gives the outcome of the future that has one first. Racing nobody is an error and records nothing.
func Race[O any](ctx Context, name string, fs []*Future[O], opts ...ChildOption) (O, error) {
	if len(fs) == 0 {
		var zero O
		return zero, fmt.Errorf("durable: race %q has no futures", name)
	}
	return combine(ctx, name, promises(fs), opts, func(j *joiner) (O, error) {
		all := map[int]bool{}
		for i := range fs {
			all[i] = true
		}
		i, err := j.first(all)
		if err == nil {
			err = j.outcome(i)
		}
		if err != nil {
			var zero O
			return zero, err
		}
		return fs[i].value, nil
	})
}

// Join waits for futures of any types. The first failure, in order, fails it, once all have ended.
func Join(ctx Context, name string, fs []Awaitable, opts ...ChildOption) error {
	ps := make([]*promise, len(fs))
	for i, f := range fs {
		if f != nil {
			ps[i] = f.awaitable()
		}
	}
	_, err := combine(ctx, name, ps, opts, func(j *joiner) (Void, error) {
		var first error
		for i := range ps {
			err := j.wait(i)
			if errors.Is(err, errSuspended) {
				return Void{}, err
			}
			if first == nil {
				first = err
			}
		}
		return Void{}, first
	})
	return err
}

func promises[O any](fs []*Future[O]) []*promise {
	ps := make([]*promise, len(fs))
	for i, f := range fs {
		if f != nil {
			ps[i] = f.p
		}
	}
	return ps
}

// joiner waits for promises on behalf of a combinator.
type joiner struct {
	c  *dctx
	b  *branch
	ps []*promise
}

// wait parks until promise i is settled.
func (j *joiner) wait(i int) error {
	p := j.ps[i]
	if p.ex != nil {
		if err := p.ex.park(j.b, true, func() bool { return p.done }, &p.cell); err != nil {
			return err
		}
	}
	return p.err
}

func (j *joiner) outcome(i int) error { return j.ps[i].err }

// first parks until one of the promises is settled; of several the first in order counts.
func (j *joiner) first(of map[int]bool) (int, error) {
	winner := -1
	cells := make([]*cell, 0, len(of))
	for i := range of {
		cells = append(cells, &j.ps[i].cell)
	}
	err := j.c.ex.park(j.b, true, func() bool {
		for i := range j.ps {
			if of[i] && j.ps[i].done {
				winner = i
				return true
			}
		}
		return false
	}, cells...)
	return winner, err
}

// combine runs a combinator as a child context without operations of its own.
func combine[O any](ctx Context, name string, ps []*promise, opts []ChildOption, body func(*joiner) (O, error)) (O, error) {
	var out O
	for i, p := range ps {
		if p == nil {
			return out, fmt.Errorf("durable: future %d of %q is nil", i, name)
		}
	}
	k, err := newChild(ctx, name, false, &out, opts)
	if err != nil {
		return out, err
	}
	k.trace = entry(body)
	c := k.o.c
	err = k.deliver(k.run(c.branch, c.owner, func(in *dctx) (any, error) {
		v, err := body(&joiner{c: c, b: c.branch, ps: ps})
		if err == nil || errors.Is(err, errSuspended) {
			return v, err
		}
		var whole *CombinatorError
		if errors.As(err, &whole) {
			return v, whole
		}
		return v, &CombinatorError{Name: name, Errors: []error{err}, text: messageOf(err)}
	}, &out))
	return valueOf(out, err)
}
