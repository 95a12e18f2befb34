package durable

import "time"

// OperationType is the kind of a recorded operation.
type OperationType string

// The operation types of the service.
const (
	OperationTypeExecution     OperationType = "EXECUTION"
	OperationTypeContext       OperationType = "CONTEXT"
	OperationTypeStep          OperationType = "STEP"
	OperationTypeWait          OperationType = "WAIT"
	OperationTypeCallback      OperationType = "CALLBACK"
	OperationTypeChainedInvoke OperationType = "CHAINED_INVOKE"
)

// OperationAction is what a checkpoint update does to an operation.
type OperationAction string

// The actions of the service.
const (
	OperationActionStart   OperationAction = "START"
	OperationActionSucceed OperationAction = "SUCCEED"
	OperationActionFail    OperationAction = "FAIL"
	OperationActionRetry   OperationAction = "RETRY"
	OperationActionCancel  OperationAction = "CANCEL"
)

// OperationStatus is the recorded state of an operation.
type OperationStatus string

// The statuses of the service.
const (
	OperationStatusStarted   OperationStatus = "STARTED"
	OperationStatusPending   OperationStatus = "PENDING"
	OperationStatusReady     OperationStatus = "READY"
	OperationStatusSucceeded OperationStatus = "SUCCEEDED"
	OperationStatusFailed    OperationStatus = "FAILED"
	OperationStatusTimedOut  OperationStatus = "TIMED_OUT"
	OperationStatusStopped   OperationStatus = "STOPPED"
	OperationStatusCancelled OperationStatus = "CANCELLED"
)

// terminal reports whether no further update can change an operation in this status.
func (s OperationStatus) terminal() bool {
	switch s {
	case OperationStatusSucceeded, OperationStatusFailed, OperationStatusTimedOut, OperationStatusStopped, OperationStatusCancelled:
		return true
	}
	return false
}

// The subtypes this SDK records. A custom subtype must not be one of them.
const (
	OperationSubTypeStep              = "Step"
	OperationSubTypeWait              = "Wait"
	OperationSubTypeCallback          = "Callback"
	OperationSubTypeChainedInvoke     = "ChainedInvoke"
	OperationSubTypeRunInChildContext = "RunInChildContext"
	OperationSubTypeWaitForCallback   = "WaitForCallback"
	OperationSubTypeWaitForCondition  = "WaitForCondition"
	OperationSubTypeMap               = "Map"
	OperationSubTypeMapIteration      = "MapIteration"
	OperationSubTypeParallel          = "Parallel"
	OperationSubTypeParallelBranch    = "ParallelBranch"
)

// ErrorObject is an error as it is recorded.
type ErrorObject struct {
	ErrorType    *string  `json:",omitempty"`
	ErrorMessage *string  `json:",omitempty"`
	ErrorData    *string  `json:",omitempty"`
	StackTrace   []string `json:",omitempty"`
}

// Operation is one recorded operation of an execution. Exactly one details member is set, that of its type.
type Operation struct {
	Id                   *string
	Status               OperationStatus
	Type                 OperationType
	SubType              *string
	Name                 *string
	ParentId             *string
	StartTimestamp       *time.Time
	EndTimestamp         *time.Time
	ExecutionDetails     *ExecutionDetails
	StepDetails          *StepDetails
	WaitDetails          *WaitDetails
	CallbackDetails      *CallbackDetails
	ChainedInvokeDetails *ChainedInvokeDetails
	ContextDetails       *ContextDetails
}

// ExecutionDetails belongs to the EXECUTION operation.
type ExecutionDetails struct {
	InputPayload *string
}

// StepDetails belongs to a STEP. Attempt counts ended attempts.
type StepDetails struct {
	Attempt              int32
	Result               *string
	Error                *ErrorObject
	NextAttemptTimestamp *time.Time
}

// WaitDetails belongs to a WAIT.
type WaitDetails struct {
	ScheduledEndTimestamp *time.Time
}

// CallbackDetails belongs to a CALLBACK.
type CallbackDetails struct {
	CallbackId *string
	Result     *string
	Error      *ErrorObject
}

// ChainedInvokeDetails belongs to a CHAINED_INVOKE.
type ChainedInvokeDetails struct {
	Result *string
	Error  *ErrorObject
}

// ContextDetails belongs to a CONTEXT. ReplayChildren asks the body to be run again on replay, over its recorded
// operations, because the result was too large to be stored.
type ContextDetails struct {
	Result         *string
	ReplayChildren *bool
	Error          *ErrorObject
}

// OperationUpdate is one change of a checkpoint call.
type OperationUpdate struct {
	Id                   *string               `json:",omitempty"`
	Type                 OperationType         `json:",omitempty"`
	Action               OperationAction       `json:",omitempty"`
	SubType              *string               `json:",omitempty"`
	Name                 *string               `json:",omitempty"`
	ParentId             *string               `json:",omitempty"`
	Payload              *string               `json:",omitempty"`
	Error                *ErrorObject          `json:",omitempty"`
	StepOptions          *StepOptions          `json:",omitempty"`
	WaitOptions          *WaitOptions          `json:",omitempty"`
	CallbackOptions      *CallbackOptions      `json:",omitempty"`
	ChainedInvokeOptions *ChainedInvokeOptions `json:",omitempty"`
	ContextOptions       *ContextOptions       `json:",omitempty"`
}

// StepOptions goes with STEP RETRY: seconds until the next attempt.
type StepOptions struct {
	NextAttemptDelaySeconds *int32 `json:",omitempty"`
}

// WaitOptions goes with WAIT START.
type WaitOptions struct {
	WaitSeconds *int32 `json:",omitempty"`
}

// CallbackOptions goes with CALLBACK START; 0 means no timeout.
type CallbackOptions struct {
	TimeoutSeconds          int32 `json:",omitempty"`
	HeartbeatTimeoutSeconds int32 `json:",omitempty"`
}

// ChainedInvokeOptions goes with CHAINED_INVOKE START.
type ChainedInvokeOptions struct {
	FunctionName *string `json:",omitempty"`
	TenantId     *string `json:",omitempty"`
}

// ContextOptions goes with CONTEXT SUCCEED.
type ContextOptions struct {
	ReplayChildren *bool `json:",omitempty"`
}

func ptr[T any](v T) *T { return &v }

// optional is nil for the empty string: the service refuses empty names and ids.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
