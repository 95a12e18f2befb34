// Package tasklambda calls Lambda functions for Task states: arn:aws:states:::lambda:invoke in its request-response and
// token forms, and the ARN of a function as a Resource.
//
// Results, errors and causes are those of step-functions specification, sections 2.4, 2.5 and 4.3. A repetition of a
// request names the same durable execution and the same request id, so that it finds the invocation that is there.
// Nothing is stored here.
package tasklambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/states"
	"github.com/perdure/perdure/internal/task"
)

// Invoker is Lambda. *lambda.Service implements it.
type Invoker interface {
	// Invoke does an invoke; what the caller got wrong is an *api.Error.
	Invoke(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeResult, error)
}

// Runner is the task.Runner for the service "lambda".
type Runner struct {
	Lambda Invoker
	Now    func() time.Time // for the Date header in results
}

// arguments of lambda:invoke.
type arguments struct {
	FunctionName         *string
	Payload              json.RawMessage
	Qualifier            string
	InvocationType       string
	LogType              string
	ClientContext        string
	DurableExecutionName string
	TenantID             string `json:"TenantId"`
}

// Run implements task.Runner.
func (r *Runner) Run(ctx context.Context, t *task.Request) (*task.Result, error) {
	direct := t.Action == states.CallFunction
	if !direct && t.Action != "invoke" {
		return task.BadParameters(t.Arguments, "the action '"+t.Action+"' is not supported"), nil
	}
	var a arguments
	if err := json.Unmarshal(t.Arguments, &a); err != nil {
		return task.BadParameters(t.Arguments, "The value of a field has an invalid format"), nil
	}
	if a.FunctionName == nil {
		return task.BadParameters(t.Arguments, "The field 'FunctionName' is required but was missing"), nil
	}
	in := &lambda.InvokeInput{
		Region: t.Region, Account: t.Account, Function: *a.FunctionName, Qualifier: a.Qualifier, Type: a.InvocationType,
		Payload: a.Payload, ExecutionName: a.DurableExecutionName, TenantID: a.TenantID, TraceID: t.TraceID,
		ClientContext: a.ClientContext, RequestID: t.UUID(),
	}
	if in.ExecutionName == "" {
		in.ExecutionName = in.RequestID
	}
	if !direct {
		in.Payload = body(a.Payload)
	}
	out, err := r.Lambda.Invoke(ctx, in)
	if e, ok := api.As(err); ok {
		return task.Optimized("Lambda", "AWSLambda", in.RequestID, qualified(e)), nil
	}
	if err != nil {
		return nil, err
	}
	if out.FunctionError != "" {
		return failure(out.Payload, direct), nil
	}
	if direct {
		return &task.Result{Output: jsonOf(out.Payload)}, nil
	}
	output, err := r.result(in, &a, out)
	return &task.Result{Output: output}, err
}

// qualified gives the error for a missing function the qualifier that AWS shows.
func qualified(e *api.Error) *api.Error {
	if e.Code != "ResourceNotFoundException" || strings.Count(e.Message, ":") != strings.Count("Function not found: arn:aws:lambda:r:a:function:n", ":") {
		return e
	}
	c := *e
	c.Message += ":$LATEST"
	return &c
}

// body is what a Payload sends: nothing is an empty object, a text is sent as it is, anything else as JSON.
func body(payload json.RawMessage) []byte {
	if len(payload) == 0 || string(payload) == "null" {
		return []byte("{}")
	}
	if payload[0] != '"' {
		return payload
	}
	var text string
	if err := json.Unmarshal(payload, &text); err != nil || !json.Valid([]byte(text)) {
		return payload
	}
	return []byte(text)
}

// jsonOf is a function's output, as a text if it is not JSON.
func jsonOf(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return payload
	}
	return value.String(string(payload)).Append(nil)
}

// failure is that of the function itself: the error is its type, the cause the error object; compact, or as it came if the
// function's ARN is the Resource.
func failure(payload []byte, direct bool) *task.Result {
	r := &task.Result{Error: "Lambda.Unknown", Cause: string(payload)}
	v, err := value.Decode(payload, value.Limits{})
	if err != nil {
		return r
	}
	if name := v.Get("errorType").Str(); name != "" {
		r.Error = name
	}
	if !direct {
		r.Cause = string(v.Append(nil))
	}
	return r
}

// answer is the result of lambda:invoke; members are in alphabetical order.
type answer struct {
	ExecutedVersion string          `json:",omitempty"`
	LogResult       string          `json:",omitempty"`
	Payload         json.RawMessage `json:",omitempty"`
	task.Metadata
	StatusCode int
}

func (r *Runner) result(in *lambda.InvokeInput, a *arguments, out *lambda.InvokeResult) ([]byte, error) {
	headers := map[string]string{
		"Connection": "keep-alive", "Content-Length": task.Length(out.Payload), "Date": r.Now().UTC().Format(http.TimeFormat),
		"x-amzn-Remapped-Content-Length": "0", "x-amzn-RequestId": in.RequestID, "X-Amzn-Trace-Id": trace(in),
	}
	ans := answer{ExecutedVersion: out.ExecutedVersion, Payload: jsonOf(out.Payload), StatusCode: out.Status}
	if out.Status == http.StatusOK {
		headers["Content-Type"] = "application/json"
		headers["X-Amz-Executed-Version"] = out.ExecutedVersion
	}
	if out.ExecutionARN != "" {
		headers["X-Amz-Durable-Execution-Arn"] = out.ExecutionARN
	}
	if a.LogType == "Tail" && out.Status == http.StatusOK {
		ans.LogResult = base64.StdEncoding.EncodeToString(out.Log)
		headers["X-Amz-Log-Result"] = ans.LogResult
	}
	ans.Metadata = task.NewMetadata(out.Status, in.RequestID, headers)
	return json.Marshal(&ans)
}

// trace is the trace header of the invocation, made of its id if the execution has none.
func trace(in *lambda.InvokeInput) string {
	if in.TraceID != "" {
		return in.TraceID
	}
	id := strings.ReplaceAll(in.RequestID, "-", "")
	return "Root=1-" + id[:8] + "-" + id[8:32] + ";Sampled=0"
}
