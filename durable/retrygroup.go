package durable

import (
	"errors"
	"fmt"
)

// RetryOption configures Retry.
type RetryOption interface{ applyRetry(*retryConfig) }

type retryOption func(*retryConfig)

func (f retryOption) applyRetry(c *retryConfig) { f(c) }

type retryConfig struct {
	plain bool
	child []ChildOption
}

// WithAttemptChildContext says whether each attempt has a child context of its own, which is the default.
func WithAttemptChildContext(enabled bool) RetryOption {
	return retryOption(func(c *retryConfig) { c.plain = !enabled })
}

// WithAttemptChildOptions configures the attempts' child contexts.
func WithAttemptChildOptions(opts ...ChildOption) RetryOption {
	return retryOption(func(c *retryConfig) { c.child = append(c.child, opts...) })
}

// Retry runs a group of operations again until it succeeds or the strategy gives up, with a wait between attempts. It is
// made of child contexts named <name>-attempt-<n> and waits named <name>-backoff-<n>; the strategy is asked again on
// replay, so it must be deterministic in what it decides. The failure of the last attempt is a *RetryError.
func Retry[O any](ctx Context, name string, fn func(ctx Context, attempt int) (O, error), strategy RetryStrategy, opts ...RetryOption) (O, error) {
	var none O
	if fn == nil || strategy == nil {
		return none, fmt.Errorf("durable: retry %q needs a function and a strategy", name)
	}
	if _, err := own(ctx); err != nil {
		return none, err
	}
	cfg := retryConfig{}
	for _, o := range opts {
		if o != nil {
			o.applyRetry(&cfg)
		}
	}
	part := func(what string, n int) string {
		if name == "" {
			return ""
		}
		return fmt.Sprintf("%s-%s-%d", name, what, n)
	}
	for attempt := 1; ; attempt++ {
		var out O
		var err error
		if cfg.plain {
			out, err = fn(ctx, attempt)
		} else {
			out, err = RunInChildContext(ctx, part("attempt", attempt), func(c Context) (O, error) { return fn(c, attempt) }, cfg.child...)
		}
		if err == nil || errors.Is(err, errSuspended) {
			return valueOf(out, err)
		}
		d, stop := decide(strategy, RetryAttempt{Err: err, Attempt: attempt})
		if stop != nil {
			return none, stop
		}
		if !d.Retry {
			return none, exhausted(name, attempt, err)
		}
		if err := Wait(ctx, part("backoff", attempt), or(d.Delay, DefaultRetryDelay)); err != nil {
			return none, err
		}
	}
}

func exhausted(name string, attempts int, err error) error {
	e := &RetryError{Name: name, ErrorType: typeOf(err), Message: messageOf(err), ErrorData: dataOf(err), StackTrace: traceOf(err), Err: err, Attempts: attempts}
	var o *OperationError
	if errors.As(err, &o) && o.ErrorType != "" {
		e.ErrorType, e.Message = o.ErrorType, o.Message
	}
	return e
}
