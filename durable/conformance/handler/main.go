// Command handler is a durable function that plays the requirements of package conformance. The name of the execution
// says which one: "1-1" or "1-1-anything-else". A function whose environment has ROLE=target is the echo that chained invokes call.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/conformance"
)

func main() {
	if os.Getenv("ROLE") == "target" {
		durable.Start(conformance.Echo())
	}
	lambda.Start(&stage{wrapped: map[string]func(context.Context, []byte) ([]byte, error){}})
}

// stage keeps one wrapped handler per requirement.
type stage struct {
	mu      sync.Mutex
	wrapped map[string]func(context.Context, []byte) ([]byte, error)
}

// Invoke hands an invocation to the handler its execution is named after.
func (s *stage) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var in struct{ DurableExecutionArn string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(in.DurableExecutionArn, "/durable-execution/")
	name, _, _ := strings.Cut(rest, "/")
	part := strings.SplitN(name, "-", 3)
	if len(part) < 2 {
		return nil, fmt.Errorf("execution name %q names no requirement", name)
	}
	fn, err := s.find(part[0] + "-" + part[1])
	if err != nil {
		return nil, err
	}
	return fn(ctx, payload)
}

func (s *stage) find(id string) (func(context.Context, []byte) ([]byte, error), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fn := s.wrapped[id]; fn != nil {
		return fn, nil
	}
	for _, c := range conformance.Cases() {
		if c.ID != id {
			continue
		}
		var opts []durable.HandlerOption
		if c.Options != nil {
			opts = c.Options(func(line string) { fmt.Println("journal:", line) })
		}
		s.wrapped[id] = durable.Wrap(c.Handler, opts...)
		return s.wrapped[id], nil
	}
	return nil, fmt.Errorf("there is no requirement %q", id)
}
