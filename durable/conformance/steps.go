package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perdure/perdure/durable"
)

type order struct {
	ID    string   `json:"id"`
	Items []string `json:"items"`
}

type transient struct{}

func (transient) Error() string { return "transient" }

// fixed retries up to n attempts, a second apart.
func fixed(n int, matchers ...durable.ErrorMatcher) durable.RetryStrategy {
	return durable.MustNewRetryStrategy(durable.RetryConfig{MaxAttempts: n, InitialDelay: time.Second, BackoffRate: 1, Jitter: durable.JitterNone, RetryableErrors: matchers})
}

// upper keeps strings in capitals on the record.
var upper = durable.SerdesOf(
	func(_ context.Context, _ durable.SerdesContext, s string) ([]byte, error) {
		return json.Marshal("custom:" + s)
	},
	func(_ context.Context, _ durable.SerdesContext, b []byte) (string, error) {
		var s string
		err := json.Unmarshal(b, &s)
		return strings.TrimPrefix(s, "custom:"), err
	})

func steps() []Case {
	greet := func(name string) Handler {
		return typed(func(ctx durable.Context, in string) (string, error) {
			return durable.Step(ctx, name, value("hello "+in))
		})
	}
	crash := func(retry durable.RetryStrategy) Handler {
		return typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "crash", func(sc durable.StepContext) (string, error) {
				if sc.Attempt() == 1 {
					Crash(sc)
				}
				return "survived", nil
			}, durable.WithSemantics(durable.AtMostOncePerRetry), durable.WithRetry(retry))
		})
	}
	retried := func(n int, opts ...durable.StepOption) Handler {
		return typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "flaky", flaky(n, "ok"), opts...)
		})
	}
	permanent := func(durable.StepContext) (string, error) { return "", errors.New("permanent") }
	return []Case{
		{ID: "1-1", Input: `"you"`, Result: `"hello you"`, Handler: greet("")},
		{ID: "1-2", Input: `"you"`, Result: `"hello you"`, Handler: greet("greet")},
		{ID: "1-3", Result: `3`, Handler: typed(func(ctx durable.Context, _ any) (int, error) {
			one, err := durable.Step(ctx, "one", value(1))
			if err != nil {
				return 0, err
			}
			return durable.Step(ctx, "two", value(one+2))
		})},
		{ID: "1-4", Result: `{"id":"o","items":["a","b"]}`, Handler: typed(func(ctx durable.Context, _ any) (order, error) {
			return durable.Step(ctx, "order", value(order{"o", []string{"a", "b"}}))
		})},
		{ID: "1-5", Result: `null`, Handler: typed(func(ctx durable.Context, _ any) (*order, error) {
			return durable.Step(ctx, "none", value[*order](nil))
		})},
		{ID: "1-6", Result: `"v"`, Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "s", value("v"), durable.WithStepSerdes(upper))
		})},
		{ID: "1-7", Result: `"logged"`, Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "s", func(sc durable.StepContext) (string, error) {
				sc.Logger().Info("from the step")
				return "logged", nil
			})
		})},
		{ID: "1-8", Result: `"kept"`, Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			v, err := durable.Step(ctx, "s", value("kept"))
			if err != nil {
				return "", err
			}
			return v, durable.Wait(ctx, "w", time.Second)
		})},
		{ID: "1-9", Handler: typed(func(ctx durable.Context, _ any) (bool, error) {
			at, err := durable.Step(ctx, "s", func(durable.StepContext) (int64, error) { return time.Now().UnixNano(), nil })
			if err != nil {
				return false, err
			}
			return at > 0, durable.Wait(ctx, "w", time.Second)
		}), Result: `true`},
		{ID: "1-10", Result: `"StepError permanent"`, Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			_, err := durable.Step(ctx, "s", permanent, durable.WithRetry(durable.NoRetry()))
			var failed *durable.StepError
			if !errors.As(err, &failed) {
				return "", err
			}
			return "StepError " + failed.Message, durable.Wait(ctx, "w", time.Second)
		})},
		{ID: "1-11", Result: `"ok"`, Handler: retried(2, durable.WithRetry(fixed(3)))},
		{ID: "1-12", Handler: retried(99, durable.WithRetry(fixed(4)))},
		{ID: "1-13", Result: `"ok"`, Handler: retried(3)},
		{ID: "1-14", Result: `"ok"`, Handler: retried(3, durable.WithRetry(fixed(5)))},
		{ID: "1-15", Result: `"ok"`, Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "s", func(sc durable.StepContext) (string, error) {
				if sc.Attempt() == 1 {
					return "", transient{}
				}
				return "ok", nil
			}, durable.WithRetry(fixed(3, durable.ErrorAs[transient]())))
		})},
		{ID: "1-16", Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "s", permanent, durable.WithRetry(fixed(3, durable.ErrorAs[transient]())))
		})},
		{ID: "1-17", Handler: crash(durable.NoRetry())},
		{ID: "1-18", Result: `"survived"`, Handler: crash(fixed(2))},
		{ID: "1-19", Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			return durable.Step(ctx, "s", permanent, durable.WithRetry(durable.NoRetry()))
		})},
		{ID: "1-20", Result: `"recovered"`, Handler: typed(func(ctx durable.Context, _ any) (string, error) {
			if _, err := durable.Step(ctx, "bad", permanent, durable.WithRetry(durable.NoRetry())); err == nil {
				return "", fmt.Errorf("the failed step gave no error")
			}
			return durable.Step(ctx, "good", value("recovered"))
		})},
	}
}
