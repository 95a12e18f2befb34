package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/conformance"
	"github.com/perdure/perdure/durable/durableotel"
)

// traced is one scenario of the public OpenTelemetry suites. Each is played in both views.
type traced struct {
	id      string
	end     string
	events  string
	handler durable.Handler[any, any]
	target  durable.Handler[any, any] // of chained invokes
	actions []conformance.Action
	header  string // trace header of the caller
}

var scenarios = []traced{
	{id: "1", end: "ok", events: "S0 S+ |", handler: sayHello},
	{id: "2", end: "ok", events: "W0 | W+ S0 S+ |", handler: waitThenStep(time.Second)},
	{id: "3", end: "ok", events: "S0 S- | S0 S+ |", handler: retried(time.Second)},
	{id: "4", end: "fail", events: "S0 S- | X-", handler: broken},
	{id: "5", end: "ok", events: "C0 S0 S+ C+ |", handler: func(ctx durable.Context, _ any) (any, error) {
		return durable.RunInChildContext(ctx, "child", func(c durable.Context) (any, error) { return sayHello(c, nil) })
	}},
	{id: "6", end: "ok", events: "C0 C0 S0 S+ C+ C0 S0 S+ C+ C+ |", handler: parallel(sayHello, sayHello)},
	{id: "7", end: "ok", events: "C0 C0 S0 S+ C+ C0 S0 S+ C+ C+ |", handler: mapped(sayHello)},
	{id: "8", end: "ok", events: "S0 S- S0 S+ |", handler: func(ctx durable.Context, _ any) (any, error) {
		if _, err := broken(ctx, nil); err == nil {
			return nil, errors.New("the step must fail")
		}
		return sayHello(ctx, nil)
	}},
	{id: "9", end: "ok", events: "S0 S+ | S0 S+ |", handler: poll(nil)},
	{id: "10", end: "ok", events: "C0 B0 S0 S+ | B+ C+ | X+", handler: ask, actions: []conformance.Action{{Name: "*", Delay: 1, Kind: "success", Payload: `"yes"`}}},
	{id: "11", end: "ok", events: "I0 | I+ |", handler: call, target: sayHello},
	{id: "12", end: "fail", events: "C0 C- | X-", handler: func(ctx durable.Context, _ any) (any, error) {
		return durable.RunInChildContext(ctx, "child", func(durable.Context) (any, error) { return nil, errors.New("the child fails") })
	}},
	{id: "13", end: "fail", events: "C0 C0 C- C+ | X-", handler: parallel(failing)},
	{id: "14", end: "fail", events: "C0 C0 C- C+ | X-", handler: mapped(failing)},
	{id: "15", end: "late", events: "W0 | Xt", handler: waitThenStep(48 * time.Hour)},
	{id: "16", end: "fail", events: "S0 S- | X-", handler: poll(errors.New("the check fails"))},
	{id: "17", end: "fail", events: "C0 B0 S0 S+ | B- C- | X-", handler: ask, actions: []conformance.Action{{Name: "*", Delay: 1, Kind: "failure", Payload: "no"}}},
	{id: "18", end: "fail", events: "I0 | I- | X-", handler: call, target: failing},
	{id: "19", end: "fail", events: "| X-", handler: failing},
	{id: "20", end: "ok", events: "| X+", handler: func(ctx durable.Context, _ any) (any, error) {
		return durable.RunInChildContext(ctx, "virtual", func(durable.Context) (any, error) { return "v", nil }, durable.WithChildVirtual())
	}},
	{id: "21", end: "ok", events: "S0 S+ W0 | W+ |", handler: func(ctx durable.Context, _ any) (any, error) {
		if _, err := sayHello(ctx, nil); err != nil {
			return nil, err
		}
		return nil, durable.Wait(ctx, "wait", time.Second)
	}},
	{id: "22", end: "ok", events: "S0 S+ C0 S0 S+ W0 | W+ C+ C0 C0 C+ C+ |", handler: ownSpans},
	{id: "long-running-1", end: "ok", events: "W0 | W+ S0 S+ |", handler: waitThenStep(12 * time.Hour)},
	{id: "long-running-2", end: "ok", events: "S0 S- | S0 S+ |", handler: retried(12 * time.Hour)},
	{id: "long-running-3", end: "ok", events: "C0 B0 S0 S+ | B+ C+ | X+", handler: ask, actions: []conformance.Action{{Name: "*", Delay: 40_000, Kind: "success", Payload: `"yes"`}}},
	{id: "long-running-4", end: "ok", events: "I0 | I+ |", handler: call, target: waitThenStep(12 * time.Hour)},
	{id: "header", end: "ok", events: "I0 | I+ |", handler: call, target: sayHello, header: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"},
	{id: "virtual-again", end: "ok", events: "S0 S+ W0 | W+ S0 S+ W0 | W+ |", handler: virtualAgain},
}

func sayHello(ctx durable.Context, _ any) (any, error) {
	return durable.Step(ctx, "step", func(durable.StepContext) (any, error) { return "hello", nil })
}

func failing(durable.Context, any) (any, error) { return nil, errors.New("the handler fails") }

func broken(ctx durable.Context, _ any) (any, error) {
	return durable.Step(ctx, "broken", func(durable.StepContext) (any, error) { return nil, errors.New("the step fails") }, durable.WithRetry(durable.NoRetry()))
}

func waitThenStep(d time.Duration) durable.Handler[any, any] {
	return func(ctx durable.Context, _ any) (any, error) {
		if err := durable.Wait(ctx, "wait", d); err != nil {
			return nil, err
		}
		return sayHello(ctx, nil)
	}
}

func retried(d time.Duration) durable.Handler[any, any] {
	return func(ctx durable.Context, _ any) (any, error) {
		return durable.Step(ctx, "flaky", func(sc durable.StepContext) (any, error) {
			if sc.Attempt() < 2 {
				return nil, errors.New("not yet")
			}
			return "done", nil
		}, durable.WithRetry(func(durable.RetryAttempt) durable.RetryDecision { return durable.RetryDecision{Retry: true, Delay: d} }))
	}
}

func parallel(branches ...durable.Handler[any, any]) durable.Handler[any, any] {
	return func(ctx durable.Context, _ any) (any, error) {
		var all []durable.Branch[any]
		for i, h := range branches {
			all = append(all, durable.Branch[any]{Name: fmt.Sprint("branch ", i), Func: func(c durable.Context) (any, error) { return h(c, nil) }})
		}
		res, err := durable.Parallel(ctx, "parallel", all, durable.WithMaxConcurrency(1))
		return res.SuccessCount(), err
	}
}

func mapped(h durable.Handler[any, any]) durable.Handler[any, any] {
	return func(ctx durable.Context, _ any) (any, error) {
		res, err := durable.Map(ctx, "map", []int{1, 2}, func(c durable.Context, _ int, _ int) (any, error) { return h(c, nil) }, durable.WithMaxConcurrency(1))
		return res.SuccessCount(), err
	}
}

func poll(fault error) durable.Handler[any, any] {
	return func(ctx durable.Context, _ any) (any, error) {
		return durable.WaitForCondition(ctx, "condition", func(_ durable.StepContext, n int) (int, error) { return n + 1, fault },
			durable.ConditionConfig[int]{WaitStrategy: func(n, _ int) durable.WaitDecision {
				return durable.WaitDecision{Continue: n < 2, Delay: time.Second}
			}})
	}
}

func ask(ctx durable.Context, _ any) (any, error) {
	return durable.WaitForCallback[any](ctx, "ask", func(durable.StepContext, string) error { return nil }, durable.WithCallbackSerdes(durable.JSONSerdes))
}

func call(ctx durable.Context, _ any) (any, error) {
	return durable.Invoke[any](ctx, "call", os.Getenv("TARGET_FUNCTION_NAME"), strings.TrimPrefix(nameOf(ctx.ExecutionArn()), "otel-"))
}

// ownSpans starts spans of its own wherever a function is given a context.
func ownSpans(ctx durable.Context, _ any) (any, error) {
	mark(ctx, "own handler")
	if _, err := durable.Step(ctx, "step", func(sc durable.StepContext) (any, error) { mark(sc, "own step"); return nil, nil }); err != nil {
		return nil, err
	}
	if _, err := durable.RunInChildContext(ctx, "child", func(c durable.Context) (any, error) {
		mark(c, "own child")
		if _, err := durable.Step(c, "inner", func(sc durable.StepContext) (any, error) { mark(sc, "own inner step"); return nil, nil }); err != nil {
			return nil, err
		}
		return nil, durable.Wait(c, "wait", time.Second)
	}); err != nil {
		return nil, err
	}
	_, err := durable.Parallel(ctx, "parallel", []durable.Branch[any]{{Name: "branch", Func: func(c durable.Context) (any, error) {
		mark(c, "own branch")
		return nil, nil
	}}}, durable.WithMaxConcurrency(1))
	return nil, err
}

func mark(ctx context.Context, name string) {
	_, s := otel.Tracer("own").Start(ctx, name)
	s.End()
}

// virtualAgain has two contexts without a record, one over before the handler suspends, one that suspends inside.
func virtualAgain(ctx durable.Context, _ any) (any, error) {
	for _, name := range []string{"first", "second"} {
		if _, err := durable.RunInChildContext(ctx, name, func(c durable.Context) (any, error) {
			if _, err := sayHello(c, nil); err != nil {
				return nil, err
			}
			return nil, durable.Wait(c, "wait", time.Second)
		}, durable.WithChildVirtual()); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// nameOf is the name of an execution.
func nameOf(arn string) string {
	_, rest, _ := strings.Cut(arn, "/durable-execution/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// beTraced is the function: the scenario its execution is named after, or the target of the scenario that its input names.
func beTraced() {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(&spanFile{path: os.Getenv("TRACED_SPANS")}), sdktrace.WithIDGenerator(durableotel.IDs{}))
	otel.SetTracerProvider(provider)
	plugin := durableotel.ExecutionPlugin()
	if os.Getenv("TRACED_VIEW") == "invocation" {
		plugin = durableotel.InvocationPlugin(durableotel.WithTracerProvider(provider))
	}
	lambda.Start(rawFunction(durable.Wrap(func(ctx durable.Context, event any) (any, error) {
		name := nameOf(ctx.ExecutionArn())
		if input, ok := event.(string); ok {
			name = input
		}
		id := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "otel-"), "execution-"), "invocation-")
		for _, s := range scenarios {
			if s.id != id {
				continue
			}
			if event != nil {
				return s.target(ctx, nil)
			}
			return s.handler(ctx, nil)
		}
		return nil, fmt.Errorf("there is no scenario %q", id)
	}, durable.WithPlugins(plugin))))
}

type rawFunction func(context.Context, []byte) ([]byte, error)

func (f rawFunction) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}
