package states

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/task"
)

// Kinds of effects.
const (
	effectTask  = "task"
	effectRead  = "read"
	effectWrite = "write"
)

// callFunction is the Action of a direct function ARN. Its arguments are {"FunctionName":ARN,"Payload":input}, its result
// is the function's output alone.
const callFunction = "function"

// CallFunction is the Action under which a runner for "lambda" gets a Task state whose Resource is a function's ARN.
const CallFunction = callFunction

// scheduled is a task as an effect keeps it.
type scheduled struct {
	Service   string          `json:"service"`
	Action    string          `json:"action"`
	Pattern   task.Pattern    `json:"pattern,omitempty"`
	Region    string          `json:"region"`
	Account   string          `json:"account"`
	Role      string          `json:"role"`
	Arguments json.RawMessage `json:"arguments"`
	Token     string          `json:"token,omitempty"`
	Execution string          `json:"execution"`
	Trace     string          `json:"trace,omitempty"`
}

// taskData is what an effect keeps of a task.
func taskData(l *live, t *asl.Task) ([]byte, error) {
	info := l.exec.Info()
	e := scheduled{
		Service: t.Resource.Service, Action: t.Resource.Action, Pattern: task.Pattern(t.Resource.Pattern), Region: info.Region,
		Account: info.Account, Role: t.Role, Arguments: t.Arguments, Token: t.Token, Execution: info.ID, Trace: l.record.Trace,
	}
	if e.Role == "" {
		e.Role = info.Role
	}
	if t.Resource.Kind == asl.Lambda {
		name, err := json.Marshal(t.Resource.ARN)
		if err != nil {
			return nil, err
		}
		args := append([]byte(`{"FunctionName":`), name...)
		args = append(append(append(args, `,"Payload":`...), t.Arguments...), '}')
		e.Service, e.Action, e.Arguments = "lambda", callFunction, args
	}
	return json.Marshal(&e)
}

// taskAnswer is the body of an effect's result.
type taskAnswer struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
	Wait   string          `json:"wait,omitempty"`
	Submit bool            `json:"submit,omitempty"` // the state goes on waiting
	Text   bool            `json:"text,omitempty"`   // .sync
}

// runTask makes the call of a task.
func (s *Service) runTask(ctx context.Context, e store.Effect) ([]byte, error) {
	var t scheduled
	if err := json.Unmarshal(e.Data, &t); err != nil {
		return nil, fmt.Errorf("the effect %s of %s cannot be read: %w", e.Key, e.ID, err)
	}
	r, err := s.run(ctx, &t, string(e.ID)+"/"+e.Key)
	if err != nil {
		return nil, err
	}
	a := taskAnswer{Output: r.Output, Error: r.Error, Cause: r.Cause, Wait: r.Wait}
	if r.Error == "" {
		a.Submit = t.Pattern == task.WaitForToken || r.Wait != ""
		a.Text = t.Pattern == task.Sync
	}
	return json.Marshal(&a)
}

func (s *Service) run(ctx context.Context, t *scheduled, key string) (*task.Result, error) {
	name := t.Service
	if strings.HasPrefix(name, "aws-sdk:") {
		if _, ok := s.runners[name]; !ok {
			name = "aws-sdk"
		}
	}
	runner := s.runners[name]
	if runner == nil {
		return unreachable(t.Service, t.Region), nil
	}
	return runner.Run(ctx, &task.Request{
		Key: key, Service: t.Service, Action: t.Action, Pattern: t.Pattern, Region: t.Region, Account: t.Account, Role: t.Role,
		Arguments: t.Arguments, Token: t.Token, ExecutionID: t.Execution, TraceID: t.Trace,
	})
}

// unreachable is the failure of a call to a service that is not here: what a client says that cannot find its host
// (specification, section 2.4).
func unreachable(service, region string) *task.Result {
	host := strings.TrimPrefix(service, "aws-sdk:")
	prefix, ok := map[string]string{"lambda": "Lambda", "sqs": "SQS", "sns": "SNS", "dynamodb": "DynamoDB", "events": "EventBridge",
		"states": "StepFunctions", "apigateway": "ApiGateway", "ecs": "ECS", "batch": "Batch", "glue": "Glue"}[service]
	if !ok && host != "" {
		prefix = strings.ToUpper(host[:1]) + host[1:]
	}
	return &task.Result{Error: prefix + ".SdkClientException",
		Cause: fmt.Sprintf("Unable to execute HTTP request: %s.%s.amazonaws.com: Name or service not known", host, region)}
}

// answered takes the end of an effect: the result of a task, or what a map run reads and writes.
func (s *Service) answered(tx engine.Tx, l *live, m engine.Message) error {
	if strings.HasPrefix(m.Key, readPrefix) || strings.HasPrefix(m.Key, writePrefix) {
		return s.runAnswered(tx, l, m)
	}
	var a taskAnswer
	if m.Err != nil {
		s.log.Error("a task could not be called", "execution", l.record.Arn, "task", m.Key, "error", m.Err)
		a = taskAnswer{Error: "States.TaskFailed", Cause: m.Err.Error()}
	} else if err := decode(m, &a); err != nil {
		return err
	}
	switch {
	case a.Error != "":
		return s.late(tx, l, asl.TaskFailed{Key: m.Key, Error: &a.Error, Cause: &a.Cause})
	case !a.Submit:
		return s.late(tx, l, asl.TaskSucceeded{Key: m.Key, Output: a.Output})
	case a.Wait != "":
		return s.nestedStarted(tx, l, m.Key, &a)
	}
	return s.late(tx, l, asl.TaskSubmitted{Key: m.Key, Output: a.Output})
}
