package durable_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/perdure/perdure/durable"
)

// acceptance takes every checkpoint and tells nothing back.
type acceptance struct{}

func (acceptance) Checkpoint(context.Context, durable.CheckpointInput) (durable.CheckpointOutput, error) {
	return durable.CheckpointOutput{CheckpointToken: "t"}, nil
}

func (acceptance) GetExecutionState(context.Context, durable.GetExecutionStateInput) (durable.GetExecutionStateOutput, error) {
	return durable.GetExecutionStateOutput{}, nil
}

func TestResultsThatTheCodeHasAreNotKept(t *testing.T) {
	const steps, size = 300, 200_000
	var first, last uint64
	fn := durable.Wrap(func(ctx durable.Context, _ any) (string, error) {
		for i := range steps {
			if _, err := durable.Step(ctx, fmt.Sprint("s", i), func(durable.StepContext) (string, error) { return strings.Repeat("x", size), nil }); err != nil {
				return "", err
			}
			if i == 10 {
				first = held()
			}
		}
		last = held()
		return "", nil
	}, durable.WithExecutionClient(acceptance{}), durable.WithLogHandler(slog.DiscardHandler))
	event := fmt.Sprintf(`{"DurableExecutionArn":"%s","CheckpointToken":"t","InitialExecutionState":{"Operations":[{"Id":"i","Type":"EXECUTION","Status":"STARTED"}]}}`, testARN)
	if _, err := fn(t.Context(), []byte(event)); err != nil {
		t.Fatal(err)
	}
	if last > first && last-first > steps*size/4 {
		t.Errorf("the heap grew by %d bytes over %d results of %d bytes", last-first, steps, size)
	}
}

// held is how many bytes of memory are in use.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
