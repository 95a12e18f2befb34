package durabletest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/durop"
)

// DefaultMaxInvocations bounds RunUntilComplete.
const DefaultMaxInvocations = 100

// maxResult is the largest result of an execution that was started synchronously, in bytes.
const maxResult = 6 << 20

// RunnerOption configures RunUntilComplete.
type RunnerOption func(*runConfig)

type runConfig struct{ invocations int }

// WithMaxInvocations bounds the invocations of one call of RunUntilComplete.
func WithMaxInvocations(n int) RunnerOption { return func(c *runConfig) { c.invocations = n } }

// LocalRunner runs one durable execution of a handler in memory.
type LocalRunner[I, O any] struct {
	fn        func(context.Context, []byte) ([]byte, error)
	client    *client
	functions map[string]Function
	omit      int
	depth     int
}

// client lets one wrapped handler serve one execution after another.
type client struct{ *service }

// NewLocalRunner makes a runner. The runner's client of the service comes before opts, so WithExecutionClient wins.
func NewLocalRunner[I, O any](handler durable.Handler[I, O], opts ...durable.HandlerOption) *LocalRunner[I, O] {
	c := &client{}
	return &LocalRunner[I, O]{fn: durable.Wrap(handler, append([]durable.HandlerOption{durable.WithExecutionClient(c)}, opts...)...),
		client: c, functions: map[string]Function{}}
}

// begin starts the execution unless it runs already.
func (r *LocalRunner[I, O]) begin(event I) error {
	if r.client.service != nil {
		return nil
	}
	input, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("durabletest: the event cannot be encoded: %w", err)
	}
	r.client.service = newService("00000000-0000-4000-8000-000000000001", durop.Quote(input), time.Now().UnixMilli(), maxResult)
	r.client.omit = r.omit
	return nil
}

// Run makes one invocation. The event counts for the first one; an execution that ended stays as it is.
func (r *LocalRunner[I, O]) Run(event I) (*TestResult, error) {
	if err := r.begin(event); err != nil {
		return nil, err
	}
	if err := r.once(context.Background()); err != nil {
		return nil, err
	}
	return r.client.result(), nil
}

func (r *LocalRunner[I, O]) once(ctx context.Context) error {
	if r.client.closed != nil {
		return nil
	}
	return r.client.invoke(ctx, r.fn)
}

// RunUntilComplete invokes until the execution ended, or until only somebody outside can bring it on, or until the bound
// on invocations. Between invocations it runs registered functions that were invoked and lets time pass.
func (r *LocalRunner[I, O]) RunUntilComplete(event I, opts ...RunnerOption) (*TestResult, error) {
	cfg := runConfig{invocations: DefaultMaxInvocations}
	for _, o := range opts {
		o(&cfg)
	}
	if err := r.begin(event); err != nil {
		return nil, err
	}
	ctx := context.Background()
	for n := 0; r.client.closed == nil; n++ {
		if n >= cfg.invocations {
			res := r.client.result()
			res.CapReached = true
			return res, nil
		}
		if err := r.once(ctx); err != nil {
			return nil, err
		}
		more, err := r.proceed(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	return r.client.result(), nil
}

// proceed brings about the next change while the function is suspended, and reports whether there is one.
func (r *LocalRunner[I, O]) proceed(ctx context.Context) (bool, error) {
	s := r.client.service
	if s.closed != nil {
		return false, nil
	}
	if _, ready := s.state.Suspends(); ready || s.state.Unseen() {
		return true, nil
	}
	ran, err := s.runTargets(ctx, r.functions, r.depth)
	if err != nil || ran {
		return ran, err
	}
	return s.pass() || s.hollow > 0, nil
}

// CompletePendingTimers ends all step retries and waits, and reports whether there were any.
func (r *LocalRunner[I, O]) CompletePendingTimers() bool {
	return r.client.service != nil && r.client.finishTimers()
}

// OmitTokenOnCheckpoint makes the n-th checkpoint call from now be answered without a token. It panics if n is below 1.
func (r *LocalRunner[I, O]) OmitTokenOnCheckpoint(n int) {
	if n < 1 {
		panic(fmt.Sprintf("durabletest: OmitTokenOnCheckpoint counts from 1, not %d", n))
	}
	r.omit = n
	if r.client.service != nil {
		r.client.omit = n
	}
}

// Reset forgets the execution; handler, options and functions stay.
func (r *LocalRunner[I, O]) Reset() { r.client.service, r.omit = nil, 0 }
