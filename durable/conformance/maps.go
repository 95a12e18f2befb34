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

// echo gives the item back; "!" fails.
func echo(_ durable.Context, item string, _ int) (string, error) {
	if item == "!" {
		return "", errors.New("item")
	}
	return item, nil
}

// whole records the result of a batch in a form of its own.
var whole = durable.SerdesOf(
	func(_ context.Context, _ durable.SerdesContext, r durable.BatchResult[string]) ([]byte, error) {
		b, err := json.Marshal(r)
		return append([]byte("v1:"), b...), err
	},
	func(_ context.Context, _ durable.SerdesContext, b []byte) (durable.BatchResult[string], error) {
		var r durable.BatchResult[string]
		text, ok := strings.CutPrefix(string(b), "v1:")
		if !ok {
			return r, errors.New("the recorded batch is of another form")
		}
		return r, json.Unmarshal([]byte(text), &r)
	})

func maps() []Case {
	items := []string{"a", "b"}
	results := func(name string, in []string, fn func(durable.Context, string, int) (string, error), opts ...durable.BatchOption) func(durable.Context) ([]string, error) {
		return func(ctx durable.Context) ([]string, error) {
			res, err := durable.Map(ctx, name, in, fn, opts...)
			return res.Results(), err
		}
	}
	sum := func(c durable.CompletionConfig, in ...string) func(durable.Context) (string, error) {
		return func(ctx durable.Context) (string, error) {
			return summed(durable.Map(ctx, "m", in, echo, one, durable.WithCompletion(c)))
		}
	}
	stepped := func(c durable.Context, item string, _ int) (string, error) { return durable.Step(c, "s", value(item)) }
	indexed := func(_ durable.Context, item string, i int) (string, error) { return fmt.Sprint(item, i), nil }
	return []Case{
		{ID: "9-1", Handler: just(results("m", items, stepped, one)), Result: `["a","b"]`},
		{ID: "9-2", Handler: just(results("", items, echo, one)), Result: `["a","b"]`},
		{ID: "9-3", Handler: just(results("m", []string{"a", "b", "c"}, indexed, one)), Result: `["a0","b1","c2"]`},
		{ID: "9-4", Handler: just(results("m", nil, echo)), Result: `[]`},
		{ID: "9-5", Handler: just(sum(durable.CompletionConfig{}, "a", "!", "c")), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 1 1"`},
		{ID: "9-6", Handler: just(results("m", []string{"!", "b"}, echo, one))},
		{ID: "9-7", Handler: just(sum(durable.CompletionConfig{MinSuccessful: 2}, "a", "b", "c")), Result: `"MIN_SUCCESSFUL_REACHED SUCCEEDED 2 0"`},
		{ID: "9-8", Handler: just(sum(durable.CompletionConfig{ToleratedFailureCount: ptr(1)}, "a", "!", "c")), Result: `"ALL_COMPLETED FAILED 2 1"`},
		{ID: "9-9", Handler: just(sum(durable.CompletionConfig{ToleratedFailureCount: ptr(1)}, "!", "!", "c")), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 0 2"`},
		{ID: "9-10", Handler: just(sum(durable.CompletionConfig{ToleratedFailurePercentage: ptr(25)}, "!", "!", "c", "d")), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 0 2"`},
		{ID: "9-11", Handler: just(results("m", []string{"a", "b", "c"}, stepped)), Result: `["a","b","c"]`},
		{ID: "9-12", Handler: just(results("m", items, stepped, one, durable.WithNesting(durable.NestingFlat))), Result: `["a","b"]`},
		{ID: "9-13", Handler: just(func(ctx durable.Context) (string, error) {
			res, err := durable.Map(ctx, "m", items, echo, one, durable.WithItemNamer(func(i int) string { return "item-" + items[i] }))
			v, _ := res.Result("item-b")
			return v, err
		}), Result: `"b"`},
		{ID: "9-14", Handler: just(results("m", items, echo, one, durable.WithBatchSerdes(upper))), Result: `["a","b"]`},
		{ID: "9-15", Handler: just(results("m", items, func(c durable.Context, item string, i int) (string, error) {
			if i == 1 {
				if err := durable.Wait(c, "w", time.Second); err != nil {
					return "", err
				}
			}
			return durable.Step(c, "s", value(item))
		}, one)), Result: `["a","b"]`},
		{ID: "9-16", Handler: just(func(ctx durable.Context) (int, error) {
			res, err := durable.Map(ctx, "m", []int{0, 1, 2, 3}, func(durable.Context, int, int) (string, error) { return strings.Repeat("x", 70_000), nil }, one)
			return len(strings.Join(res.Results(), "")), err
		}), Result: `280000`},
		{ID: "9-17", Handler: then(results("m", items, echo, one)), Result: `["a","b"]`},
		{ID: "9-18", Handler: then(sum(durable.CompletionConfig{}, "a", "!", "c")), Result: `"FAILURE_TOLERANCE_EXCEEDED FAILED 1 1"`},
		{ID: "9-19", Handler: just(results("m", items, echo, one, durable.WithBatchResultSerdes(whole))), Result: `["a","b"]`},
		{ID: "9-20", Handler: then(results("m", items, echo, one, durable.WithBatchResultSerdes(whole))), Result: `["a","b"]`},
	}
}
