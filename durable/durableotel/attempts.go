package durableotel

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/perdure/perdure/durable"
)

// attempt is one run of a body.
type attempt struct {
	operation string // wire id
	number    int
}

func (r *run) attemptStarted(ctx context.Context, info durable.AttemptHookInfo) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.open[wireID(info.ID)]
	if r.closed || o == nil {
		return
	}
	r.show(ctx, o)
	a := attempt{o.id, info.Attempt}
	number := attribute.Int("durable.attempt.number", info.Attempt)
	r.attempts[a] = r.span(ctx, label(&info.OperationHookInfo)+" attempt "+strconv.Itoa(info.Attempt), o.context, trace.SpanID{},
		trace.WithLinks(r.across()), trace.WithAttributes(r.facts(&info.OperationHookInfo)...), trace.WithAttributes(number))
}

func (r *run) attemptEnded(info durable.AttemptEndHookInfo) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := attempt{wireID(info.ID), info.Attempt}
	s := r.attempts[a]
	if s == nil {
		return
	}
	delete(r.attempts, a)
	s.SetAttributes(attribute.String("durable.attempt.outcome", string(info.Outcome)))
	if info.Outcome == durable.PluginAttemptSucceeded {
		s.SetStatus(codes.Ok, "")
	}
	fail(s, info.Error)
	s.End()
}

// wrapAttempt runs a body under its attempt.
func wrapAttempt(ctx context.Context, info durable.AttemptHookInfo, fn func(context.Context) (any, error)) (any, error) {
	if r := runIn(ctx); r != nil {
		r.mu.Lock()
		s := r.attempts[attempt{wireID(info.ID), info.Attempt}]
		r.mu.Unlock()
		if s != nil {
			ctx = trace.ContextWithSpan(ctx, s)
		}
	}
	return fn(ctx)
}
