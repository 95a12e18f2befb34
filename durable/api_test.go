package durable_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/perdure/perdure/durable"
)

// This file is the documented interface of the SDK, signature by signature. It does not compile when one is missing or
// different; that is the test. Keyed literals stand for the fields of exported structs.

type (
	dc = durable.Context
	sc = durable.StepContext
)

// Entry point and handler options.
var (
	_ func(durable.Handler[int, string], ...durable.HandlerOption)                                               = durable.Start[int, string]
	_ func(durable.Handler[int, string], ...durable.HandlerOption) func(context.Context, []byte) ([]byte, error) = durable.Wrap[int, string]
	_ durable.Handler[int, string]                                                                               = func(dc, int) (string, error) { return "", nil }
	_ func(slog.Handler) durable.HandlerOption                                                                   = durable.WithLogHandler
	_ func(durable.ReplayLogMode) durable.HandlerOption                                                          = durable.WithReplayLogMode
	_ func(durable.Serdes) durable.HandlerOption                                                                 = durable.WithSerdes
	_ func(durable.Deserializer) durable.HandlerOption                                                           = durable.WithCallbackDeserializer
	_ func(durable.ExecutionClient) durable.HandlerOption                                                        = durable.WithExecutionClient
	_ func(bool) durable.HandlerOption                                                                           = durable.WithStackTraces
	_ func(...durable.Plugin) durable.HandlerOption                                                              = durable.WithPlugins
	_ func(int) durable.HandlerOption                                                                            = durable.WithPluginChildOperationsDepth
	_ [durable.MaxStackTraceFrames]int                                                                           = [32]int{}
	_ string                                                                                                     = durable.Version
)

// Contexts and configuration.
var (
	_ func(dc) time.Time                                                       = durable.ExecutionStartTime
	_ func(dc, durable.SerdesConfig) error                                     = durable.ConfigureSerdes
	_ func(dc, durable.LogConfig) error                                        = durable.ConfigureLogging
	_                                                                          = durable.SerdesConfig{Serdes: nil, CallbackDeserializer: nil}
	_                                                                          = durable.LogConfig{Handler: nil, ReplayLogMode: 0}
	_                                                                          = [3]int{durable.ReplayLogModeUnchanged: 0, durable.ReplayLogModeSuppress: 1, durable.ReplayLogModeEmit: 2}
	_ func(c dc) (context.Context, string, string, string, *slog.Logger, bool) = func(c dc) (context.Context, string, string, string, *slog.Logger, bool) {
		return c, c.ExecutionArn(), c.RequestID(), c.InvokedFunctionARN(), c.Logger(), c.IsReplaying()
	}
	_ = func(c sc) (context.Context, *slog.Logger, int) { return c, c.Logger(), c.Attempt() }
)

// Steps, waits, invokes, child contexts.
var (
	_ func(dc, string, func(sc) (int, error), ...durable.StepOption) (int, error)          = durable.Step[int]
	_ func(dc, string, func(sc) (int, error), ...durable.StepOption) *durable.Future[int]  = durable.StepAsync[int]
	_ func(durable.RetryStrategy) durable.StepOption                                       = durable.WithRetry
	_ func(durable.Serdes) durable.StepOption                                              = durable.WithStepSerdes
	_ func(durable.StepSemantics) durable.StepOption                                       = durable.WithSemantics
	_ func(string) durable.StepOption                                                      = durable.WithStepSubType
	_                                                                                      = [2]int{durable.AtLeastOncePerRetry: 0, durable.AtMostOncePerRetry: 1}
	_ func(dc, string, time.Duration, ...durable.WaitOption) error                         = durable.Wait
	_ func(dc, string, time.Duration, ...durable.WaitOption) *durable.Future[durable.Void] = durable.WaitAsync
	_ durable.Void                                                                         = struct{}{}
	_ func(dc, string, string, int, ...durable.InvokeOption) (string, error)               = durable.Invoke[string, int]
	_ func(dc, string, string, int, ...durable.InvokeOption) *durable.Future[string]       = durable.InvokeAsync[string, int]
	_ func(durable.Serdes) durable.InvokeOption                                            = durable.WithInvokePayloadSerdes
	_ func(durable.Serdes) durable.InvokeOption                                            = durable.WithInvokeResultSerdes
	_ func(string) durable.InvokeOption                                                    = durable.WithTenantID
	_ func(dc, string, func(dc) (int, error), ...durable.ChildOption) (int, error)         = durable.RunInChildContext[int]
	_ func(dc, string, func(dc) (int, error), ...durable.ChildOption) *durable.Future[int] = durable.RunInChildContextAsync[int]
	_ func(dc, string, func(dc) (int, error), ...durable.ChildOption) *durable.Future[int] = durable.Go[int]
	_ func(durable.Serdes) durable.ChildOption                                             = durable.WithChildSerdes
	_ func(func(*durable.ChildContextError) error) durable.ChildOption                     = durable.WithChildErrorMapper
	_ func(func(int) string) durable.ChildOption                                           = durable.WithChildSummary[int]
	_ func(string) durable.ChildOption                                                     = durable.WithChildSubType
	_ func() durable.ChildOption                                                           = durable.WithChildVirtual
)

// Callbacks and conditions.
var (
	_ func(dc, string, ...durable.CallbackOption) (*durable.Callback[int], error)             = durable.CreateCallback[int]
	_ func(*durable.Callback[int]) string                                                     = (*durable.Callback[int]).ID
	_ func(*durable.Callback[int], dc) (int, error)                                           = (*durable.Callback[int]).Result
	_ func(dc, string, func(sc, string) error, ...durable.WaitForCallbackOption) (int, error) = durable.WaitForCallback[int]
	_ durable.WaitForCallbackOption                                                           = durable.CallbackOption(nil)
	_ func(time.Duration) durable.CallbackOption                                              = durable.WithCallbackTimeout
	_ func(time.Duration) durable.CallbackOption                                              = durable.WithCallbackHeartbeatTimeout
	_ func(durable.Serdes) durable.CallbackOption                                             = durable.WithCallbackSerdes
	_ func(durable.RetryStrategy) durable.WaitForCallbackOption                               = durable.WithSubmitterRetry
	_ func(dc, string, func(sc, int) (int, error), durable.ConditionConfig[int]) (int, error) = durable.WaitForCondition[int]
	_                                                                                         = durable.ConditionConfig[int]{InitialState: 1, WaitStrategy: durable.WaitStrategy[int](nil), Serdes: nil}
	_ func(int, int) durable.WaitDecision                                                     = durable.WaitStrategy[int](nil)
	_                                                                                         = durable.WaitDecision{Continue: true, Delay: time.Second, Err: nil}
	_                                                                                         = durable.WaitConfig[int]{MaxAttempts: 1, InitialDelay: 1, MaxDelay: 1, BackoffRate: 1.5, Jitter: "", ShouldContinue: func(int) bool { return false }}
	_ func(durable.WaitConfig[int]) (durable.WaitStrategy[int], error)                        = durable.NewWaitStrategy[int]
	_ func(durable.WaitConfig[int]) durable.WaitStrategy[int]                                 = durable.MustNewWaitStrategy[int]
)

// Batches.
var (
	_ func(dc, string, []int, func(dc, int, int) (string, error), ...durable.BatchOption) (durable.BatchResult[string], error) = durable.Map[int, string]
	_ func(dc, string, []durable.Branch[int], ...durable.BatchOption) (durable.BatchResult[int], error)                        = durable.Parallel[int]
	_                                                                                                                          = durable.Branch[int]{Name: "", Func: func(dc) (int, error) { return 0, nil }}
	_ func(dc, string, []durable.AnyBranch, ...durable.BatchOption) (durable.BatchResult[json.RawMessage], error)              = durable.ParallelMixed
	_ func(string, func(dc) (int, error), ...durable.TypedBranchOption) *durable.TypedBranch[int]                              = durable.NewTypedBranch[int]
	_ durable.AnyBranch                                                                                                        = (*durable.TypedBranch[int])(nil)
	_ func(durable.Serdes) durable.TypedBranchOption                                                                           = durable.WithTypedBranchSerdes
	_ func(*durable.TypedBranch[int], durable.BatchResult[json.RawMessage]) (int, error)                                       = (*durable.TypedBranch[int]).Result
	_ error                                                                                                                    = &durable.BranchNotCompletedError{Name: "", Index: 0, Status: durable.BatchItemNotStarted}
	_ func(int) durable.BatchOption                                                                                            = durable.WithMaxConcurrency
	_ func(durable.CompletionConfig) durable.BatchOption                                                                       = durable.WithCompletion
	_ func(func(int) string) durable.BatchOption                                                                               = durable.WithItemNamer
	_ func(durable.Serdes) durable.BatchOption                                                                                 = durable.WithBatchSerdes
	_ func(durable.Serdes) durable.BatchOption                                                                                 = durable.WithBatchResultSerdes
	_ func(durable.NestingMode) durable.BatchOption                                                                            = durable.WithNesting
	_ func(func(durable.BatchResult[int]) string) durable.BatchOption                                                          = durable.WithBatchSummary[int]
	_                                                                                                                          = [2]int{durable.NestingNormal: 0, durable.NestingFlat: 1}
	_                                                                                                                          = durable.CompletionConfig{MinSuccessful: 1, ToleratedFailureCount: new(int), ToleratedFailurePercentage: new(int), ShouldComplete: func(durable.BatchProgress) durable.CompletionDecision { return durable.ContinueBatch() }}
	_                                                                                                                          = durable.BatchProgress{TotalCount: 1, CompletedCount: 1, SuccessCount: 1, FailureCount: 1, Items: []durable.BatchItemProgress{{Index: 0, Name: "", Status: durable.BatchItemFailed}}}
	_ func(durable.CompletionOutcome) durable.CompletionDecision                                                               = durable.CompleteBatch
	_ func(durable.CompletionDecision) bool                                                                                    = durable.CompletionDecision.Complete
	_ func(durable.CompletionDecision) durable.CompletionOutcome                                                               = durable.CompletionDecision.Outcome
	_                                                                                                                          = [3]int{durable.CompletionOutcomeSucceeded: 1, durable.CompletionOutcomeFailed: 2}
	_                                                                                                                          = [6]int{durable.CompletionAllCompleted: 1, durable.CompletionMinSuccessfulReached: 2, durable.CompletionFailureToleranceExceeded: 3, durable.CompletionCustomSucceeded: 4, durable.CompletionCustomFailed: 5}
	_                                                                                                                          = [5]int{durable.BatchItemNotStarted: 0, durable.BatchItemSucceeded: 1, durable.BatchItemFailed: 2, durable.BatchItemStarted: 4}
	_                                                                                                                          = durable.BatchResult[int]{Items: []durable.BatchItem[int]{{Index: 0, Name: "", Status: 0, Result: 1, Err: nil}}, Reason: durable.CompletionAllCompleted}
	_                                                                                                                          = func(r durable.BatchResult[int]) ([]int, []durable.BatchItem[int], []durable.BatchItem[int], []durable.BatchItem[int], int, int, int, int, bool, []error, *durable.BatchItem[int], durable.BatchItemStatus) {
		_, _ = r.Result("a")
		return r.Results(), r.Succeeded(), r.Failed(), r.Started(), r.StartedCount(), r.SuccessCount(), r.FailureCount(), r.TotalCount(), r.HasFailure(), r.Errors(), r.Item("a"), r.Status()
	}
)

// Futures, combinators, retries.
var (
	_ func(*durable.Future[int], dc) (int, error)                                                              = (*durable.Future[int]).Result
	_ durable.Awaitable                                                                                        = (*durable.Future[int])(nil)
	_                                                                                                          = durable.Settled[int]{Value: 1, Err: nil}
	_ json.Marshaler                                                                                           = durable.Settled[int]{}
	_ json.Unmarshaler                                                                                         = &durable.Settled[int]{}
	_ func(dc, string, []*durable.Future[int], ...durable.ChildOption) ([]int, error)                          = durable.All[int]
	_ func(dc, string, []*durable.Future[int], ...durable.ChildOption) ([]durable.Settled[int], error)         = durable.AllSettled[int]
	_ func(dc, string, []*durable.Future[int], ...durable.ChildOption) (int, error)                            = durable.Any[int]
	_ func(dc, string, []*durable.Future[int], ...durable.ChildOption) (int, error)                            = durable.Race[int]
	_ func(dc, string, []durable.Awaitable, ...durable.ChildOption) error                                      = durable.Join
	_ func(dc, string, []durable.Branch[int], ...durable.ChildOption) (string, int, error)                     = durable.Select[int]
	_ func(dc, string, func(dc, int) (int, error), durable.RetryStrategy, ...durable.RetryOption) (int, error) = durable.Retry[int]
	_ func(bool) durable.RetryOption                                                                           = durable.WithAttemptChildContext
	_ func(...durable.ChildOption) durable.RetryOption                                                         = durable.WithAttemptChildOptions
	_ func(durable.RetryAttempt) durable.RetryDecision                                                         = durable.RetryStrategy(nil)
	_                                                                                                          = durable.RetryAttempt{Err: nil, Attempt: 1, Elapsed: 0}
	_                                                                                                          = durable.RetryDecision{Retry: true, Delay: durable.DefaultRetryDelay}
	_                                                                                                          = map[durable.JitterStrategy]string{durable.JitterFull: "FULL", durable.JitterHalf: "HALF", durable.JitterNone: "NONE"}
	_                                                                                                          = durable.RetryConfig{MaxAttempts: 1, InitialDelay: 1, MaxDelay: 1, BackoffRate: 1, Jitter: "", RetryableErrors: []durable.ErrorMatcher{nil}}
	_ func(durable.RetryConfig) (durable.RetryStrategy, error)                                                 = durable.NewRetryStrategy
	_ func(durable.RetryConfig) durable.RetryStrategy                                                          = durable.MustNewRetryStrategy
	_ func() durable.RetryStrategy                                                                             = durable.ExponentialBackoff
	_ func() durable.RetryStrategy                                                                             = durable.NoRetry
	_                                                                                                          = durable.LinearRetryConfig{MaxAttempts: 1, InitialDelay: 1, Increment: 1, MaxDelay: 1, Jitter: "", RetryableErrors: nil}
	_ func(durable.LinearRetryConfig) (durable.RetryStrategy, error)                                           = durable.LinearBackoff
	_ func(durable.LinearRetryConfig) durable.RetryStrategy                                                    = durable.MustLinearBackoff
	_ func(error) bool                                                                                         = durable.ErrorMatcher(nil)
	_ func(error) durable.ErrorMatcher                                                                         = durable.ErrorIs
	_ func() durable.ErrorMatcher                                                                              = durable.ErrorAs[*durable.StepError]
	_ func(string) durable.ErrorMatcher                                                                        = durable.ErrorTypeIs
	_ func(string) durable.ErrorMatcher                                                                        = durable.ErrorContains
	_ func(*regexp.Regexp) durable.ErrorMatcher                                                                = durable.ErrorMatches
)

// Serdes.
var (
	_                                                                                                                                                           = durable.SerdesContext{OperationID: "", DurableExecutionArn: ""}
	_ durable.Serdes                                                                                                                                            = durable.JSONSerdes
	_ durable.Serdes                                                                                                                                            = durable.RawSerdes
	_ func(error) error                                                                                                                                         = durable.RetryableSerdesError
	_ error                                                                                                                                                     = durable.ErrRetryableSerdes
	_ func(func(context.Context, durable.SerdesContext, int) ([]byte, error), func(context.Context, durable.SerdesContext, []byte) (int, error)) durable.Serdes = durable.SerdesOf[int]
	_ func(string, ...durable.FileSystemSerdesConfig) durable.Serdes                                                                                            = durable.NewFileSystemSerdes
	_                                                                                                                                                           = durable.FileSystemSerdesConfig{Mode: durable.FileSystemSerdesModeOverflow, PathEncoding: durable.FileSystemPathEncodingHash, GeneratePreview: func(any) map[string]any { return nil }}
	_                                                                                                                                                           = [2]int{durable.FileSystemSerdesModeAlways: 0, durable.FileSystemSerdesModeOverflow: 1}
	_                                                                                                                                                           = [2]int{durable.FileSystemPathEncodingURI: 0, durable.FileSystemPathEncodingHash: 1}
	_ func(any, durable.PreviewConfig) map[string]any                                                                                                           = durable.BuildPreview
	_                                                                                                                                                           = durable.PreviewConfig{Mode: durable.PreviewExcludeAll, Include: nil, Exclude: nil, Mask: []durable.PreviewField{{Name: "", Match: durable.FieldMatchPath}}, MaskString: durable.DefaultPreviewMaskString, MaxPreviewBytes: durable.DefaultPreviewMaxBytes, MaxDepth: durable.DefaultPreviewMaxDepth}
	_                                                                                                                                                           = [2]int{durable.PreviewIncludeAll: 0, durable.PreviewExcludeAll: 1}
	_                                                                                                                                                           = [2]int{durable.FieldMatchAnywhere: 0, durable.FieldMatchPath: 1}
	_                                                                                                                                                           = map[string]string{durable.PreviewTruncatedKey: "$truncated"}
)

// Execution client and recorded shapes.
var (
	_ = func(c durable.ExecutionClient) (func(context.Context, durable.GetExecutionStateInput) (durable.GetExecutionStateOutput, error), func(context.Context, durable.CheckpointInput) (durable.CheckpointOutput, error)) {
		return c.GetExecutionState, c.Checkpoint
	}
	_ = durable.GetExecutionStateInput{ExecutionArn: "", CheckpointToken: "", Marker: ""}
	_ = durable.GetExecutionStateOutput{Operations: []durable.Operation{}, NextMarker: ""}
	_ = durable.CheckpointInput{ExecutionArn: "", CheckpointToken: "", Updates: []durable.OperationUpdate{}}
	_ = durable.CheckpointOutput{CheckpointToken: "", NewExecutionState: []durable.Operation{}}
	_ = durable.Operation{Id: new(string), Status: durable.OperationStatusReady, Type: durable.OperationTypeStep, SubType: new(string), Name: new(string), ParentId: new(string),
		StartTimestamp: &time.Time{}, EndTimestamp: &time.Time{}, ExecutionDetails: &durable.ExecutionDetails{InputPayload: new(string)},
		StepDetails:     &durable.StepDetails{Attempt: int32(1), Result: new(string), Error: &durable.ErrorObject{}, NextAttemptTimestamp: &time.Time{}},
		WaitDetails:     &durable.WaitDetails{ScheduledEndTimestamp: &time.Time{}},
		CallbackDetails: &durable.CallbackDetails{CallbackId: new(string), Result: new(string), Error: nil}, ChainedInvokeDetails: &durable.ChainedInvokeDetails{Result: new(string), Error: nil},
		ContextDetails: &durable.ContextDetails{Result: new(string), ReplayChildren: new(bool), Error: nil}}
	_ = durable.OperationUpdate{Id: new(string), Type: durable.OperationTypeWait, Action: durable.OperationActionCancel, SubType: new(string), Name: new(string), ParentId: new(string), Payload: new(string),
		Error: &durable.ErrorObject{ErrorType: new(string), ErrorMessage: new(string), ErrorData: new(string), StackTrace: []string{}}, StepOptions: &durable.StepOptions{NextAttemptDelaySeconds: new(int32)},
		WaitOptions: &durable.WaitOptions{WaitSeconds: new(int32)}, CallbackOptions: &durable.CallbackOptions{TimeoutSeconds: int32(1), HeartbeatTimeoutSeconds: int32(1)},
		ChainedInvokeOptions: &durable.ChainedInvokeOptions{FunctionName: new(string), TenantId: new(string)}, ContextOptions: &durable.ContextOptions{ReplayChildren: new(bool)}}
	_ = []durable.OperationType{durable.OperationTypeExecution, durable.OperationTypeContext, durable.OperationTypeCallback, durable.OperationTypeChainedInvoke}
	_ = []durable.OperationAction{durable.OperationActionStart, durable.OperationActionSucceed, durable.OperationActionFail, durable.OperationActionRetry}
	_ = []durable.OperationStatus{durable.OperationStatusStarted, durable.OperationStatusPending, durable.OperationStatusSucceeded, durable.OperationStatusFailed, durable.OperationStatusTimedOut, durable.OperationStatusStopped, durable.OperationStatusCancelled}
	_ = []string{durable.OperationSubTypeStep, durable.OperationSubTypeWait, durable.OperationSubTypeCallback, durable.OperationSubTypeChainedInvoke, durable.OperationSubTypeRunInChildContext, durable.OperationSubTypeWaitForCallback,
		durable.OperationSubTypeWaitForCondition, durable.OperationSubTypeMap, durable.OperationSubTypeMapIteration, durable.OperationSubTypeParallel, durable.OperationSubTypeParallelBranch}
	_                                  = map[durable.ErrorScope]string{durable.ErrorScopeInvocation: "INVOCATION", durable.ErrorScopeExecution: "EXECUTION"}
	_ error                            = &durable.ClientError{Scope: "", Err: nil}
	_ func(error) bool                 = durable.IsCheckpointRetryable
	_ func(*durable.ErrorObject) error = durable.ErrorFromObject
	_                                  = func(e *durable.CheckpointError) (error, durable.ErrorScope, bool) {
		return e.Err, e.Scope(), e.Retryable()
	}
)

// Errors.
var (
	_ error                     = &durable.OperationError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil}
	_ error                     = &durable.StepError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil, Attempts: 1}
	_ error                     = &durable.StepInterruptedError{Name: ""}
	_ error                     = &durable.InvokeError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil, FunctionID: "", Status: durable.OperationStatusFailed}
	_ error                     = &durable.CallbackError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil, CallbackID: ""}
	_ error                     = &durable.CallbackExternalError{CallbackError: durable.CallbackError{}}
	_ error                     = &durable.CallbackSubmitterError{CallbackError: durable.CallbackError{}}
	_ error                     = &durable.CallbackTimeoutError{CallbackError: durable.CallbackError{}, Heartbeat: true}
	_ error                     = &durable.ChildContextError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil}
	_ error                     = &durable.WaitForConditionError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil, Attempts: 1}
	_ error                     = &durable.RetryError{Name: "", ErrorType: "", Message: "", ErrorData: "", StackTrace: nil, Err: nil, Attempts: 1}
	_ error                     = &durable.CombinatorError{Name: "", Errors: []error{}}
	_ error                     = &durable.BatchError{Name: "", Reason: 0, Errors: []error{}}
	_ error                     = &durable.BatchCompletionError{Name: "", Reason: 0}
	_ error                     = &durable.SerdesError{Operation: "", Direction: "", Err: nil}
	_ error                     = &durable.NonDeterministicExecutionError{Name: "", StepID: "", CurrentType: "", CurrentSubType: "", CurrentName: "", RecordedType: "", RecordedSubType: "", RecordedName: ""}
	_                           = []error{durable.ErrCallbackTimedOut, durable.ErrInvokeTimedOut, durable.ErrExecutionStopped, durable.ErrExecutionCancelled, durable.ErrWrongGoroutine, durable.ErrWrongContext}
	_ func(error, string) error = durable.WithErrorData
)

// Plugins.
var _ = durable.Plugin{
	OnInvocationStart: func(context.Context, durable.InvocationHookInfo) {}, OnInvocationEnd: func(context.Context, durable.InvocationEndHookInfo) {},
	OnOperationStart: func(context.Context, durable.OperationHookInfo) {}, OnOperationEnd: func(context.Context, durable.OperationHookInfo) {},
	OnOperationAttemptStart: func(context.Context, durable.AttemptHookInfo) {}, OnOperationAttemptEnd: func(context.Context, durable.AttemptEndHookInfo) {},
	OnOperationChange: func(context.Context, durable.OperationChangeHookInfo) {},
	WrapInvocation: func(context.Context, durable.InvocationHookInfo, func(context.Context) (any, error)) (any, error) {
		return nil, nil
	},
	WrapOperationAttemptFn: func(context.Context, durable.AttemptHookInfo, func(context.Context) (any, error)) (any, error) {
		return nil, nil
	},
	WrapChildContextFn: func(context.Context, durable.OperationHookInfo, func(context.Context) (any, error)) (any, error) {
		return nil, nil
	},
	EnrichLogContext: func(context.Context) map[string]any { return nil },
}

// What plugins are told.
var (
	_ = durable.InvocationHookInfo{ExecutionArn: "", IsFirstInvocation: true, ExecutionInput: nil, ExecutionStartTimestamp: time.Time{},
		UpdatedOperations: map[string]durable.OperationHookInfo{}, Operations: map[string]durable.OperationHookInfo{}}
	_ = durable.InvocationEndHookInfo{ExecutionArn: "", Status: durable.PluginInvocationRetrying, ExecutionResult: nil, ExecutionError: nil}
	_ = durable.OperationHookInfo{ExecutionArn: "", ID: "", Name: "", Type: "", SubType: "", Status: durable.PluginOperationReady, Attempt: 1, IsReplay: true,
		ParentID: "", ChildrenOmitted: true, StartTimestamp: time.Time{}, EndTimestamp: time.Time{}, Result: "", Error: nil}
	_ = durable.AttemptHookInfo{OperationHookInfo: durable.OperationHookInfo{}, Attempt: 1}
	_ = durable.AttemptEndHookInfo{OperationHookInfo: durable.OperationHookInfo{}, Attempt: 1, Outcome: durable.PluginAttemptFailed, Error: nil}
	_ = durable.OperationChangeHookInfo{ExecutionArn: "", UpdatedOperations: map[string]durable.OperationHookInfo{}}
	_ = map[durable.PluginInvocationStatus]string{durable.PluginInvocationSucceeded: "SUCCEEDED", durable.PluginInvocationFailed: "FAILED",
		durable.PluginInvocationPending: "PENDING", durable.PluginInvocationRetrying: "RETRYING"}
	_ = []durable.PluginOperationStatus{durable.PluginOperationStarted, durable.PluginOperationReady, durable.PluginOperationPending, durable.PluginOperationSucceeded,
		durable.PluginOperationFailed, durable.PluginOperationTimedOut, durable.PluginOperationStopped, durable.PluginOperationCancelled}
	_ = map[durable.PluginAttemptOutcome]string{durable.PluginAttemptSucceeded: "SUCCEEDED", durable.PluginAttemptFailed: "FAILED"}
)

// TestConstantsHaveTheDocumentedValues: numbers, and the words they stand for on the record.
func TestConstantsHaveTheDocumentedValues(t *testing.T) {
	words := func(is ...any) (out []string) {
		for _, i := range is {
			out = append(out, fmt.Sprintf("%d %s", i, i))
		}
		return out
	}
	got := slices.Concat(
		words(durable.CompletionAllCompleted, durable.CompletionMinSuccessfulReached, durable.CompletionFailureToleranceExceeded, durable.CompletionCustomSucceeded, durable.CompletionCustomFailed, durable.CompletionReason(9)),
		words(durable.BatchItemNotStarted, durable.BatchItemSucceeded, durable.BatchItemFailed, durable.BatchItemStarted))
	want := []string{"1 ALL_COMPLETED", "2 MIN_SUCCESSFUL_REACHED", "3 FAILURE_TOLERANCE_EXCEEDED", "4 CUSTOM_COMPLETION_SUCCEEDED", "5 CUSTOM_COMPLETION_FAILED", "9 UNKNOWN",
		"0 NOT_STARTED", "1 SUCCEEDED", "2 FAILED", "4 STARTED"}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	numbers := []int{int(durable.ReplayLogModeUnchanged), int(durable.ReplayLogModeSuppress), int(durable.ReplayLogModeEmit),
		int(durable.AtLeastOncePerRetry), int(durable.AtMostOncePerRetry), int(durable.NestingNormal), int(durable.NestingFlat),
		int(durable.CompletionOutcomeSucceeded), int(durable.CompletionOutcomeFailed),
		int(durable.FileSystemSerdesModeAlways), int(durable.FileSystemSerdesModeOverflow), int(durable.FileSystemPathEncodingURI), int(durable.FileSystemPathEncodingHash),
		int(durable.PreviewIncludeAll), int(durable.PreviewExcludeAll), int(durable.FieldMatchAnywhere), int(durable.FieldMatchPath),
		durable.DefaultPreviewMaxBytes, durable.DefaultPreviewMaxDepth, durable.MaxStackTraceFrames, int(durable.DefaultRetryDelay.Seconds())}
	if !slices.Equal(numbers, []int{0, 1, 2, 0, 1, 0, 1, 1, 2, 0, 1, 0, 1, 0, 1, 0, 1, 4096, 32, 32, 1}) {
		t.Error(numbers)
	}
	if durable.DefaultPreviewMaskString != "***" || durable.PreviewTruncatedKey != "$truncated" {
		t.Error("the preview's words differ")
	}
}

// TestGuardedStructsTakeKeyedLiteralsOnly: the blank first field forbids unkeyed literals and comparison, as upstream does.
func TestGuardedStructsTakeKeyedLiteralsOnly(t *testing.T) {
	guarded := []any{durable.SerdesConfig{}, durable.LogConfig{}, durable.ConditionConfig[int]{}, durable.WaitDecision{}, durable.WaitConfig[int]{},
		durable.Branch[int]{}, durable.CompletionConfig{}, durable.BatchProgress{}, durable.BatchItemProgress{}, durable.CompletionDecision{},
		durable.BatchItem[int]{}, durable.BatchResult[int]{}, durable.Settled[int]{}, durable.RetryAttempt{}, durable.RetryDecision{}, durable.RetryConfig{},
		durable.LinearRetryConfig{}, durable.SerdesContext{}, durable.FileSystemSerdesConfig{}, durable.PreviewConfig{}, durable.PreviewField{}}
	for _, g := range guarded {
		first := reflect.TypeOf(g).Field(0)
		if first.Name != "_" || first.Type != reflect.TypeOf([0]func(){}) || reflect.TypeOf(g).Comparable() {
			t.Errorf("%T is not guarded", g)
		}
	}
}
