package durable

import "errors"

// Future is the outcome of an asynchronous operation. Its methods may be called many times from any goroutine.
type Future[O any] struct {
	p     *promise
	value O
}

// promise is the untyped half of a Future. done and err belong to the execution's mu.
type promise struct {
	ex   *execution // nil for a future that failed before it began
	c    *dctx      // context the operation was started on
	id   string     // wire id of the operation
	done bool
	err  error
	cell cell
}

// Awaitable is any *Future.
type Awaitable interface{ awaitable() *promise }

func (f *Future[O]) awaitable() *promise { return f.p }

// Result waits for the outcome. ctx is the context of the code that reads it; it may be nil on goroutines of one's own.
func (f *Future[O]) Result(ctx Context) (O, error) {
	if f == nil || f.p == nil {
		var zero O
		return zero, errors.New("durable: the Future was not made by this SDK")
	}
	c, _ := ctx.(*dctx)
	if err := f.p.wait(c); err != nil {
		return valueOf(f.value, err)
	}
	return f.value, nil
}

// wait parks until the promise is settled and gives its error.
func (p *promise) wait(c *dctx) error {
	if err := p.settle(c); err != nil {
		return err
	}
	p.read(c)
	return p.err
}

// settle parks until there is an outcome.
func (p *promise) settle(c *dctx) error {
	if p.ex == nil {
		return nil
	}
	return p.ex.park(p.ex.current(c.branchOr(nil)), true, func() bool { return p.done }, &p.cell)
}

// read notes that c receives the outcome.
func (p *promise) read(c *dctx) {
	if p.ex == nil || errors.Is(p.err, errSuspended) {
		return
	}
	if c == nil {
		c = p.c
	}
	c.received(p.id)
}

func (c *dctx) branchOr(b *branch) *branch {
	if c == nil {
		return b
	}
	return c.branch
}

// failed is a future that never began.
func failed[O any](err error) *Future[O] {
	return &Future[O]{p: &promise{done: true, err: err}}
}

// launch runs an operation on its own goroutine and settles the future with its outcome. A detached operation does not
// keep the execution open once the handler returned.
func launch[O any](o *operation, detached bool, run func(b *branch, gid uint64, out *O) error) *Future[O] {
	f := &Future[O]{p: &promise{ex: o.c.ex, c: o.c, id: o.id}}
	f.p.start(o.c.branch, detached, func(b *branch, gid uint64) error { return run(b, gid, &f.value) })
	return f
}

func (p *promise) start(parent *branch, detached bool, run func(b *branch, gid uint64) error) {
	child := p.ex.spawn(parent, detached, func(b *branch, gid uint64) {
		err := errors.New("durable: the operation's goroutine ended early")
		defer func() {
			if v := recover(); v != nil {
				err = recovered(v)
			}
			if errors.Is(err, errSuspended) {
				return // readers are woken by the end of the invocation, not by this
			}
			p.ex.mu.Lock()
			defer p.ex.mu.Unlock()
			p.done, p.err = true, err
			p.ex.touch(&p.cell)
		}()
		err = run(b, gid)
	})
	p.ex.mu.Lock()
	p.c.started = append(p.c.started, child)
	p.ex.mu.Unlock()
}
