package durable

import (
	"errors"
	"fmt"
)

// WaitForCallback registers a callback, hands its id to submitter, which runs as a step, and waits for the answer. On the
// record it is a context with a callback and a step inside. Without WithCallbackSerdes, O is string, []byte or
// json.RawMessage; WithCallbackSerdes(JSONSerdes) decodes answers into other types.
func WaitForCallback[O any](ctx Context, name string, submitter func(ctx StepContext, callbackID string) error, opts ...WaitForCallbackOption) (O, error) {
	var out O
	c, err := own(ctx)
	if err != nil {
		return out, err
	}
	if submitter == nil {
		return out, fmt.Errorf("durable: wait for callback %q has no submitter", name)
	}
	cfg := callbackConfig{}
	for _, o := range opts {
		if o != nil {
			o.applyCallback(&cfg)
		}
	}
	k, err := c.newChild(name, OperationSubTypeWaitForCallback, childConfig{})
	if err != nil {
		return out, err
	}
	w := &callbackWait{k: k, cfg: cfg, submitter: submitter}
	k.trace, k.unwrap, k.whole = entry(submitter), true, true
	err = k.deliver(w.outcome(k.run(c.branch, c.owner, func(in *dctx) (any, error) {
		var v O
		if err := w.body(in, &v); err != nil {
			return nil, err
		}
		return v, nil
	}, &out)))
	return valueOf(out, err)
}

// callbackWait is one WaitForCallback being driven.
type callbackWait struct {
	k         *childRun
	cfg       callbackConfig
	submitter func(StepContext, string) error
}

// body creates the callback, submits it and waits.
func (w *callbackWait) body(c *dctx, out any) error {
	h, err := c.createCallback(c.branch, "", w.cfg)
	if err != nil {
		return err
	}
	s, err := c.newStep("", stepConfig{retry: w.cfg.submitter, serdes: JSONSerdes})
	if err != nil {
		return err
	}
	s.trace = entry(w.submitter)
	var none *struct{}
	err = s.o.deliver(s.run(c.branch, func(sc StepContext) (any, error) { return nil, w.submitter(sc, h.id) }, &none))
	var failed *StepError
	switch {
	case errors.As(err, &failed):
		f := failed.facts()
		return &CallbackSubmitterError{f.callback(h.id)}
	case err != nil:
		return err
	}
	return h.result(c, out)
}

// outcome shapes a failure. The record says the mode of failure and the cause's message; the callback's and the step's own
// records say the rest, as far as they are still there.
func (w *callbackWait) outcome(err error) error {
	var r *recordedFailure
	if !errors.As(err, &r) {
		return err
	}
	o, ex := w.k.o, w.k.o.c.ex
	f := r.facts
	f.Name = o.name
	id := ""
	cb := ex.look(wireID(o.position + "-1"))
	if cb != nil && cb.CallbackDetails != nil {
		id = deref(cb.CallbackDetails.CallbackId)
	}
	if live := w.k.cause; live != nil && id == "" {
		var c *CallbackError
		if errors.As(live, &c) {
			id = c.CallbackID
		}
	}
	heartbeat := isHeartbeat(f.ErrorType, f.Message)
	if cb != nil && cb.Status == OperationStatusTimedOut {
		if obj := deref(cb.CallbackDetails).Error; obj != nil {
			heartbeat = isHeartbeat(deref(obj.ErrorType), deref(obj.ErrorMessage))
		}
	}
	mode := f.ErrorType
	f.ErrorType, f.Err = w.innermost(cb, f)
	switch mode {
	case "CallbackTimeoutError", "Callback.Timeout", "Callback.Heartbeat":
		f.ErrorType, f.Err = "CallbackTimeoutError", ErrCallbackTimedOut
		return &CallbackTimeoutError{CallbackError: f.callback(id), Heartbeat: heartbeat}
	case "CallbackExternalError":
		return &CallbackExternalError{f.callback(id)}
	case "CallbackSubmitterError":
		return &CallbackSubmitterError{f.callback(id)}
	}
	return &CallbackError{Name: f.Name, ErrorType: mode, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace, Err: f.Err, CallbackID: id}
}

// innermost is the type and cause recorded by the callback or the submitter's step.
func (w *callbackWait) innermost(cb *Operation, f facts) (string, error) {
	step := w.k.o.c.ex.look(wireID(w.k.o.position + "-2"))
	var obj *ErrorObject
	switch {
	case cb != nil && cb.Status == OperationStatusFailed && cb.CallbackDetails != nil:
		obj = cb.CallbackDetails.Error
	case step != nil && step.Status == OperationStatusFailed && step.StepDetails != nil:
		obj = step.StepDetails.Error
	}
	if obj == nil {
		return f.ErrorType, f.Err
	}
	return or(deref(obj.ErrorType), f.ErrorType), ErrorFromObject(obj)
}
