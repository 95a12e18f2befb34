package durable

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// StepSemantics says what may happen to the body of a step around a crash.
type StepSemantics int

const (
	// AtLeastOncePerRetry runs the body again when the invocation ended before its outcome was on record.
	AtLeastOncePerRetry StepSemantics = iota
	// AtMostOncePerRetry counts such an attempt as failed, with a StepInterruptedError.
	AtMostOncePerRetry
)

// StepOption configures Step and StepAsync.
type StepOption interface{ applyStep(*stepConfig) }

type stepOption func(*stepConfig)

func (f stepOption) applyStep(c *stepConfig) { f(c) }

type stepConfig struct {
	retry     RetryStrategy
	serdes    Serdes
	semantics StepSemantics
	sub       string
}

// WithRetry sets the strategy; the default is ExponentialBackoff.
func WithRetry(s RetryStrategy) StepOption { return stepOption(func(c *stepConfig) { c.retry = s }) }

// WithStepSerdes sets how the result is recorded.
func WithStepSerdes(s Serdes) StepOption { return stepOption(func(c *stepConfig) { c.serdes = s }) }

// WithSemantics sets what happens around a crash; the default is AtLeastOncePerRetry.
func WithSemantics(s StepSemantics) StepOption {
	return stepOption(func(c *stepConfig) { c.semantics = s })
}

// WithStepSubType sets the recorded subtype. It is part of the step's identity on replay.
func WithStepSubType(subType string) StepOption {
	return stepOption(func(c *stepConfig) { c.sub = subType })
}

// Step runs fn until it succeeds or the retry strategy gives up, and records its result, so that fn does not run again
// on replay. A step that failed for good is a *StepError.
func Step[O any](ctx Context, name string, fn func(StepContext) (O, error), opts ...StepOption) (O, error) {
	var out O
	s, err := newStep(ctx, name, fn == nil, opts)
	if err == nil {
		s.trace = entry(fn)
		err = s.o.deliver(s.run(s.o.c.branch, func(sc StepContext) (any, error) { return fn(sc) }, &out))
	}
	return valueOf(out, err)
}

// StepAsync is Step on its own goroutine. The step's place is taken before it returns.
func StepAsync[O any](ctx Context, name string, fn func(StepContext) (O, error), opts ...StepOption) *Future[O] {
	s, err := newStep(ctx, name, fn == nil, opts)
	if err != nil {
		return failed[O](err)
	}
	s.trace = entry(fn)
	return launch(s.o, true, func(b *branch, _ uint64, out *O) error {
		return s.run(b, func(sc StepContext) (any, error) { return fn(sc) }, out)
	})
}

// valueOf gives the zero value beside an error.
func valueOf[O any](out O, err error) (O, error) {
	if err != nil {
		var zero O
		return zero, err
	}
	return out, nil
}

// stepRun is one step being driven.
type stepRun struct {
	o     *operation
	cfg   stepConfig
	trace uintptr
	last  int // attempts this invocation knows of
}

func newStep(ctx Context, name string, noBody bool, opts []StepOption) (*stepRun, error) {
	c, err := own(ctx)
	if err != nil {
		return nil, err
	}
	if noBody {
		return nil, fmt.Errorf("durable: step %q has no function", name)
	}
	cfg := stepConfig{}
	for _, o := range opts {
		if o != nil {
			o.applyStep(&cfg)
		}
	}
	if err := checkSubType(cfg.sub); err != nil {
		return nil, err
	}
	return c.newStep(name, cfg)
}

func (c *dctx) newStep(name string, cfg stepConfig) (*stepRun, error) {
	if cfg.retry == nil {
		cfg.retry = ExponentialBackoff()
	}
	if cfg.serdes == nil {
		cfg.serdes = c.serdes
	}
	o, err := c.claim(OperationTypeStep, or(cfg.sub, OperationSubTypeStep), name)
	if err != nil {
		return nil, err
	}
	return &stepRun{o: o, cfg: cfg}, nil
}

// run drives the step to its end. Every way out is recorded or is the end of the invocation.
func (s *stepRun) run(b *branch, body func(StepContext) (any, error), out any) error {
	o := s.o
	if o.stuck {
		return o.unreachable(b)
	}
	interrupted := false
	if rec := o.look(); rec != nil && rec.Status == OperationStatusStarted {
		interrupted = s.cfg.semantics == AtMostOncePerRetry
	}
	for {
		rec := o.look()
		if rec == nil || rec.Status == OperationStatusReady {
			if err := s.start(b); err != nil {
				return err
			}
			rec = o.look()
		}
		if rec != nil {
			switch rec.Status {
			case OperationStatusSucceeded:
				return s.succeeded(rec, out)
			case OperationStatusFailed:
				return s.failed(rec)
			case OperationStatusPending:
				if err := s.untilReady(b, rec); err != nil {
					return err
				}
				continue
			}
		}
		attempt := s.attempt(rec)
		if interrupted {
			interrupted = false
			o.c.ex.plug.attemptStarted(o, attempt)
			if err := s.attemptFailed(b, attempt, &StepInterruptedError{Name: o.name}, nil); err != nil {
				return err
			}
			continue
		}
		if succeeded, err := s.try(b, attempt, body, out); err != nil || succeeded {
			return err
		}
	}
}

// attempt is the number of the attempt to run, counted from 1: the record counts those that ended.
func (s *stepRun) attempt(rec *Operation) int {
	n := s.last + 1
	if rec != nil && rec.StepDetails != nil {
		n = max(n, int(rec.StepDetails.Attempt)+1)
	}
	s.last = n
	return n
}

// start records the attempt's start: durably before the body for at most once, with the outcome otherwise.
func (s *stepRun) start(b *branch) error {
	u := s.o.update(OperationActionStart)
	if s.cfg.semantics == AtMostOncePerRetry {
		return s.o.c.ex.checkpoint(b, u)
	}
	ex := s.o.c.ex
	if err := ex.checkpointLater(b, u); err != nil {
		return err
	}
	ex.mu.Lock()
	ex.record(&u)
	ex.mu.Unlock()
	return nil
}

func (s *stepRun) untilReady(b *branch, rec *Operation) error {
	var at *time.Time
	if rec.StepDetails != nil {
		at = rec.StepDetails.NextAttemptTimestamp
	}
	return s.o.c.ex.await(b, s.o.id, at, func(op *Operation) bool { return op.Status != OperationStatusPending })
}

// try runs the body once and records what came of it. A result that cannot be read back is on record all the same, and
// so gives the same error on replay.
func (s *stepRun) try(b *branch, attempt int, body func(StepContext) (any, error), out any) (succeeded bool, err error) {
	o, ex := s.o, s.o.c.ex
	value, trace, err := o.c.guarded(o, b, attempt, s.trace, body)
	if errors.Is(err, errSuspended) {
		return false, errSuspended
	}
	if err != nil {
		return false, s.attemptFailed(b, attempt, err, trace)
	}
	payload, err := ex.encode(s.cfg.serdes, o, value)
	if errors.Is(err, errSuspended) {
		return false, err
	}
	ex.plug.attemptEnded(o, attempt, err)
	if err != nil {
		return false, s.fail(b, ex.object(err, nil))
	}
	unread := ex.decode(s.cfg.serdes, o, payload, out)
	if errors.Is(unread, errSuspended) {
		return false, unread
	}
	u := o.update(OperationActionSucceed)
	u.Payload = &payload
	if err := ex.checkpoint(b, u); err != nil {
		return false, err
	}
	o.done(o.look())
	return true, unread
}

// attemptFailed asks the strategy what follows a failed attempt, and records that.
func (s *stepRun) attemptFailed(b *branch, attempt int, cause error, trace []string) error {
	ex := s.o.c.ex
	ex.plug.attemptEnded(s.o, attempt, cause)
	obj := ex.object(cause, trace)
	d, err := decide(s.cfg.retry, RetryAttempt{Err: cause, Attempt: attempt})
	if err != nil {
		return err
	}
	if !d.Retry {
		return s.fail(b, obj)
	}
	delay := d.Delay
	if delay == 0 {
		delay = DefaultRetryDelay
	}
	seconds, err := wholeSeconds("retry delay", delay)
	if err != nil {
		return err
	}
	u := s.o.update(OperationActionRetry)
	u.Error, u.StepOptions = obj, &StepOptions{NextAttemptDelaySeconds: &seconds}
	return ex.checkpoint(b, u)
}

func (s *stepRun) fail(b *branch, obj *ErrorObject) error {
	u := s.o.update(OperationActionFail)
	u.Error = obj
	return s.o.c.ex.checkpoint(b, u)
}

// decide calls a strategy, which is user code and may panic.
func decide(strategy RetryStrategy, a RetryAttempt) (d RetryDecision, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("durable: the retry strategy failed: %w", recovered(v))
		}
	}()
	return strategy(a), nil
}

func (s *stepRun) succeeded(rec *Operation, out any) error {
	s.o.done(rec)
	var text string
	if rec.StepDetails != nil {
		text = deref(rec.StepDetails.Result)
	}
	return s.o.c.ex.decode(s.cfg.serdes, s.o, text, out)
}

func (s *stepRun) failed(rec *Operation) error {
	s.o.done(rec)
	var obj *ErrorObject
	attempts := s.last
	if d := rec.StepDetails; d != nil {
		obj, attempts = d.Error, int(d.Attempt)
	}
	f := s.o.failure(obj)
	return &StepError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace, Err: f.Err, Attempts: attempts}
}

// deliver passes an outcome to the code that waited for it: news end the replay of its context.
func (o *operation) deliver(err error) error {
	if !errors.Is(err, errSuspended) {
		o.c.received(o.id)
	}
	return err
}

// done notes that the code receives the outcome of the operation.
func (o *operation) done(rec *Operation) {
	o.c.ex.debug("operation completed", "operationId", o.id, "operationName", o.name, "status", string(rec.Status))
	o.c.ex.plug.ended(o, rec)
	o.c.ex.forget(o.id)
}

// failure unpacks a recorded error.
func (o *operation) failure(obj *ErrorObject) facts {
	if obj == nil {
		obj = &ErrorObject{ErrorType: ptr("Error")}
	}
	return facts{Name: o.name, ErrorType: deref(obj.ErrorType), Message: deref(obj.ErrorMessage), ErrorData: deref(obj.ErrorData),
		StackTrace: obj.StackTrace, Err: ErrorFromObject(obj)}
}

// guarded runs a step body on the calling goroutine: panics become errors, operations on enclosing contexts are refused,
// and the invocation does not suspend meanwhile.
func (c *dctx) guarded(o *operation, b *branch, attempt int, fn uintptr, body func(StepContext) (any, error)) (value any, trace []string, err error) {
	ex := c.ex
	sc := &stepContext{Context: c.Context, ex: ex, scope: logScope{operation: o.id, name: o.name, attempt: attempt}, attempt: attempt}
	ex.span(1)
	defer ex.span(-1)
	if b == c.branch { // synchronous: this goroutine could reach the enclosing contexts
		c.inside++
		defer func() { c.inside-- }()
	}
	defer func() {
		if v := recover(); v != nil {
			value, err = nil, recovered(v)
		}
		if err != nil && ex.opts.stackTraces {
			trace = frames(2, fn)
		}
	}()
	value, err = ex.plug.attempt(o, attempt, c.Context, func(ctx context.Context) (any, error) {
		sc.Context = ctx
		return body(sc)
	})
	return value, nil, err
}

// object is the record of an error, with a trace unless those are switched off.
func (ex *execution) object(err error, trace []string) *ErrorObject {
	obj := objectOf(err, trace)
	if !ex.opts.stackTraces {
		obj.StackTrace = nil
	}
	return obj
}

// encode makes the recorded text of a value.
func (ex *execution) encode(s Serdes, o *operation, v any) (string, error) {
	data, err := s.Marshal(ex.ctx, o.meta(), v)
	if err != nil {
		return "", ex.serdesFailed(o, "marshal", err)
	}
	return string(data), nil
}

// decode fills out, a pointer, from recorded text. An operation without a recorded result leaves the zero value.
func (ex *execution) decode(s Serdes, o *operation, text string, out any) error {
	if text == "" && s == Serdes(JSONSerdes) {
		return nil
	}
	if err := s.Unmarshal(ex.ctx, o.meta(), []byte(text), out); err != nil {
		return ex.serdesFailed(o, "unmarshal", err)
	}
	return nil
}

func (ex *execution) serdesFailed(o *operation, direction string, err error) error {
	e := &SerdesError{Operation: or(o.name, o.position), Direction: direction, Err: err}
	if errors.Is(err, ErrRetryableSerdes) {
		ex.halt(verdictFault, e)
		return errSuspended
	}
	return e
}
