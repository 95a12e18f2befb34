package host

import "errors"

// ErrThrottled: every instance that may run is busy.
var ErrThrottled = errors.New("no free instance: the function's concurrency limit is reached")

// StartError: code that can never start here, for instance an unknown runtime or a binary for another architecture.
type StartError struct {
	Type    string // AWS error type, "Runtime.InvalidEntrypoint"
	Message string
}

func (e *StartError) Error() string { return e.Type + ": " + e.Message }
