package durabletest

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// fold makes the operations and invocations of a result from its history events.
func fold(r *TestResult) {
	index := map[string]int{}
	for i := range r.Events {
		e := &r.Events[i]
		if d := e.InvocationCompletedDetails; d != nil {
			inv := TestInvocation{RequestID: str(d.RequestId), StartTime: when(d.StartTimestamp), EndTime: when(d.EndTimestamp)}
			if d.Error != nil {
				inv.Error = awsError(d.Error.Payload)
			}
			r.Invocations = append(r.Invocations, inv)
			continue
		}
		kind, end := split(string(e.EventType))
		if kind == "" || e.Id == nil {
			continue
		}
		at, known := index[*e.Id]
		if !known {
			at = len(r.Operations)
			index[*e.Id] = at
			r.Operations = append(r.Operations, TestOperation{ID: *e.Id, Name: str(e.Name), Type: kind, SubType: str(e.SubType), ParentID: str(e.ParentId), StartTime: when(e.EventTimestamp)})
		}
		o := &r.Operations[at]
		o.Status = end
		if end != "STARTED" {
			o.EndTime = when(e.EventTimestamp)
		}
		o.detail(e)
	}
}

// split takes an event type apart: operation type and status; nothing for events of the execution.
func split(event string) (kind, status string) {
	kinds := map[string]string{"Step": "STEP", "Wait": "WAIT", "Context": "CONTEXT", "Callback": "CALLBACK", "ChainedInvoke": "CHAINED_INVOKE"}
	ends := map[string]string{"Started": "STARTED", "Succeeded": "SUCCEEDED", "Failed": "FAILED", "TimedOut": "TIMED_OUT", "Stopped": "STOPPED", "Cancelled": "CANCELLED"}
	for end, status := range ends {
		if k, ok := strings.CutSuffix(event, end); ok {
			return kinds[k], status
		}
	}
	return "", ""
}

// detail takes over what an event says about its operation.
func (o *TestOperation) detail(e *types.Event) {
	switch o.Type {
	case "STEP":
		o.step(e)
	case "WAIT":
		if d := e.WaitStartedDetails; d != nil {
			o.WaitDetails = &TestWaitDetails{ScheduledEndTimestamp: when(d.ScheduledEndTimestamp)}
			if d.Duration != nil {
				o.WaitDetails.WaitSeconds = int(*d.Duration)
			}
		}
	case "CALLBACK":
		if o.CallbackDetails == nil {
			o.CallbackDetails = &TestCallbackDetails{}
		}
		if d := e.CallbackStartedDetails; d != nil {
			o.CallbackDetails.CallbackID = str(d.CallbackId)
		}
		o.CallbackDetails.Result, o.CallbackDetails.ErrorType, o.CallbackDetails.ErrorMessage, o.CallbackDetails.ErrorData, o.CallbackDetails.StackTrace = ended(e)
	case "CONTEXT":
		d := &TestContextDetails{}
		d.Result, d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = ended(e)
		o.ContextDetails = d
	case "CHAINED_INVOKE":
		d := &TestInvokeDetails{}
		d.Result, d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = ended(e)
		o.InvokeDetails = d
	}
}

// step follows the attempts: an end with another attempt announced leaves the step pending.
func (o *TestOperation) step(e *types.Event) {
	if o.StepDetails == nil {
		o.StepDetails = &TestStepDetails{}
	}
	var retry *types.RetryDetails
	switch {
	case e.StepSucceededDetails != nil:
		retry = e.StepSucceededDetails.RetryDetails
	case e.StepFailedDetails != nil:
		retry = e.StepFailedDetails.RetryDetails
	default:
		return
	}
	d := o.StepDetails
	d.Result, d.ErrorType, d.ErrorMessage, d.ErrorData, d.StackTrace = ended(e)
	if retry == nil {
		return
	}
	d.Attempt = retry.CurrentAttempt
	d.NextAttemptTimestamp = time.Time{}
	if retry.NextAttemptDelaySeconds != nil && *retry.NextAttemptDelaySeconds > 0 {
		o.Status, o.EndTime = "PENDING", time.Time{}
		d.NextAttemptTimestamp = when(e.EventTimestamp).Add(time.Duration(*retry.NextAttemptDelaySeconds) * time.Second)
	} else if o.Status == "SUCCEEDED" && d.Attempt > 0 {
		d.Attempt-- // events count ended attempts, this counts failed ones
	}
}

// ended is the result or the error an event carries.
func ended(e *types.Event) (result, kind, message, data string, trace []string) {
	var ok *types.EventResult
	var bad *types.EventError
	switch {
	case e.StepSucceededDetails != nil:
		ok = e.StepSucceededDetails.Result
	case e.StepFailedDetails != nil:
		bad = e.StepFailedDetails.Error
	case e.ContextSucceededDetails != nil:
		ok = e.ContextSucceededDetails.Result
	case e.ContextFailedDetails != nil:
		bad = e.ContextFailedDetails.Error
	case e.CallbackSucceededDetails != nil:
		ok = e.CallbackSucceededDetails.Result
	case e.CallbackFailedDetails != nil:
		bad = e.CallbackFailedDetails.Error
	case e.CallbackTimedOutDetails != nil:
		bad = e.CallbackTimedOutDetails.Error
	case e.ChainedInvokeSucceededDetails != nil:
		ok = e.ChainedInvokeSucceededDetails.Result
	case e.ChainedInvokeFailedDetails != nil:
		bad = e.ChainedInvokeFailedDetails.Error
	case e.ChainedInvokeTimedOutDetails != nil:
		bad = e.ChainedInvokeTimedOutDetails.Error
	case e.ChainedInvokeStoppedDetails != nil:
		bad = e.ChainedInvokeStoppedDetails.Error
	}
	if ok != nil {
		result = str(ok.Payload)
	}
	if bad != nil {
		if t := awsError(bad.Payload); t != nil {
			return result, t.Type, t.Message, t.ErrorData, t.StackTrace
		}
	}
	return result, "", "", "", nil
}

func awsError(e *types.ErrorObject) *TestError {
	if e == nil {
		return nil
	}
	return &TestError{Type: str(e.ErrorType), Message: str(e.ErrorMessage), ErrorData: str(e.ErrorData), StackTrace: e.StackTrace}
}
