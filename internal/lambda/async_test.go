package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/store"
)

func asError[T error](err error, to *T) bool { return errors.As(err, to) }

func (c *cloud) event(payload string) {
	c.Helper()
	out := must[*sdk.InvokeOutput](c.T)(c.invoke(func(in *sdk.InvokeInput) { in.InvocationType, in.Payload = "Event", []byte(payload) }))
	if out.StatusCode != 202 || out.ExecutedVersion != nil || len(out.Payload) > 0 {
		c.Errorf("%d %v %s", out.StatusCode, out.ExecutedVersion, out.Payload)
	}
}

func (c *cloud) settle() {
	c.Helper()
	if err := c.engine.Settled(c.Context()); err != nil {
		c.Fatal(err)
	}
}

func (c *cloud) pass(d time.Duration) {
	c.Helper()
	if err := c.engine.Advance(c.Context(), d); err != nil {
		c.Fatal(err)
	}
	c.settle()
}

// events counts the events that are not dealt with.
func (c *cloud) events() int {
	c.Helper()
	heads, _, err := c.store.Heads(c.Context(), store.Filter{Kind: lambda.AsyncKind, Limit: 100})
	if err != nil {
		c.Fatal(err)
	}
	return len(heads)
}

func TestAnEventIsRetriedAfterOneAndTwoMinutesAndThenGivenUp(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	ids := map[string]bool{}
	c.answers("fn", func(in *host.Invocation) (*host.Result, error) {
		ids[in.RequestID] = true
		return functionError("Oops"), nil
	})
	c.event(`{"n":1}`)
	c.settle()
	for _, x := range []struct {
		pass time.Duration
		runs int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {119 * time.Second, 2}, {time.Second, 3}, {24 * time.Hour, 3}} {
		c.pass(x.pass)
		if got := len(c.code.ran()); got != x.runs {
			t.Fatalf("after another %v: %d tries, want %d", x.pass, got, x.runs)
		}
	}
	if len(ids) != 1 || c.events() != 0 {
		t.Errorf("request ids %v, %d events left", ids, c.events())
	}
}

func TestAnEventThatSucceedsIsDoneWith(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	c.event(`{"n":1}`)
	c.settle()
	equal(t, "runs", c.code.ran(), `[fn:$LATEST {"n":1}]`)
	equal(t, "events left", c.events(), 0)
}

func TestAnAcceptedEventSurvivesACrash(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	c.answers("fn", func(*host.Invocation) (*host.Result, error) { return functionError("Oops"), nil })
	started := make(chan bool, 9)
	c.create("stuck", nil)
	c.code.do["stuck"] = func(ctx context.Context, _ *host.Spec, _ *host.Invocation) (*host.Result, error) {
		started <- true
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c.event(`"fails"`)
	must[*sdk.InvokeOutput](t)(c.invoke(func(in *sdk.InvokeInput) {
		in.FunctionName, in.InvocationType, in.Payload = aws.String("stuck"), "Event", []byte(`"runs"`)
	}))
	<-started
	after := &code{do: map[string]func(context.Context, *host.Spec, *host.Invocation) (*host.Result, error){}}
	d := startCloud(t, c.store.Crash(0), after)
	d.settle()
	d.pass(5 * time.Minute)
	ran := map[string]bool{}
	for _, r := range after.ran() {
		ran[r] = true
	}
	if !ran[`stuck:$LATEST "runs"`] || !ran[`fn:$LATEST "fails"`] || d.events() != 0 {
		t.Errorf("after the restart %v, %d events left", ran, d.events())
	}
}

func TestThrottledEventsBackOffAndDoNotCountAsTries(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	n := 0
	c.answers("fn", func(*host.Invocation) (*host.Result, error) {
		if n++; n <= 4 {
			return nil, host.ErrThrottled
		}
		return &host.Result{Payload: []byte("1")}, nil
	})
	c.event(`1`)
	c.settle()
	for _, s := range []int{1, 2, 4, 8} {
		c.pass(time.Duration(s) * time.Second)
	}
	if n != 5 || c.events() != 0 {
		t.Errorf("%d tries, %d events left", n, c.events())
	}
}

func TestAnEventThatGrowsTooOldIsGivenUp(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	must[*sdk.PutFunctionEventInvokeConfigOutput](t)(c.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("fn"), MaximumEventAgeInSeconds: aws.Int32(60)}))
	c.answers("fn", func(*host.Invocation) (*host.Result, error) { return nil, host.ErrThrottled })
	c.event(`1`)
	for range 10 {
		c.pass(10 * time.Second)
	}
	if c.events() != 0 || len(c.code.ran()) > 7 {
		t.Errorf("%d events left after %d tries", c.events(), len(c.code.ran()))
	}
}

func TestDestinationsGetARecordOfWhatBecameOfAnEvent(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	c.create("failed", nil)
	c.create("worked", nil)
	to := func(name string) *string { return aws.String(prefix + name) }
	must[*sdk.PutFunctionEventInvokeConfigOutput](t)(c.PutFunctionEventInvokeConfig(t.Context(), &sdk.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String("fn"), MaximumRetryAttempts: aws.Int32(1),
		DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: to("worked")}, OnFailure: &types.OnFailure{Destination: to("failed")}},
	}))
	records := map[string]map[string]any{}
	for _, n := range []string{"failed", "worked"} {
		c.answers(n, func(in *host.Invocation) (*host.Result, error) {
			r := map[string]any{}
			records[n] = r
			return &host.Result{Payload: []byte("1")}, json.Unmarshal(in.Payload, &r)
		})
	}
	c.answers("fn", func(in *host.Invocation) (*host.Result, error) {
		if string(in.Payload) == `"bad"` {
			return functionError("Oops"), nil
		}
		return &host.Result{Payload: []byte(`"fine"`)}, nil
	})
	c.event(`"good"`)
	c.event(`"bad"`)
	c.settle()
	c.pass(time.Minute)
	c.settle()
	show := func(r map[string]any) string {
		x, _ := r["requestContext"].(map[string]any)
		return fmt.Sprint(r["version"], x["condition"], x["functionArn"], x["approximateInvokeCount"], r["requestPayload"], r["responsePayload"], r["responseContext"])
	}
	equal(t, "record of success", show(records["worked"]), "1.0Success"+prefix+"fn:$LATEST1goodfinemap[executedVersion:$LATEST statusCode:200]")
	equal(t, "record of failure", show(records["failed"]), "1.0RetriesExhausted"+prefix+"fn:$LATEST2badmap[errorMessage:no errorType:Oops] map[executedVersion:$LATEST functionError:Unhandled statusCode:200]")
}
