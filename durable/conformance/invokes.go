package conformance

import (
	"errors"
	"strings"
	"time"

	"github.com/perdure/perdure/durable"
)

// Echo gives its event back; one that asks for a failure gets it.
func Echo() Handler {
	return typed(func(_ durable.Context, in any) (any, error) {
		if m, ok := in.(map[string]any); ok && m["fail"] == true {
			return nil, errors.New("the target refuses")
		}
		return in, nil
	})
}

func invokes() []Case {
	echo := func(name string, in any, opts ...durable.InvokeOption) func(durable.Context) (any, error) {
		return func(ctx durable.Context) (any, error) { return durable.Invoke[any](ctx, name, target(), in, opts...) }
	}
	bad := map[string]any{"fail": true}
	caught := func(ctx durable.Context) (any, error) {
		_, err := durable.Invoke[any](ctx, "i", target(), bad)
		var failed *durable.InvokeError
		if errors.As(err, &failed) && failed.Status == durable.OperationStatusFailed {
			return "caught", nil
		}
		return nil, err
	}
	cases := []Case{
		{ID: "5-1", Handler: just(echo("", "hi")), Result: `"hi"`},
		{ID: "5-2", Handler: just(echo("named", "hi")), Result: `"hi"`},
		{ID: "5-3", Handler: just(echo("i", map[string]any{"a": map[string]any{"b": []int{1}}})), Result: `{"a":{"b":[1]}}`},
		{ID: "5-4", Handler: just(echo("i", nil)), Result: `null`},
		{ID: "5-5", Handler: just(echo("i", bad))},
		{ID: "5-6", Handler: just(caught), Result: `"caught"`},
		{ID: "5-7", Handler: just(func(ctx durable.Context) (int, error) {
			v, err := durable.Invoke[string](ctx, "i", target(), strings.Repeat("x", 1_000_000))
			return len(v), err
		}), Result: `1000000`},
		{ID: "5-8", Handler: just(func(ctx durable.Context) (any, error) {
			return durable.Invoke[any](ctx, "i", tenantTarget(), "hi", durable.WithTenantID("tenant-1"))
		}), Result: `"hi"`},
		{ID: "5-9", Handler: then(echo("i", "hi")), Result: `"hi"`},
		{ID: "5-10", Handler: then(caught), Result: `"caught"`},
		{ID: "5-11", Result: `"hi"`, Handler: just(func(ctx durable.Context) (any, error) {
			v, err := durable.Step(ctx, "s", value("hi"))
			if err != nil {
				return nil, err
			}
			return echo("i", v)(ctx)
		})},
		{ID: "5-12", Result: `"hi"`, Handler: just(func(ctx durable.Context) (any, error) {
			v, err := echo("i", "hi")(ctx)
			if err != nil {
				return nil, err
			}
			return durable.Step(ctx, "s", value(v))
		})},
		{ID: "5-13", Result: `"hi"`, Handler: just(func(ctx durable.Context) (any, error) {
			return durable.RunInChildContext(ctx, "child", echo("i", "hi"))
		})},
		{ID: "5-14", Result: `"hi"`, Handler: just(func(ctx durable.Context) (any, error) {
			v, err := echo("first", "hi")(ctx)
			if err != nil {
				return nil, err
			}
			return echo("second", v)(ctx)
		})},
		{ID: "5-15", Result: `"custom:hi"`, Handler: just(func(ctx durable.Context) (string, error) {
			return durable.Invoke[string](ctx, "i", target(), "hi", durable.WithInvokePayloadSerdes(upper))
		})},
		{ID: "5-16", Result: `"hi"`, Handler: just(func(ctx durable.Context) (string, error) {
			return durable.Invoke[string](ctx, "i", target(), "custom:hi", durable.WithInvokeResultSerdes(upper))
		})},
	}
	for i := range cases {
		cases[i].Target = Echo()
	}
	return cases
}

func conditions() []Case {
	every := func(max int, more func(int) bool) durable.ConditionConfig[int] {
		return durable.ConditionConfig[int]{WaitStrategy: durable.MustNewWaitStrategy(durable.WaitConfig[int]{MaxAttempts: max, InitialDelay: time.Second, BackoffRate: 1, Jitter: durable.JitterNone, ShouldContinue: more})}
	}
	below := func(n int) func(int) bool { return func(v int) bool { return v < n } }
	count := func(_ durable.StepContext, n int) (int, error) { return n + 1, nil }
	poll := func(name string, cfg durable.ConditionConfig[int]) func(durable.Context) (int, error) {
		return func(ctx durable.Context) (int, error) { return durable.WaitForCondition(ctx, name, count, cfg) }
	}
	from := every(9, below(8))
	from.InitialState = 5
	broken := func(ctx durable.Context) (int, error) {
		return durable.WaitForCondition(ctx, "c", func(durable.StepContext, int) (int, error) { return 0, errors.New("check") }, every(3, nil))
	}
	type state struct {
		N    int      `json:"n"`
		Seen []string `json:"seen"`
	}
	return []Case{
		{ID: "6-1", Handler: just(poll("", every(9, below(3)))), Result: `3`},
		{ID: "6-2", Handler: just(poll("c", every(9, below(1)))), Result: `1`},
		{ID: "6-3", Handler: just(poll("named", every(9, below(2)))), Result: `2`},
		{ID: "6-4", Handler: just(poll("c", from)), Result: `8`},
		{ID: "6-5", Handler: just(poll("c", durable.ConditionConfig[int]{WaitStrategy: func(n, _ int) durable.WaitDecision {
			return durable.WaitDecision{Continue: n < 3, Delay: time.Second}
		}})), Result: `3`},
		{ID: "6-6", Handler: just(poll("c", every(3, nil)))},
		{ID: "6-7", Handler: just(broken)},
		{ID: "6-8", Result: `-1`, Handler: just(func(ctx durable.Context) (int, error) {
			_, err := broken(ctx)
			var failed *durable.WaitForConditionError
			if errors.As(err, &failed) {
				return -1, nil
			}
			return 0, err
		})},
		{ID: "6-9", Result: `{"n":2,"seen":["x","x"]}`, Handler: just(func(ctx durable.Context) (state, error) {
			return durable.WaitForCondition(ctx, "c", func(_ durable.StepContext, s state) (state, error) {
				return state{s.N + 1, append(s.Seen, "x")}, nil
			}, durable.ConditionConfig[state]{WaitStrategy: func(s state, _ int) durable.WaitDecision {
				return durable.WaitDecision{Continue: s.N < 2, Delay: time.Second}
			}})
		})},
		{ID: "6-10", Result: `null`, Handler: just(func(ctx durable.Context) (*state, error) {
			return durable.WaitForCondition(ctx, "c", func(durable.StepContext, *state) (*state, error) { return nil, nil },
				durable.ConditionConfig[*state]{InitialState: &state{N: 1}, WaitStrategy: func(*state, int) durable.WaitDecision { return durable.WaitDecision{} }})
		})},
		{ID: "6-11", Result: `"ab"`, Handler: just(func(ctx durable.Context) (string, error) {
			return durable.WaitForCondition(ctx, "c", func(sc durable.StepContext, s string) (string, error) {
				return s + string(rune('a'+sc.Attempt()-1)), nil
			},
				durable.ConditionConfig[string]{Serdes: upper, WaitStrategy: func(s string, _ int) durable.WaitDecision {
					return durable.WaitDecision{Continue: len(s) < 2, Delay: time.Second}
				}})
		})},
		{ID: "6-12", Result: `20`, Handler: just(func(ctx durable.Context) (int, error) {
			n, err := poll("c", every(9, below(2)))(ctx)
			if err != nil {
				return 0, err
			}
			return durable.Step(ctx, "s", value(10*n))
		})},
		{ID: "6-13", Result: `4`, Handler: just(func(ctx durable.Context) (int, error) {
			a, err := poll("first", every(9, below(2)))(ctx)
			if err != nil {
				return 0, err
			}
			b, err := poll("second", every(9, below(2)))(ctx)
			return a + b, err
		})},
	}
}
