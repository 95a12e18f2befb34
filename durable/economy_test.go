package durable_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/durable"
)

// meter counts checkpoint calls and what they carry. wait, if set, holds a call back.
type meter struct {
	acceptance
	wait func()

	mu      sync.Mutex
	calls   int
	updates []string
}

func (m *meter) Checkpoint(_ context.Context, in durable.CheckpointInput) (durable.CheckpointOutput, error) {
	m.mu.Lock()
	m.calls++
	for _, u := range in.Updates {
		m.updates = append(m.updates, fmt.Sprintf("%s %s", u.Type, u.Action))
	}
	m.mu.Unlock()
	if m.wait != nil {
		m.wait()
	}
	return durable.CheckpointOutput{CheckpointToken: "t"}, nil
}

// spend runs a first invocation and counts its calls.
func spend(t *testing.T, m *meter, grace time.Duration, h durable.Handler[any, any], opts ...durable.HandlerOption) {
	t.Helper()
	opts = append([]durable.HandlerOption{durable.WithExecutionClient(m), durable.WithLogHandler(slog.DiscardHandler), durable.WithStartGrace(grace)}, opts...)
	event := fmt.Sprintf(`{"DurableExecutionArn":"%s","CheckpointToken":"t","InitialExecutionState":{"Operations":[{"Id":"i","Type":"EXECUTION","Status":"STARTED"}]}}`, testARN)
	if out, err := durable.Wrap(h, opts...)(t.Context(), []byte(event)); err != nil {
		t.Fatalf("%s %v", out, err)
	}
}

func TestCallsOfSteps(t *testing.T) {
	one := func(durable.StepContext) (any, error) { return 1, nil }
	steps := func(n int, opts ...durable.StepOption) durable.Handler[any, any] {
		return func(ctx durable.Context, _ any) (any, error) {
			for range n {
				if _, err := durable.Step(ctx, "s", one, opts...); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}
	}
	started := make(chan struct{})
	slow := func(ctx durable.Context, _ any) (any, error) {
		return durable.Step(ctx, "s", func(durable.StepContext) (any, error) { <-started; return 1, nil })
	}
	announce := sync.OnceFunc(func() { close(started) })
	for name, c := range map[string]struct {
		grace   time.Duration
		handler durable.Handler[any, any]
		wait    func()
		calls   int
	}{
		"a quick step":                         {time.Hour, steps(1), nil, 1},
		"ten quick steps":                      {time.Hour, steps(10), nil, 10},
		"a step that outlasts the grace":       {0, slow, announce, 2},
		"a step that may run at most once":     {time.Hour, steps(1, durable.WithSemantics(durable.AtMostOncePerRetry)), nil, 2},
		"a handler without durable operations": {time.Hour, steps(0), nil, 0},
		"a child context with a step": {time.Hour, func(ctx durable.Context, _ any) (any, error) {
			return durable.RunInChildContext(ctx, "c", func(c durable.Context) (any, error) { return durable.Step(c, "s", one) })
		}, nil, 2},
		"a step whose result nobody has to await": {time.Hour, func(ctx durable.Context, _ any) (any, error) { return durable.StepAsync(ctx, "s", one).Result(ctx) }, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := &meter{wait: c.wait}
			spend(t, m, c.grace, c.handler)
			if m.calls != c.calls {
				t.Errorf("%d calls, want %d: %v", m.calls, c.calls, m.updates)
			}
		})
	}
}

// enqueued is a log handler that closes ready when as many checkpoints wait as it was told.
type enqueued struct {
	slog.Handler
	mu    sync.Mutex
	left  int
	ready chan struct{}
}

func (e *enqueued) Enabled(context.Context, slog.Level) bool { return true }
func (e *enqueued) WithAttrs([]slog.Attr) slog.Handler       { return e }
func (e *enqueued) WithGroup(string) slog.Handler            { return e }

func (e *enqueued) Handle(_ context.Context, r slog.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Message == "checkpoint enqueued" {
		if e.left--; e.left == 0 {
			close(e.ready)
		}
	}
	return nil
}

// TestBranchesShareCalls holds the first call back until all branches have their outcome, so that those wait for each other.
func TestBranchesShareCalls(t *testing.T) {
	const branches = 10
	before := 1 + 2*branches // the starts of the map, its items and their steps
	e := &enqueued{left: before + branches, ready: make(chan struct{})}
	m := &meter{wait: func() { <-e.ready }}
	spend(t, m, time.Hour, func(ctx durable.Context, _ any) (any, error) {
		_, err := durable.Map(ctx, "m", make([]int, branches), func(c durable.Context, _, _ int) (any, error) {
			return durable.Step(c, "s", func(durable.StepContext) (any, error) { return 1, nil })
		})
		return nil, err
	}, durable.WithLogHandler(e))
	// At worst the last of the outcomes misses the second call, and the ends of the items find nobody to share with.
	if worst := 3 + branches + 1; m.calls > worst || len(m.updates) != 2+4*branches {
		t.Errorf("%d calls for %d updates, want at most %d: %v", m.calls, len(m.updates), worst, m.updates)
	}
}
