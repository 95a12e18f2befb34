package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perdure/perdure/durable"
)

var one = durable.WithMaxConcurrency(1)

func ptr[T any](v T) *T { return &v }

// say is a branch that gives a word; "!" fails.
func say(words ...string) []durable.Branch[string] {
	var out []durable.Branch[string]
	for _, w := range words {
		out = append(out, durable.Branch[string]{Func: func(durable.Context) (string, error) {
			if w == "!" {
				return "", errors.New("branch")
			}
			return w, nil
		}})
	}
	return out
}

func step(name, v string) func(durable.Context) (string, error) {
	return func(c durable.Context) (string, error) { return durable.Step(c, name, value(v)) }
}

// summed says how a batch ended: reason, status, successes, failures.
func summed(res durable.BatchResult[string], err error) (string, error) {
	var failed *durable.BatchError
	if err != nil && !errors.As(err, &failed) {
		return "", err
	}
	return fmt.Sprintf("%s %s %d %d", res.Reason, res.Status(), res.SuccessCount(), res.FailureCount()), nil
}

func parallels() []Case {
	sum := func(branches []durable.Branch[string], c durable.CompletionConfig) Handler {
		return just(func(ctx durable.Context) (string, error) {
			return summed(durable.Parallel(ctx, "p", branches, one, durable.WithCompletion(c)))
		})
	}
	results := func(name string, branches []durable.Branch[string], opts ...durable.BatchOption) func(durable.Context) ([]string, error) {
		return func(ctx durable.Context) ([]string, error) {
			res, err := durable.Parallel(ctx, name, branches, opts...)
			return res.Results(), err
		}
	}
	stepped := []durable.Branch[string]{{Func: step("s", "a")}, {Func: step("s", "b")}}
	return []Case{
		{ID: "8-1", Handler: just(results("p", stepped, one)), Result: `["a","b"]`},
		{ID: "8-2", Handler: just(results("", say("a", "b"), one)), Result: `["a","b"]`},
		{ID: "8-3", Result: `"b"`, Handler: just(func(ctx durable.Context) (string, error) {
			branches := say("a", "b")
			branches[0].Name, branches[1].Name = "left", "right"
			res, err := durable.Parallel(ctx, "p", branches, one)
			v, _ := res.Result("right")
			return v, err
		})},
		{ID: "8-4", Result: `[1,"two",true]`, Handler: just(func(ctx durable.Context) ([]json.RawMessage, error) {
			res, err := durable.ParallelMixed(ctx, "p", []durable.AnyBranch{
				durable.NewTypedBranch("", func(durable.Context) (int, error) { return 1, nil }),
				durable.NewTypedBranch("", func(durable.Context) (string, error) { return "two", nil }),
				durable.NewTypedBranch("", func(durable.Context) (bool, error) { return true, nil }),
			}, one)
			return res.Results(), err
		})},
		{ID: "8-5", Handler: just(results("p", nil)), Result: `[]`},
		{ID: "8-6", Handler: sum(say("a", "!", "c"), durable.CompletionConfig{}), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 1 1"`},
		{ID: "8-7", Handler: just(results("p", say("!", "b"), one))},
		{ID: "8-8", Handler: sum(say("a", "b", "c"), durable.CompletionConfig{MinSuccessful: 2}), Result: `"MIN_SUCCESSFUL_REACHED SUCCEEDED 2 0"`},
		{ID: "8-9", Handler: sum(say("a", "!", "c"), durable.CompletionConfig{ToleratedFailureCount: ptr(1)}), Result: `"ALL_COMPLETED FAILED 2 1"`},
		{ID: "8-10", Handler: sum(say("!", "!", "c"), durable.CompletionConfig{ToleratedFailureCount: ptr(1)}), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 0 2"`},
		{ID: "8-11", Handler: just(results("p", []durable.Branch[string]{{Func: step("s", "a")}, {Func: step("s", "b")}, {Func: step("s", "c")}})), Result: `["a","b","c"]`},
		{ID: "8-12", Handler: just(results("p", stepped, one, durable.WithNesting(durable.NestingFlat))), Result: `["a","b"]`},
		{ID: "8-13", Handler: sum(say("!", "!", "c", "d"), durable.CompletionConfig{ToleratedFailurePercentage: ptr(25)}), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 0 2"`},
		{ID: "8-14", Result: `["a","b"]`, Handler: just(results("p", []durable.Branch[string]{{Func: step("s", "a")}, {Func: func(c durable.Context) (string, error) {
			return "b", durable.Wait(c, "w", time.Second)
		}}}, one))},
		{ID: "8-15", Handler: just(results("p", say("a", "b"), one, durable.WithBatchSerdes(upper))), Result: `["a","b"]`},
		{ID: "8-16", Handler: sum(say("!", "!", "!"), durable.CompletionConfig{ToleratedFailureCount: ptr(3)}), Result: `"ALL_COMPLETED FAILED 0 3"`},
		{ID: "8-17", Handler: sum(say("a", "!", "c"), durable.CompletionConfig{MinSuccessful: 3}), Result: `"ALL_COMPLETED FAILED 2 1"`},
		{ID: "8-18", Handler: sum(say("!", "!", "c"), durable.CompletionConfig{MinSuccessful: 2, ToleratedFailureCount: ptr(1)}), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 0 2"`},
		{ID: "8-19", Handler: just(results("p", say("a"), durable.WithMaxConcurrency(0)))},
		{ID: "8-20", Result: `"[a c] 1 3 true branch"`, Handler: just(func(ctx durable.Context) (string, error) {
			res, err := durable.Parallel(ctx, "p", say("a", "!", "c"), one, durable.WithCompletion(durable.CompletionConfig{ToleratedFailureCount: ptr(1)}))
			if err != nil {
				return "", err
			}
			var failed *durable.ChildContextError
			errors.As(res.Errors()[0], &failed)
			return fmt.Sprintf("%v %d %d %v %s", res.Results(), res.FailureCount(), res.TotalCount(), res.HasFailure(), failed.Message), nil
		})},
		{ID: "8-21", Handler: just(func(ctx durable.Context) ([][]string, error) {
			res, err := durable.Parallel(ctx, "outer", []durable.Branch[[]string]{{Func: results("inner", stepped, one)}}, one)
			return res.Results(), err
		}), Result: `[["a","b"]]`},
		{ID: "8-22", Handler: sum(say("!", "b", "c", "d"), durable.CompletionConfig{ToleratedFailurePercentage: ptr(25)}), Result: `"ALL_COMPLETED FAILED 3 1"`},
	}
}
