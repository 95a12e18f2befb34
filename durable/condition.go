package durable

import (
	"errors"
	"fmt"
	"time"
)

// ConditionConfig configures WaitForCondition. WaitStrategy is required; a nil Serdes is that of the context.
type ConditionConfig[S any] struct {
	_            [0]func()
	InitialState S
	WaitStrategy func(state S, attempt int) WaitDecision
	Serdes       Serdes
}

// WaitForCondition calls check with the state it returned last until the strategy is satisfied, without compute between
// the calls. The state is recorded each time. An error of check, or one the strategy decides, is a *WaitForConditionError.
func WaitForCondition[S any](ctx Context, name string, check func(StepContext, S) (S, error), cfg ConditionConfig[S]) (S, error) {
	var state S
	c, err := own(ctx)
	switch {
	case err != nil:
		return state, err
	case check == nil:
		return state, fmt.Errorf("durable: condition %q has no check function", name)
	case cfg.WaitStrategy == nil:
		return state, fmt.Errorf("durable: condition %q has no wait strategy; NewWaitStrategy makes one", name)
	}
	o, err := c.claim(OperationTypeStep, OperationSubTypeWaitForCondition, name)
	if err != nil {
		return state, err
	}
	w := &conditionRun{o: o, serdes: cfg.Serdes, trace: entry(check)}
	if w.serdes == nil {
		w.serdes = c.serdes
	}
	w.load = func(text string) error {
		if text == "" {
			state = cfg.InitialState
			return nil
		}
		var fresh S
		if err := c.ex.decode(w.serdes, o, text, &fresh); err != nil {
			return err
		}
		state = fresh
		return nil
	}
	w.check = func(sc StepContext) (any, error) { return check(sc, state) }
	w.decide = func(attempt int) WaitDecision { return cfg.WaitStrategy(state, attempt) }
	err = o.deliver(w.run(c.branch))
	return valueOf(state, err)
}

// conditionRun is one condition being driven. load, check and decide hide the type of the state.
type conditionRun struct {
	o      *operation
	serdes Serdes
	trace  uintptr
	load   func(text string) error
	check  func(StepContext) (any, error)
	decide func(attempt int) WaitDecision
	last   int
}

func (w *conditionRun) run(b *branch) error {
	o, ex := w.o, w.o.c.ex
	if o.stuck {
		return o.unreachable(b)
	}
	for {
		rec := o.look()
		if rec == nil || rec.Status == OperationStatusReady {
			u := o.update(OperationActionStart)
			if err := ex.checkpointLater(b, u); err != nil {
				return err
			}
			ex.mu.Lock()
			ex.record(&u)
			ex.mu.Unlock()
			rec = o.look()
		}
		switch rec.Status {
		case OperationStatusSucceeded:
			o.done(rec)
			return w.load(or(deref(deref(rec.StepDetails).Result), "null"))
		case OperationStatusFailed:
			o.done(rec)
			return w.failed(rec)
		case OperationStatusPending:
			if err := ex.await(b, o.id, deref(rec.StepDetails).NextAttemptTimestamp, func(op *Operation) bool { return op.Status != OperationStatusPending }); err != nil {
				return err
			}
			continue
		}
		if err := w.once(b, rec); err != nil {
			return err
		}
	}
}

// once calls the check and records what the strategy makes of the new state.
func (w *conditionRun) once(b *branch, rec *Operation) error {
	o, ex := w.o, w.o.c.ex
	d := deref(rec.StepDetails)
	w.last = max(w.last+1, int(d.Attempt)+1)
	if err := w.load(deref(d.Result)); err != nil {
		return err
	}
	value, trace, err := o.c.guarded(o, b, w.last, w.trace, w.check)
	if errors.Is(err, errSuspended) {
		return errSuspended
	}
	if err != nil {
		ex.plug.attemptEnded(o, w.last, err)
		return w.fail(b, err, trace)
	}
	text, err := ex.encode(w.serdes, o, value)
	if err != nil {
		return err
	}
	if err := w.load(or(text, "null")); err != nil {
		return err
	}
	next, err := w.judge()
	if err != nil {
		ex.plug.attemptEnded(o, w.last, err)
		return w.fail(b, err, nil)
	}
	ex.plug.attemptEnded(o, w.last, next.Err)
	if !next.Continue && next.Err != nil {
		return w.fail(b, next.Err, nil)
	}
	u := o.update(OperationActionSucceed)
	if next.Continue {
		seconds, err := wholeSeconds("condition delay", max(next.Delay, 0))
		if err == nil && next.Delay < 0 {
			_, err = wholeSeconds("condition delay", next.Delay)
		}
		if err != nil {
			return err
		}
		seconds = max(seconds, int32(DefaultRetryDelay/time.Second))
		u = o.update(OperationActionRetry)
		u.StepOptions = &StepOptions{NextAttemptDelaySeconds: &seconds}
	}
	u.Payload = &text
	return ex.checkpoint(b, u)
}

// judge calls the strategy, which is user code and may panic.
func (w *conditionRun) judge() (d WaitDecision, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("durable: the wait strategy failed: %w", recovered(v))
		}
	}()
	return w.decide(w.last), nil
}

func (w *conditionRun) fail(b *branch, cause error, trace []string) error {
	u := w.o.update(OperationActionFail)
	u.Error = w.o.c.ex.object(cause, trace)
	return w.o.c.ex.checkpoint(b, u)
}

func (w *conditionRun) failed(rec *Operation) error {
	d := deref(rec.StepDetails)
	f := w.o.failure(d.Error)
	return &WaitForConditionError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace, Err: f.Err, Attempts: int(d.Attempt)}
}
