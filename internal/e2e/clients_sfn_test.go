package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// sfnClient is the AWS SDK for Go, with a record of the operations that a server answered and of those it refused.
type sfnClient struct {
	*sfn.Client
	*testing.T
	mu                sync.Mutex
	answered, refused map[string]bool
}

func newSFN(t *testing.T, s *server) *sfnClient {
	t.Helper()
	c := &sfnClient{T: t, answered: map[string]bool{}, refused: map[string]bool{}}
	address := strings.TrimPrefix(s.Endpoint(), "http://")
	// The SDK puts "sync-" before the host for two operations, which no name server knows.
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c.Client = sfn.New(sfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), Retryer: aws.NopRetryer{},
		APIOptions: []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("record", c.record), middleware.After)
		}},
	})
	return c
}

func (c *sfnClient) record(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleInitialize(ctx, in)
	var e smithy.APIError
	c.mu.Lock()
	defer c.mu.Unlock()
	switch name := awsmiddleware.GetOperationName(ctx); {
	case err == nil:
		c.answered[name] = true
	case errors.As(err, &e) && e.ErrorFault() != smithy.FaultServer:
		c.refused[name] = true
	}
	return out, meta, err
}

// ok ends the test if a call was refused.
func (c *sfnClient) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// want fails unless a call was refused with an error of a code and a part of its message.
func (c *sfnClient) want(code, message string, err error) {
	c.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		c.Errorf("error %v, want %s with %q", err, code, message)
	}
}

// complete fails unless every operation that the SDK has was answered once and refused once.
func (c *sfnClient) complete() {
	c.Helper()
	operations := 0
	for m := range reflect.TypeFor[*sfn.Client]().Methods() {
		if m.Name == "Options" {
			continue
		}
		operations++
		if !c.answered[m.Name] || !c.refused[m.Name] {
			c.Errorf("%s: answered %v, refused %v", m.Name, c.answered[m.Name], c.refused[m.Name])
		}
	}
	if operations < 37 {
		c.Errorf("the SDK has %d operations, want 37 at least", operations)
	}
}

func TestTheAWSSDKForGoHasEveryStepFunctionsOperationAnsweredAndRefused(t *testing.T) {
	t.Parallel()
	c := newSFN(t, serve(t, t.TempDir()))
	activity := c.activities()
	machine := c.machines(activity)
	c.versionsAndAliases(machine)
	c.executions(machine, activity)
	c.express()
	c.mapRuns(activity)
	c.deletions(machine, activity)
	c.complete()
}
