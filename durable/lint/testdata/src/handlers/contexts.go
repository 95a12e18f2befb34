package handlers

import (
	"context"
	"time"

	"github.com/perdure/perdure/durable"
)

func fetch(ctx context.Context) (int, error) { return 1, nil }

func nested(ctx durable.Context, _ int) (int, error) {
	f := durable.Go(ctx, "f", func(c durable.Context) (int, error) { return 1, nil })
	return durable.Step(ctx, "outer", func(sc durable.StepContext) (int, error) {
		if err := durable.Wait(ctx, "w", time.Second); err != nil { // want `a durable operation inside a step body fails with ErrWrongContext`
			return 0, err
		}
		if err := charge(ctx, "helper"); err != nil { // want `a durable operation inside a step body`
			return 0, err
		}
		if _, err := f.Result(ctx); err != nil { // want `a durable operation inside a step body`
			return 0, err
		}
		_ = durable.ExecutionStartTime(ctx)
		return fetch(ctx)
	})
}

func captured(ctx durable.Context, items []string) ([]string, error) {
	_, err := durable.RunInChildContext(ctx, "child", func(c durable.Context) (int, error) {
		if err := charge(c, "own"); err != nil {
			return 0, err
		}
		return 0, durable.Wait(ctx, "w", time.Second) // want `ctx belongs to the code around this body; use the body's own Context`
	})
	if err != nil {
		return nil, err
	}
	_, err = durable.Parallel(ctx, "p", []durable.Branch[int]{{Name: "a", Func: func(c durable.Context) (int, error) {
		return durable.RunInChildContext(c, "inner", func(cc durable.Context) (int, error) {
			return 0, charge(c, "outer") // want `c belongs to the code around this body`
		})
	}}})
	if err != nil {
		return nil, err
	}
	return durable.Map(ctx, "m", items, func(c durable.Context, item string, _ int) (string, error) {
		helper := func() error { return charge(ctx, item) } // want `ctx belongs to the code around this body`
		return item, helper()
	})
}

func closures(ctx durable.Context, _ int) (int, error) {
	total, calls := 0, map[string]int{}
	_, err := durable.Step(ctx, "s", func(durable.StepContext) (int, error) {
		total = 7 // want `total is not set on replay, when this body does not run; return the value instead`
		calls["s"] = 1
		own := 1
		own++
		return own, nil
	}, durable.WithRetry(func(attempt int) time.Duration { return time.Second }))
	if err != nil {
		return 0, err
	}
	_, err = durable.RunInChildContext(ctx, "c", func(c durable.Context) (int, error) {
		total++ // want `total is not set on replay`
		return 0, nil
	})
	helper := func(c durable.Context) error { // runs on every replay
		total++
		return charge(c, "helper")
	}
	return total, helper(ctx)
}
