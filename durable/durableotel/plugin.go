package durableotel

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"github.com/perdure/perdure/durable"
)

// scope is the name of the instrumentation, as backends show it.
const scope = "github.com/perdure/perdure/durable/durableotel"

// Option configures a plugin.
type Option func(*plugin)

// WithTracerProvider sets where spans go; without it they go to the global provider of the moment.
func WithTracerProvider(p trace.TracerProvider) Option { return func(pl *plugin) { pl.provider = p } }

// ExecutionPlugin makes spans of executions: each operation once, below Workflow.
func ExecutionPlugin(opts ...Option) durable.Plugin { return newPlugin(false, opts) }

// InvocationPlugin makes spans of invocations: operations below the Invocation that saw them.
func InvocationPlugin(opts ...Option) durable.Plugin { return newPlugin(true, opts) }

// plugin knows the invocations that are going on.
type plugin struct {
	provider     trace.TracerProvider // nil: the global one
	byInvocation bool

	mu   sync.Mutex
	runs map[string]*run
	told bool // that the provider has another generator of ids
}

func newPlugin(byInvocation bool, opts []Option) durable.Plugin {
	p := &plugin{byInvocation: byInvocation, runs: map[string]*run{}}
	for _, o := range opts {
		o(p)
	}
	return durable.Plugin{
		OnInvocationStart:       p.start,
		OnInvocationEnd:         p.end,
		OnOperationStart:        func(ctx context.Context, i durable.OperationHookInfo) { runIn(ctx).operationStarted(ctx, i) },
		OnOperationEnd:          func(ctx context.Context, i durable.OperationHookInfo) { runIn(ctx).operationEnded(ctx, i) },
		OnOperationAttemptStart: func(ctx context.Context, i durable.AttemptHookInfo) { runIn(ctx).attemptStarted(ctx, i) },
		OnOperationAttemptEnd:   func(ctx context.Context, i durable.AttemptEndHookInfo) { runIn(ctx).attemptEnded(i) },
		WrapInvocation:          p.wrapInvocation,
		WrapOperationAttemptFn:  wrapAttempt,
		WrapChildContextFn:      wrapChild,
		EnrichLogContext:        logFields,
	}
}

// key tells invocations apart, also two of one execution in one process.
func key(ctx context.Context, arn string) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return arn + "\n" + lc.AwsRequestID
	}
	return arn
}

// source is where spans go at the moment.
func (p *plugin) source() trace.TracerProvider {
	if p.provider != nil {
		return p.provider
	}
	return otel.GetTracerProvider()
}

func (p *plugin) start(ctx context.Context, info durable.InvocationHookInfo) {
	r := newRun(ctx, p.source().Tracer(scope), p.byInvocation, info)
	if r == nil {
		return
	}
	if r.strange() {
		p.mu.Lock()
		told := p.told
		p.told = true
		p.mu.Unlock()
		if !told {
			otel.Handle(errors.New("durableotel: the tracer provider does not take its ids from durableotel.IDs, so an execution's spans would not join; make it with sdktrace.WithIDGenerator(durableotel.IDs{})"))
		}
		return
	}
	p.mu.Lock()
	p.runs[key(ctx, info.ExecutionArn)] = r
	p.mu.Unlock()
}

// end closes the invocation's spans and lets the provider send them: the process may be frozen after it.
func (p *plugin) end(ctx context.Context, info durable.InvocationEndHookInfo) {
	k := key(ctx, info.ExecutionArn)
	p.mu.Lock()
	r := p.runs[k]
	delete(p.runs, k)
	p.mu.Unlock()
	if r == nil {
		return
	}
	r.close(info)
	if f, ok := p.source().(interface{ ForceFlush(context.Context) error }); ok {
		if err := f.ForceFlush(ctx); err != nil {
			otel.Handle(err)
		}
	}
}

type runKey struct{}

// runIn is the invocation code runs in; nil, which every method takes, if nothing is traced.
func runIn(ctx context.Context) *run {
	r, _ := ctx.Value(runKey{}).(*run)
	return r
}

func (p *plugin) wrapInvocation(ctx context.Context, info durable.InvocationHookInfo, fn func(context.Context) (any, error)) (any, error) {
	p.mu.Lock()
	r := p.runs[key(ctx, info.ExecutionArn)]
	p.mu.Unlock()
	if r == nil {
		return fn(ctx)
	}
	return fn(trace.ContextWithSpan(context.WithValue(ctx, runKey{}, r), r.handlerSpan()))
}

// logFields says which span a log line belongs to.
func logFields(ctx context.Context) map[string]any {
	sc := trace.SpanContextFromContext(ctx)
	if !sc.IsValid() {
		return nil
	}
	return map[string]any{"traceId": sc.TraceID().String(), "spanId": sc.SpanID().String(), "otelTraceSampled": sc.IsSampled()}
}
