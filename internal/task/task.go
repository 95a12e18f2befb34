// Package task is the port for Task states: what a state machine can call.
//
// A [Runner] does the calls of one service. It is given a resource that has been parsed and arguments that have been
// evaluated, and answers with the JSON that the state sees as its result, or with an error name and a cause as AWS words
// them (spec step-functions.md section 4). Runners are run at least once: a Request carries a Key that is the same on
// every repetition, so that a runner can make the call idempotent. One file per service in the folders beside this one.
package task

import "context"

// Pattern is how a Task state waits.
type Pattern string

// The integration patterns, by the suffix of the resource.
const (
	RequestResponse Pattern = ""
	Sync            Pattern = ".sync"
	Sync2           Pattern = ".sync:2"
	WaitForToken    Pattern = ".waitForTaskToken"
)

// Request is one scheduled task.
type Request struct {
	Key         string // same on every repetition of this attempt
	Service     string // "lambda", "states", "sqs", "aws-sdk:dynamodb", "http"
	Action      string // "invoke", "startExecution"
	Pattern     Pattern
	Region      string
	Account     string
	Role        string
	Arguments   []byte // JSON
	Token       string // task token, if the pattern waits for one
	ExecutionID string // ARN of the execution that asks
	TraceID     string
}

// Result is how a call ended. Error empty means success. With WaitForToken and the sync patterns, success of the call
// only means "submitted"; the state goes on waiting.
type Result struct {
	Output []byte // JSON; also of submissions
	Error  string // "Lambda.ResourceNotFoundException"
	Cause  string
	// Wait names what a sync pattern waits for, for instance an execution ARN; empty for the other patterns.
	Wait string
}

// Runner does the calls of one service.
type Runner interface {
	// Run blocks until the call has been answered or ctx has ended.
	Run(ctx context.Context, r *Request) (*Result, error)
}
