package durableotel

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// IDs is the generator of ids for the tracer provider, as the SDK's WithIDGenerator takes it. Spans of this package get
// the ids they must have; all others get random ones.
type IDs struct{}

// wanted is the ids the next span must have.
type wanted struct {
	trace trace.TraceID
	span  trace.SpanID
}

type wantedKey struct{}

// NewIDs gives the ids of a span without a parent.
func (IDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if w, ok := ctx.Value(wantedKey{}).(wanted); ok {
		return w.trace, w.span
	}
	var t trace.TraceID
	for !t.IsValid() {
		binary.BigEndian.PutUint64(t[:8], rand.Uint64())
		binary.BigEndian.PutUint64(t[8:], rand.Uint64())
	}
	return t, randomSpan()
}

// NewSpanID gives the id of a span in a trace that exists.
func (IDs) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if w, ok := ctx.Value(wantedKey{}).(wanted); ok {
		return w.span
	}
	return randomSpan()
}

func randomSpan() trace.SpanID {
	var s trace.SpanID
	for !s.IsValid() {
		binary.BigEndian.PutUint64(s[:], rand.Uint64())
	}
	return s
}

// traceOf is the trace of an execution that was started by nobody who traces. As X-Ray wants it, it begins with seconds.
func traceOf(arn string, started time.Time) trace.TraceID {
	var t trace.TraceID
	sum := sha256.Sum256([]byte("trace\n" + arn + "\n" + strconv.FormatInt(started.UnixMilli(), 10)))
	copy(t[:], sum[:])
	binary.BigEndian.PutUint32(t[:4], uint32(started.Unix()))
	return t
}

// spanOf is the id of an operation's span; of Workflow's for an empty operation.
func spanOf(arn, operation string) trace.SpanID {
	var s trace.SpanID
	sum := sha256.Sum256([]byte("span\n" + arn + "\n" + operation))
	copy(s[:], sum[:])
	return s
}

// wireID is what the service calls the operation at a position. Hooks name operations by position, parents by wire id.
func wireID(position string) string {
	sum := sha256.Sum256([]byte(position))
	return hex.EncodeToString(sum[:16])
}
