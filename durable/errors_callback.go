package durable

// CallbackError is a callback that did not succeed.
type CallbackError struct {
	Name, ErrorType, Message, ErrorData string
	StackTrace                          []string
	Err                                 error
	CallbackID                          string
	text                                string
}

func (e *CallbackError) facts() facts {
	return facts{e.Name, e.ErrorType, e.Message, e.ErrorData, e.StackTrace, e.Err, e.text}
}
func (e *CallbackError) Error() string { return e.facts().said("callback") }

// Unwrap returns the rebuilt cause.
func (e *CallbackError) Unwrap() error { return e.Err }

// As lets errors.As find an *OperationError.
func (e *CallbackError) As(target any) bool { return asOperation(e.facts(), target) }

// CallbackExternalError is a callback that was answered with a failure.
type CallbackExternalError struct{ CallbackError }

// As lets errors.As find a *CallbackError or an *OperationError.
func (e *CallbackExternalError) As(target any) bool { return asCallback(&e.CallbackError, target) }

// CallbackSubmitterError is a WaitForCallback whose submitter failed for good.
type CallbackSubmitterError struct{ CallbackError }

func (e *CallbackSubmitterError) Error() string { return e.facts().said("callback submitter") }

// As lets errors.As find a *CallbackError or an *OperationError.
func (e *CallbackSubmitterError) As(target any) bool { return asCallback(&e.CallbackError, target) }

// CallbackTimeoutError is a callback nobody answered in time; Heartbeat tells which of its two timeouts passed.
type CallbackTimeoutError struct {
	CallbackError
	Heartbeat bool
}

// As lets errors.As find a *CallbackError or an *OperationError.
func (e *CallbackTimeoutError) As(target any) bool { return asCallback(&e.CallbackError, target) }

// Is matches ErrCallbackTimedOut.
func (e *CallbackTimeoutError) Is(target error) bool { return target == ErrCallbackTimedOut }

func asCallback(e *CallbackError, target any) bool {
	if t, ok := target.(**CallbackError); ok {
		*t = e
		return true
	}
	return asOperation(e.facts(), target)
}
