package durable

import (
	"errors"
	"time"
)

// CallbackOption configures CreateCallback and WaitForCallback.
type CallbackOption interface {
	WaitForCallbackOption
	callbackOnly()
}

// WaitForCallbackOption configures WaitForCallback.
type WaitForCallbackOption interface{ applyCallback(*callbackConfig) }

type callbackOption func(*callbackConfig)

func (f callbackOption) applyCallback(c *callbackConfig) { f(c) }
func (f callbackOption) callbackOnly()                   {}

type submitterOption func(*callbackConfig)

func (f submitterOption) applyCallback(c *callbackConfig) { f(c) }

type callbackConfig struct {
	timeout, heartbeat time.Duration
	serdes             Serdes
	submitter          RetryStrategy
}

// WithCallbackTimeout bounds the whole wait; 0 means no bound. It is rounded up to seconds.
func WithCallbackTimeout(d time.Duration) CallbackOption {
	return callbackOption(func(c *callbackConfig) { c.timeout = d })
}

// WithCallbackHeartbeatTimeout bounds the silence between heartbeats; 0 means no bound. It is rounded up to seconds.
func WithCallbackHeartbeatTimeout(d time.Duration) CallbackOption {
	return callbackOption(func(c *callbackConfig) { c.heartbeat = d })
}

// WithCallbackSerdes sets how the payload is decoded, for example JSONSerdes.
func WithCallbackSerdes(s Serdes) CallbackOption {
	return callbackOption(func(c *callbackConfig) { c.serdes = s })
}

// WithSubmitterRetry sets the strategy of the submitter; the default is that of Step.
func WithSubmitterRetry(s RetryStrategy) WaitForCallbackOption {
	return submitterOption(func(c *callbackConfig) { c.submitter = s })
}

// Callback is a promise that somebody outside keeps, through its ID.
type Callback[O any] struct{ h *callbackHandle }

// callbackHandle is the untyped half of a Callback.
type callbackHandle struct {
	o   *operation
	cfg callbackConfig
	id  string
}

// CreateCallback registers a callback and gives its id at once.
func CreateCallback[O any](ctx Context, name string, opts ...CallbackOption) (*Callback[O], error) {
	c, err := own(ctx)
	if err != nil {
		return nil, err
	}
	cfg := callbackConfig{}
	for _, o := range opts {
		if o != nil {
			o.applyCallback(&cfg)
		}
	}
	h, err := c.createCallback(c.branch, name, cfg)
	if err != nil {
		return nil, err
	}
	return &Callback[O]{h}, nil
}

// ID is what the answering side needs.
func (cb *Callback[O]) ID() string { return cb.h.id }

// Result waits for the answer. It may be called many times; ctx is the context of the code that reads it.
func (cb *Callback[O]) Result(ctx Context) (O, error) {
	var out O
	c, _ := ctx.(*dctx)
	err := cb.h.result(c, &out)
	return valueOf(out, err)
}

func (c *dctx) createCallback(b *branch, name string, cfg callbackConfig) (*callbackHandle, error) {
	o, err := c.claim(OperationTypeCallback, OperationSubTypeCallback, name)
	if err != nil {
		return nil, err
	}
	total, err := wholeSeconds("callback timeout", cfg.timeout)
	if err != nil {
		return nil, err
	}
	silence, err := wholeSeconds("callback heartbeat timeout", cfg.heartbeat)
	if err != nil {
		return nil, err
	}
	if o.stuck && !o.recorded {
		return nil, o.unreachable(b)
	}
	if !o.recorded {
		u := o.update(OperationActionStart)
		if total > 0 || silence > 0 {
			u.CallbackOptions = &CallbackOptions{TimeoutSeconds: total, HeartbeatTimeoutSeconds: silence}
		}
		if err := c.ex.checkpoint(b, u); err != nil {
			return nil, err
		}
	}
	id := ""
	if rec := o.look(); rec != nil && rec.CallbackDetails != nil {
		id = deref(rec.CallbackDetails.CallbackId)
	}
	if id == "" {
		return nil, errors.New("durable: the service gave the callback no id; it did not answer the checkpoint with the started operation")
	}
	return &callbackHandle{o: o, cfg: cfg, id: id}, nil
}

// result waits for the answer on behalf of c, or of the callback's own context.
func (h *callbackHandle) result(c *dctx, out any) error {
	o := h.o
	if c == nil {
		c = o.c
	}
	b := o.c.ex.current(c.branch)
	if o.stuck {
		return o.unreachable(b)
	}
	if err := o.c.ex.await(b, o.id, nil, ended); err != nil {
		return err
	}
	rec := o.look()
	c.received(o.id)
	o.done(rec)
	if rec.Status != OperationStatusSucceeded {
		return h.failure(rec)
	}
	text := deref(deref(rec.CallbackDetails).Result)
	if text == "" {
		return nil
	}
	switch d := o.c.callbacks; {
	case h.cfg.serdes != nil:
		return o.c.ex.decode(h.cfg.serdes, o, text, out)
	case d != nil:
		if err := d.Unmarshal([]byte(text), out); err != nil {
			return o.c.ex.serdesFailed(o, "unmarshal", err)
		}
		return nil
	}
	return o.c.ex.decode(RawSerdes, o, text, out)
}

// failure shapes what a callback that did not succeed says.
func (h *callbackHandle) failure(rec *Operation) error {
	obj := deref(rec.CallbackDetails).Error
	if obj == nil {
		obj = &ErrorObject{}
	}
	if rec.Status == OperationStatusTimedOut {
		f := facts{Name: h.o.name, ErrorType: "CallbackTimeoutError", Message: or(deref(obj.ErrorMessage), "Callback timed out"), ErrorData: deref(obj.ErrorData), StackTrace: obj.StackTrace, Err: ErrCallbackTimedOut}
		return &CallbackTimeoutError{CallbackError: f.callback(h.id), Heartbeat: isHeartbeat(deref(obj.ErrorType), f.Message)}
	}
	f := facts{Name: h.o.name, ErrorType: or(deref(obj.ErrorType), "CallbackExternalError"), Message: or(deref(obj.ErrorMessage), "Callback failed"), ErrorData: deref(obj.ErrorData), StackTrace: obj.StackTrace}
	f.Err = &OperationError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace}
	return &CallbackExternalError{f.callback(h.id)}
}

func (f facts) callback(id string) CallbackError {
	return CallbackError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace, Err: f.Err, CallbackID: id, text: f.text}
}
