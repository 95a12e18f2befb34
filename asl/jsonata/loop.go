package jsonata

import "github.com/perdure/perdure/asl/value"

// loop calls one function for item after item, as $map and $filter do. A plain lambda whose frame nothing can keep runs
// in the same frame each time; every other function, and every call near a limit, goes through invoke.
type loop struct {
	f, g  *function // as given, and what it wraps
	plain bool
	fr    *frame // of the last call, which is over
}

func newLoop(f *function) loop {
	l := loop{f: f, g: f}
	if l.g.wrapped != nil && !l.g.partial {
		l.g = l.g.wrapped
	}
	l.plain = l.g.lambda != nil && l.g.lambda.sig == nil && l.g.lambda.reuse && !l.g.partial
	return l
}

func (l *loop) call(r *run, item Value, i int, all Value) (Value, error) {
	if !l.plain || r.depth+1 > r.limit || r.calls+1 > maxCalls {
		return r.invoke(l.f, item, value.Number(float64(i)), all)
	}
	if err := r.tick(); err != nil {
		return Value{}, err
	}
	fn := l.g.lambda
	fr := l.fr
	if l.fr = nil; fr == nil {
		fr = r.frame(l.g.env, fn)
	} else if len(fr.slots) > len(fn.params) {
		clear(fr.slots)
	}
	for at, slot := range fn.params {
		switch at {
		case 0:
			fr.slots[slot] = bound(item)
		case 1:
			fr.slots[slot] = value.Number(float64(i))
		case 2:
			fr.slots[slot] = bound(all)
		default:
			fr.slots[slot] = bound(Value{})
		}
	}
	r.calls++
	v, err := fn.body(r, l.g.in, fr)
	switch {
	case err != nil:
		return Value{}, r.blame(l.f, r.blame(l.g, err))
	case v.Kind() != value.KindExtern || v != thunkMark:
		l.fr = fr
	default:
		if v, err = r.runThunks(v, value.Null()); err != nil {
			return Value{}, r.blame(l.f, err)
		}
	}
	r.calls--
	return v, nil
}

// done gives the frame back.
func (l *loop) done(r *run) {
	if l.fr != nil {
		r.spare = append(r.spare, l.fr)
	}
}
