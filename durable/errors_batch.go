package durable

import (
	"fmt"
	"strings"
)

// CombinatorError is All, Any, Race, Join or Select failing. Its type on the wire is PromiseCombinatorError.
type CombinatorError struct {
	Name   string
	Errors []error
	text   string
}

func (e *CombinatorError) facts() facts {
	return facts{Name: e.Name, ErrorType: "PromiseCombinatorError", Message: e.Error(), text: e.text}
}

func (e *CombinatorError) Error() string {
	if e.text != "" {
		return e.text
	}
	if len(e.Errors) == 1 {
		return e.Errors[0].Error()
	}
	return fmt.Sprintf("durable: %d operations failed", len(e.Errors))
}

// Unwrap returns the single failures.
func (e *CombinatorError) Unwrap() []error { return e.Errors }

// As lets errors.As find an *OperationError.
func (e *CombinatorError) As(target any) bool { return asOperation(e.facts(), target) }

// BatchError is a Map or Parallel that ended as failed; the result returned beside it is filled.
type BatchError struct {
	Name   string
	Reason CompletionReason
	Errors []error
	text   string
}

func (e *BatchError) facts() facts {
	return facts{Name: e.Name, ErrorType: "BatchError", Message: e.Error(), text: e.text}
}

func (e *BatchError) Error() string {
	if e.text != "" {
		return e.text
	}
	said := make([]string, 0, len(e.Errors))
	for _, err := range e.Errors {
		said = append(said, err.Error())
	}
	return fmt.Sprintf("durable: batch %q failed: %s: %s", e.Name, e.Reason, strings.Join(said, "; "))
}

// Unwrap returns the failures of the items.
func (e *BatchError) Unwrap() []error { return e.Errors }

// As lets errors.As find an *OperationError.
func (e *BatchError) As(target any) bool { return asOperation(e.facts(), target) }

// BatchCompletionError is a batch that its completion policy declared failed although no item failed.
type BatchCompletionError struct {
	Name   string
	Reason CompletionReason
	text   string
}

func (e *BatchCompletionError) facts() facts {
	return facts{Name: e.Name, ErrorType: "BatchCompletionError", Message: e.Error(), text: e.text}
}

func (e *BatchCompletionError) Error() string {
	if e.text != "" {
		return e.text
	}
	return fmt.Sprintf("durable: batch %q ended as failed by its completion policy: %s", e.Name, e.Reason)
}

// As lets errors.As find an *OperationError.
func (e *BatchCompletionError) As(target any) bool { return asOperation(e.facts(), target) }

// reasonIn finds the reason in the text of a recorded BatchError, 0 when there is none.
func reasonIn(text string) CompletionReason {
	for r := CompletionAllCompleted; r <= CompletionCustomFailed; r++ {
		if strings.Contains(text, " failed: "+r.String()+": ") {
			return r
		}
	}
	return 0
}
