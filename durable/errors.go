package durable

import (
	"errors"
	"fmt"
	"strings"
)

// The sentinels of this package, for errors.Is.
var (
	// ErrCallbackTimedOut is in the chain of a CallbackTimeoutError.
	ErrCallbackTimedOut = errors.New("durable: callback timed out")
	// ErrInvokeTimedOut is in the chain of an InvokeError whose target timed out.
	ErrInvokeTimedOut = errors.New("durable: invoked function timed out")
	// ErrExecutionStopped is in the chain of an InvokeError whose target was stopped.
	ErrExecutionStopped = errors.New("durable: execution stopped")
	// ErrExecutionCancelled is in the chain of an InvokeError whose target was cancelled.
	ErrExecutionCancelled = errors.New("durable: execution cancelled")
	// ErrWrongGoroutine answers an operation on a Context by a goroutine that does not own it.
	ErrWrongGoroutine = errors.New("durable: operation on a Context from a goroutine that does not own it; start goroutines with durable.Go and use the Context it passes")
	// ErrWrongContext answers an operation on an enclosing Context from inside a child, step, check or submitter body.
	ErrWrongContext = errors.New("durable: operation on an enclosing Context from inside a body that has its own; use the Context the body was given")
	// ErrRetryableSerdes is in the chain of what RetryableSerdesError returns.
	ErrRetryableSerdes = errors.New("durable: transient serdes failure")
)

// errSuspended unwinds user code once the invocation is over; it matches no exported type on purpose.
var errSuspended = errors.New("durable: the invocation is suspended; return this error unchanged")

// OperationError is what all typed failures of operations have in common; errors.As finds it in each of them.
type OperationError struct {
	Name       string   // the operation's name, may be empty
	ErrorType  string   // type of the recorded cause
	Message    string   // message of the recorded cause
	ErrorData  string   // as attached with WithErrorData
	StackTrace []string // "function file:line", innermost first
	Err        error    // cause rebuilt from the record, never the original
	text       string   // replaces the composed text for errors rebuilt from a record
}

func (e *OperationError) Error() string {
	if e.text != "" {
		return e.text
	}
	switch {
	case e.ErrorType == "":
		return e.Message
	case e.Message == "":
		return e.ErrorType
	}
	return e.ErrorType + ": " + e.Message
}

// Unwrap returns the rebuilt cause.
func (e *OperationError) Unwrap() error { return e.Err }

func (e *OperationError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}

// facts is the shape that every typed failure carries, so that their conversions are written once.
type facts struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	text                                string
}

func (f facts) operation() *OperationError {
	return &OperationError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData,
		StackTrace: f.StackTrace, Err: f.Err, text: f.text}
}

// said composes the text of a typed failure: what failed, under which name, why.
func (f facts) said(what string) string {
	if f.text != "" {
		return f.text
	}
	var b strings.Builder
	b.WriteString("durable: " + what)
	if f.Name != "" {
		fmt.Fprintf(&b, " %q", f.Name)
	}
	b.WriteString(" failed")
	if f.Message != "" {
		b.WriteString(": " + f.Message)
	} else if f.ErrorType != "" {
		b.WriteString(": " + f.ErrorType)
	}
	return b.String()
}

// asOperation fills target when it asks for an *OperationError.
func asOperation(f facts, target any) bool {
	t, ok := target.(**OperationError)
	if ok {
		*t = f.operation()
	}
	return ok
}

// StepError is a step whose attempts are used up or whose error is not retried.
type StepError struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	Attempts                            int
	text                                string
}

func (e *StepError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}
func (e *StepError) Error() string { return e.facts().said("step") }

// Unwrap returns the rebuilt cause.
func (e *StepError) Unwrap() error { return e.Err }

// As lets errors.As find an *OperationError.
func (e *StepError) As(target any) bool { return asOperation(e.facts(), target) }

// StepInterruptedError stands for the attempt of an at-most-once step whose invocation ended while it ran.
type StepInterruptedError struct {
	Name string
	text string
}

func (e *StepInterruptedError) facts() facts {
	return facts{Name: e.Name, ErrorType: "StepInterruptedError", Message: e.Error(), text: e.text}
}

func (e *StepInterruptedError) Error() string {
	if e.text != "" {
		return e.text
	}
	return fmt.Sprintf("durable: step %q was interrupted: the invocation ended while its attempt ran", e.Name)
}

// As lets errors.As find an *OperationError.
func (e *StepInterruptedError) As(target any) bool { return asOperation(e.facts(), target) }

// InvokeError is a chained invoke that did not succeed; Status says how it ended.
type InvokeError struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	FunctionID                          string
	Status                              OperationStatus
	text                                string
}

func (e *InvokeError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}
func (e *InvokeError) Error() string { return e.facts().said("invoke") }

// Unwrap returns the rebuilt cause.
func (e *InvokeError) Unwrap() error { return e.Err }

// As lets errors.As find an *OperationError.
func (e *InvokeError) As(target any) bool { return asOperation(e.facts(), target) }

// Is matches the sentinel of the status.
func (e *InvokeError) Is(target error) bool {
	switch e.Status {
	case OperationStatusTimedOut:
		return target == ErrInvokeTimedOut
	case OperationStatusStopped:
		return target == ErrExecutionStopped
	case OperationStatusCancelled:
		return target == ErrExecutionCancelled
	}
	return false
}

// ChildContextError is a child context whose body failed. On the first run and on every replay it is built from the record.
type ChildContextError struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	text                                string
}

func (e *ChildContextError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}
func (e *ChildContextError) Error() string { return e.facts().said("child context") }

// Unwrap returns the rebuilt cause.
func (e *ChildContextError) Unwrap() error { return e.Err }

// As lets errors.As find an *OperationError.
func (e *ChildContextError) As(target any) bool { return asOperation(e.facts(), target) }

// WaitForConditionError is a condition whose check failed or whose strategy gave up.
type WaitForConditionError struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	Attempts                            int
	text                                string
}

func (e *WaitForConditionError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}
func (e *WaitForConditionError) Error() string { return e.facts().said("wait for condition") }

// Unwrap returns the rebuilt cause.
func (e *WaitForConditionError) Unwrap() error { return e.Err }

// As lets errors.As find an *OperationError.
func (e *WaitForConditionError) As(target any) bool { return asOperation(e.facts(), target) }

// RetryError is a group retry whose strategy gave up.
type RetryError struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	Attempts                            int
	text                                string
}

func (e *RetryError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}
func (e *RetryError) Error() string { return e.facts().said("retry") }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// As lets errors.As find an *OperationError.
func (e *RetryError) As(target any) bool { return asOperation(e.facts(), target) }
