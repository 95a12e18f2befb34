package durableotel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/perdure/perdure/durable"
)

// operation is one that this invocation saw begin, or go on. Its fields belong to run.mu.
type operation struct {
	id      string
	info    durable.OperationHookInfo // as of its start
	began   time.Time                 // in this invocation
	above   *operation                // nil: below the handler, or below something of which this invocation knows no more
	context trace.SpanContext         // of its span; in the view of the execution that need not exist yet
	span    trace.Span                // in the view of the invocation, once there is something to show
	ended   bool
}

// place is where code runs: in the body of a context. It travels in the context the body is given.
type place struct {
	op *operation
}

type placeKey struct{}

// above is the operation around another one. What runs in a context without a record is filed under the record around.
func (r *run) above(ctx context.Context, parent string) *operation {
	if p, ok := ctx.Value(placeKey{}).(place); ok && (parent == p.op.id || parent == p.op.info.ParentID) {
		return p.op
	}
	return r.open[parent]
}

func (r *run) operationStarted(ctx context.Context, info durable.OperationHookInfo) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	o := r.know(ctx, info)
	if again := info.IsReplay && info.StartTimestamp.IsZero(); !again { // a context without a record may be over already
		r.show(ctx, o)
	}
}

// know takes an operation in. Caller holds mu.
func (r *run) know(ctx context.Context, info durable.OperationHookInfo) *operation {
	o := &operation{id: wireID(info.ID), info: info, began: time.Now(), above: r.above(ctx, info.ParentID)}
	o.context = r.operationContext(o.id)
	r.open[o.id] = o
	r.order = append(r.order, o)
	return o
}

// parent is the span an operation's is below. Caller holds mu.
func (r *run) parent(ctx context.Context, o *operation) trace.SpanContext {
	switch {
	case o.above != nil:
		r.show(ctx, o.above)
		return o.above.context
	case r.byInvocation || o.info.ParentID == "":
		return r.handlerSpan().SpanContext()
	}
	return r.operationContext(o.info.ParentID)
}

// show starts the span an operation has in this invocation, in the view of the invocation. The first one has the id that
// all invocations know, the others link to it. Caller holds mu.
func (r *run) show(ctx context.Context, o *operation) {
	if !r.byInvocation || o.span != nil {
		return
	}
	id, links := spanOf(r.arn, o.id), []trace.Link{r.across()}
	if o.info.IsReplay {
		id, links = trace.SpanID{}, append([]trace.Link{{SpanContext: r.operationContext(o.id)}}, links...)
	}
	o.span = r.span(ctx, label(&o.info), r.parent(ctx, o), id, trace.WithTimestamp(o.began), trace.WithLinks(links...),
		trace.WithAttributes(r.facts(&o.info)...), trace.WithAttributes(attribute.String("durable.operation.status", string(durable.PluginOperationStarted))))
	o.context = o.span.SpanContext()
}

func (r *run) operationEnded(ctx context.Context, info durable.OperationHookInfo) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	o := r.open[wireID(info.ID)]
	if o == nil { // the service ended it, between invocations
		o = r.know(ctx, info)
	}
	if o.ended {
		return
	}
	o.ended = true
	if r.byInvocation {
		r.show(ctx, o)
		finish(o.span, &info)
		o.span.End()
		return
	}
	start, end := o.began, time.Now()
	if o.info.IsReplay && !info.StartTimestamp.IsZero() {
		start = info.StartTimestamp
	}
	if info.IsReplay && !info.EndTimestamp.IsZero() {
		end = info.EndTimestamp
	}
	end = notBefore(start, end)
	s := r.span(ctx, label(&info), r.parent(ctx, o), spanOf(r.arn, o.id), trace.WithTimestamp(start), trace.WithLinks(r.across()),
		trace.WithAttributes(r.facts(&info)...))
	finish(s, &info, trace.WithTimestamp(end))
	s.End(trace.WithTimestamp(end))
}

// finish says how an operation ended. A failure without an error leaves the span's own status alone.
func finish(s trace.Span, info *durable.OperationHookInfo, at ...trace.EventOption) {
	s.SetAttributes(attribute.String("durable.operation.status", string(info.Status)))
	if info.Type == string(durable.OperationTypeStep) && info.Attempt > 0 {
		s.SetAttributes(attribute.Int("durable.attempt.number", info.Attempt))
	}
	if info.Status == durable.PluginOperationSucceeded {
		s.SetStatus(codes.Ok, "")
		return
	}
	fail(s, info.Error, at...)
}

// label is the name of an operation's span.
func label(info *durable.OperationHookInfo) string {
	switch {
	case info.Name != "":
		return info.Name
	case info.SubType != "":
		return info.SubType
	}
	return info.Type
}

// facts are the attributes of operations and attempts.
func (r *run) facts(info *durable.OperationHookInfo) []attribute.KeyValue {
	out := []attribute.KeyValue{attribute.String("durable.execution.arn", r.arn), attribute.String("durable.operation.id", wireID(info.ID)),
		attribute.String("durable.operation.type", info.Type)}
	if info.SubType != "" {
		out = append(out, attribute.String("durable.operation.subtype", info.SubType))
	}
	if info.Name != "" {
		out = append(out, attribute.String("durable.operation.name", info.Name))
	}
	return out
}

// wrapChild runs the body of a context under its operation.
func wrapChild(ctx context.Context, info durable.OperationHookInfo, fn func(context.Context) (any, error)) (any, error) {
	if o, span := runIn(ctx).within(info.ID); o != nil {
		ctx = context.WithValue(ctx, placeKey{}, place{o})
		if span != nil {
			ctx = trace.ContextWithSpan(ctx, span)
		} else if !runIn(ctx).byInvocation {
			ctx = trace.ContextWithSpanContext(ctx, o.context)
		}
	}
	return fn(ctx)
}

// within is the operation at a position and its span, if there are.
func (r *run) within(position string) (*operation, trace.Span) {
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.open[wireID(position)]
	if o == nil || o.ended { // the body of a context that is over runs again, to make its result
		return nil, nil
	}
	return o, o.span
}
