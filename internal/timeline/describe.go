package timeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// machineEvent is what is shown of an event of GetExecutionHistory.
type machineEvent struct {
	ID           int
	Type         string
	Timestamp    seconds
	Started      *struct{ Input string }  `json:"executionStartedEventDetails"`
	Ended        *struct{ Output string } `json:"executionSucceededEventDetails"`
	Failed       *failure                 `json:"executionFailedEventDetails"`
	Aborted      *failure                 `json:"executionAbortedEventDetails"`
	TimedOut     *failure                 `json:"executionTimedOutEventDetails"`
	TaskFailed   *failure                 `json:"taskFailedEventDetails"`
	TaskTimedOut *failure                 `json:"taskTimedOutEventDetails"`
	Entered      *struct{ Name string }   `json:"stateEnteredEventDetails"`
	Exited       *struct{ Name string }   `json:"stateExitedEventDetails"`
	Scheduled    *struct {
		Resource, ResourceType, Parameters string
		HeartbeatInSeconds                 int
	} `json:"taskScheduledEventDetails"`
	Submitted *struct{ Resource string } `json:"taskSubmittedEventDetails"`
	Done      *struct{ Output string }   `json:"taskSucceededEventDetails"`
}

type failure struct{ Error, Cause string }

func (f *failure) String() string {
	if f == nil {
		return ""
	}
	return strings.TrimSuffix(f.Error+": "+f.Cause, ": ")
}

func (e machineEvent) closes() bool {
	switch e.Type {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut":
		return true
	}
	return false
}

// functionName is the plain name in any form of a function's name or ARN.
func functionName(s string) string {
	if _, after, ok := strings.Cut(s, ":function:"); ok {
		s = after
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

func (e machineEvent) event(s *source) Event {
	out := Event{At: e.Timestamp.time(), Execution: s.arn, Source: s.name, Number: e.ID, Type: e.Type}
	switch {
	case e.Started != nil:
		out.Text, out.Detail = "execution started", e.Started.Input
	case e.Ended != nil:
		out.Text, out.Detail = "execution succeeded", e.Ended.Output
	case e.Failed != nil:
		out.Text, out.Detail = "execution failed", e.Failed.String()
	case e.Aborted != nil:
		out.Text, out.Detail = "execution aborted", e.Aborted.String()
	case e.TimedOut != nil:
		out.Text, out.Detail = "execution timed out", e.TimedOut.String()
	case e.Entered != nil:
		out.Subject, out.Text = e.Entered.Name, "entered"
	case e.Exited != nil:
		out.Subject, out.Text = e.Exited.Name, "left"
	case e.Scheduled != nil:
		out.Text = "calls " + e.Scheduled.ResourceType + ":" + e.Scheduled.Resource
		if e.Scheduled.HeartbeatInSeconds > 0 {
			out.Text += fmt.Sprintf(", heartbeat %s", time.Duration(e.Scheduled.HeartbeatInSeconds)*time.Second)
		}
	case e.Submitted != nil:
		out.Text = "accepted, waits for the task token"
	case e.Done != nil:
		out.Text, out.Detail = "task succeeded", e.Done.Output
	case e.TaskFailed != nil:
		out.Text, out.Detail = "task failed", e.TaskFailed.String()
	case e.TaskTimedOut != nil:
		out.Text, out.Detail = "task timed out", e.TaskTimedOut.String()
	default:
		out.Text = spaced(e.Type)
	}
	return out
}

// durableEvent is what is shown of an event of GetDurableExecutionHistory.
type durableEvent struct {
	EventID        int `json:"EventId"`
	EventType      string
	EventTimestamp seconds
	Name, SubType  string
	WaitStarted    *struct{ Duration int }   `json:"WaitStartedDetails"`
	Started        *struct{ Input payload }  `json:"ExecutionStartedDetails"`
	Succeeded      *struct{ Result payload } `json:"ExecutionSucceededDetails"`
	Failed         *struct{ Error payload }  `json:"ExecutionFailedDetails"`
	StepSucceeded  *struct{ Result payload } `json:"StepSucceededDetails"`
	StepFailed     *struct{ Error payload }  `json:"StepFailedDetails"`
	Invocation     *struct {
		StartTimestamp, EndTimestamp seconds
		Error                        *payload
	} `json:"InvocationCompletedDetails"`
}

// payload is {"Payload":...}: a text, or an error object.
type payload struct{ Payload raw }

func (p payload) String() string {
	var text string
	if json.Unmarshal(p.Payload, &text) == nil {
		return text
	}
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(p.Payload, &e) == nil {
		return strings.TrimPrefix(e.ErrorType+": "+e.ErrorMessage, ": ")
	}
	return string(p.Payload)
}

func (e durableEvent) closes() bool {
	switch e.EventType {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionStopped", "ExecutionTimedOut":
		return true
	}
	return false
}

func (e durableEvent) event(s *source) Event {
	out := Event{At: e.EventTimestamp.time(), Execution: s.arn, Source: s.name, Number: e.EventID, Type: e.EventType, Subject: e.Name}
	switch {
	case e.Started != nil:
		out.Subject, out.Text, out.Detail = "", "durable execution started", e.Started.Input.String()
	case e.Succeeded != nil:
		out.Subject, out.Text, out.Detail = "", "durable execution succeeded", e.Succeeded.Result.String()
	case e.Failed != nil:
		out.Subject, out.Text, out.Detail = "", "durable execution failed", e.Failed.Error.String()
	case e.WaitStarted != nil:
		out.Text = fmt.Sprintf("waits %s without compute", time.Duration(e.WaitStarted.Duration)*time.Second)
	case e.EventType == "WaitSucceeded":
		out.Text = "wait over"
	case e.StepSucceeded != nil:
		out.Text, out.Detail = "checkpointed", e.StepSucceeded.Result.String()
	case e.StepFailed != nil:
		out.Text, out.Detail = "step failed", e.StepFailed.Error.String()
	case e.Invocation != nil && e.Invocation.Error != nil:
		out.Text, out.Detail = "invocation failed", e.Invocation.Error.String()
	case e.Invocation != nil:
		took := e.Invocation.EndTimestamp.time().Sub(e.Invocation.StartTimestamp.time())
		out.Text = fmt.Sprintf("invocation ended after %s", took.Round(time.Millisecond))
	default:
		out.Text = spaced(e.EventType)
	}
	return out
}

// spaced writes "ParallelStateStarted" as "parallel state started".
func spaced(camel string) string {
	var b strings.Builder
	for i, r := range camel {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
