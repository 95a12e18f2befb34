// Package durop is the pure heart of durable executions: it folds checkpoint updates and service-side completions over
// an execution's operations.
//
// A [State] holds the operations of one execution in the order they were started. [Parse] reads a batch of updates,
// [State.Check] judges it in the order and with the texts of the service (spec durable-execution.md sections 4.3 to 4.8),
// [State.Apply] changes the operations and says which history events follow. Time passing ([State.Due]), callbacks and
// chained invokes completing are changes of the same kind. What a handler is shown of the result is here too: deltas,
// pages, the pruning of finished contexts, the ids that the service changed.
//
// Payloads are never decoded: they stay the JSON string literals they arrived as ([Text]) from request to row, event and
// invocation. A large one may live apart from its operation; see [Operation.Apart].
//
// Invariants: Check changes nothing; Apply of a checked batch cannot fail; an operation is one row whose index never
// changes; parents come before their children; nothing here knows a clock, a store or a socket. Read next: state.go, check.go,
// apply.go, events.go.
package durop

// Types of operations.
const (
	Execution     = "EXECUTION"
	Context       = "CONTEXT"
	Step          = "STEP"
	Wait          = "WAIT"
	Callback      = "CALLBACK"
	ChainedInvoke = "CHAINED_INVOKE"
)

// Actions of updates.
const (
	Start   = "START"
	Succeed = "SUCCEED"
	Fail    = "FAIL"
	Retry   = "RETRY"
	Cancel  = "CANCEL"
)

// Status words of operations.
const (
	Started   = "STARTED"
	Pending   = "PENDING"
	Ready     = "READY"
	Succeeded = "SUCCEEDED"
	Failed    = "FAILED"
	Cancelled = "CANCELLED"
	TimedOut  = "TIMED_OUT"
	Stopped   = "STOPPED"
)

// Operation is one row of an execution: a step, a wait, a context, a callback or a chained invoke.
type Operation struct {
	Index    int // order of start, from 0
	ID       string
	ParentID string
	Name     string
	Type     string
	SubType  string
	Status   string
	Start    int64 // Unix milliseconds
	End      int64 // Unix milliseconds, 0 until terminal

	Result Text   // nil if none, or if it is kept apart
	Apart  int    // bytes of a Result that is kept apart from the row; 0: it is in Result
	Error  Object // nil if none
	Orphan bool   // a Result that was kept apart has been replaced: forget it. Not part of the row

	Attempt        int    // step: completed attempts
	Due            int64  // step: next attempt; wait: scheduled end; callback: time-out; Unix milliseconds, 0: none
	ReplayChildren bool   // context
	CallbackID     string // callback
	Heartbeat      int64  // callback: heartbeat time-out in seconds, 0: none
	HeartbeatDue   int64  // callback: when silence becomes a time-out
	Timeout        int64  // wait, callback: seconds asked for

	Changed uint64 // State.Clock at the last change
	Served  uint64 // State.Clock at the last change that the service made rather than the handler
}

// Terminal says whether nothing can happen to the operation any more.
func (o *Operation) Terminal() bool {
	switch o.Status {
	case Started, Pending, Ready:
		return false
	}
	return true
}

// wake is when time alone will change the operation, 0 if never.
func (o *Operation) wake() int64 {
	switch {
	case o.Type == Step && o.Status == Pending, o.Type == Wait && o.Status == Started:
		return o.Due
	case o.Type == Callback && o.Status == Started:
		if o.Due == 0 || o.HeartbeatDue != 0 && o.HeartbeatDue < o.Due {
			return o.HeartbeatDue
		}
		return o.Due
	}
	return 0
}

// suspends says whether a handler may return PENDING because of this operation.
func (o *Operation) suspends() bool {
	switch o.Type {
	case Step:
		return o.Status == Pending || o.Status == Ready
	case Wait, Callback, ChainedInvoke:
		return o.Status == Started
	}
	return false
}
