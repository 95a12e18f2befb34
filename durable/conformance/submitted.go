package conformance

import (
	"errors"
	"time"

	"github.com/perdure/perdure/durable"
)

func submitted() []Case {
	submit := func(sc durable.StepContext, id string) error {
		sc.Logger().Info("submitted", "callbackId", id)
		return nil
	}
	ask := func(name string, opts ...durable.WaitForCallbackOption) func(durable.Context) (any, error) {
		return func(ctx durable.Context) (any, error) {
			return durable.WaitForCallback[any](ctx, name, submit, append([]durable.WaitForCallbackOption{durable.WithCallbackSerdes(durable.JSONSerdes)}, opts...)...)
		}
	}
	caught := func(word string, is func(error) bool, opts ...durable.WaitForCallbackOption) Handler {
		return just(func(ctx durable.Context) (any, error) {
			v, err := ask("ask", opts...)(ctx)
			if err != nil && is(err) {
				return word, nil
			}
			return v, err
		})
	}
	yes := []Action{{"*", 1, "success", `"yes"`}}
	no := []Action{{"*", 1, "failure", "no"}}
	return []Case{
		{ID: "7-1", Handler: just(ask("ask")), Actions: yes, Result: `"yes"`},
		{ID: "7-2", Handler: just(ask("static name")), Actions: yes, Result: `"yes"`},
		{ID: "7-3", Handler: just(ask("")), Actions: yes, Result: `"yes"`},
		{ID: "7-4", Handler: just(ask("ask")), Actions: no},
		{ID: "7-5", Handler: just(ask("ask", durable.WithCallbackTimeout(2*time.Second)))},
		{ID: "7-6", Handler: caught("refused", func(err error) bool {
			var e *durable.CallbackExternalError
			return errors.As(err, &e) && e.CallbackID != ""
		}), Actions: no, Result: `"refused"`},
		{ID: "7-7", Handler: just(func(ctx durable.Context) (any, error) {
			return durable.WaitForCallback[any](ctx, "ask", func(durable.StepContext, string) error { return errors.New("unreachable") }, durable.WithSubmitterRetry(fixed(2)))
		})},
		{ID: "7-8", Actions: yes, Result: `"yes"`, Handler: just(func(ctx durable.Context) (any, error) {
			return durable.RunInChildContext(ctx, "child", ask("ask"))
		})},
		{ID: "7-9", Actions: []Action{{"*", 1, "success", `"yes"`}, {"*", 1, "success", `"again"`}}, Result: `["yes","again"]`, Handler: just(func(ctx durable.Context) ([]any, error) {
			a, err := ask("first")(ctx)
			if err != nil {
				return nil, err
			}
			b, err := ask("second")(ctx)
			return []any{a, b}, err
		})},
		{ID: "7-10", Actions: yes, Result: `"yes"`, Handler: just(func(ctx durable.Context) (any, error) {
			if err := durable.Wait(ctx, "w", time.Second); err != nil {
				return nil, err
			}
			if _, err := durable.Step(ctx, "s", value(1)); err != nil {
				return nil, err
			}
			return ask("ask")(ctx)
		})},
		{ID: "7-11", Handler: just(ask("ask")), Actions: []Action{{"*", 1, "success", `{"a":{"b":1}}`}}, Result: `{"a":{"b":1}}`},
		{ID: "7-12", Handler: just(ask("ask", durable.WithCallbackHeartbeatTimeout(2*time.Second)))},
		{ID: "7-13", Handler: just(ask("ask", durable.WithCallbackHeartbeatTimeout(3*time.Second))), Result: `"yes"`,
			Actions: []Action{{"*", 2, "heartbeat", ""}, {"*", 2, "success", `"yes"`}}},
		{ID: "7-14", Handler: caught("late", func(err error) bool {
			var e *durable.CallbackTimeoutError
			return errors.As(err, &e) && !e.Heartbeat && errors.Is(err, durable.ErrCallbackTimedOut)
		}, durable.WithCallbackTimeout(2*time.Second)), Result: `"late"`},
		{ID: "7-15", Handler: just(ask("ask")), Actions: []Action{{"*", 1, "success", ""}}, Result: `null`},
	}
}
