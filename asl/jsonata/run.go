package jsonata

import (
	"context"
	"sync"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// The flags an array carries during an evaluation. They decide how it behaves as a result: a sequence of one item is
// that item, an empty one is undefined.
const (
	tagSequence uint8 = 1 << iota
	tagKeep           // stays an array although it is a sequence of one
	tagCons           // written with brackets in a path: not flattened into the step's result
	tagOuter          // the wrapper around an input that is an array
	tagTuple          // a stream of *tuple
	tagBound          // a variable bound to undefined, as told from one not bound
)

// evalFn is a compiled node: what it makes of the context value and the variables in scope.
type evalFn func(r *run, in Value, f *frame) (Value, error)

// run is the state of one evaluation.
type run struct {
	ctx       context.Context
	program   *Program
	host      Host
	steps     int // left until the next look at the context
	budget    int // steps left beyond those
	bytes     int // left
	maxSize   int // bytes of one value
	items     int // in one array
	depth     int // nesting where the current body starts
	limit     int // of depth
	calls     int // in progress
	now       time.Time
	haveNow   bool
	root      frame
	spare     []*frame // of calls that are over
	buf       []byte   // for concatenation
	args      []Value  // stack of the arguments of calls in progress
	called    []site   // where each built-in was last called by name
	evalInput Value    // the context of the latest call, for $eval
	thunk     thunk    // the call a body left to its caller
	slots     [8]Value

	picture     datePicture // the latest picture of a date
	pictureText string
}

var runs = sync.Pool{New: func() any { return new(run) }}

const stepBatch = 1024

// maxKept bounds each of the buffers a run keeps for the next, in bytes.
const maxKept = 4096

func newRun(ctx context.Context, p *Program, h Host, l Limits) *run {
	r := runs.Get().(*run)
	r.ctx, r.program, r.host = ctx, p, h
	pick := func(n, def int) int {
		if n <= 0 {
			return def
		}
		return n
	}
	r.steps = 1
	r.budget = pick(l.Steps, defaultSteps)
	r.limit = pick(l.Depth, defaultDepth)
	r.bytes = pick(l.Bytes, defaultBytes)
	r.maxSize = r.bytes / 4
	r.items = pick(l.Items, defaultItems)
	r.depth = 0
	return r
}

// release gives the run back. After an error it is simply dropped: its stacks may be in any state.
func (r *run) release() {
	args := r.args[:cap(r.args)]
	if len(args) > maxKept/valueBytes {
		args = nil
	}
	clear(args)
	clear(r.called)
	called, buf := r.called, r.buf
	if cap(buf) > maxKept {
		buf = nil
	}
	if used := len(r.root.slots); used <= len(r.slots) {
		clear(r.slots[:used])
	}
	r.args, r.called, r.buf = args[:0], called[:0], buf
	r.ctx, r.program, r.host, r.root = nil, nil, Host{}, frame{}
	r.calls, r.evalInput = 0, Value{}
	if r.haveNow {
		r.now, r.haveNow = time.Time{}, false
	}
	if r.spare != nil {
		r.spare = nil
	}
	if r.thunk.tail != nil { // runThunks empties it, unless nobody ran it
		r.thunk = thunk{}
	}
	if r.pictureText != "" {
		r.picture, r.pictureText = datePicture{}, ""
	}
	runs.Put(r)
}

func (r *run) evaluate(input Value, vars map[string]Value) (Value, error) {
	n := len(r.program.globals)
	if n <= len(r.slots) {
		r.root.slots = r.slots[:n]
	} else {
		r.root.slots = make([]Value, n)
	}
	r.root.slots[0] = bound(input)
	for i, name := range r.program.globals[1:] {
		if v, ok := vars[name]; ok {
			r.root.slots[i+1] = bound(v)
		}
	}
	if err := r.tick(); err != nil {
		return Value{}, err
	}
	if input.Kind() == value.KindArray {
		input = value.Array(input).WithTags(tagSequence | tagOuter)
	}
	v, err := r.program.body(r, input, &r.root)
	if err != nil {
		return Value{}, err
	}
	switch v.Kind() {
	case value.KindArray, value.KindObject, value.KindUndefined:
		return r.clean(v, 0)
	}
	return v, nil
}

// bound marks undefined as bound, so that it hides an outer variable of the same name.
func bound(v Value) Value {
	if v.IsUndefined() {
		return v.WithTags(tagBound)
	}
	return v
}

func unbound(v Value) Value {
	if v.IsUndefined() {
		return Value{}
	}
	return v
}

// tick counts one step.
func (r *run) tick() error {
	if r.steps--; r.steps > 0 {
		return nil
	}
	return r.look()
}

// burn counts n steps.
func (r *run) burn(n int) error {
	r.steps -= n
	if r.steps > 0 {
		return nil
	}
	r.budget += r.steps // the part of n that went beyond the batch
	return r.look()
}

func (r *run) look() error {
	if err := r.ctx.Err(); err != nil {
		return &stopped{err}
	}
	if r.budget <= 0 {
		return &Error{Code: "U1001", extra: "Expression evaluation timeout: Check for infinite loop"}
	}
	r.steps = min(stepBatch, r.budget)
	r.budget -= r.steps
	return nil
}

// stopped is what an evaluation answers when its context ends.
type stopped struct{ cause error }

func (s *stopped) Error() string { return "the evaluation was stopped: " + s.cause.Error() }

func (s *stopped) Unwrap() error { return s.cause }

// spend counts bytes allocated for one value.
func (r *run) spend(n int) error {
	if r.bytes -= n; r.bytes < 0 || n > r.maxSize {
		return &Error{Code: "U1001", extra: "Expression evaluation memory limit exceeded"}
	}
	return r.burn(n >> 8)
}

const (
	valueBytes  = 24
	memberBytes = 40
	objectBytes = 64
)

// spendItems counts an array of n items.
func (r *run) spendItems(n int) error {
	if n > r.items {
		return &Error{Code: "U1001", extra: "Expression evaluation memory limit exceeded"}
	}
	return r.spend(n * valueBytes)
}

// maxResultDepth is how deep a result may be nested.
const maxResultDepth = 1000

// clean removes the flags from a result, at every level.
func (r *run) clean(v Value, depth int) (Value, error) {
	if depth > maxResultDepth {
		return Value{}, &Error{Code: "U1001", extra: "Stack overflow error: the result is nested too deep"}
	}
	switch v.Kind() {
	case value.KindArray:
		items := v.Items()
		v = v.WithTags(0)
		if err := r.burn(1 + len(items)>>4); err != nil {
			return Value{}, err
		}
		for i, item := range items {
			if k := item.Kind(); k != value.KindArray && k != value.KindObject && k != value.KindUndefined {
				continue
			}
			c, err := r.clean(item, depth+1)
			if err != nil {
				return Value{}, err
			}
			if !same(c, item) {
				copied := append(make([]Value, 0, len(items)), items...)
				copied[i] = c
				for j := i + 1; j < len(copied); j++ {
					if copied[j], err = r.clean(copied[j], depth+1); err != nil {
						return Value{}, err
					}
				}
				return value.Array(copied...), nil
			}
		}
		return v, nil
	case value.KindObject:
		o := v.Object()
		if err := r.burn(1 + o.Len()>>4); err != nil {
			return Value{}, err
		}
		var changed *value.Object
		for i := range o.Len() {
			item := o.At(i)
			if k := item.Kind(); k != value.KindArray && k != value.KindObject && k != value.KindUndefined {
				continue
			}
			c, err := r.clean(item, depth+1)
			if err != nil {
				return Value{}, err
			}
			if !same(c, item) {
				if changed == nil {
					changed = o.Clone()
				}
				changed.Set(o.Key(i), c)
			}
		}
		if changed != nil {
			return value.FromObject(changed), nil
		}
	case value.KindUndefined:
		return Value{}, nil
	}
	return v, nil
}

// same reports whether cleaning left a value as it was.
func same(c, v Value) bool { return c == v }
