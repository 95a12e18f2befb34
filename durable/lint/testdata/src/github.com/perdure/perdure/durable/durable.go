// Package durable has the shapes of the SDK that the rules look at.
package durable

import (
	"context"
	"time"
)

type Context interface {
	context.Context
	durable()
}

type StepContext interface {
	context.Context
	Attempt() int
}

type (
	Option        interface{}
	RetryStrategy func(attempt int) time.Duration
	Future[O any] struct{ v O }
	Branch[O any] struct {
		Name string
		Func func(Context) (O, error)
	}
	Completion struct{ ShouldComplete func(n int) bool }
)

func (f *Future[O]) Result(ctx Context) (O, error) { return f.v, nil }

func WithRetry(s RetryStrategy) Option                     { return nil }
func ExecutionStartTime(ctx Context) time.Time             { return time.Time{} }
func Wait(ctx Context, name string, d time.Duration) error { return nil }

func Step[O any](ctx Context, name string, fn func(StepContext) (O, error), opts ...Option) (O, error) {
	var o O
	return o, nil
}

func RunInChildContext[O any](ctx Context, name string, fn func(Context) (O, error), opts ...Option) (O, error) {
	var o O
	return o, nil
}

func Go[O any](ctx Context, name string, fn func(Context) (O, error)) *Future[O] { return nil }

func Map[I, O any](ctx Context, name string, items []I, fn func(Context, I, int) (O, error), opts ...Option) ([]O, error) {
	return nil, nil
}

func Parallel[O any](ctx Context, name string, branches []Branch[O], opts ...Option) ([]O, error) {
	return nil, nil
}
