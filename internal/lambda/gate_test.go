package lambda_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/internal/host"
)

func (c *cloud) reserve(n int32) {
	c.Helper()
	_, err := c.PutFunctionConcurrency(c.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("fn"), ReservedConcurrentExecutions: &n})
	if err != nil {
		c.Fatal(err)
	}
}

func durableConfig(in *sdk.CreateFunctionInput) {
	in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(300)}
}

func startDurable(in *sdk.InvokeInput) {
	in.Qualifier, in.InvocationType = aws.String("$LATEST"), "Event"
}

// held answers a function's invocations only when told to.
func (c *cloud) held(answer string) (running, finish chan bool) {
	running, finish = make(chan bool), make(chan bool)
	c.answers("fn", func(*host.Invocation) (*host.Result, error) {
		running <- true
		<-finish
		return &host.Result{Payload: []byte(answer)}, nil
	})
	return running, finish
}

// The clock of these tests stands still: what runs was woken by the place that became free, not by time.
func TestAFreePlaceWakesTheNextInvocation(t *testing.T) {
	for name, kind := range map[string]struct {
		create func(*sdk.CreateFunctionInput)
		invoke func(*sdk.InvokeInput)
		answer string
	}{
		"durable executions": {durableConfig, startDurable, `{"Status":"SUCCEEDED"}`},
		"events":             {nil, func(in *sdk.InvokeInput) { in.InvocationType = "Event" }, `1`},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.create("fn", kind.create)
			c.reserve(1)
			running, finish := c.held(kind.answer)
			for range 5 {
				must[*sdk.InvokeOutput](t)(c.invoke(kind.invoke))
			}
			for range 5 {
				<-running
				select {
				case <-running:
					t.Fatal("two run at once")
				default:
				}
				finish <- true
			}
		})
	}
}

func TestARaisedConcurrencyLetsThoseInWhoWait(t *testing.T) {
	c := newCloud(t)
	c.create("fn", durableConfig)
	c.reserve(1)
	running, finish := c.held(`{"Status":"SUCCEEDED"}`)
	for range 3 {
		must[*sdk.InvokeOutput](t)(c.invoke(startDurable))
	}
	<-running
	c.reserve(3)
	<-running
	<-running
	for range 3 {
		finish <- true
	}
}

func TestADurableFunctionWithoutConcurrencyStartsNothing(t *testing.T) {
	c := newCloud(t)
	c.create("fn", durableConfig)
	c.reserve(0)
	_, err := c.invoke(startDurable)
	refused(t, err, "TooManyRequestsException", 429, "Rate Exceeded.")
	if n := len(c.code.ran()); n != 0 {
		t.Errorf("it ran %d times", n)
	}
}

func TestAFunctionThatIsCreatedAgainHasInstancesOfItsOwn(t *testing.T) {
	c := newCloud(t)
	keys := map[string]bool{}
	for range 2 {
		c.create("fn", nil)
		c.code.do["fn"] = func(_ context.Context, s *host.Spec, _ *host.Invocation) (*host.Result, error) {
			keys[s.Key] = true
			return &host.Result{Payload: []byte("1")}, nil
		}
		must[*sdk.InvokeOutput](t)(c.invoke(nil))
		must[*sdk.DeleteFunctionOutput](t)(c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn")}))
	}
	if len(keys) != 2 {
		t.Errorf("pools %v: what runs of the deleted function must not get the new one's events", keys)
	}
}
