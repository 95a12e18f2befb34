package jsonata_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// TestHostileExpressionsEndWithoutDeadline leaves ending to the count of steps.
func TestHostileExpressionsEndWithoutDeadline(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const most = 500 * time.Millisecond * slower
	for name, expr := range hostile() {
		began := cpuTime()
		_, err := run(expr, value.Value{}, nil, jsonata.Options{}, jsonata.Limits{Bytes: 28 << 20, Steps: 100_000})
		var e *jsonata.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%s: failed with something else: %v", name, err)
		}
		if spent := cpuTime() - began; spent > most {
			t.Errorf("%s: took %v of processor time (%.100v)", name, spent, err)
		}
	}
}
