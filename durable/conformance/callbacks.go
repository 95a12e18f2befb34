package conformance

import (
	"errors"
	"time"

	"github.com/perdure/perdure/durable"
)

// open creates a callback for JSON payloads.
func open(ctx durable.Context, name string, opts ...durable.CallbackOption) (*durable.Callback[any], error) {
	return durable.CreateCallback[any](ctx, name, append([]durable.CallbackOption{durable.WithCallbackSerdes(durable.JSONSerdes)}, opts...)...)
}

// answered creates a callback and waits for it, with something between.
func answered(name string, between func(durable.Context) error, opts ...durable.CallbackOption) Handler {
	return just(func(ctx durable.Context) (any, error) {
		cb, err := open(ctx, name, opts...)
		if err != nil {
			return nil, err
		}
		if between != nil {
			if err := between(ctx); err != nil {
				return nil, err
			}
		}
		return cb.Result(ctx)
	})
}

func callbacks() []Case {
	success := []Action{{"*", 1, "success", `{"approved":true}`}}
	failure := []Action{{"*", 1, "failure", "refused"}}
	step := func(ctx durable.Context) error { _, err := durable.Step(ctx, "between", value(1)); return err }
	wait := func(d time.Duration) func(durable.Context) error {
		return func(ctx durable.Context) error { return durable.Wait(ctx, "between", d) }
	}
	// caught turns a failed callback into a word, then waits.
	caught := func(word string, is func(error) bool, opts ...durable.CallbackOption) Handler {
		return then(func(ctx durable.Context) (any, error) {
			cb, err := open(ctx, "cb", opts...)
			if err != nil {
				return nil, err
			}
			v, err := cb.Result(ctx)
			if err != nil && is(err) {
				return word, nil
			}
			return v, err
		})
	}
	external := func(err error) bool { var e *durable.CallbackExternalError; return errors.As(err, &e) }
	late := func(err error) bool { return errors.Is(err, durable.ErrCallbackTimedOut) }
	// both opens two callbacks and reads them in the given order.
	both := func(first, second int) Handler {
		return just(func(ctx durable.Context) ([]any, error) {
			a, err := open(ctx, "A")
			if err != nil {
				return nil, err
			}
			b, err := open(ctx, "B")
			if err != nil {
				return nil, err
			}
			cbs, out := []*durable.Callback[any]{a, b}, make([]any, 2)
			for _, i := range []int{first, second} {
				if out[i], err = cbs[i].Result(ctx); err != nil {
					return nil, err
				}
			}
			return out, nil
		})
	}
	inTurn := []Action{{"A", 1, "success", `"a"`}, {"B", 3, "success", `"b"`}}
	return []Case{
		{ID: "4-1", Handler: answered("", nil), Actions: success, Result: `{"approved":true}`},
		{ID: "4-2", Handler: answered("approval", nil), Actions: success, Result: `{"approved":true}`},
		{ID: "4-3", Handler: answered("cb", nil, durable.WithCallbackTimeout(2*time.Second))},
		{ID: "4-4", Handler: answered("cb", nil, durable.WithCallbackHeartbeatTimeout(2*time.Second))},
		{ID: "4-5", Handler: answered("cb", nil, durable.WithCallbackHeartbeatTimeout(3*time.Second)), Result: `1`,
			Actions: []Action{{"*", 2, "heartbeat", ""}, {"*", 2, "heartbeat", ""}, {"*", 2, "success", "1"}}},
		{ID: "4-6", Handler: answered("cb", nil), Actions: failure},
		{ID: "4-7", Handler: answered("cb", step), Actions: failure},
		{ID: "4-8", Handler: answered("cb", step, durable.WithCallbackTimeout(5*time.Second))},
		{ID: "4-9", Handler: answered("cb", wait(5*time.Second)), Actions: success, Result: `{"approved":true}`},
		{ID: "4-10", Handler: answered("cb", wait(5*time.Second)), Actions: failure},
		{ID: "4-11", Handler: answered("cb", wait(6*time.Second), durable.WithCallbackTimeout(3*time.Second))},
		{ID: "4-12", Handler: then(func(ctx durable.Context) (any, error) {
			cb, err := open(ctx, "cb")
			if err != nil {
				return nil, err
			}
			return cb.Result(ctx)
		}), Actions: success, Result: `{"approved":true}`},
		{ID: "4-13", Handler: caught("refused", external), Actions: failure, Result: `"refused"`},
		{ID: "4-14", Handler: caught("late", late, durable.WithCallbackTimeout(2*time.Second)), Result: `"late"`},
		{ID: "4-15", Actions: []Action{{"*", 1, "success", `{"at":"2026-01-02T03:04:05Z"}`}}, Result: `2026`, Handler: just(func(ctx durable.Context) (int, error) {
			cb, err := durable.CreateCallback[struct {
				At time.Time `json:"at"`
			}](ctx, "cb", durable.WithCallbackSerdes(durable.JSONSerdes))
			if err != nil {
				return 0, err
			}
			v, err := cb.Result(ctx)
			return v.At.Year(), err
		})},
		{ID: "4-16", Actions: []Action{{"*", 1, "success", `42`}}, Result: `43`, Handler: just(func(ctx durable.Context) (int, error) {
			cb, err := durable.CreateCallback[int](ctx, "cb", durable.WithCallbackSerdes(durable.JSONSerdes))
			if err != nil {
				return 0, err
			}
			v, err := cb.Result(ctx)
			return v + 1, err
		})},
		{ID: "4-17", Actions: []Action{{"A", 1, "success", `"a"`}, {"B", 1, "success", `"b"`}}, Result: `["a","b"]`, Handler: just(func(ctx durable.Context) ([]any, error) {
			var out []any
			for _, name := range []string{"A", "B"} {
				cb, err := open(ctx, name)
				if err != nil {
					return nil, err
				}
				v, err := cb.Result(ctx)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return out, nil
		})},
		{ID: "4-18", Handler: both(0, 1), Actions: inTurn, Result: `["a","b"]`},
		{ID: "4-19", Handler: both(1, 0), Actions: inTurn, Result: `["a","b"]`},
	}
}
