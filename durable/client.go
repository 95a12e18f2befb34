package durable

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ExecutionClient is the part of the Lambda API a durable function needs. An implementation is called by one goroutine
// at a time per invocation and does its own retries; repeated calls must carry the same client token.
type ExecutionClient interface {
	GetExecutionState(ctx context.Context, in GetExecutionStateInput) (GetExecutionStateOutput, error)
	Checkpoint(ctx context.Context, in CheckpointInput) (CheckpointOutput, error)
}

// GetExecutionStateInput asks for one further page of recorded operations.
type GetExecutionStateInput struct {
	ExecutionArn    string
	CheckpointToken string
	Marker          string
}

// GetExecutionStateOutput is one page; an empty NextMarker ends it.
type GetExecutionStateOutput struct {
	Operations []Operation
	NextMarker string
}

// CheckpointInput records updates; without any it only asks what changed.
type CheckpointInput struct {
	ExecutionArn    string
	CheckpointToken string
	Updates         []OperationUpdate
}

// CheckpointOutput carries the token of the next call, empty when there can be none, and what changed.
type CheckpointOutput struct {
	CheckpointToken   string
	NewExecutionState []Operation
}

// ErrorScope says how far a failed call of the service reaches.
type ErrorScope string

const (
	// ErrorScopeInvocation ends the invocation; the service invokes again from the last checkpoint.
	ErrorScopeInvocation ErrorScope = "INVOCATION"
	// ErrorScopeExecution ends the execution as FAILED.
	ErrorScopeExecution ErrorScope = "EXECUTION"
)

// ClientError is what a custom ExecutionClient returns to state the scope itself. An unknown scope is INVOCATION.
type ClientError struct {
	Scope ErrorScope
	Err   error
}

func (e *ClientError) Error() string {
	if e.Err == nil {
		return "durable: client failed"
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *ClientError) Unwrap() error { return e.Err }

// CheckpointError is a checkpoint call that failed.
type CheckpointError struct {
	Err   error
	scope ErrorScope
	text  string // of one rebuilt from a record
}

func (e *CheckpointError) Error() string {
	if e.text != "" {
		return e.text
	}
	return fmt.Sprintf("durable: checkpoint failed: %v", e.Err)
}

// Unwrap returns the client's error.
func (e *CheckpointError) Unwrap() error { return e.Err }

// Scope says whether the invocation or the whole execution ends.
func (e *CheckpointError) Scope() ErrorScope { return e.scope }

// Retryable reports whether the service will try again from the last checkpoint.
func (e *CheckpointError) Retryable() bool { return e.scope != ErrorScopeExecution }

// IsCheckpointRetryable reports whether err holds a CheckpointError that is retryable.
func IsCheckpointRetryable(err error) bool {
	var c *CheckpointError
	return errors.As(err, &c) && c.Retryable()
}

// staleToken is how the service begins its refusal of a token that was used up; another invocation has taken over.
const staleToken = "Invalid Checkpoint Token"

// scopeOf judges a client's error. Faults of the service and of the way to it may pass; a refusal will not.
func scopeOf(err error) ErrorScope {
	var c *ClientError
	if errors.As(err, &c) {
		if c.Scope == ErrorScopeExecution {
			return ErrorScopeExecution
		}
		return ErrorScopeInvocation
	}
	var status interface{ HTTPStatusCode() int }
	hasStatus := errors.As(err, &status)
	var code interface{ ErrorCode() string }
	if errors.As(err, &code) {
		server := hasStatus && status.HTTPStatusCode() >= 500
		if code.ErrorCode() == "TooManyRequestsException" || server || isStale(err) {
			return ErrorScopeInvocation
		}
		return ErrorScopeExecution
	}
	if hasStatus && status.HTTPStatusCode() < 500 {
		return ErrorScopeExecution
	}
	return ErrorScopeInvocation
}

func isStale(err error) bool {
	var api interface {
		ErrorCode() string
		ErrorMessage() string
	}
	return errors.As(err, &api) && api.ErrorCode() == "InvalidParameterValueException" &&
		strings.HasPrefix(api.ErrorMessage(), staleToken)
}
