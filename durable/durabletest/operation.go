package durabletest

import (
	"time"

	"github.com/perdure/perdure/durable"
)

// TestOperation is one recorded operation. Statuses and types are the service's words.
type TestOperation struct {
	ID, Name, Status, Type, SubType, ParentID string
	StartTime, EndTime                        time.Time
	StepDetails                               *TestStepDetails
	CallbackDetails                           *TestCallbackDetails
	InvokeDetails                             *TestInvokeDetails
	ContextDetails                            *TestContextDetails
	WaitDetails                               *TestWaitDetails
}

// IsTerminal reports whether nothing can happen to the operation any more.
func (o *TestOperation) IsTerminal() bool {
	switch durable.OperationStatus(o.Status) {
	case durable.OperationStatusStarted, durable.OperationStatusPending, durable.OperationStatusReady:
		return false
	}
	return true
}

// TestStepDetails belongs to a step. Attempt counts failed attempts: 0 when the first one succeeded.
type TestStepDetails struct {
	Attempt                         int32
	Result, ErrorType, ErrorMessage string
	NextAttemptTimestamp            time.Time
	ErrorData                       string
	StackTrace                      []string
}

// TestWaitDetails belongs to a wait.
type TestWaitDetails struct {
	WaitSeconds           int
	ScheduledEndTimestamp time.Time
}

// TestCallbackDetails belongs to a callback.
type TestCallbackDetails struct {
	CallbackID, Result, ErrorType, ErrorMessage, ErrorData string
	StackTrace                                             []string
}

// TestInvokeDetails belongs to a chained invoke.
type TestInvokeDetails struct {
	Result, ErrorType, ErrorMessage, ErrorData string
	StackTrace                                 []string
}

// TestContextDetails belongs to a context.
type TestContextDetails struct {
	Result, ErrorType, ErrorMessage, ErrorData string
	StackTrace                                 []string
	ReplayChildren                             bool
}

func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// testOperation describes an operation of the SDK's kind.
func testOperation(op *durable.Operation) TestOperation {
	t := TestOperation{ID: str(op.Id), Name: str(op.Name), Status: string(op.Status), Type: string(op.Type), SubType: str(op.SubType),
		ParentID: str(op.ParentId), StartTime: when(op.StartTimestamp), EndTime: when(op.EndTimestamp)}
	fail := func(e *durable.ErrorObject) (kind, message, data string, trace []string) {
		if e == nil {
			return
		}
		return str(e.ErrorType), str(e.ErrorMessage), str(e.ErrorData), e.StackTrace
	}
	switch {
	case op.StepDetails != nil:
		d := &TestStepDetails{Attempt: op.StepDetails.Attempt, Result: str(op.StepDetails.Result), NextAttemptTimestamp: when(op.StepDetails.NextAttemptTimestamp)}
		d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = fail(op.StepDetails.Error)
		if op.Status == durable.OperationStatusSucceeded && d.Attempt > 0 {
			d.Attempt-- // the service counts ended attempts, this counts failed ones
		}
		t.StepDetails = d
	case op.WaitDetails != nil:
		t.WaitDetails = &TestWaitDetails{ScheduledEndTimestamp: when(op.WaitDetails.ScheduledEndTimestamp)}
	case op.CallbackDetails != nil:
		d := &TestCallbackDetails{CallbackID: str(op.CallbackDetails.CallbackId), Result: str(op.CallbackDetails.Result)}
		d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = fail(op.CallbackDetails.Error)
		t.CallbackDetails = d
	case op.ChainedInvokeDetails != nil:
		d := &TestInvokeDetails{Result: str(op.ChainedInvokeDetails.Result)}
		d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = fail(op.ChainedInvokeDetails.Error)
		t.InvokeDetails = d
	case op.ContextDetails != nil:
		d := &TestContextDetails{Result: str(op.ContextDetails.Result)}
		d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = fail(op.ContextDetails.Error)
		if r := op.ContextDetails.ReplayChildren; r != nil {
			d.ReplayChildren = *r
		}
		t.ContextDetails = d
	}
	return t
}
