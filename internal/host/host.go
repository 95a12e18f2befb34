// Package host is the port behind which function code runs.
//
// A [Host] is given a [Spec] (what to run: one version of a function) and an [Invocation] and answers when the code has
// answered, failed, or run out of time. It keeps warm instances per Spec.Key, runs one invocation at a time in each,
// starts more on demand, and maps crashes, time-outs and oversized answers to the errors AWS Lambda reports (spec
// durable-execution.md section 8.4 and 3.6). It knows nothing of durable executions, retries or queues. The adapters are
// host/process (child processes that speak the Lambda Runtime API), host/inproc (Go functions) and host/remote.
package host

import (
	"context"
	"time"
)

// Spec is one immutable version of a function's code and configuration.
type Spec struct {
	Key          string // unique per code and configuration; instances are pooled by it
	FunctionName string
	FunctionARN  string // qualified
	Version      string // "$LATEST" or a number
	Region       string
	Account      string
	Runtime      string // "provided.al2023", "nodejs22.x", "python3.13"
	Handler      string
	Architecture string // "x86_64" or "arm64"
	Code         string // blob name of the zip
	MemoryMB     int
	Timeout      time.Duration // per invocation
	Environment  map[string]string
	LogFormat    string // "Text" or "JSON"
	LogLevel     string
	LogGroup     string
	Concurrency  int // most instances at once; 0: the host's limit
}

// Invocation is one event for the code.
type Invocation struct {
	RequestID     string
	Payload       []byte
	InvokedARN    string // as addressed; the qualified ARN for durable executions
	TraceID       string
	ClientContext string // base64 as the client gave it
	TenantID      string
}

// Result is how an invocation ended. FunctionError is empty on success; otherwise Payload is the error object
// {"errorMessage","errorType",...} and FunctionError is "Unhandled".
type Result struct {
	Payload       []byte
	FunctionError string
	ErrorType     string // "Runtime.ExitError", "Sandbox.Timedout", the handler's own error type, ...
	Log           []byte // tail of the log, at most 4,096 bytes
	Started       time.Time
	Ended         time.Time
	ColdStart     bool
}

// Host runs functions. Safe for concurrent use.
type Host interface {
	// Invoke blocks until the code has answered. An error means that the code was not run, or that ctx ended first: the
	// code cannot be started at all is a *StartError, no free instance within the limit is ErrThrottled.
	Invoke(ctx context.Context, s *Spec, in *Invocation) (*Result, error)
	// Retire lets instances of a spec go once they are idle.
	Retire(key string)
	// Close ends every instance, process groups included, and returns when they are gone.
	Close() error
}
