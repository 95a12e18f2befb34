// Package taskstates calls Step Functions for Task states: states:startExecution in all its forms, and the operations
// that arn:aws:states:::aws-sdk:sfn offers.
//
// Shapes and errors follow step-functions specification, sections 4.4 and 4.5. A start without a name gets one made of the
// request's key, so that a repetition finds the execution that is there. Nothing is stored here.
package taskstates

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/task"
)

// Caller is Step Functions. *states.Service implements it.
type Caller interface {
	// Do calls an operation with a JSON body and answers its body; what the caller got wrong is an *api.Error. A start with
	// the id of an earlier request answers as that one did.
	Do(ctx context.Context, operation, region, account, request string, body []byte) ([]byte, error)
}

// Runner is the task.Runner for the services "states" and "aws-sdk:sfn".
type Runner struct {
	States Caller
	Now    func() time.Time // for the Date header in results
}

// Run implements task.Runner.
func (r *Runner) Run(ctx context.Context, t *task.Request) (*task.Result, error) {
	if strings.HasPrefix(t.Service, "aws-sdk:") {
		return r.sdk(ctx, t)
	}
	if t.Action != "startExecution" {
		return task.BadParameters(t.Arguments, "the action '"+t.Action+"' is not supported"), nil
	}
	return r.start(ctx, t)
}

type arguments struct {
	StateMachineArn *string
	Input           json.RawMessage
	Name            *string
	TraceHeader     *string
}

type startIn struct {
	StateMachineArn *string `json:"stateMachineArn,omitempty"`
	Name            string  `json:"name"`
	Input           string  `json:"input"`
	TraceHeader     *string `json:"traceHeader,omitempty"`
}

type startOut struct {
	ExecutionArn string      `json:"executionArn"`
	StartDate    json.Number `json:"startDate"`
}

func (r *Runner) start(ctx context.Context, t *task.Request) (*task.Result, error) {
	var a arguments
	if err := json.Unmarshal(t.Arguments, &a); err != nil {
		return task.BadParameters(t.Arguments, "The value of a field has an invalid format"), nil
	}
	if a.StateMachineArn == nil {
		return task.BadParameters(t.Arguments, "The field 'StateMachineArn' is required but was missing"), nil
	}
	in := startIn{StateMachineArn: a.StateMachineArn, Name: t.UUID(), Input: input(a.Input), TraceHeader: a.TraceHeader}
	if a.Name != nil {
		in.Name = *a.Name
	}
	out, err := r.launch(ctx, t, &in)
	if e, ok := api.As(err); ok {
		return task.Optimized("StepFunctions", "AWSStepFunctions", t.UUID(), e), nil
	}
	if err != nil {
		return nil, err
	}
	output, err := r.answer(t, out)
	res := &task.Result{Output: output}
	if t.Pattern == task.Sync || t.Pattern == task.Sync2 {
		res.Wait = out.ExecutionArn
	}
	return res, err
}

// input is the child's: an object or an array as its JSON text, a text as it is, nothing as an empty object.
func input(v json.RawMessage) string {
	if len(v) == 0 || string(v) == "null" {
		return "{}"
	}
	if v[0] != '"' {
		return string(v)
	}
	var text string
	if err := json.Unmarshal(v, &text); err != nil || !json.Valid([]byte(text)) {
		return string(v)
	}
	return text
}

// launch starts the execution. If an earlier call of the same request has, the answer is that one's.
func (r *Runner) launch(ctx context.Context, t *task.Request, in *startIn) (*startOut, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	answer, err := r.States.Do(ctx, "StartExecution", t.Region, t.Account, t.UUID(), body)
	if err != nil {
		return nil, err
	}
	out := &startOut{}
	return out, json.Unmarshal(answer, out)
}

type answer struct {
	ExecutionArn string
	task.Metadata
	StartDate json.RawMessage
}

func (r *Runner) answer(t *task.Request, out *startOut) ([]byte, error) {
	wire, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{
		"connection": "keep-alive", "Content-Length": task.Length(wire), "Content-Type": "application/x-amz-json-1.0",
		"Date": r.Now().UTC().Format(http.TimeFormat), "x-amzn-RequestId": t.UUID(),
	}
	return json.Marshal(&answer{out.ExecutionArn, task.NewMetadata(200, t.UUID(), headers), millis(out.StartDate)})
}

// millis turns seconds with a fraction into milliseconds, by moving the point.
func millis(seconds json.Number) json.RawMessage {
	whole, fraction, _ := strings.Cut(seconds.String(), ".")
	return json.RawMessage(whole + (fraction + "000")[:3])
}

// operations of Step Functions that return at once. Those that wait belong to patterns of their own.
var operations = map[string]bool{
	"startExecution": true, "stopExecution": true, "describeExecution": true, "listExecutions": true, "startSyncExecution": true,
	"getExecutionHistory": true, "redriveExecution": true, "describeStateMachine": true, "describeStateMachineForExecution": true,
	"listStateMachines": true, "createStateMachine": true, "updateStateMachine": true, "deleteStateMachine": true,
	"sendTaskSuccess": true, "sendTaskFailure": true, "sendTaskHeartbeat": true, "createActivity": true, "deleteActivity": true,
	"describeActivity": true, "listActivities": true, "tagResource": true, "untagResource": true, "listTagsForResource": true,
	"publishStateMachineVersion": true, "listStateMachineVersions": true, "deleteStateMachineVersion": true,
	"createStateMachineAlias": true, "describeStateMachineAlias": true, "updateStateMachineAlias": true,
	"deleteStateMachineAlias": true, "listStateMachineAliases": true, "listMapRuns": true, "describeMapRun": true, "updateMapRun": true,
}

// sdk calls an operation as its SDK does: members with a capital, objects for texts that hold JSON.
func (r *Runner) sdk(ctx context.Context, t *task.Request) (*task.Result, error) {
	if !operations[t.Action] {
		return task.BadParameters(t.Arguments, "the action '"+t.Action+"' is not supported"), nil
	}
	body, err := lowered(t.Arguments)
	if err != nil {
		return task.BadParameters(t.Arguments, "The value of a field has an invalid format"), nil
	}
	out, err := r.States.Do(ctx, strings.ToUpper(t.Action[:1])+t.Action[1:], t.Region, t.Account, t.UUID(), body)
	if e, ok := api.As(err); ok {
		return task.SDK("Sfn", t.UUID(), e), nil
	}
	if err != nil {
		return nil, err
	}
	output, err := raised(out)
	return &task.Result{Output: bytes.TrimSpace(output)}, err
}
