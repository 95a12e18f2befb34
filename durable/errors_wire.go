package durable

import (
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxErrorData bounds recorded error data, in bytes.
const maxErrorData = 256 * 1024

// dataError attaches data to an error without changing its type or message.
type dataError struct {
	error
	data string
}

func (e *dataError) Unwrap() error { return e.error }

// WithErrorData attaches data that is recorded beside err as ErrorData, cut to 256 KiB. The outermost data of a chain
// wins. A nil err stays nil.
func WithErrorData(err error, data string) error {
	if err == nil {
		return nil
	}
	return &dataError{err, data}
}

// wireType is the type name of an SDK error, empty for others.
func wireType(err error) string {
	switch e := err.(type) {
	case *recordedError:
		return e.kind
	case *OperationError:
		return "OperationError"
	case *StepError:
		return "StepError"
	case *StepInterruptedError:
		return "StepInterruptedError"
	case *InvokeError:
		return "InvokeError"
	case *CallbackError:
		return "CallbackError"
	case *CallbackExternalError:
		return "CallbackExternalError"
	case *CallbackSubmitterError:
		return "CallbackSubmitterError"
	case *CallbackTimeoutError:
		return "CallbackTimeoutError"
	case *ChildContextError:
		return "ChildContextError"
	case *WaitForConditionError:
		return "WaitForConditionError"
	case *RetryError:
		return "RetryError"
	case *CombinatorError:
		return "PromiseCombinatorError"
	case *BatchError:
		return "BatchError"
	case *BatchCompletionError:
		return "BatchCompletionError"
	case *SerdesError:
		return "SerdesError"
	case *NonDeterministicExecutionError:
		return "NonDeterministicExecutionError"
	case *CheckpointError:
		return "CheckpointError"
	}
	return ""
}

// walk visits a chain outermost first, branches in order, until visit answers true. Depth is bounded so that an error
// that unwraps to itself cannot hold the invocation.
func walk(err error, depth int, visit func(error) bool) bool {
	if err == nil || depth > 64 {
		return false
	}
	if visit(err) {
		return true
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return walk(u.Unwrap(), depth+1, visit)
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if walk(e, depth+1, visit) {
				return true
			}
		}
	}
	return false
}

// typeOf names an error on the wire: the first SDK error of its chain, else the Go type of the outermost.
func typeOf(err error) string {
	var name string
	if walk(err, 0, func(e error) bool {
		name = wireType(e)
		if o, ok := e.(*OperationError); ok && o.ErrorType != "" {
			name = o.ErrorType // a stand-in keeps the type it stands for
		}
		return name != ""
	}) {
		return name
	}
	for {
		d, ok := err.(*dataError)
		if !ok {
			break
		}
		err = d.error
	}
	t := reflect.TypeOf(err)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ = strings.Cut(t.Name(), "[")
	switch name {
	case "", "errorString", "wrapError", "joinError", "panicError":
		return "Error"
	}
	return name
}

// messageOf is the text to record: a rebuilt stand-in gives its raw message, so that its type is not prefixed twice.
func messageOf(err error) string {
	inner := err
	for {
		d, ok := inner.(*dataError)
		if !ok {
			break
		}
		inner = d.error
	}
	if o, ok := inner.(*OperationError); ok && o.text == "" {
		return o.Message
	}
	return err.Error()
}

// dataOf is the outermost data of a chain.
func dataOf(err error) string {
	var data string
	walk(err, 0, func(e error) bool {
		if d, ok := e.(*dataError); ok {
			data = d.data
			return true
		}
		if f, ok := e.(interface{ facts() facts }); ok && f.facts().ErrorData != "" {
			data = f.facts().ErrorData
			return true
		}
		return false
	})
	return cut(data, maxErrorData)
}

// objectOf is the record of an error. trace is used when the chain carries none of its own.
func objectOf(err error, trace []string) *ErrorObject {
	if own := traceOf(err); own != nil {
		trace = own
	}
	return &ErrorObject{ErrorType: ptr(typeOf(err)), ErrorMessage: ptr(messageOf(err)), ErrorData: optional(dataOf(err)), StackTrace: trace}
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// ErrorFromObject rebuilds a typed error from a record. It returns nil for nil; otherwise errors.As finds an
// *OperationError in the result.
func ErrorFromObject(obj *ErrorObject) error {
	if obj == nil {
		return nil
	}
	kind, message := deref(obj.ErrorType), deref(obj.ErrorMessage)
	o := OperationError{ErrorType: kind, Message: message, ErrorData: deref(obj.ErrorData), StackTrace: obj.StackTrace}
	cb := CallbackError{ErrorType: kind, Message: message, ErrorData: o.ErrorData, StackTrace: o.StackTrace, text: message}
	switch kind {
	case "StepError":
		return &StepError{ErrorType: kind, Message: message, ErrorData: o.ErrorData, StackTrace: o.StackTrace, text: message}
	case "StepInterruptedError":
		return &StepInterruptedError{text: message}
	case "InvokeError":
		return &InvokeError{ErrorType: kind, Message: message, ErrorData: o.ErrorData, StackTrace: o.StackTrace, text: message}
	case "CallbackError":
		return &cb
	case "CallbackExternalError":
		return &CallbackExternalError{cb}
	case "CallbackSubmitterError":
		return &CallbackSubmitterError{cb}
	case "CallbackTimeoutError", "Callback.Timeout", "Callback.Heartbeat":
		return &CallbackTimeoutError{CallbackError: cb, Heartbeat: isHeartbeat(kind, message)}
	case "ChildContextError":
		return &ChildContextError{ErrorType: kind, Message: message, ErrorData: o.ErrorData, StackTrace: o.StackTrace, text: message}
	case "WaitForConditionError":
		return &WaitForConditionError{ErrorType: kind, Message: message, ErrorData: o.ErrorData, StackTrace: o.StackTrace, text: message}
	case "RetryError":
		return &RetryError{ErrorType: kind, Message: message, ErrorData: o.ErrorData, StackTrace: o.StackTrace, text: message}
	case "PromiseCombinatorError":
		return &CombinatorError{Errors: []error{&o}, text: message}
	case "BatchError":
		return &BatchError{Reason: reasonIn(message), text: message}
	case "BatchCompletionError":
		return &BatchCompletionError{text: message}
	case "NonDeterministicExecutionError":
		return &NonDeterministicExecutionError{text: message}
	case "SerdesError", "CheckpointError":
		return &recordedError{OperationError: o, kind: kind}
	}
	return &o
}

func isHeartbeat(kind, message string) bool {
	return kind == "Callback.Heartbeat" || strings.Contains(strings.ToLower(message), "heartbeat")
}

// recordedError stands for a recorded error of a type that is not itself an operation's failure.
type recordedError struct {
	OperationError
	kind string
}

func (e *recordedError) As(target any) bool {
	switch t := target.(type) {
	case **OperationError:
		*t = &e.OperationError
		return true
	case **SerdesError:
		if e.kind == "SerdesError" {
			*t = &SerdesError{Err: errors.New(e.Message), text: e.Message}
			return true
		}
	case **CheckpointError:
		if e.kind == "CheckpointError" {
			*t = &CheckpointError{Err: errors.New(e.Message), scope: ErrorScopeExecution, text: e.Message}
			return true
		}
	}
	return false
}
