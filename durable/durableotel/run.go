package durableotel

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/perdure/perdure/durable"
)

// run is one invocation that is traced.
type run struct {
	tracer       trace.Tracer
	byInvocation bool
	arn          string
	began        time.Time // the invocation
	started      time.Time // the execution
	wanted       wanted    // ids Workflow must have got
	workflow     trace.Span
	invocation   trace.Span

	mu       sync.Mutex
	closed   bool
	open     map[string]*operation // by wire id: started, not ended
	order    []*operation
	attempts map[attempt]trace.Span
}

// newRun starts Workflow and Invocation; nil if the provider makes no spans at all. A Workflow that is never ended is
// never exported: every invocation starts it, for its ids and whether it is sampled, and one ends it.
func newRun(ctx context.Context, tracer trace.Tracer, byInvocation bool, info durable.InvocationHookInfo) *run {
	r := &run{tracer: tracer, byInvocation: byInvocation, arn: info.ExecutionArn, began: time.Now(),
		open: map[string]*operation{}, attempts: map[attempt]trace.Span{}}
	given := propagated(ctx)
	r.wanted = wanted{trace: traceOf(r.arn, info.ExecutionStartTimestamp), span: spanOf(r.arn, "")}
	if given.IsValid() {
		r.wanted.trace = given.TraceID()
	}
	arn := attribute.String("durable.execution.arn", r.arn)
	if r.started = info.ExecutionStartTimestamp; r.started.IsZero() {
		r.started = r.began
	}
	r.workflow = r.span(ctx, "Workflow", given, r.wanted.span, trace.WithTimestamp(r.started), trace.WithAttributes(arn))
	if !r.workflow.SpanContext().IsValid() {
		return nil
	}
	if r.strange() {
		return r
	}
	around := trace.SpanContextFromContext(ctx)
	below, opts := r.workflow.SpanContext(), []trace.SpanStartOption{trace.WithTimestamp(r.began),
		trace.WithAttributes(arn, attribute.Bool("durable.invocation.first", info.IsFirstInvocation))}
	if given.IsValid() {
		below = given
	}
	if around.IsValid() && around.TraceID() == r.wanted.trace {
		below = around
	} else if around.IsValid() {
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: around}))
	}
	r.invocation = r.span(ctx, "Invocation", below, trace.SpanID{}, opts...)
	return r
}

// strange reports that the provider did not ask IDs.
func (r *run) strange() bool { return r.workflow.SpanContext().SpanID() != r.wanted.span }

// span starts a span below a parent, a root without one, with a certain id or any.
func (r *run) span(ctx context.Context, name string, parent trace.SpanContext, id trace.SpanID, opts ...trace.SpanStartOption) trace.Span {
	ctx = trace.ContextWithSpanContext(ctx, parent)
	if id.IsValid() {
		ctx = context.WithValue(ctx, wantedKey{}, wanted{trace: r.wanted.trace, span: id})
	}
	_, s := r.tracer.Start(ctx, name, opts...) // its context would pass the wanted ids on
	return s
}

// operationContext is the span context every invocation knows for an operation.
func (r *run) operationContext(id string) trace.SpanContext {
	w := r.workflow.SpanContext()
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: w.TraceID(), SpanID: spanOf(r.arn, id), TraceFlags: w.TraceFlags()})
}

// handlerSpan is the span the handler runs under.
func (r *run) handlerSpan() trace.Span {
	if r.byInvocation {
		return r.invocation
	}
	return r.workflow
}

// across is the span operations and attempts link to: that of the other view.
func (r *run) across() trace.Link {
	if r.byInvocation {
		return trace.Link{SpanContext: r.workflow.SpanContext()}
	}
	return trace.Link{SpanContext: r.invocation.SpanContext()}
}

// close ends what the invocation leaves open, the invocation, and with the execution Workflow.
func (r *run) close(info durable.InvocationEndHookInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, s := range r.attempts {
		s.End()
	}
	for i := len(r.order) - 1; i >= 0; i-- {
		if o := r.order[i]; o.span != nil && !o.ended { // in the view of the invocation
			o.span.End()
		}
	}
	r.invocation.SetAttributes(attribute.String("durable.invocation.status", string(info.Status)))
	switch info.Status {
	case durable.PluginInvocationSucceeded, durable.PluginInvocationPending:
		r.invocation.SetStatus(codes.Ok, "")
	case durable.PluginInvocationFailed:
		fail(r.invocation, info.ExecutionError)
	}
	r.invocation.End()
	switch info.Status {
	case durable.PluginInvocationSucceeded:
		r.workflow.SetStatus(codes.Ok, "")
	case durable.PluginInvocationFailed:
		fail(r.workflow, info.ExecutionError)
	default:
		return
	}
	r.workflow.SetAttributes(attribute.String("durable.execution.status", string(info.Status)))
	r.workflow.End(trace.WithTimestamp(notBefore(r.started, time.Now())))
}

// notBefore is the later of two times: those of the service may be ahead of ours.
func notBefore(start, end time.Time) time.Time {
	if end.Before(start) {
		return start
	}
	return end
}

// fail marks a span as failed by an error.
func fail(s trace.Span, err error, at ...trace.EventOption) {
	if err == nil {
		return
	}
	s.SetStatus(codes.Error, err.Error())
	s.RecordError(err, at...)
}
