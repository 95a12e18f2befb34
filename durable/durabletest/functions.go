package durabletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/durop"
)

// MaxInvokeDepth bounds how deep registered functions invoke one another.
const MaxInvokeDepth = 10

// maxChained is the largest result of a function that was invoked by another, in bytes.
const maxChained = 1 << 20

// Function is a target of chained invokes; DurableFunction and PlainFunction make one.
type Function interface {
	run(ctx context.Context, input durop.Text, now int64, functions map[string]Function, depth int) (durop.Outcome, error)
}

// RegisterFunction makes fn the target of invokes of exactly functionID.
func (r *LocalRunner[I, O]) RegisterFunction(functionID string, fn Function) {
	r.functions[functionID] = fn
}

// DurableFunction is a durable handler as the target of an invoke.
func DurableFunction[I, O any](handler durable.Handler[I, O], opts ...durable.HandlerOption) Function {
	c := &client{}
	return &durableFunction{client: c, fn: durable.Wrap(handler, append([]durable.HandlerOption{durable.WithExecutionClient(c)}, opts...)...)}
}

type durableFunction struct {
	client *client
	fn     func(context.Context, []byte) ([]byte, error)
}

func (f *durableFunction) run(ctx context.Context, input durop.Text, now int64, functions map[string]Function, depth int) (durop.Outcome, error) {
	outer := f.client.service // a function may invoke itself
	defer func() { f.client.service = outer }()
	s := newService(fmt.Sprintf("00000000-0000-4000-8000-%012d", depth+1), input, now, maxChained)
	f.client.service = s
	for n := 0; s.closed == nil && n < DefaultMaxInvocations; n++ {
		f.client.service = s
		if err := s.invoke(ctx, f.fn); err != nil {
			return durop.Outcome{}, err
		}
		if s.closed != nil {
			break
		}
		if _, ready := s.state.Suspends(); ready || s.state.Unseen() {
			continue
		}
		ran, err := s.runTargets(ctx, functions, depth)
		if err != nil {
			return durop.Outcome{}, err
		}
		if !ran && !s.pass() && s.hollow == 0 {
			return durop.Outcome{}, errors.New("durabletest: an invoked durable function waits for somebody outside; complete its invoke with CompleteChainedInvoke instead of registering it")
		}
	}
	if s.closed == nil {
		return durop.Outcome{}, fmt.Errorf("durabletest: an invoked durable function did not end within %d invocations", DefaultMaxInvocations)
	}
	return durop.Outcome{Status: s.closed.status, Result: s.closed.result, Error: s.closed.err}, nil
}

// PlainFunction is an ordinary handler as the target of an invoke.
func PlainFunction[I, O any](handler func(context.Context, I) (O, error)) Function {
	return plainFunction(func(ctx context.Context, input string) (string, error) {
		var in I
		if input != "" {
			if err := json.Unmarshal([]byte(input), &in); err != nil {
				return "", err
			}
		}
		out, err := handler(ctx, in)
		if err != nil {
			return "", err
		}
		b, err := json.Marshal(out)
		return string(b), err
	})
}

type plainFunction func(ctx context.Context, input string) (string, error)

func (f plainFunction) run(ctx context.Context, input durop.Text, _ int64, _ map[string]Function, _ int) (durop.Outcome, error) {
	out, err := f(ctx, input.String())
	if err != nil {
		return durop.Outcome{Status: durop.Failed, Error: durop.NewError(err.Error(), typeName(err))}, nil
	}
	return durop.Outcome{Status: durop.Succeeded, Result: durop.Quote(out)}, nil
}

// runTargets runs the registered targets of open invokes and reports whether there were any.
func (s *service) runTargets(ctx context.Context, functions map[string]Function, depth int) (ran bool, err error) {
	for _, o := range s.state.Ops {
		if o.Type != durop.ChainedInvoke || o.Status != durop.Started || s.targets[o.ID] == nil {
			continue
		}
		fn := functions[s.targets[o.ID].FunctionName]
		if fn == nil {
			continue
		}
		if depth >= MaxInvokeDepth {
			return ran, fmt.Errorf("durabletest: functions invoke one another more than %d deep", MaxInvokeDepth)
		}
		out, err := fn.run(ctx, s.inputs[o.ID], s.now, functions, depth+1)
		if err != nil {
			return ran, err
		}
		s.finishInvoke(o, out)
		ran = true
	}
	return ran, nil
}

func (s *service) finishInvoke(o *durop.Operation, out durop.Outcome) {
	if e, ok := s.state.Return(o, out, s.now); ok {
		s.append(e)
	}
}

func (r *LocalRunner[I, O]) chained(name string, out durop.Outcome) error {
	if r.client.service != nil && r.client.closed == nil {
		for _, o := range r.client.state.Ops {
			if o.Type == durop.ChainedInvoke && o.Name == name && o.Status == durop.Started {
				r.client.finishInvoke(o, out)
				return nil
			}
		}
	}
	return fmt.Errorf("durabletest: there is no open invoke named %q", name)
}

// CompleteChainedInvoke ends the open invoke with the name; the payload is encoded as JSON.
func (r *LocalRunner[I, O]) CompleteChainedInvoke(name string, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("durabletest: the payload cannot be encoded: %w", err)
	}
	return r.chained(name, durop.Outcome{Status: durop.Succeeded, Result: durop.Quote(b)})
}

// FailChainedInvoke ends the open invoke with the name as failed.
func (r *LocalRunner[I, O]) FailChainedInvoke(name, errorType, errorMessage string) error {
	return r.chained(name, durop.Outcome{Status: durop.Failed, Error: durop.NewError(errorMessage, errorType)})
}

// TimeoutChainedInvoke ends the open invoke with the name as timed out.
func (r *LocalRunner[I, O]) TimeoutChainedInvoke(name string) error {
	return r.chained(name, durop.Outcome{Status: durop.TimedOut})
}
