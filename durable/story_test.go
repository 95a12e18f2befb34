package durable_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/conformance"
	"github.com/perdure/perdure/durable/durabletest"
)

// letters writes a history in the notation of package conformance.
func letters(r *durabletest.TestResult) string {
	return strings.Join(conformance.Letters(r.EventTypes()), " ")
}

func run[I, O any](t *testing.T, h durable.Handler[I, O], event I, opts ...durable.HandlerOption) *durabletest.TestResult {
	t.Helper()
	res, err := durabletest.NewLocalRunner(h, opts...).RunUntilComplete(event)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func wantLetters(t *testing.T, r *durabletest.TestResult, want string) {
	t.Helper()
	if got := letters(r); got != want {
		t.Errorf("history\n got %s\nwant %s", got, want)
	}
}

func wantResult[O comparable](t *testing.T, r *durabletest.TestResult, want O) {
	t.Helper()
	got, err := durabletest.ResultAs[O](r)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("result %v, want %v", got, want)
	}
}

func TestStepThenWaitReplaysTheStep(t *testing.T) {
	runs := 0
	r := run(t, func(ctx durable.Context, name string) (string, error) {
		s, err := durable.Step(ctx, "greet", func(durable.StepContext) (string, error) { runs++; return "hello " + name, nil })
		if err != nil {
			return "", err
		}
		return s, durable.Wait(ctx, "nap", 90*time.Second)
	}, "you")
	wantResult(t, r, "hello you")
	wantLetters(t, r, "S0 S+ W0 | W+ | X+")
	if runs != 1 {
		t.Errorf("the step ran %d times", runs)
	}
}

func TestStepIsRetriedInALaterInvocation(t *testing.T) {
	runs := 0
	r := run(t, func(ctx durable.Context, _ any) (int, error) {
		return durable.Step(ctx, "flaky", func(sc durable.StepContext) (int, error) {
			if runs++; runs < 3 {
				return 0, errors.New("not yet")
			}
			return sc.Attempt(), nil
		})
	}, nil)
	wantResult(t, r, 3)
	wantLetters(t, r, "S0 S- | S0 S- | S0 S+ | X+")
}

func TestExhaustedStepFailsTheExecution(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (int, error) {
		return durable.Step(ctx, "hopeless", func(durable.StepContext) (int, error) { return 0, errors.New("never") },
			durable.WithRetry(durable.NoRetry()))
	}, nil)
	wantLetters(t, r, "S0 S- | X-")
	if r.Error.Type != "StepError" || !strings.Contains(r.Error.Message, "never") {
		t.Errorf("error %+v", r.Error)
	}
	if len(r.Error.StackTrace) == 0 || !strings.Contains(r.Error.StackTrace[0], "TestExhaustedStepFailsTheExecution") {
		t.Errorf("stack trace %q", r.Error.StackTrace)
	}
}

func TestAsyncStepsShareOneCall(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (int, error) {
		var fs []*durable.Future[int]
		for i := range 5 {
			fs = append(fs, durable.StepAsync(ctx, "", func(durable.StepContext) (int, error) { return i, nil }))
		}
		sum := 0
		for _, f := range fs {
			v, err := f.Result(ctx)
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	}, nil)
	wantResult(t, r, 10)
	if n := len(r.Operations); n != 5 {
		t.Errorf("%d operations", n)
	}
}

func TestUnawaitedOperationsLeaveNoRecord(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		durable.WaitAsync(ctx, "w", time.Hour)
		durable.InvokeAsync[string](ctx, "i", "f:1", "x")
		return "done", nil
	}, nil)
	wantResult(t, r, "done")
	wantLetters(t, r, "| X+")
}

func TestChildContextIsRecordedOnce(t *testing.T) {
	bodies := 0
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		s, err := durable.RunInChildContext(ctx, "child", func(c durable.Context) (string, error) {
			bodies++
			return durable.Step(c, "in", func(durable.StepContext) (string, error) { return "x", nil })
		})
		if err != nil {
			return "", err
		}
		return s, durable.Wait(ctx, "", time.Second)
	}, nil)
	wantLetters(t, r, "C0 S0 S+ C+ W0 | W+ | X+")
	if bodies != 1 {
		t.Errorf("body ran %d times", bodies)
	}
	if step := r.Operation("in"); step.ParentID != r.Operation("child").ID {
		t.Errorf("parent %q", step.ParentID)
	}
}

func TestCallbackIsAnsweredFromOutside(t *testing.T) {
	h := func(ctx durable.Context, _ any) (string, error) {
		cb, err := durable.CreateCallback[string](ctx, "approval", durable.WithCallbackSerdes(durable.JSONSerdes))
		if err != nil {
			return "", err
		}
		return cb.Result(ctx)
	}
	r := durabletest.NewLocalRunner(h)
	res, err := r.RunUntilComplete(nil)
	if err != nil || res.Status != durabletest.Pending {
		t.Fatal(res, err)
	}
	if err := r.SendCallbackSuccess(r.OpenCallbacks()[0].CallbackID, "yes"); err != nil {
		t.Fatal(err)
	}
	res, err = r.RunUntilComplete(nil)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, res, "yes")
	wantLetters(t, res, "B0 | B+ | X+")
}

func TestGoBranchesRunBesideEachOther(t *testing.T) {
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		a := durable.Go(ctx, "a", func(c durable.Context) (string, error) { return "a", durable.Wait(c, "", time.Minute) })
		b := durable.Go(ctx, "b", func(c durable.Context) (string, error) { return "b", durable.Wait(c, "", time.Hour) })
		x, err := a.Result(ctx)
		if err != nil {
			return "", err
		}
		y, err := b.Result(ctx)
		return x + y, err
	}, nil)
	wantResult(t, r, "ab")
	if len(r.Invocations) != 3 {
		t.Errorf("%d invocations: %s", len(r.Invocations), letters(r))
	}
}
