package durabletest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// DurableExecutionAPI is what CloudRunner needs of a *lambda.Client.
type DurableExecutionAPI interface {
	GetDurableExecution(ctx context.Context, in *lambda.GetDurableExecutionInput, opts ...func(*lambda.Options)) (*lambda.GetDurableExecutionOutput, error)
	GetDurableExecutionHistory(ctx context.Context, in *lambda.GetDurableExecutionHistoryInput, opts ...func(*lambda.Options)) (*lambda.GetDurableExecutionHistoryOutput, error)
	Invoke(ctx context.Context, in *lambda.InvokeInput, opts ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
	SendDurableExecutionCallbackSuccess(ctx context.Context, in *lambda.SendDurableExecutionCallbackSuccessInput, opts ...func(*lambda.Options)) (*lambda.SendDurableExecutionCallbackSuccessOutput, error)
	SendDurableExecutionCallbackFailure(ctx context.Context, in *lambda.SendDurableExecutionCallbackFailureInput, opts ...func(*lambda.Options)) (*lambda.SendDurableExecutionCallbackFailureOutput, error)
	SendDurableExecutionCallbackHeartbeat(ctx context.Context, in *lambda.SendDurableExecutionCallbackHeartbeatInput, opts ...func(*lambda.Options)) (*lambda.SendDurableExecutionCallbackHeartbeatOutput, error)
}

// CloudRunnerOption configures NewCloudRunner.
type CloudRunnerOption func(*CloudRunner)

// WithPollInterval sets how often the execution is looked at; the default is 2 s.
func WithPollInterval(d time.Duration) CloudRunnerOption {
	return func(r *CloudRunner) { r.interval = d }
}

// WithTimeout bounds one run; the default is 5 min.
func WithTimeout(d time.Duration) CloudRunnerOption { return func(r *CloudRunner) { r.timeout = d } }

// CloudRunner runs executions of a deployed function, on AWS or on a perdure server, and reports them like LocalRunner.
type CloudRunner struct {
	api               DurableExecutionAPI
	function          string
	interval, timeout time.Duration
}

// NewCloudRunner makes a runner for a function with its qualifier: "name:1", or an ARN with a version or alias.
func NewCloudRunner(api DurableExecutionAPI, functionName string, opts ...CloudRunnerOption) *CloudRunner {
	r := &CloudRunner{api: api, function: functionName, interval: 2 * time.Second, timeout: 5 * time.Minute}
	for _, o := range opts {
		o(r)
	}
	return r
}

// Run starts an execution and waits for its end. Time-outs of the function and stops are reported as Failed.
func (r *CloudRunner) Run(ctx context.Context, event any) (*TestResult, error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("durabletest: the event cannot be encoded: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out, err := r.api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &r.function, Payload: payload, InvocationType: types.InvocationTypeRequestResponse})
	if err != nil {
		return nil, err
	}
	if out.DurableExecutionArn == nil {
		return nil, fmt.Errorf("durabletest: %s is not a durable function: the answer names no execution", r.function)
	}
	return r.RunWithArn(ctx, *out.DurableExecutionArn)
}

// RunWithArn waits for the end of an execution that runs already.
func (r *CloudRunner) RunWithArn(ctx context.Context, executionArn string) (*TestResult, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	tick := time.NewTicker(r.interval)
	defer tick.Stop()
	for {
		x, err := r.api.GetDurableExecution(ctx, &lambda.GetDurableExecutionInput{DurableExecutionArn: &executionArn})
		if err != nil {
			return nil, err
		}
		if x.Status != types.ExecutionStatusRunning {
			return r.report(ctx, x)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("durabletest: the execution still runs: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func (r *CloudRunner) report(ctx context.Context, x *lambda.GetDurableExecutionOutput) (*TestResult, error) {
	res := &TestResult{Status: Failed, RawResult: str(x.Result)}
	if x.Status == types.ExecutionStatusSucceeded {
		res.Status = Succeeded
	} else if res.Error = awsError(x.Error); res.Error == nil {
		res.Error = &TestError{Type: string(x.Status)}
	}
	in := &lambda.GetDurableExecutionHistoryInput{DurableExecutionArn: x.DurableExecutionArn, MaxItems: 1000, IncludeExecutionData: new(bool)}
	*in.IncludeExecutionData = true
	for {
		page, err := r.api.GetDurableExecutionHistory(ctx, in)
		if err != nil {
			return nil, err
		}
		res.Events = append(res.Events, page.Events...)
		if str(page.NextMarker) == "" || len(page.Events) == 0 {
			break
		}
		in.Marker = page.NextMarker
	}
	fold(res)
	return res, nil
}

// SendCallbackSuccess answers a callback; the payload is encoded as JSON.
func (r *CloudRunner) SendCallbackSuccess(ctx context.Context, callbackID string, payload any) error {
	data, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("durabletest: the payload cannot be encoded: %w", err)
	}
	_, err = r.api.SendDurableExecutionCallbackSuccess(ctx, &lambda.SendDurableExecutionCallbackSuccessInput{CallbackId: &callbackID, Result: data})
	return err
}

// SendCallbackFailure answers a callback with a failure.
func (r *CloudRunner) SendCallbackFailure(ctx context.Context, callbackID, errorType, errorMessage string) error {
	_, err := r.api.SendDurableExecutionCallbackFailure(ctx, &lambda.SendDurableExecutionCallbackFailureInput{CallbackId: &callbackID,
		Error: &types.ErrorObject{ErrorType: &errorType, ErrorMessage: &errorMessage}})
	return err
}

// SendCallbackHeartbeat says that the callback is being worked on.
func (r *CloudRunner) SendCallbackHeartbeat(ctx context.Context, callbackID string) error {
	_, err := r.api.SendDurableExecutionCallbackHeartbeat(ctx, &lambda.SendDurableExecutionCallbackHeartbeatInput{CallbackId: &callbackID})
	return err
}
