package api

import (
	"errors"
	"fmt"
)

// Error is an answer in AWS's own error shape. Code and Message are protocol: clients match on them, so both come from
// the AWS model, a recording, or the specification, and are never rephrased.
type Error struct {
	Code    string // "ResourceNotFoundException"
	Message string
	Status  int  // HTTP status; 0 means 400
	Upper   bool // REST-JSON: the member is "Message" rather than "message"
	// Members are further members of the error body, such as "Reason" or "resourceName".
	Members map[string]any
	// RetryAfter, in seconds, is sent as the Retry-After header when positive.
	RetryAfter int
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is the status to answer with.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return 400
	}
	return e.Status
}

// Errorf makes a 400 with the given code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// As returns err as an *Error, if it is one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// Serialization is the answer to a body that is not JSON of the expected shape.
func Serialization(err error) *Error {
	return Errorf("SerializationException", "could not parse the request body: %v", err)
}

// Unknown is the answer to an operation that a service does not offer here.
func Unknown(service, operation string) *Error {
	return Errorf("UnknownOperationException", "%s:%s is not supported here", service, operation)
}
