package inproc

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/host"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func serve(f Function, after func(time.Duration) <-chan time.Time) *Host {
	return New(Config{Now: func() time.Time { return start }, After: after, Find: func(s *host.Spec) Function {
		if s.FunctionName == "f" {
			return f
		}
		return nil
	}})
}

func TestResultsErrorsAndPanicsAreAnsweredAsLambdaDoes(t *testing.T) {
	for name, c := range map[string]struct {
		f              Function
		payload, error string
	}{
		"result": {func(_ context.Context, c *Call) ([]byte, error) { return c.Payload, nil }, `{"in":1}`, ""},
		"error": {func(context.Context, *Call) ([]byte, error) { return nil, errors.New("no") },
			`{"errorMessage":"no","errorType":"Error"}`, "Unhandled"},
		"failure": {func(context.Context, *Call) ([]byte, error) {
			return nil, &Failure{"Mine", []byte(`{"errorType": "Mine"}`)}
		},
			`{"errorType": "Mine"}`, "Unhandled"},
		"panic": {func(context.Context, *Call) ([]byte, error) { panic("oh") },
			`{"errorMessage":"panic: oh","errorType":"Runtime.Panic"}`, "Unhandled"},
	} {
		h := serve(c.f, nil)
		r, err := h.Invoke(t.Context(), &host.Spec{FunctionName: "f"}, &host.Invocation{Payload: []byte(`{"in":1}`)})
		if err != nil || string(r.Payload) != c.payload || r.FunctionError != c.error {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFunctionThatTakesTooLongIsTimedOut(t *testing.T) {
	due := make(chan time.Time, 1)
	due <- start
	h := serve(func(ctx context.Context, _ *Call) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() },
		func(time.Duration) <-chan time.Time { return due })
	r, err := h.Invoke(t.Context(), &host.Spec{FunctionName: "f", Timeout: 3 * time.Second}, &host.Invocation{RequestID: "id"})
	const want = `{"errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}`
	if err != nil || string(r.Payload) != want || r.ErrorType != "Sandbox.Timedout" {
		t.Errorf("got %+v, %v", r, err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotRunIsSaid(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	h := serve(func(context.Context, *Call) ([]byte, error) { close(entered); <-leave; return nil, nil }, nil)
	var missing *host.StartError
	if _, err := h.Invoke(t.Context(), &host.Spec{FunctionName: "g"}, &host.Invocation{}); !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
	one := &host.Spec{FunctionName: "f", Key: "k", Concurrency: 1}
	go h.Invoke(context.Background(), one, &host.Invocation{})
	<-entered
	if _, err := h.Invoke(t.Context(), one, &host.Invocation{}); !errors.Is(err, host.ErrThrottled) {
		t.Errorf("got %v", err)
	}
	close(leave)
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if _, err := h.Invoke(t.Context(), one, &host.Invocation{}); err == nil {
		t.Error("a closed host ran a function")
	}
}
