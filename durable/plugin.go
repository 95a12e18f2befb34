package durable

import (
	"context"
	"time"
)

// Plugin observes and wraps what a durable function does. Every hook may be nil. Notifications of several plugins run
// beside each other and are awaited; a panic in a hook never reaches the function.
type Plugin struct {
	OnInvocationStart       func(context.Context, InvocationHookInfo)
	OnInvocationEnd         func(context.Context, InvocationEndHookInfo)
	OnOperationStart        func(context.Context, OperationHookInfo)
	OnOperationEnd          func(context.Context, OperationHookInfo)
	OnOperationAttemptStart func(context.Context, AttemptHookInfo)
	OnOperationAttemptEnd   func(context.Context, AttemptEndHookInfo)
	OnOperationChange       func(context.Context, OperationChangeHookInfo)
	// WrapInvocation, WrapOperationAttemptFn and WrapChildContextFn run around user code, the first plugin outermost.
	WrapInvocation         func(ctx context.Context, info InvocationHookInfo, fn func(context.Context) (any, error)) (any, error)
	WrapOperationAttemptFn func(ctx context.Context, info AttemptHookInfo, fn func(context.Context) (any, error)) (any, error)
	WrapChildContextFn     func(ctx context.Context, info OperationHookInfo, fn func(context.Context) (any, error)) (any, error)
	// EnrichLogContext gives fields for every log record; they never replace those of the SDK or of the user.
	EnrichLogContext func(context.Context) map[string]any
}

// PluginInvocationStatus is how an invocation ended.
type PluginInvocationStatus string

// How invocations end. RETRYING means that the service will invoke again because of an error.
const (
	PluginInvocationSucceeded PluginInvocationStatus = "SUCCEEDED"
	PluginInvocationFailed    PluginInvocationStatus = "FAILED"
	PluginInvocationPending   PluginInvocationStatus = "PENDING"
	PluginInvocationRetrying  PluginInvocationStatus = "RETRYING"
)

// PluginOperationStatus is the status of an operation.
type PluginOperationStatus string

// The statuses of operations.
const (
	PluginOperationStarted   PluginOperationStatus = "STARTED"
	PluginOperationReady     PluginOperationStatus = "READY"
	PluginOperationPending   PluginOperationStatus = "PENDING"
	PluginOperationSucceeded PluginOperationStatus = "SUCCEEDED"
	PluginOperationFailed    PluginOperationStatus = "FAILED"
	PluginOperationTimedOut  PluginOperationStatus = "TIMED_OUT"
	PluginOperationStopped   PluginOperationStatus = "STOPPED"
	PluginOperationCancelled PluginOperationStatus = "CANCELLED"
)

// PluginAttemptOutcome is how an attempt ended.
type PluginAttemptOutcome string

// How attempts end.
const (
	PluginAttemptSucceeded PluginAttemptOutcome = "SUCCEEDED"
	PluginAttemptFailed    PluginAttemptOutcome = "FAILED"
)

// InvocationHookInfo describes an invocation. Maps are keyed by wire ids.
type InvocationHookInfo struct {
	ExecutionArn                  string
	IsFirstInvocation             bool
	ExecutionInput                any
	ExecutionStartTimestamp       time.Time
	UpdatedOperations, Operations map[string]OperationHookInfo
}

// InvocationEndHookInfo describes how an invocation ended.
type InvocationEndHookInfo struct {
	ExecutionArn    string
	Status          PluginInvocationStatus
	ExecutionResult any
	ExecutionError  error
}

// OperationHookInfo describes an operation. ID is the positional id, ParentID the wire id of the enclosing context. Of a
// virtual context, which has no record, there are neither times nor a result, and IsReplay says that the code around it
// repeats; it ends only if something inside was news.
type OperationHookInfo struct {
	ExecutionArn, ID, Name, Type, SubType string
	Status                                PluginOperationStatus
	Attempt                               int
	IsReplay                              bool
	ParentID                              string
	ChildrenOmitted                       bool
	StartTimestamp, EndTimestamp          time.Time
	Result                                string
	Error                                 error
}

// AttemptHookInfo describes an attempt, counted from 1.
type AttemptHookInfo struct {
	OperationHookInfo
	Attempt int
}

// AttemptEndHookInfo describes how an attempt ended.
type AttemptEndHookInfo struct {
	OperationHookInfo
	Attempt int
	Outcome PluginAttemptOutcome
	Error   error
}

// OperationChangeHookInfo lists operations whose record changed.
type OperationChangeHookInfo struct {
	ExecutionArn      string
	UpdatedOperations map[string]OperationHookInfo
}
