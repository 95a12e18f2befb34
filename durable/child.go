package durable

import (
	"errors"
	"fmt"
)

// maxContextResult is the largest result a context's record holds, in bytes. A larger one is made again on replay from
// the operations inside.
const maxContextResult = 256 * 1024

// ChildOption configures RunInChildContext, Go and the combinators.
type ChildOption interface{ applyChild(*childConfig) }

type childOption func(*childConfig)

func (f childOption) applyChild(c *childConfig) { f(c) }

type childConfig struct {
	serdes  Serdes
	mapper  func(*ChildContextError) error
	summary func(any) (string, error)
	sumsUp  func(out any) bool // whether the summary fits the result's type
	sub     string
	virtual bool
}

// WithChildSerdes sets how the result is recorded.
func WithChildSerdes(s Serdes) ChildOption { return childOption(func(c *childConfig) { c.serdes = s }) }

// WithChildErrorMapper replaces the error the caller gets. It runs on every replay too; the record keeps the failure as
// it was. A nil answer changes nothing.
func WithChildErrorMapper(mapper func(err *ChildContextError) error) ChildOption {
	return childOption(func(c *childConfig) { c.mapper = mapper })
}

// WithChildSummary makes what is recorded in place of a result above 256 KiB. It only informs readers of the history.
func WithChildSummary[O any](fn func(result O) string) ChildOption {
	return childOption(func(c *childConfig) {
		c.sumsUp = func(out any) bool { _, ok := out.(*O); return ok }
		c.summary = func(v any) (s string, err error) {
			defer func() {
				if p := recover(); p != nil {
					err = recovered(p)
				}
			}()
			o, _ := v.(O)
			return fn(o), nil
		}
	})
}

// WithChildSubType sets the recorded subtype. It is part of the context's identity on replay.
func WithChildSubType(subType string) ChildOption {
	return childOption(func(c *childConfig) { c.sub = subType })
}

// WithChildVirtual records nothing for the context itself, only for the operations inside; the body runs on every
// invocation. Virtual contexts do not nest.
func WithChildVirtual() ChildOption { return childOption(func(c *childConfig) { c.virtual = true }) }

// RunInChildContext runs fn with a context of its own on the calling goroutine. Once it ended, replay takes its result
// from the record. Its failure is a *ChildContextError, or what the error mapper makes of it.
func RunInChildContext[O any](ctx Context, name string, fn func(Context) (O, error), opts ...ChildOption) (O, error) {
	var out O
	k, err := newChild(ctx, name, fn == nil, &out, opts)
	if err == nil {
		k.trace = entry(fn)
		err = k.deliver(k.run(k.o.c.branch, k.o.c.owner, func(c *dctx) (any, error) { return fn(c) }, &out))
	}
	return valueOf(out, err)
}

// RunInChildContextAsync is RunInChildContext on its own goroutine. The context's start is on record before it returns.
func RunInChildContextAsync[O any](ctx Context, name string, fn func(Context) (O, error), opts ...ChildOption) *Future[O] {
	var probe O
	k, err := newChild(ctx, name, fn == nil, &probe, opts)
	if err != nil {
		return failed[O](err)
	}
	k.trace, k.async = entry(fn), true
	if err := k.begin(k.o.c.branch, true); err != nil {
		return failed[O](err)
	}
	return launch(k.o, false, func(b *branch, gid uint64, out *O) error {
		return k.run(b, gid, func(c *dctx) (any, error) { return fn(c) }, out)
	})
}

// Go is RunInChildContextAsync.
func Go[O any](ctx Context, name string, fn func(Context) (O, error), opts ...ChildOption) *Future[O] {
	return RunInChildContextAsync(ctx, name, fn, opts...)
}

// childRun is one child context being driven.
type childRun struct {
	o      *operation
	cfg    childConfig
	trace  uintptr
	async  bool
	begun  bool   // its START is recorded or on its way
	unwrap bool   // a failed body's error goes to the caller as recorded, for composed operations that shape it themselves
	whole  bool   // the result is recorded whatever its size
	hidden bool   // the context has no record; operations inside are filed one level up
	text   string // of the result, as recorded
	cause  error
}

func newChild(ctx Context, name string, noBody bool, out any, opts []ChildOption) (*childRun, error) {
	c, err := own(ctx)
	if err != nil {
		return nil, err
	}
	if noBody {
		return nil, fmt.Errorf("durable: child context %q has no function", name)
	}
	cfg := childConfig{}
	for _, o := range opts {
		if o != nil {
			o.applyChild(&cfg)
		}
	}
	if err := checkSubType(cfg.sub); err != nil {
		return nil, err
	}
	if cfg.virtual && c.virtual {
		return nil, fmt.Errorf("durable: virtual child context %q inside a virtual one; make one of them a recorded one", name)
	}
	if cfg.sumsUp != nil && !cfg.sumsUp(out) {
		return nil, fmt.Errorf("durable: the summary of child context %q takes another type than its result, %T", name, out)
	}
	return c.newChild(name, or(cfg.sub, OperationSubTypeRunInChildContext), cfg)
}

func (c *dctx) newChild(name, sub string, cfg childConfig) (*childRun, error) {
	if cfg.serdes == nil {
		cfg.serdes = c.serdes
	}
	if cfg.virtual {
		o, err := c.claimVirtual(sub, name)
		return &childRun{o: o, cfg: cfg}, err
	}
	o, err := c.claim(OperationTypeContext, sub, name)
	if err != nil {
		return nil, err
	}
	return &childRun{o: o, cfg: cfg}, nil
}

// begin records the start of a context that has no record yet.
func (k *childRun) begin(b *branch, now bool) error {
	if k.begun || k.cfg.virtual || k.o.recorded || k.o.stuck {
		return nil
	}
	k.begun = true
	u := k.o.update(OperationActionStart)
	if now {
		return k.o.c.ex.checkpoint(b, u)
	}
	return k.o.c.ex.checkpointLater(b, u)
}

// run drives the context to its end.
func (k *childRun) run(b *branch, gid uint64, body func(*dctx) (any, error), out any) error {
	o, ex := k.o, k.o.c.ex
	if k.cfg.virtual {
		return k.runVirtual(b, gid, body, out)
	}
	rec := o.look()
	if o.settled && rec != nil {
		switch d := deref(rec.ContextDetails); {
		case rec.Status != OperationStatusSucceeded:
			o.done(rec)
			return k.failure(d.Error)
		case deref(d.ReplayChildren):
			return k.again(b, gid, rec, body, out)
		default:
			o.done(rec)
			k.text = deref(d.Result)
			return ex.decode(k.cfg.serdes, o, k.text, out)
		}
	}
	if o.stuck {
		return o.unreachable(b)
	}
	if err := k.begin(b, false); err != nil {
		return err
	}
	value, trace, err := k.enter(b, gid, false, body)
	if err != nil {
		return k.fail(b, err, trace)
	}
	return k.succeed(b, value, out)
}

// enter runs the body in a context of its own.
func (k *childRun) enter(b *branch, gid uint64, closed bool, body func(*dctx) (any, error)) (value any, trace []string, err error) {
	o, c := k.o, k.o.c
	record := o.id
	if k.cfg.virtual || k.hidden {
		record = c.parent
	}
	inner := c.child(b, gid, o.position, record, logScope{operation: o.id, name: o.name})
	if inner.virtual = k.cfg.virtual; inner.virtual && c.IsReplaying() {
		inner.replaying.Store(true) // until something inside is news
	}
	inner.closed = c.closed || closed
	if b == c.branch {
		c.inside++
		defer func() { c.inside-- }()
	}
	defer func() {
		if k.async {
			if v := recover(); v != nil {
				value, err = nil, recovered(v)
			}
		}
		if err != nil && c.ex.opts.stackTraces && !errors.Is(err, errSuspended) {
			trace = frames(2, k.trace)
		}
	}()
	if k.hidden {
		value, err = body(inner)
		return value, nil, err
	}
	value, err = c.ex.plug.childBody(o, inner, func() (any, error) { return body(inner) })
	return value, nil, err
}

// again runs the body of a finished context over its recorded operations, to make a result too large to be recorded.
func (k *childRun) again(b *branch, gid uint64, rec *Operation, body func(*dctx) (any, error), out any) error {
	value, _, err := k.enter(b, gid, true, body)
	if err != nil {
		return err
	}
	k.o.done(rec)
	return k.roundTrip(value, out)
}

func (k *childRun) roundTrip(value, out any) error {
	text, err := k.o.c.ex.encode(k.cfg.serdes, k.o, value)
	if err != nil {
		return err
	}
	k.text = text
	return k.o.c.ex.decode(k.cfg.serdes, k.o, text, out)
}

func (k *childRun) succeed(b *branch, value, out any) error {
	o, ex := k.o, k.o.c.ex
	text, err := ex.encode(k.cfg.serdes, o, value)
	if err != nil {
		return err
	}
	k.text = text
	unread := ex.decode(k.cfg.serdes, o, text, out)
	if errors.Is(unread, errSuspended) {
		return unread
	}
	u := o.update(OperationActionSucceed)
	u.Payload = &text
	if len(text) > maxContextResult && !k.whole {
		u.Payload, u.ContextOptions = nil, &ContextOptions{ReplayChildren: ptr(true)}
		if k.cfg.summary != nil {
			s, err := k.cfg.summary(value)
			if err != nil {
				return k.fail(b, err, nil)
			}
			u.Payload = optional(cut(s, maxContextResult))
		}
	}
	if err := ex.checkpoint(b, u); err != nil {
		return err
	}
	o.done(o.look())
	return unread
}

// fail records the error that left the body; the caller gets what replay would make of the record.
func (k *childRun) fail(b *branch, cause error, trace []string) error {
	if errors.Is(cause, errSuspended) {
		return errSuspended
	}
	k.cause = cause
	o, ex := k.o, k.o.c.ex
	u := o.update(OperationActionFail)
	u.Error = ex.object(cause, trace)
	if err := ex.checkpoint(b, u); err != nil {
		return err
	}
	o.done(o.look())
	return k.failure(u.Error)
}

func (k *childRun) failure(obj *ErrorObject) error {
	f := k.o.failure(obj)
	if k.unwrap {
		return &recordedFailure{facts: f}
	}
	e := &ChildContextError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace, Err: f.Err}
	if k.cfg.mapper != nil {
		if mapped := k.cfg.mapper(e); mapped != nil {
			return mapped
		}
	}
	return e
}

// recordedFailure hands a recorded error to a composed operation.
type recordedFailure struct{ facts facts }

func (e *recordedFailure) Error() string { return e.facts.said("child context") }

// deliver is operation.deliver; news inside a virtual context reached its own context already.
func (k *childRun) deliver(err error) error { return k.o.deliver(err) }
