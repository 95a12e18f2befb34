package durabletest_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/durable"
	dt "github.com/perdure/perdure/durable/durabletest"
)

// This file is the documented interface of the runners and of their results; it does not compile when a part is missing.

type runner = *dt.LocalRunner[int, string]

// The local runner.
var (
	_ func(durable.Handler[int, string], ...durable.HandlerOption) runner      = dt.NewLocalRunner[int, string]
	_ func(runner, int) (*dt.TestResult, error)                                = runner.Run
	_ func(runner, int, ...dt.RunnerOption) (*dt.TestResult, error)            = runner.RunUntilComplete
	_ func(int) dt.RunnerOption                                                = dt.WithMaxInvocations
	_ [dt.DefaultMaxInvocations]int                                            = [100]int{}
	_ [dt.MaxInvokeDepth]int                                                   = [10]int{}
	_ func(runner) bool                                                        = runner.CompletePendingTimers
	_ func(runner) []dt.OpenCallback                                           = runner.OpenCallbacks
	_                                                                          = dt.OpenCallback{CallbackID: "", Name: ""}
	_ func(runner, string, any) error                                          = runner.SendCallbackSuccess
	_ func(runner, string, string, string) error                               = runner.SendCallbackFailure
	_ func(runner, string) error                                               = runner.SendCallbackHeartbeat
	_ func(runner, string) error                                               = runner.TimeoutCallback
	_ func(runner, string, any) error                                          = runner.CompleteChainedInvoke
	_ func(runner, string, string, string) error                               = runner.FailChainedInvoke
	_ func(runner, string) error                                               = runner.TimeoutChainedInvoke
	_ func(runner, string, dt.Function)                                        = runner.RegisterFunction
	_ func(durable.Handler[int, string], ...durable.HandlerOption) dt.Function = dt.DurableFunction[int, string]
	_ func(func(context.Context, int) (string, error)) dt.Function             = dt.PlainFunction[int, string]
	_ func(runner, int)                                                        = runner.OmitTokenOnCheckpoint
	_ func(runner)                                                             = runner.Reset
)

// Results.
var (
	_ = map[dt.ExecutionStatus]string{dt.Succeeded: "SUCCEEDED", dt.Failed: "FAILED", dt.Pending: "PENDING"}
	_ = dt.TestResult{Status: "", RawResult: "", Error: &dt.TestError{Type: "", Message: "", ErrorData: "", StackTrace: []string{}}, Operations: []dt.TestOperation{},
		Events: []types.Event{}, Invocations: []dt.TestInvocation{{RequestID: "", StartTime: time.Time{}, EndTime: time.Time{}, Error: &dt.TestError{}}}, CapReached: true}
	_ func(*dt.TestResult, string) *dt.TestOperation            = (*dt.TestResult).Operation
	_ func(*dt.TestResult, string, int) *dt.TestOperation       = (*dt.TestResult).OperationByNameAndIndex
	_ func(*dt.TestResult, int) *dt.TestOperation               = (*dt.TestResult).OperationByIndex
	_ func(*dt.TestResult, string) *dt.TestOperation            = (*dt.TestResult).OperationByID
	_ func(*dt.TestResult, string) []dt.TestOperation           = (*dt.TestResult).OperationsByType
	_ func(*dt.TestResult) []string                             = (*dt.TestResult).EventTypes
	_ func(*dt.TestResult, ...dt.TreeColumn) string             = (*dt.TestResult).FormatTree
	_ func(*dt.TestResult, io.Writer, ...dt.TreeColumn) error   = (*dt.TestResult).WriteTree
	_ func(*dt.TestResult) (int, error)                         = dt.ResultAs[int]
	_ func(*dt.TestOperation) (int, error)                      = dt.OperationResultAs[int]
	_ func(*dt.TestOperation) bool                              = (*dt.TestOperation).IsTerminal
	_ func() []dt.TreeColumn                                    = dt.DefaultTreeColumns
	_ func(dt.TreeColumn) string                                = dt.TreeColumn.String
	_ func(*dt.TestResult) []dt.OperationSignature              = dt.EventSignature
	_ func(testing.TB, *dt.TestResult, string)                  = dt.AssertGoldenSignature
	_ func(testing.TB, *dt.TestResult, string)                  = dt.AssertGoldenSignatureUnordered
	_ func(testing.TB, *dt.TestResult, []dt.OperationSignature) = dt.AssertSignatureContains
	_ func(testing.TB, *dt.TestResult, []dt.OperationSignature) = dt.AssertSignatureExcludes
	_                                                           = dt.OperationSignature{Type: "", SubType: "", Name: "", Status: ""}
	_                                                           = [9]dt.TreeColumn{dt.ColumnName, dt.ColumnType, dt.ColumnSubType, dt.ColumnStatus, dt.ColumnStartTime, dt.ColumnEndTime, dt.ColumnDuration, dt.ColumnID, dt.ColumnParentID}
	_                                                           = dt.TestOperation{ID: "", Name: "", Status: "", Type: "", SubType: "", ParentID: "", StartTime: time.Time{}, EndTime: time.Time{},
		StepDetails:     &dt.TestStepDetails{Attempt: int32(0), Result: "", ErrorType: "", ErrorMessage: "", NextAttemptTimestamp: time.Time{}, ErrorData: "", StackTrace: nil},
		CallbackDetails: &dt.TestCallbackDetails{CallbackID: "", Result: "", ErrorType: "", ErrorMessage: "", ErrorData: "", StackTrace: nil},
		InvokeDetails:   &dt.TestInvokeDetails{Result: "", ErrorType: "", ErrorMessage: "", ErrorData: "", StackTrace: nil},
		ContextDetails:  &dt.TestContextDetails{Result: "", ErrorType: "", ErrorMessage: "", ErrorData: "", StackTrace: nil, ReplayChildren: true},
		WaitDetails:     &dt.TestWaitDetails{WaitSeconds: 1, ScheduledEndTimestamp: time.Time{}}}
)

// The runner of deployed functions.
var (
	_ dt.DurableExecutionAPI                                                        = (*lambda.Client)(nil)
	_ func(dt.DurableExecutionAPI, string, ...dt.CloudRunnerOption) *dt.CloudRunner = dt.NewCloudRunner
	_ func(time.Duration) dt.CloudRunnerOption                                      = dt.WithPollInterval
	_ func(time.Duration) dt.CloudRunnerOption                                      = dt.WithTimeout
	_ func(*dt.CloudRunner, context.Context, any) (*dt.TestResult, error)           = (*dt.CloudRunner).Run
	_ func(*dt.CloudRunner, context.Context, string) (*dt.TestResult, error)        = (*dt.CloudRunner).RunWithArn
	_ func(*dt.CloudRunner, context.Context, string, any) error                     = (*dt.CloudRunner).SendCallbackSuccess
	_ func(*dt.CloudRunner, context.Context, string, string, string) error          = (*dt.CloudRunner).SendCallbackFailure
	_ func(*dt.CloudRunner, context.Context, string) error                          = (*dt.CloudRunner).SendCallbackHeartbeat
)

func TestTreeHasTheDocumentedColumns(t *testing.T) {
	if n := len(dt.DefaultTreeColumns()); n != 7 {
		t.Errorf("%d default columns", n)
	}
	if got := (&dt.TestResult{}).FormatTree(); got != "(no operations)" && got != "(no operations)\n" {
		t.Errorf("%q", got)
	}
}
