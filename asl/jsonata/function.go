package jsonata

import "github.com/perdure/perdure/asl/value"

// function is a value that can be called. Exactly one of lambda, builtin, native and wrapped says how.
type function struct {
	lambda  *lambda
	builtin *builtin
	native  func(r *run, args []Value) (Value, error) // a regular expression, or the next of a match
	wrapped *function                                 // a function handed over as an argument
	sig     *signature
	in      Value  // the context a lambda was made in
	env     *frame // and its variables
	re      *regex // of a regular expression
	bound   []Value
	open    []int // of a partial application: which parameters are still open
	partial bool
	arity   int
	pos     int // where it was last called by name
	token   string
	called  bool
}

// lambda is a compiled function definition.
type lambda struct {
	scope  *scope
	params []int // slots
	body   evalFn
	sig    *signature
	reuse  bool // nothing made inside can outlive a call
}

func asFunction(v Value) *function {
	f, _ := v.Ext().(*function)
	return f
}

func (f *function) value() Value { return value.Extern(f) }

// arityOf is how many arguments the function takes, as callers such as $map ask.
func (f *function) arityOf() int {
	switch {
	case f.wrapped != nil:
		return f.wrapped.arityOf()
	case f.partial:
		return len(f.open)
	case f.lambda != nil:
		return len(f.lambda.params)
	case f.builtin != nil:
		return f.builtin.arity
	}
	return f.arity
}

// callable is what callers such as $map get as an argument: the function, which no longer knows a context.
func callable(v Value) Value {
	f := asFunction(v)
	if f == nil {
		return v
	}
	return (&function{wrapped: f}).value()
}

// thunk is a call in tail position: the body that ends with it hands it to its caller, which runs it.
type thunk struct {
	tail *tail
	in   Value
	f    *frame
}

type tail struct {
	proc  evalFn
	args  []evalFn
	pos   int
	token string
	named bool
}

// thunkMark stands for the thunk in the run.
var thunkMark = value.Extern(&function{native: func(*run, []Value) (Value, error) { return Value{}, nil }})

func (c *compiler) tailCall(n *node) evalFn {
	t := &tail{pos: n.proc.pos, token: n.proc.text, named: n.proc.kind == nVariable}
	t.proc = c.node(n.proc)
	for _, arg := range n.list {
		t.args = append(t.args, c.node(arg))
	}
	return func(r *run, in Value, f *frame) (Value, error) {
		r.thunk = thunk{t, in, f}
		return thunkMark, nil
	}
}

// apply calls a function and the calls its body left to do.
func (r *run) apply(fv Value, args []Value, in Value) (Value, error) {
	if r.calls++; r.calls > maxCalls {
		return Value{}, tooManyCalls()
	}
	v, err := r.applyInner(fv, args, in)
	if err == nil && v == thunkMark {
		v, err = r.runThunks(v, in)
	}
	r.calls--
	return v, err
}

// runThunks runs the calls a body left to do, one after the other.
func (r *run) runThunks(v, in Value) (Value, error) {
	var err error
	for err == nil && v == thunkMark {
		t := r.thunk
		r.thunk = thunk{}
		if err = r.tick(); err != nil {
			break
		}
		var next Value
		if next, err = t.tail.proc(r, t.in, t.f); err != nil {
			break
		}
		if next.IsUndefined() {
			return Value{}, &Error{Code: "T1006"}
		}
		if f := asFunction(next); f != nil {
			if r.calledAt(f, t.tail.pos, t.tail.token); f.wrapped != nil {
				f.pos, f.token, f.called = t.tail.pos, t.tail.token, true
			}
		}
		base := len(r.args)
		for _, arg := range t.tail.args {
			a, err := arg(r, t.in, t.f)
			if err != nil {
				return Value{}, err
			}
			r.args = append(r.args, a)
		}
		if k := next.Kind(); k == value.KindArray || k == value.KindObject { // which the reference marks like a function
			err := &Error{Code: "T1006", Position: t.tail.pos}
			if t.tail.named {
				err.setToken(t.tail.token)
			}
			return Value{}, err
		}
		v, err = r.applyInner(next, r.args[base:], in)
		r.args = r.args[:base]
	}
	return v, err
}

// maxCalls bounds the calls in progress: the depth does not count those that a tail call makes through a function such
// as $map.
const maxCalls = 4000

func tooManyCalls() *Error {
	return &Error{Code: "U1001", extra: "Stack overflow error: Check for non-terminating recursive function."}
}

// calledAt remembers where a function was called by name; an error inside it is reported there.
func (r *run) calledAt(f *function, pos int, token string) {
	if f.builtin != nil && f.lambda == nil && !f.partial {
		r.site(f.builtin).set(pos, token)
		return
	}
	if f.wrapped == nil && f.native == nil || f.sig != nil {
		f.pos, f.token, f.called = pos, token, true
	}
}

type site struct {
	pos   int
	token string
	known bool
}

func (s *site) set(pos int, token string) { s.pos, s.token, s.known = pos, token, true }

func (r *run) site(b *builtin) *site {
	if b.index >= len(r.called) {
		r.called = append(r.called, make([]site, b.index+1-len(r.called))...)
	}
	return &r.called[b.index]
}

func (r *run) applyInner(fv Value, args []Value, in Value) (Value, error) {
	f := asFunction(fv)
	if f == nil {
		return Value{}, &Error{Code: "T1006"}
	}
	v, err := r.enter(f, args, in)
	if err == nil {
		return v, nil
	}
	return Value{}, r.blame(f, err)
}

// blame reports an error inside a function where the function was last called by name.
func (r *run) blame(f *function, err error) error {
	e, ok := err.(*Error)
	if !ok {
		return err
	}
	s := site{f.pos, f.token, f.called}
	if f.builtin != nil && !f.partial {
		s = *r.site(f.builtin)
	}
	if s.known {
		if e.token.IsUndefined() {
			e.setToken(s.token)
		}
		if s.pos != 0 {
			e.Position = s.pos
		}
	}
	return e
}

// enter checks the arguments and runs the function.
func (r *run) enter(f *function, args []Value, in Value) (Value, error) {
	if err := r.tick(); err != nil {
		return Value{}, err
	}
	switch {
	case f.wrapped != nil:
		return r.apply(f.wrapped.self(), args, value.Null())
	case f.partial:
		return r.enterPartial(f, args)
	case f.lambda != nil:
		if f.lambda.sig == nil {
			return r.body(f, args)
		}
	case f.native != nil && f.sig == nil:
		return f.native(r, args)
	}
	sig := f.sig
	switch {
	case f.lambda != nil:
		sig = f.lambda.sig
	case f.builtin != nil:
		sig = f.builtin.sig
	}
	base := len(r.args)
	if sig != nil {
		checked, err := sig.check(args, in, r.args)
		if err != nil {
			return Value{}, err
		}
		r.args = checked
		args = checked[base:]
	}
	var v Value
	var err error
	switch {
	case f.lambda != nil:
		v, err = r.body(f, args)
	case f.builtin != nil:
		r.evalInput = in
		v, err = r.builtin(f.builtin, args)
	default:
		v, err = f.native(r, args)
	}
	r.args = r.args[:base]
	return v, err
}

// builtin calls a built-in function, which may count on all its parameters being there.
func (r *run) builtin(b *builtin, args []Value) (Value, error) {
	if len(args) < b.params {
		base := len(r.args)
		r.args = append(r.args, args...)
		for len(r.args)-base < b.params {
			r.args = append(r.args, Value{})
		}
		v, err := b.fn(r, r.args[base:])
		r.args = r.args[:base]
		return v, err
	}
	return b.fn(r, args)
}

// body runs the body of a lambda on its arguments.
func (r *run) body(f *function, args []Value) (Value, error) {
	l := f.lambda
	if r.depth+1 > r.limit {
		return Value{}, stackOverflow(r.depth+1, r.limit)
	}
	fr := r.frame(f.env, l)
	for i, slot := range l.params {
		if i < len(args) {
			fr.slots[slot] = bound(args[i])
		} else {
			fr.slots[slot] = bound(Value{})
		}
	}
	v, err := l.body(r, f.in, fr)
	if l.reuse && err == nil && v != thunkMark {
		r.spare = append(r.spare, fr)
	}
	return v, err
}

// frame makes the frame of a call, of one that is over if nothing can have kept it.
func (r *run) frame(env *frame, l *lambda) *frame {
	top := len(r.spare) - 1
	if !l.reuse || top < 0 || cap(r.spare[top].slots) < len(l.scope.names) {
		return newFrame(env, l.scope)
	}
	fr := r.spare[top]
	r.spare = r.spare[:top]
	fr.parent, fr.scope, fr.slots = env, l.scope, fr.slots[:len(l.scope.names)]
	if len(fr.slots) > len(l.params) {
		clear(fr.slots)
	}
	return fr
}

func (r *run) enterPartial(f *function, args []Value) (Value, error) {
	base := len(r.args)
	r.args = append(r.args, f.bound...)
	for i, at := range f.open {
		if i < len(args) {
			r.args[base+at] = args[i]
		}
	}
	args = r.args[base:]
	var v Value
	var err error
	switch {
	case f.lambda != nil:
		v, err = r.body(f, args)
	case f.builtin != nil:
		v, err = r.builtin(f.builtin, args)
	case f.wrapped != nil:
		v, err = r.apply(f.wrapped.self(), args, value.Null())
	default:
		v, err = f.native(r, args)
	}
	r.args = r.args[:base]
	return v, err
}

// self is the function as a value.
func (f *function) self() Value {
	if f.builtin != nil && !f.partial {
		return f.builtin.value
	}
	return value.Extern(f)
}

func stackOverflow(depth, limit int) *Error {
	return &Error{Code: "U1001", extra: "Stack overflow error: Check for non-terminating recursive function.  " +
		"Consider rewriting as tail-recursive. Depth=" + value.FormatNumber(float64(depth)) + " max=" + value.FormatNumber(float64(limit))}
}

// invoke calls a function that came as an argument, with as many of the given arguments as it takes, one at least.
func (r *run) invoke(f *function, args ...Value) (Value, error) {
	n := min(max(f.arityOf(), 1), len(args))
	g := f
	if g.wrapped != nil && !g.partial {
		g = g.wrapped
	}
	if g.lambda == nil || g.lambda.sig != nil || g.partial {
		return r.invokeAll(f, args[:n])
	}
	if err := r.tick(); err != nil {
		return Value{}, err
	}
	if r.calls++; r.calls > maxCalls {
		return Value{}, tooManyCalls()
	}
	v, err := r.body(g, args[:n])
	if err != nil {
		err = r.blame(g, err)
	} else if v == thunkMark {
		v, err = r.runThunks(v, value.Null())
	}
	if err != nil {
		return Value{}, r.blame(f, err)
	}
	r.calls--
	return v, nil
}

func (r *run) invokeAll(f *function, args []Value) (Value, error) {
	base := len(r.args)
	r.args = append(r.args, args...)
	in := Value{}
	if f.lambda != nil {
		in = f.in
	}
	v, err := r.apply(f.self(), r.args[base:], in)
	r.args = r.args[:base]
	return v, err
}
