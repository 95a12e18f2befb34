package durableotel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/durableotel"
)

// client accepts every checkpoint, or fails as it is told.
type client struct{ err error }

func (c client) Checkpoint(context.Context, durable.CheckpointInput) (durable.CheckpointOutput, error) {
	return durable.CheckpointOutput{CheckpointToken: "next"}, c.err
}

func (c client) GetExecutionState(context.Context, durable.GetExecutionStateInput) (durable.GetExecutionStateOutput, error) {
	return durable.GetExecutionStateOutput{}, nil
}

const arn = "arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/n/i"

var started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// invoke runs one first invocation of an execution under a plugin.
func invoke(ctx context.Context, arn string, plugin durable.Plugin, h durable.Handler[any, any], opts ...durable.HandlerOption) error {
	payload, err := json.Marshal(map[string]any{"DurableExecutionArn": arn, "CheckpointToken": "t", "InitialExecutionState": map[string]any{
		"Operations": []map[string]any{{"Id": "i", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": started.UnixMilli()}}}})
	if err != nil {
		return err
	}
	opts = append([]durable.HandlerOption{durable.WithExecutionClient(client{}), durable.WithLogHandler(slog.DiscardHandler), durable.WithPlugins(plugin)}, opts...)
	_, err = durable.Wrap(h, opts...)(ctx, payload)
	return err
}

func step(ctx durable.Context, _ any) (any, error) {
	return durable.Step(ctx, "s", func(durable.StepContext) (any, error) { return 1, nil })
}

func recorder(opts ...sdktrace.TracerProviderOption) (*tracetest.SpanRecorder, trace.TracerProvider) {
	r := tracetest.NewSpanRecorder()
	return r, sdktrace.NewTracerProvider(append([]sdktrace.TracerProviderOption{sdktrace.WithSpanProcessor(r), sdktrace.WithIDGenerator(durableotel.IDs{})}, opts...)...)
}

func named(t *testing.T, r *tracetest.SpanRecorder, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, s := range r.Ended() {
		if s.Name() == name {
			return s
		}
	}
	t.Fatalf("no span %q was exported", name)
	return nil
}

func TestIDsAreThoseOfTheExecutionWhereverItRuns(t *testing.T) {
	var seen []trace.SpanContext
	for range 2 {
		r, provider := recorder()
		if err := invoke(t.Context(), arn, durableotel.ExecutionPlugin(durableotel.WithTracerProvider(provider)), step); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, named(t, r, "Workflow").SpanContext(), named(t, r, "s").SpanContext())
	}
	if !seen[0].Equal(seen[2]) || !seen[1].Equal(seen[3]) {
		t.Errorf("ids differ between processes: %v", seen)
	}
	if got := seen[0].TraceID().String()[:8]; got != fmt.Sprintf("%08x", started.Unix()) {
		t.Errorf("trace id begins with %s, not with the second of the start", got)
	}
}

func TestTraceHeader(t *testing.T) {
	const root, parent = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
	sampled := "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=" + parent + ";Sampled=1"
	for name, c := range map[string]struct {
		header string
		used   bool
	}{
		"sampled":          {sampled, true},
		"in another order": {"Parent=" + parent + "; Sampled=1;Lineage=a:0; Root=1-5759e988-bd862e3fe1be46a994272793", true},
		"not sampled":      {strings.Replace(sampled, "Sampled=1", "Sampled=0", 1), false},
		"without parent":   {"Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", false},
		"short root":       {"Root=1-5759e988-bd86;Parent=" + parent + ";Sampled=1", false},
		"nonsense":         {";;=;Root", false},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(ctx context.Context) {
				r, provider := recorder()
				if err := invoke(ctx, arn, durableotel.InvocationPlugin(durableotel.WithTracerProvider(provider)), step); err != nil {
					t.Fatal(err)
				}
				for _, n := range []string{"Workflow", "Invocation"} {
					s := named(t, r, n)
					if used := s.SpanContext().TraceID().String() == root && s.Parent().SpanID().String() == parent; used != c.used {
						t.Errorf("%s is on trace %s under %s", n, s.SpanContext().TraceID(), s.Parent().SpanID())
					}
				}
			}
			t.Setenv("_X_AMZN_TRACE_ID", "")
			//lint:ignore SA1029 the key is the Lambda runtime's
			check(context.WithValue(t.Context(), "x-amzn-trace-id", c.header))
			t.Setenv("_X_AMZN_TRACE_ID", c.header)
			check(t.Context())
		})
	}
}

func TestAProviderWithOtherIDsIsReportedAndMakesNoSpans(t *testing.T) {
	var said []error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { said = append(said, err) }))
	r := tracetest.NewSpanRecorder()
	plugin := durableotel.ExecutionPlugin(durableotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r))))
	for range 3 {
		if err := invoke(t.Context(), arn, plugin, step); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.Ended()) != 0 || len(said) != 1 || !strings.Contains(said[0].Error(), "WithIDGenerator(durableotel.IDs{})") {
		t.Errorf("%d spans, said %v", len(r.Ended()), said)
	}
}

func TestWithoutAProviderNothingHappens(t *testing.T) {
	if err := invoke(t.Context(), arn, durableotel.ExecutionPlugin(), step); err != nil {
		t.Fatal(err)
	}
}

func TestAnExecutionThatIsNotSampledExportsNothing(t *testing.T) {
	r, provider := recorder(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	if err := invoke(t.Context(), arn, durableotel.ExecutionPlugin(durableotel.WithTracerProvider(provider)), step); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Ended()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

func TestAnInvocationToBeRepeatedHasNoVerdict(t *testing.T) {
	r, provider := recorder()
	lost := durable.WithExecutionClient(client{err: errors.New("connection reset")})
	if err := invoke(t.Context(), arn, durableotel.ExecutionPlugin(durableotel.WithTracerProvider(provider)), step, lost); err == nil {
		t.Fatal("the invocation must fail")
	}
	s := named(t, r, "Invocation")
	if s.Status().Code != codes.Unset || len(r.Ended()) != 2 { // with the attempt
		t.Errorf("status %v, %d spans", s.Status(), len(r.Ended()))
	}
}

func TestTheSpanAroundTheHandler(t *testing.T) {
	r, provider := recorder()
	plugin := durableotel.InvocationPlugin(durableotel.WithTracerProvider(provider))
	ctx, around := provider.Tracer("layer").Start(t.Context(), "around")
	if err := invoke(ctx, arn, plugin, step); err != nil {
		t.Fatal(err)
	}
	s := named(t, r, "Invocation")
	if len(s.Links()) != 1 || s.Links()[0].SpanContext.SpanID() != around.SpanContext().SpanID() || s.Parent().SpanID() != named(t, r, "Workflow").SpanContext().SpanID() {
		t.Errorf("a span of another trace: links %v, parent %v", s.Links(), s.Parent())
	}
	r.Reset()
	same := trace.NewSpanContext(trace.SpanContextConfig{TraceID: s.SpanContext().TraceID(), SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled})
	if err := invoke(trace.ContextWithSpanContext(t.Context(), same), arn, plugin, step); err != nil {
		t.Fatal(err)
	}
	if s := named(t, r, "Invocation"); s.Parent().SpanID() != same.SpanID() {
		t.Errorf("a span of the same trace is not the parent: %v", s.Parent())
	}
}

func TestLogLinesNameTheirSpan(t *testing.T) {
	var log bytes.Buffer
	r, provider := recorder()
	err := invoke(t.Context(), arn, durableotel.ExecutionPlugin(durableotel.WithTracerProvider(provider)), func(ctx durable.Context, _ any) (any, error) {
		ctx.Logger().Info("handler")
		return durable.Step(ctx, "s", func(sc durable.StepContext) (any, error) { sc.Logger().Info("attempt"); return 1, nil })
	}, durable.WithLogHandler(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"handler": named(t, r, "Workflow").SpanContext().SpanID().String(), "attempt": named(t, r, "s attempt 1").SpanContext().SpanID().String()}
	for d := json.NewDecoder(&log); d.More(); {
		var line struct {
			Msg, SpanID      string
			OtelTraceSampled bool
		}
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.SpanID != want[line.Msg] || !line.OtelTraceSampled {
			t.Errorf("%+v, want span %s", line, want[line.Msg])
		}
		delete(want, line.Msg)
	}
	if len(want) > 0 {
		t.Errorf("lines missing: %v", want)
	}
}

func TestInvocationsShareAProcess(t *testing.T) {
	r, provider := recorder()
	plugin := durableotel.InvocationPlugin(durableotel.WithTracerProvider(provider))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: string(rune('a' + i))})
			if err := invoke(ctx, arn, plugin, func(ctx durable.Context, _ any) (any, error) {
				res, err := durable.Map(ctx, "m", make([]int, 5), func(c durable.Context, _, _ int) (any, error) { return step(c, nil) })
				return res.SuccessCount(), err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(r.Ended()); n != 20*(2+1+5*3) {
		t.Errorf("%d spans", n)
	}
}
