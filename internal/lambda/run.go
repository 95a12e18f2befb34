package lambda

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/host"
)

// Run implements [Functions]. Whoever calls it can wait, so it does while the function is at its reserved concurrency.
func (s *Service) Run(ctx context.Context, v *Version, in *host.Invocation) (*host.Result, error) {
	return s.run(ctx, v, in, s.gate.wait)
}

// run invokes code once it has come through the gate, by enter or by wait.
func (s *Service) run(ctx context.Context, v *Version, in *host.Invocation, through func(context.Context, string, *int) func()) (*host.Result, error) {
	name := ref{region: v.Region, account: v.Account, name: v.FunctionName}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, name.with(v.Version).notFound()
	}
	leave := through(ctx, name.key(), f.Reserved)
	if leave == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, host.ErrThrottled
	}
	defer leave()
	spec := v.Spec
	if v.TenantOnly { // instances are not shared between tenants
		own := *spec
		own.Key += "@" + in.TenantID
		spec = &own
	}
	return s.host.Invoke(ctx, spec, in)
}

// throttled is the refusal of an invoke beyond a function's concurrency.
func throttled(reserved bool) error {
	reason := "ConcurrentInvocationLimitExceeded"
	if reserved {
		reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	return &api.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429, RetryAfter: 1,
		Members: map[string]any{"Reason": reason, "Type": "User"}}
}

// started turns an error of Run into what an invoke answers: code that cannot be started is a function error, as on AWS.
func (s *Service) started(ctx context.Context, v *Version, requestID string, err error) (*host.Result, error) {
	var se *host.StartError
	switch {
	case errors.As(err, &se) && se.Type == "InvalidRuntimeException":
		return nil, &api.Error{Code: se.Type, Message: se.Message, Status: 502, Upper: true}
	case errors.As(err, &se):
		b, err := json.Marshal(map[string]string{"errorType": se.Type, "errorMessage": "RequestId: " + requestID + " Error: " + se.Message})
		if err != nil {
			return nil, err
		}
		now := s.eng.Now()
		return &host.Result{Payload: b, FunctionError: "Unhandled", ErrorType: se.Type, Started: now, Ended: now}, nil
	case errors.Is(err, host.ErrThrottled):
		f, ferr := s.cat.find(ctx, ref{region: v.Region, account: v.Account, name: v.FunctionName})
		return nil, throttled(ferr == nil && f != nil && f.Reserved != nil)
	}
	return nil, err
}
