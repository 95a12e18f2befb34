package durable

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"
)

// Context is what a handler and the bodies of child contexts run durable operations on. It belongs to the goroutine it
// was given to. Only this package makes one.
type Context interface {
	context.Context
	// ExecutionArn names the durable execution.
	ExecutionArn() string
	// RequestID is the invocation's Lambda request id, empty outside Lambda.
	RequestID() string
	// InvokedFunctionARN is the ARN the invocation was addressed to, empty outside Lambda.
	InvokedFunctionARN() string
	// Logger writes each line once over all invocations: while this context repeats recorded work it is silent.
	Logger() *slog.Logger
	// IsReplaying reports whether the code repeats what an earlier invocation did.
	IsReplaying() bool
	durable()
}

// StepContext is given to bodies that run as part of one operation: steps, condition checks, callback submitters.
type StepContext interface {
	context.Context
	// Logger always writes: such a body runs only when it has something to do.
	Logger() *slog.Logger
	// Attempt counts from 1.
	Attempt() int
	step()
}

// dctx is the one implementation of Context.
type dctx struct {
	context.Context
	ex        *execution
	branch    *branch
	owner     uint64 // goroutine, 0 when unknown
	prefix    string // positional id of the context with a dash, empty at the root
	parent    string // wire id of the nearest recorded context, empty at the root
	claimed   int    // operations so far
	inside    int    // bodies running on this goroutine that have a Context of their own
	virtual   bool
	closed    bool // the context's record is terminal: recorded operations replay, others must not run
	replaying atomic.Bool
	serdes    Serdes
	callbacks Deserializer
	scope     logScope
	started   []*branch // goroutines of asynchronous child contexts; belongs to execution.mu
}

func (c *dctx) durable()                   {}
func (c *dctx) ExecutionArn() string       { return c.ex.arn }
func (c *dctx) RequestID() string          { return c.ex.meta.requestID }
func (c *dctx) InvokedFunctionARN() string { return c.ex.meta.functionARN }
func (c *dctx) IsReplaying() bool          { return c.replaying.Load() }
func (c *dctx) Logger() *slog.Logger       { return c.ex.logger(c.Context, c.scope, &c.replaying) }

type stepContext struct {
	context.Context
	ex      *execution
	scope   logScope
	attempt int
}

func (s *stepContext) step()                {}
func (s *stepContext) Attempt() int         { return s.attempt }
func (s *stepContext) Logger() *slog.Logger { return s.ex.logger(s.Context, s.scope, nil) }

// ExecutionStartTime is when the execution started, the same on every invocation; zero if unknown.
func ExecutionStartTime(ctx Context) time.Time {
	if c, ok := ctx.(*dctx); ok && c != nil {
		return c.ex.meta.started
	}
	return time.Time{}
}

// SerdesConfig is what ConfigureSerdes changes; a nil field keeps what is.
type SerdesConfig struct {
	_                    [0]func()
	Serdes               Serdes
	CallbackDeserializer Deserializer
}

// ConfigureSerdes changes the defaults of operations and contexts derived from ctx from now on, in this invocation.
// Options of an operation still win. It must run in the same place on every invocation.
func ConfigureSerdes(ctx Context, cfg SerdesConfig) error {
	c, err := own(ctx)
	if err != nil {
		return err
	}
	if cfg.Serdes != nil {
		c.serdes = cfg.Serdes
	}
	if cfg.CallbackDeserializer != nil {
		c.callbacks = cfg.CallbackDeserializer
	}
	return nil
}

var errForeignContext = errors.New("durable: the Context was not made by this SDK; pass on the one the handler or body was given")

// own returns the implementation of ctx if the calling goroutine may run operations on it.
func own(ctx Context) (*dctx, error) {
	c, ok := ctx.(*dctx)
	if !ok || c == nil {
		return nil, errForeignContext
	}
	if c.owner == 0 {
		return c, nil
	}
	if !c.branch.alone() {
		switch g := goid(); {
		case g == 0:
			return c, nil
		case g != c.owner:
			return nil, ErrWrongGoroutine
		}
	}
	if c.inside > 0 {
		return nil, ErrWrongContext
	}
	return c, nil
}

// operation is one claimed place of a context.
type operation struct {
	c        *dctx
	kind     OperationType
	sub      string
	name     string
	position string // positional id
	id       string // wire id
	recorded bool   // there was a record when the place was claimed
	settled  bool   // and it was terminal
	stuck    bool   // a closed context holds no terminal record here
}

// wireID is the id the service sees.
func wireID(position string) string {
	sum := sha256.Sum256([]byte(position))
	return hex.EncodeToString(sum[:16])
}

// claim takes the next place of the context.
func (c *dctx) claim(kind OperationType, sub, name string) (*operation, error) {
	if err := c.awake(); err != nil {
		return nil, err
	}
	c.claimed++
	return c.at(c.prefix+strconv.Itoa(c.claimed), kind, sub, name)
}

// awake refuses operations of an invocation that is over and of a batch item that was given up.
func (c *dctx) awake() error {
	c.ex.mu.Lock()
	defer c.ex.mu.Unlock()
	if c.ex.verdict != nil || c.branch.gone() {
		return errSuspended
	}
	return nil
}

// at checks the record at a position against what the code asks for.
func (c *dctx) at(position string, kind OperationType, sub, name string) (*operation, error) {
	o := &operation{c: c, kind: kind, sub: sub, name: name, position: position, id: wireID(position)}
	rec := c.ex.look(o.id)
	if rec != nil && rec.Type != "" && (rec.Type != kind || deref(rec.SubType) != sub || deref(rec.Name) != name) {
		return nil, o.mismatch(rec)
	}
	o.recorded = rec != nil
	o.settled = rec != nil && rec.Status.terminal()
	o.stuck = c.closed && !o.settled
	if !o.recorded && !c.closed {
		c.goLive()
	}
	c.ex.debug("operation claimed", "operationId", o.id, "operationName", name, "type", string(kind))
	c.ex.plug.claimed(o, rec)
	return o, nil
}

func (o *operation) mismatch(rec *Operation) error {
	e := &NonDeterministicExecutionError{Name: o.name, StepID: o.position, CurrentType: string(o.kind), CurrentSubType: o.sub, CurrentName: o.name}
	if rec != nil {
		e.RecordedType, e.RecordedSubType, e.RecordedName = string(rec.Type), deref(rec.SubType), deref(rec.Name)
	}
	return e
}

// goLive ends replay of the context, for good.
func (c *dctx) goLive() {
	if c.replaying.CompareAndSwap(true, false) {
		c.ex.debug("replay complete; executing live")
	}
}

// received notes that the code gets the outcome of o: news end the replay.
func (c *dctx) received(id string) {
	if !c.replaying.Load() {
		return
	}
	c.ex.mu.Lock()
	news := c.ex.fresh[id]
	c.ex.mu.Unlock()
	if news {
		c.goLive()
	}
}

// look returns the current record of the operation.
func (o *operation) look() *Operation { return o.c.ex.look(o.id) }

// update starts an update of this operation.
func (o *operation) update(a OperationAction) OperationUpdate {
	u := OperationUpdate{Id: &o.id, Type: o.kind, Action: a, SubType: &o.sub, Name: optional(o.name), ParentId: optional(o.c.parent)}
	return u
}

func (o *operation) meta() SerdesContext {
	return SerdesContext{OperationID: o.position, DurableExecutionArn: o.c.ex.arn}
}

// bounded is how long an operation that must not run waits to learn that the invocation suspends anyway.
const bounded = time.Second

// unreachable answers for an operation that a finished context did not record: it must not run. If the invocation
// suspends meanwhile the code merely got ahead of it; else the code is not what was recorded.
func (o *operation) unreachable(b *branch) error {
	ex := o.c.ex
	expired := make(chan struct{})
	var c cell
	over := false
	t := time.AfterFunc(bounded, func() {
		ex.mu.Lock()
		defer ex.mu.Unlock()
		over = true
		ex.touch(&c)
		close(expired)
	})
	defer t.Stop()
	ex.span(1) // hold the invocation: being parked here is no reason to suspend
	defer ex.span(-1)
	if err := ex.park(b, false, func() bool { return over }, &c); err != nil {
		return err
	}
	return o.mismatch(o.look())
}

// child derives the context of a body. record is the wire id under which inner operations are filed.
func (c *dctx) child(b *branch, gid uint64, position, record string, scope logScope) *dctx {
	k := &dctx{Context: c.Context, ex: c.ex, branch: b, owner: gid, prefix: position + "-", parent: record,
		virtual: c.virtual, closed: c.closed, serdes: c.serdes, callbacks: c.callbacks, scope: scope}
	k.replaying.Store(c.ex.look(wireID(position+"-1")) != nil)
	return k
}

func (o *operation) String() string { return fmt.Sprintf("%s %q (%s)", o.sub, o.name, o.position) }
