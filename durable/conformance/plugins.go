package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perdure/perdure/durable"
)

// watcher is a plugin that writes down what it is told.
func watcher(j func(string)) durable.Plugin {
	say := func(format string, args ...any) { j(fmt.Sprintf(format, args...)) }
	return durable.Plugin{
		OnInvocationStart: func(_ context.Context, i durable.InvocationHookInfo) { say("invocation first=%v", i.IsFirstInvocation) },
		OnInvocationEnd: func(_ context.Context, i durable.InvocationEndHookInfo) {
			say("invocation %s error=%v", i.Status, i.ExecutionError != nil)
		},
		OnOperationStart: func(_ context.Context, i durable.OperationHookInfo) {
			say("start %s %s replay=%v nested=%v", i.Type, i.Name, i.IsReplay, i.ParentID != "")
		},
		OnOperationEnd: func(_ context.Context, i durable.OperationHookInfo) { say("end %s %s %s", i.Type, i.Name, i.Status) },
		OnOperationAttemptStart: func(_ context.Context, i durable.AttemptHookInfo) {
			say("attempt %d of %s", i.Attempt, i.Name)
		},
		OnOperationAttemptEnd: func(_ context.Context, i durable.AttemptEndHookInfo) {
			say("attempt %d of %s %s", i.Attempt, i.Name, i.Outcome)
		},
	}
}

// updates is a plugin that writes down which operations changed, and how many are known at the start. It passes over
// steps that started: whether a start is on record before its outcome depends on how fast the step is.
func updates(j func(string)) durable.Plugin {
	return durable.Plugin{
		OnInvocationStart: func(_ context.Context, i durable.InvocationHookInfo) {
			j(fmt.Sprintf("known %d updated %d input %s started %v", len(i.Operations), len(i.UpdatedOperations), i.ExecutionInput, !i.ExecutionStartTimestamp.IsZero()))
		},
		OnOperationChange: func(_ context.Context, i durable.OperationChangeHookInfo) {
			for _, o := range i.UpdatedOperations {
				if o.Type == "STEP" && o.Status == durable.PluginOperationStarted {
					continue
				}
				j(fmt.Sprintf("changed %s %s %s", o.Type, o.Name, o.Status))
			}
		},
	}
}

// wrapper is a plugin that stands around user code.
func wrapper(j func(string)) durable.Plugin {
	around := func(what string, ctx context.Context, fn func(context.Context) (any, error)) (any, error) {
		j("before " + what)
		v, err := fn(ctx)
		j("after " + what)
		return v, err
	}
	return durable.Plugin{
		WrapChildContextFn: func(ctx context.Context, i durable.OperationHookInfo, fn func(context.Context) (any, error)) (any, error) {
			return around(i.SubType, ctx, fn)
		},
		WrapOperationAttemptFn: func(ctx context.Context, i durable.AttemptHookInfo, fn func(context.Context) (any, error)) (any, error) {
			return around(i.SubType, ctx, fn)
		},
	}
}

// breaking is a plugin that panics wherever it can.
func breaking(func(string)) durable.Plugin {
	return durable.Plugin{
		OnInvocationStart:       func(context.Context, durable.InvocationHookInfo) { panic("plugin") },
		OnInvocationEnd:         func(context.Context, durable.InvocationEndHookInfo) { panic("plugin") },
		OnOperationStart:        func(context.Context, durable.OperationHookInfo) { panic("plugin") },
		OnOperationEnd:          func(context.Context, durable.OperationHookInfo) { panic("plugin") },
		OnOperationAttemptStart: func(context.Context, durable.AttemptHookInfo) { panic("plugin") },
		OnOperationAttemptEnd:   func(context.Context, durable.AttemptEndHookInfo) { panic("plugin") },
		OnOperationChange:       func(context.Context, durable.OperationChangeHookInfo) { panic("plugin") },
		WrapInvocation: func(context.Context, durable.InvocationHookInfo, func(context.Context) (any, error)) (any, error) {
			panic("plugin")
		},
		WrapOperationAttemptFn: func(ctx context.Context, _ durable.AttemptHookInfo, fn func(context.Context) (any, error)) (any, error) {
			_, _ = fn(ctx)
			panic("plugin")
		},
	}
}

func with(makers ...func(func(string)) durable.Plugin) func(func(string)) []durable.HandlerOption {
	return func(j func(string)) []durable.HandlerOption {
		var ps []durable.Plugin
		for _, m := range makers {
			ps = append(ps, m(j))
		}
		return []durable.HandlerOption{durable.WithPlugins(ps...)}
	}
}

func plugins() []Case {
	single := just(step("s", "v"))
	retried := just(func(ctx durable.Context) (string, error) {
		return durable.Step(ctx, "s", flaky(2, "v"), durable.WithRetry(fixed(2)))
	})
	broken := func(ctx durable.Context) (string, error) {
		return durable.Step(ctx, "bad", func(durable.StepContext) (string, error) { return "", errors.New("bad") }, durable.WithRetry(durable.NoRetry()))
	}
	waiting := just(func(ctx durable.Context) (string, error) { return "v", durable.Wait(ctx, "w", time.Second) })
	first, again := "invocation first=true", "invocation first=false"
	pending, done, failed := "invocation PENDING error=false", "invocation SUCCEEDED error=false", "invocation FAILED error=true"
	stepLines := []string{first, "start STEP s replay=false nested=false", "attempt 1 of s", "attempt 1 of s SUCCEEDED", "end STEP s SUCCEEDED", done}
	retryLines := []string{first, "start STEP s replay=false nested=false", "attempt 1 of s", "attempt 1 of s FAILED", pending,
		again, "start STEP s replay=true nested=false", "attempt 2 of s", "attempt 2 of s SUCCEEDED", "end STEP s SUCCEEDED", done}
	waitLines := []string{first, "start WAIT w replay=false nested=false", pending, again, "end WAIT w SUCCEEDED", done}
	waitUpdates := []string{"known 0 updated 0 input 7 started true", "changed WAIT w STARTED", "known 1 updated 1 input 7 started true", "changed WAIT w SUCCEEDED"}
	return []Case{
		{ID: "10-1", Handler: single, Options: with(watcher), Journal: stepLines, Result: `"v"`},
		{ID: "10-2", Handler: single, Options: with(watcher), Journal: stepLines, Result: `"v"`},
		{ID: "10-3", Handler: retried, Options: with(watcher), Journal: retryLines, Result: `"v"`},
		{ID: "10-4", Handler: single, Options: with(breaking), Result: `"v"`},
		{ID: "10-5", Handler: single, Options: with(watcher, watcher), Journal: append(append([]string{}, stepLines...), stepLines...), Result: `"v"`},
		{ID: "10-6", Handler: waiting, Options: with(watcher), Journal: waitLines, Result: `"v"`},
		{ID: "10-7", Handler: just(broken), Options: with(watcher), Journal: []string{first, "start STEP bad replay=false nested=false", "attempt 1 of bad", "attempt 1 of bad FAILED", "end STEP bad FAILED", failed}},
		{ID: "10-8", Input: `7`, Handler: single, Options: with(updates), Journal: []string{"known 0 updated 0 input 7 started true", "changed STEP s SUCCEEDED"}, Result: `"v"`},
		{ID: "10-9", Input: `7`, Handler: waiting, Options: with(updates), Journal: waitUpdates, Result: `"v"`},
		{ID: "10-10", Handler: waiting, Options: with(watcher), Journal: waitLines, Result: `"v"`},
		{ID: "10-11", Handler: just(func(ctx durable.Context) (string, error) { return durable.RunInChildContext(ctx, "c", step("s", "v")) }), Options: with(watcher), Result: `"v"`,
			Journal: []string{first, "start CONTEXT c replay=false nested=false", "start STEP s replay=false nested=true", "attempt 1 of s", "attempt 1 of s SUCCEEDED", "end STEP s SUCCEEDED", "end CONTEXT c SUCCEEDED", done}},
		{ID: "10-12", Handler: just(func(ctx durable.Context) ([]string, error) {
			res, err := durable.Parallel(ctx, "p", say("a", "b"), one)
			return res.Results(), err
		}), Options: with(wrapper), Journal: []string{"before ParallelBranch", "after ParallelBranch", "before ParallelBranch", "after ParallelBranch"}, Result: `["a","b"]`},
		{ID: "10-13", Handler: just(func(ctx durable.Context) (string, error) {
			if _, err := durable.Step(ctx, "kept", value(1)); err != nil {
				return "", err
			}
			return durable.Step(ctx, "s", flaky(2, "v"), durable.WithRetry(fixed(2)))
		}), Options: with(watcher), Result: `"v"`, Journal: append([]string{"start STEP kept replay=false nested=false", "attempt 1 of kept", "attempt 1 of kept SUCCEEDED", "end STEP kept SUCCEEDED"}, retryLines...)},
		{ID: "10-14", Handler: just(func(ctx durable.Context) (string, error) {
			if _, err := durable.Step(ctx, "s", value("v")); err != nil {
				return "", err
			}
			return broken(ctx)
		}), Options: with(watcher), Journal: []string{first, "start STEP s replay=false nested=false", "attempt 1 of s", "attempt 1 of s SUCCEEDED", "end STEP s SUCCEEDED",
			"start STEP bad replay=false nested=false", "attempt 1 of bad", "attempt 1 of bad FAILED", "end STEP bad FAILED", failed}},
		{ID: "10-15", Handler: just(func(ctx durable.Context) (string, error) {
			return durable.Step(ctx, "s", flaky(9, "v"), durable.WithRetry(fixed(2)))
		}), Options: with(watcher), Journal: []string{first, "start STEP s replay=false nested=false", "attempt 1 of s", "attempt 1 of s FAILED", pending,
			again, "start STEP s replay=true nested=false", "attempt 2 of s", "attempt 2 of s FAILED", "end STEP s FAILED", failed}},
		{ID: "10-16", Handler: waiting, Options: with(watcher), Journal: waitLines, Result: `"v"`},
		{ID: "10-17", Handler: single, Options: with(breaking, watcher), Journal: stepLines, Result: `"v"`},
		{ID: "10-18", Handler: just(func(ctx durable.Context) (string, error) {
			_, err := durable.Parallel(ctx, "p", []durable.Branch[durable.Void]{
				{Name: "short", Func: func(c durable.Context) (durable.Void, error) {
					return durable.Void{}, durable.Wait(c, "w2", 2*time.Second)
				}},
				{Name: "long", Func: func(c durable.Context) (durable.Void, error) {
					return durable.Void{}, durable.Wait(c, "w8", 8*time.Second)
				}},
			})
			return "v", err
		}), Options: with(watcher), Result: `"v"`, Journal: []string{first, "start CONTEXT p replay=false nested=false", "start CONTEXT short replay=false nested=true", "start CONTEXT long replay=false nested=true",
			"start WAIT w2 replay=false nested=true", "start WAIT w8 replay=false nested=true", pending,
			again, "start CONTEXT p replay=true nested=false", "start CONTEXT short replay=true nested=true", "start CONTEXT long replay=true nested=true",
			"end WAIT w2 SUCCEEDED", "end CONTEXT short SUCCEEDED", "start WAIT w8 replay=true nested=true", pending,
			again, "start CONTEXT p replay=true nested=false", "start CONTEXT long replay=true nested=true", "end WAIT w8 SUCCEEDED", "end CONTEXT long SUCCEEDED", "end CONTEXT p SUCCEEDED", done}},
		{ID: "10-19", Input: `7`, Handler: waiting, Options: with(updates), Journal: waitUpdates, Result: `"v"`},
		{ID: "10-20", Handler: single, Options: with(watcher), Journal: stepLines, Result: `"v"`},
		{ID: "10-21", Handler: retried, Options: with(watcher), Journal: retryLines, Result: `"v"`},
		{ID: "10-22", Input: `7`, Handler: single, Options: with(updates), Journal: []string{"known 0 updated 0 input 7 started true", "changed STEP s SUCCEEDED"}, Result: `"v"`},
		{ID: "10-23", Handler: just(func(ctx durable.Context) (int, error) {
			res, err := durable.Map(ctx, "m", []int{0, 1, 2, 3}, func(durable.Context, int, int) (string, error) { return fmt.Sprintf("%070000d", 0), nil }, one)
			return res.SuccessCount(), err
		}), Options: with(wrapper), Journal: []string{"before MapIteration", "after MapIteration", "before MapIteration", "after MapIteration", "before MapIteration", "after MapIteration", "before MapIteration", "after MapIteration"}, Result: `4`},
	}
}
