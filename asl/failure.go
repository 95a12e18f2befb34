package asl

import "unicode/utf8"

// The names of errors that the interpreter raises or treats in a way of its own (spec section 2.1).
const (
	allErrors         = "States.ALL"
	taskFailed        = "States.TaskFailed"
	timeoutError      = "States.Timeout"
	heartbeatError    = "States.HeartbeatTimeout"
	runtimeError      = "States.Runtime"
	dataLimitError    = "States.DataLimitExceeded"
	queryError        = "States.QueryEvaluationError"
	readerError       = "States.ItemReaderFailed"
	writerError       = "States.ResultWriterFailed"
	thresholdError    = "States.ExceedToleratedFailureThreshold"
	resultPathFailure = "States.ResultPathMatchFailure"
)

// failure is an error of a state on its way to a retrier, a catcher, or out of the container.
type failure struct {
	name  *string // nil: SendTaskFailure was called without it
	cause *string
	alias string // a second name that ErrorEquals may use

	evaluation bool   // an expression failed: there is an EvaluationFailed event
	location   string // its field
	prefix     bool   // the cause still lacks the words that name the state
	task       bool   // comes from a task, so that States.TaskFailed means it too
}

func text(s string) *string { return &s }

// maxCause is how many characters of a cause are kept (spec section 2.1). Without a bound a machine that starts itself, with
// .sync, would double the backslashes of its children's causes at each level.
const maxCause = 32768

// bounded is a cause of at most so many characters.
func bounded(cause *string) *string {
	if cause == nil || len(*cause) <= maxCause || utf8.RuneCountInString(*cause) <= maxCause {
		return cause
	}
	n := 0
	for i := range *cause {
		if n == maxCause {
			return text((*cause)[:i])
		}
		n++
	}
	return cause
}

// fault is a States.Runtime error, which nothing retries or catches.
func fault(cause string) *failure {
	return &failure{name: text(runtimeError), cause: &cause, prefix: true}
}

// queryFault is the failure of an expression in a field.
func queryFault(field, cause string) *failure {
	return &failure{name: text(queryError), cause: &cause, prefix: true, evaluation: true, location: field}
}

// tooLarge is the failure of a state or task whose result is over the payload limit.
func tooLarge(what string) *failure {
	return &failure{name: text(dataLimitError),
		cause: text("The state/task '" + what + "' returned a result with a size exceeding the maximum number of bytes service limit.")}
}

func (f *failure) is(name string) bool { return f.name != nil && *f.name == name }

// matches tells whether an ErrorEquals list means the failure.
func (f *failure) matches(names []string) bool {
	if f.is(runtimeError) {
		return false
	}
	for _, n := range names {
		switch {
		case n == allErrors, f.is(n), f.alias != "" && n == f.alias:
			return true
		case n == taskFailed && f.task && !f.is(timeoutError):
			return true
		}
	}
	return false
}
