package durable_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/durabletest"
)

// op is one operation of a handler that is about to change.
type op func(durable.Context) error

func stepOp(name string, opts ...durable.StepOption) op {
	return func(ctx durable.Context) error {
		_, err := durable.Step(ctx, name, func(durable.StepContext) (int, error) { return 1, nil }, opts...)
		return err
	}
}

func childOp(name string, inner op, opts ...durable.ChildOption) op {
	return func(ctx durable.Context) error {
		_, err := durable.RunInChildContext(ctx, name, func(c durable.Context) (int, error) { return 1, inner(c) }, opts...)
		return err
	}
}

// TestChangedHandlerFailsWithWhatWasRecordedAndWhatCame runs one operation, suspends, and asks for another one.
func TestChangedHandlerFailsWithWhatWasRecordedAndWhatCame(t *testing.T) {
	nothing := func(durable.Context) error { return nil }
	for _, c := range []struct {
		name     string
		was, is  op
		position string
		want     [2]string // what the record holds, what the code asks for
	}{
		{"another name", stepOp("charge"), stepOp("refund"), "1", [2]string{`STEP/Step "charge"`, `STEP/Step "refund"`}},
		{"another subtype", stepOp("s"), stepOp("s", durable.WithStepSubType("Mine")), "1", [2]string{`STEP/Step "s"`, `STEP/Mine "s"`}},
		{"another type", stepOp("s"), childOp("s", nothing), "1", [2]string{`STEP/Step "s"`, `CONTEXT/RunInChildContext "s"`}},
		{"a name lost", stepOp("s"), stepOp(""), "1", [2]string{`STEP/Step "s"`, `STEP/Step ""`}},
		{"an invoke for a step", stepOp("s"), func(ctx durable.Context) error {
			_, err := durable.Invoke[int](ctx, "s", "f:1", 1)
			return err
		}, "1", [2]string{`STEP/Step "s"`, `CHAINED_INVOKE/ChainedInvoke "s"`}},
		{"a map for a parallel", func(ctx durable.Context) error {
			_, err := durable.Parallel(ctx, "b", []durable.Branch[int]{{Func: func(durable.Context) (int, error) { return 1, nil }}})
			return err
		}, func(ctx durable.Context) error {
			_, err := durable.Map(ctx, "b", []int{1}, func(durable.Context, int, int) (int, error) { return 1, nil })
			return err
		}, "1", [2]string{`CONTEXT/Parallel "b"`, `CONTEXT/Map "b"`}},
		{"virtual over a record", childOp("c", stepOp("s")), childOp("c", stepOp("s"), durable.WithChildVirtual()), "1",
			[2]string{`CONTEXT/RunInChildContext "c"`, `CONTEXT/RunInChildContext "c"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := false
			h := func(ctx durable.Context, _ any) (string, error) {
				do := c.was
				if changed {
					do = c.is
				}
				if err := do(ctx); err != nil {
					return "", err
				}
				return "", durable.Wait(ctx, "w", time.Second)
			}
			r := durabletest.NewLocalRunner(h)
			if res, err := r.Run(nil); err != nil || res.Status != durabletest.Pending {
				t.Fatal(res, err)
			}
			r.CompletePendingTimers()
			changed = true
			res, err := r.Run(nil)
			if err != nil || res.Status != durabletest.Failed || res.Error.Type != "NonDeterministicExecutionError" {
				t.Fatalf("%+v %v", res, err)
			}
			for _, part := range []string{"operation " + c.position, "the record holds " + c.want[0], "the code asks for " + c.want[1]} {
				if !strings.Contains(res.Error.Message, part) {
					t.Errorf("%q does not say %q", res.Error.Message, part)
				}
			}
		})
	}
}

func TestDeterminismErrorNamesTheInnerOperationAndCanBeLookedAt(t *testing.T) {
	changed := false
	var seen *durable.NonDeterministicExecutionError
	h := func(ctx durable.Context, _ any) (string, error) {
		_, err := durable.RunInChildContext(ctx, "child", func(c durable.Context) (int, error) {
			name := "first"
			if changed {
				name = "other"
			}
			err := stepOp(name)(c)
			errors.As(err, &seen)
			if err != nil {
				return 0, err
			}
			return 0, durable.Wait(c, "w", time.Second)
		})
		return "", err
	}
	r := durabletest.NewLocalRunner(h)
	if _, err := r.Run(nil); err != nil {
		t.Fatal(err)
	}
	r.CompletePendingTimers()
	changed = true
	if _, err := r.Run(nil); err != nil {
		t.Fatal(err)
	}
	if seen == nil || seen.StepID != "1-1" || seen.Name != "other" || seen.CurrentName != "other" || seen.RecordedName != "first" || seen.RecordedType != "STEP" || seen.RecordedSubType != "Step" {
		t.Errorf("%+v", seen)
	}
}

// TestUnrecordedOperationOfAFinishedContextDoesNotRun: a body that is run again only to make its large result must not do
// anything new.
func TestUnrecordedOperationOfAFinishedContextDoesNotRun(t *testing.T) {
	again, ran := false, false
	h := func(ctx durable.Context, _ any) (int, error) {
		big, err := durable.RunInChildContext(ctx, "large", func(c durable.Context) (string, error) {
			if again {
				if _, err := durable.Step(c, "new", func(durable.StepContext) (int, error) { ran = true; return 1, nil }); err != nil {
					return "", err
				}
			}
			return strings.Repeat("x", 300_000), nil
		})
		if err != nil {
			return 0, err
		}
		return len(big), durable.Wait(ctx, "w", time.Second)
	}
	r := durabletest.NewLocalRunner(h)
	if _, err := r.Run(nil); err != nil {
		t.Fatal(err)
	}
	r.CompletePendingTimers()
	again = true
	res, err := r.Run(nil)
	if err != nil || res.Status != durabletest.Failed || ran {
		t.Fatalf("%+v %v, the new step ran: %v", res, err, ran)
	}
	if m := res.Error.Message; !strings.Contains(m, `1-1`) || !strings.Contains(m, `STEP/Step "new"`) || !strings.Contains(m, "recorded no such operation") {
		t.Error(m)
	}
}

func TestContextsBelongToTheirGoroutineAndBody(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		apart := make(chan error)
		go func() { apart <- stepOp("apart")(ctx) }()
		if err := <-apart; !errors.Is(err, durable.ErrWrongGoroutine) {
			t.Errorf("on another goroutine: %v", err)
		}
		_, err := durable.Step(ctx, "outer", func(durable.StepContext) (int, error) {
			if err := stepOp("nested")(ctx); !errors.Is(err, durable.ErrWrongContext) {
				t.Errorf("in a step body: %v", err)
			}
			return 1, nil
		})
		if err != nil {
			return "", err
		}
		err = childOp("child", func(durable.Context) error {
			if err := durable.Wait(ctx, "outer's", time.Second); !errors.Is(err, durable.ErrWrongContext) {
				t.Errorf("in a child body: %v", err)
			}
			return nil
		})(ctx)
		return "fine", err
	}, nil)
	wantResult(t, r, "fine")
	wantLetters(t, r, "S0 S+ C0 C+ | X+")
}

// TestContextsOfOtherBranchesAreRefused: goroutines that the SDK started itself are told apart as well, those that have
// ended too.
func TestContextsOfOtherBranchesAreRefused(t *testing.T) {
	run(t, func(ctx durable.Context, _ any) (string, error) {
		_, err := durable.StepAsync(ctx, "beside", func(durable.StepContext) (int, error) {
			if err := stepOp("outer's")(ctx); !errors.Is(err, durable.ErrWrongGoroutine) {
				t.Errorf("on the goroutine of an asynchronous step: %v", err)
			}
			return 1, nil
		}).Result(ctx)
		if err != nil {
			return "", err
		}
		var kept durable.Context
		_, err = durable.RunInChildContextAsync(ctx, "child", func(c durable.Context) (int, error) {
			kept = c
			if err := stepOp("outer's")(ctx); !errors.Is(err, durable.ErrWrongGoroutine) {
				t.Errorf("on the goroutine of a child: %v", err)
			}
			return 1, stepOp("inner")(c)
		}).Result(ctx)
		if err != nil {
			return "", err
		}
		if err := stepOp("late")(kept); !errors.Is(err, durable.ErrWrongGoroutine) {
			t.Errorf("on the context of a child that has ended: %v", err)
		}
		return "fine", stepOp("after")(ctx)
	}, nil)
}

// TestOperationsDeepInTheStack: a goroutine is known however many frames lie between the handler and the operation.
func TestOperationsDeepInTheStack(t *testing.T) {
	var descend func(ctx durable.Context, frames int) error
	descend = func(ctx durable.Context, frames int) error {
		if frames > 0 {
			return descend(ctx, frames-1)
		}
		return stepOp("bottom")(ctx)
	}
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		for frames := range 100 {
			if err := descend(ctx, frames); err != nil {
				return "", fmt.Errorf("%d frames: %w", frames, err)
			}
		}
		return "fine", nil
	}, nil)
	wantResult(t, r, "fine")
}
