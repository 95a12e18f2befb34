package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// heldEvent is what a function got that waits for the test to end it.
type heldEvent struct {
	DurableExecutionArn, CheckpointToken string
	answer                               chan string
}

// hold serves functions of the handler "held": it hands out their events and answers what comes back.
func hold(t *testing.T) (url string, events <-chan heldEvent) {
	t.Helper()
	ch := make(chan heldEvent)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := heldEvent{answer: make(chan string, 1)}
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case ch <- e:
		case <-r.Context().Done():
			return
		}
		select {
		case answer := <-e.answer:
			io.WriteString(w, answer)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	return srv.URL, ch
}

func next(t *testing.T, events <-chan heldEvent) heldEvent {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("the function was not invoked within 30 s")
		return heldEvent{}
	}
}

func TestTheAWSCLIHasEveryDurableOperationAnsweredAndRefused(t *testing.T) {
	t.Parallel()
	path := command(t, "aws", "the AWS CLI")
	command(t, "python3", "Python")
	s := serve(t, t.TempDir())
	url, events := hold(t)
	s.createPython(t, "held", "held", 90_000, map[string]string{"CONTROL": url})
	a := awsCLI{path, s.Endpoint(), t.TempDir()}
	lambda := func(args ...string) map[string]any {
		t.Helper()
		return a.answers(t, append([]string{"lambda"}, args...)...)
	}
	refused := func(message string, args ...string) {
		t.Helper()
		a.refused(t, message, append([]string{"lambda"}, args...)...)
	}
	quiet := func(args ...string) {
		t.Helper()
		if out, errs, err := a.run(append([]string{"lambda"}, args...)...); err != nil {
			t.Errorf("aws lambda %v: %v %s%s", args, err, out, errs)
		}
	}
	file := filepath.Join(a.home, "payload")
	if err := os.WriteFile(file, []byte(`{"text":"ü"}`), 0o600); err != nil {
		t.Fatal(err)
	}

	started := lambda("invoke", "--function-name", "held:$LATEST", "--invocation-type", "Event", "--durable-execution-name", "one",
		"--payload", "fileb://"+file, filepath.Join(a.home, "out"))
	held := next(t, events)
	arn := held.DurableExecutionArn
	if started["StatusCode"] != 202.0 || started["DurableExecutionArn"] != arn {
		t.Errorf("invoke: %v, the function got %s", started, arn)
	}
	execution := []string{"--durable-execution-arn", arn}
	other := "arn:aws:lambda:us-east-1:000000000000:function:held:$LATEST/durable-execution/none/00000000-0000-4000-8000-000000000000"

	updates := `[{"Id":"a","Name":"first","Type":"CALLBACK","Action":"START"},{"Id":"b","Type":"CALLBACK","Action":"START","CallbackOptions":{"TimeoutSeconds":600,"HeartbeatTimeoutSeconds":60}}]`
	checkpoint := append([]string{"checkpoint-durable-execution", "--updates", updates, "--checkpoint-token"}, held.CheckpointToken)
	point := lambda(append(checkpoint, execution...)...)
	refused("Invalid Checkpoint Token", append(checkpoint, execution...)...)
	token, _ := point["CheckpointToken"].(string)
	ids := callbackIDs(t, point)
	state := lambda(append([]string{"get-durable-execution-state", "--checkpoint-token", token}, execution...)...)
	if ops := state["Operations"].([]any); len(ops) != 3 || ops[1].(map[string]any)["Id"] != "a" {
		t.Errorf("get-durable-execution-state: %v", state)
	}
	refused("Invalid Checkpoint Token", append([]string{"get-durable-execution-state", "--checkpoint-token", "AAAA"}, execution...)...)

	quiet("send-durable-execution-callback-heartbeat", "--callback-id", ids["b"])
	quiet("send-durable-execution-callback-failure", "--callback-id", ids["b"], "--error", "ErrorType=Refused,ErrorMessage=no")
	quiet("send-durable-execution-callback-success", "--callback-id", ids["a"], "--result", "fileb://"+file)
	for _, verb := range []string{"heartbeat", "failure", "success"} {
		refused("InvalidParameterValueException", "send-durable-execution-callback-"+verb, "--callback-id", "AAAA")
	}
	held.answer <- `{"Status":"SUCCEEDED","Result":"\"done\""}`
	s.reaches(t, arn, "ExecutionSucceeded", 1)

	got := lambda(append([]string{"get-durable-execution"}, execution...)...)
	if got["Status"] != "SUCCEEDED" || got["Result"] != `"done"` || got["InputPayload"] != `{"text":"ü"}` || got["DurableExecutionName"] != "one" {
		t.Errorf("get-durable-execution: %v", got)
	}
	refused("(ResourceNotFoundException)", "get-durable-execution", "--durable-execution-arn", other)
	history := lambda(append([]string{"get-durable-execution-history", "--include-execution-data"}, execution...)...)["Events"].([]any)
	var types []string
	for _, e := range history {
		types = append(types, e.(map[string]any)["EventType"].(string))
	}
	if want := "[ExecutionStarted CallbackStarted CallbackStarted CallbackFailed CallbackSucceeded InvocationCompleted ExecutionSucceeded]"; fmt.Sprint(types) != want {
		t.Errorf("get-durable-execution-history:\n got %v\nwant %s", types, want)
	}
	refused("(ResourceNotFoundException)", "get-durable-execution-history", "--durable-execution-arn", other)
	a.stopsOne(t, s, events, other)
}

// stopsOne stops a second execution and lists both.
func (a awsCLI) stopsOne(t *testing.T, s *server, events <-chan heldEvent, other string) {
	arn := s.startDurable(t, "held", map[string]int{"n": 2})
	held := next(t, events)
	stopped := a.answers(t, "lambda", "stop-durable-execution", "--durable-execution-arn", arn, "--error", "ErrorType=Enough,ErrorMessage=of it")
	if stopped["StopTimestamp"] == nil {
		t.Errorf("stop-durable-execution: %v", stopped)
	}
	held.answer <- `{"Status":"PENDING"}`
	a.refused(t, "(ResourceNotFoundException)", "lambda", "stop-durable-execution", "--durable-execution-arn", other)
	for status, want := range map[string]int{"STOPPED": 1, "RUNNING": 0} {
		list := a.answers(t, "lambda", "list-durable-executions-by-function", "--function-name", "held", "--statuses", status)
		if items := list["DurableExecutions"].([]any); len(items) != want || want == 1 && items[0].(map[string]any)["DurableExecutionArn"] != arn {
			t.Errorf("list-durable-executions-by-function, %s: %v", status, items)
		}
	}
	a.refused(t, "(ResourceNotFoundException)", "lambda", "list-durable-executions-by-function", "--function-name", "none")
}

// callbackIDs reads the ids of the callbacks out of the answer to a checkpoint, by operation.
func callbackIDs(t *testing.T, answer map[string]any) map[string]string {
	t.Helper()
	ids := map[string]string{}
	state, _ := answer["NewExecutionState"].(map[string]any)
	operations, _ := state["Operations"].([]any)
	for _, o := range operations {
		op := o.(map[string]any)
		if details, ok := op["CallbackDetails"].(map[string]any); ok {
			ids[op["Id"].(string)], _ = details["CallbackId"].(string)
		}
	}
	if ids["a"] == "" || ids["b"] == "" {
		t.Fatalf("checkpoint-durable-execution: %v", answer)
	}
	return ids
}

func TestTheAWSCLITakesAStateMachineThroughItsLife(t *testing.T) {
	t.Parallel()
	path := command(t, "aws", "the AWS CLI")
	s := serve(t, t.TempDir())
	a := awsCLI{path, s.Endpoint(), t.TempDir()}
	states := func(args ...string) map[string]any {
		t.Helper()
		return a.answers(t, append([]string{"stepfunctions"}, args...)...)
	}
	activity := states("create-activity", "--name", "work")["activityArn"].(string)
	definition := fmt.Sprintf(taskMachine, activity)
	if got := states("validate-state-machine-definition", "--definition", definition); got["result"] != "OK" {
		t.Errorf("validate-state-machine-definition: %v", got)
	}
	machine := states("create-state-machine", "--name", "m", "--definition", definition, "--role-arn", role)["stateMachineArn"].(string)
	a.refused(t, "(InvalidDefinition)", "stepfunctions", "create-state-machine", "--name", "bad", "--definition", "{}", "--role-arn", role)
	version := states("publish-state-machine-version", "--state-machine-arn", machine)["stateMachineVersionArn"]
	alias := states("create-state-machine-alias", "--name", "live", "--routing-configuration",
		fmt.Sprintf(`[{"stateMachineVersionArn":"%s","weight":100}]`, version))["stateMachineAliasArn"].(string)

	arn := states("start-execution", "--state-machine-arn", alias, "--input", `{"n":1}`)["executionArn"].(string)
	task := states("get-activity-task", "--activity-arn", activity)
	if task["input"] != `{"n":1}` {
		t.Errorf("get-activity-task: %v", task)
	}
	if out, errs, err := a.run("stepfunctions", "send-task-success", "--task-token", task["taskToken"].(string), "--task-output", `{"n":2}`); err != nil {
		t.Errorf("send-task-success: %s%s", out, errs)
	}
	s.succeeded(t, arn, 20*time.Second)
	if got := states("describe-execution", "--execution-arn", arn); got["output"] != `{"n":2}` || got["stateMachineAliasArn"] != alias {
		t.Errorf("describe-execution: %v", got)
	}
	a.refused(t, "(ExecutionDoesNotExist)", "stepfunctions", "describe-execution", "--execution-arn", executionARN(machine, "none"))
	a.refused(t, "(InvalidToken)", "stepfunctions", "send-task-success", "--task-token", "bad", "--task-output", "{}")
}
