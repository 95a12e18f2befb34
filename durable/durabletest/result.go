package durabletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/durop"
)

// ExecutionStatus is how far an execution came.
type ExecutionStatus string

// How far executions come. Executions that timed out or were stopped count as Failed.
const (
	Succeeded ExecutionStatus = "SUCCEEDED"
	Failed    ExecutionStatus = "FAILED"
	Pending   ExecutionStatus = "PENDING"
)

// TestResult is what is known of an execution. Operations are in the order of their first checkpoint, nested ones
// included, the execution's own excluded.
type TestResult struct {
	Status      ExecutionStatus
	RawResult   string // JSON text
	Error       *TestError
	Operations  []TestOperation
	Events      []types.Event
	Invocations []TestInvocation
	CapReached  bool // RunUntilComplete ended because of its bound on invocations
}

// TestError is a recorded error.
type TestError struct {
	Type, Message, ErrorData string
	StackTrace               []string
}

// TestInvocation is one completed invocation.
type TestInvocation struct {
	RequestID          string
	StartTime, EndTime time.Time
	Error              *TestError
}

// ResultAs decodes the result of an execution that succeeded. An empty result is the zero value.
func ResultAs[O any](r *TestResult) (O, error) {
	var out O
	if r.Status != Succeeded {
		if r.Error != nil {
			return out, fmt.Errorf("durabletest: the execution is %s: %s: %s", r.Status, r.Error.Type, r.Error.Message)
		}
		return out, fmt.Errorf("durabletest: the execution is %s", r.Status)
	}
	if r.RawResult == "" {
		return out, nil
	}
	return out, json.Unmarshal([]byte(r.RawResult), &out)
}

// EventTypes lists the types of the history events in order.
func (r *TestResult) EventTypes() []string {
	out := make([]string, len(r.Events))
	for i, e := range r.Events {
		out[i] = string(e.EventType)
	}
	return out
}

// Operation is the first operation with the name, nil if there is none.
func (r *TestResult) Operation(name string) *TestOperation {
	return r.OperationByNameAndIndex(name, 0)
}

// OperationByNameAndIndex is the i-th operation with the name, counted from 0, nil if there is none.
func (r *TestResult) OperationByNameAndIndex(name string, i int) *TestOperation {
	for k := range r.Operations {
		if r.Operations[k].Name == name {
			if i == 0 {
				return &r.Operations[k]
			}
			i--
		}
	}
	return nil
}

// OperationByIndex is the i-th operation, counted from 0, nil if there is none.
func (r *TestResult) OperationByIndex(i int) *TestOperation {
	if i < 0 || i >= len(r.Operations) {
		return nil
	}
	return &r.Operations[i]
}

// OperationByID is the operation with the id, nil if there is none.
func (r *TestResult) OperationByID(id string) *TestOperation {
	for k := range r.Operations {
		if r.Operations[k].ID == id {
			return &r.Operations[k]
		}
	}
	return nil
}

// OperationsByType lists the operations of a type, such as "STEP".
func (r *TestResult) OperationsByType(t string) []TestOperation {
	var out []TestOperation
	for _, o := range r.Operations {
		if o.Type == t {
			out = append(out, o)
		}
	}
	return out
}

// OperationResultAs decodes the result of a step.
func OperationResultAs[O any](op *TestOperation) (O, error) {
	var out O
	switch {
	case op == nil:
		return out, errors.New("durabletest: there is no such operation")
	case op.StepDetails == nil:
		return out, fmt.Errorf("durabletest: operation %q is a %s, not a step", op.Name, op.Type)
	case op.Status != string(durable.OperationStatusSucceeded):
		return out, fmt.Errorf("durabletest: step %q is %s", op.Name, op.Status)
	case op.StepDetails.Result == "":
		return out, nil
	}
	return out, json.Unmarshal([]byte(op.StepDetails.Result), &out)
}

func testError(o durop.Object) *TestError {
	if o == nil {
		return nil
	}
	return errorOf(object(o))
}

func errorOf(e *durable.ErrorObject) *TestError {
	if e == nil {
		return nil
	}
	return &TestError{Type: str(e.ErrorType), Message: str(e.ErrorMessage), ErrorData: str(e.ErrorData), StackTrace: e.StackTrace}
}

func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// result describes the execution as it stands.
func (s *service) result() *TestResult {
	r := &TestResult{Status: Pending, Invocations: append([]TestInvocation(nil), s.report...)}
	if s.closed != nil {
		r.Status, r.RawResult, r.Error = ExecutionStatus(s.closed.status), str(text(s.closed.result)), testError(s.closed.err)
		if r.Status == Failed && r.Error == nil {
			r.Error = &TestError{}
		}
	}
	for _, o := range s.state.Ops {
		op := operation(o)
		t := testOperation(&op)
		if t.WaitDetails != nil {
			t.WaitDetails.WaitSeconds = int(o.Timeout)
		}
		r.Operations = append(r.Operations, t)
	}
	r.Events = events(s.events)
	return r
}
