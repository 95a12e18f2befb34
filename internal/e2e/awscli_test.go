package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// awsCLI runs the unmodified AWS CLI with nothing but environment variables set.
type awsCLI struct {
	path, endpoint, home string
}

func (a awsCLI) run(args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command(a.path, args...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+a.endpoint, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=", "HOME="+a.home,
		"AWS_CONFIG_FILE="+filepath.Join(a.home, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(a.home, "credentials"))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// answers runs a command that must succeed and decodes what it printed.
func (a awsCLI) answers(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out, errs, err := a.run(args...)
	if err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, errs)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("aws %s printed %q: %v", strings.Join(args, " "), out, err)
	}
	return v
}

// refused runs a command that must fail with a text in its message.
func (a awsCLI) refused(t *testing.T, message string, args ...string) {
	t.Helper()
	out, errs, err := a.run(args...)
	if err == nil {
		t.Fatalf("aws %s succeeded: %s", strings.Join(args, " "), out)
	}
	if !strings.Contains(errs, message) {
		t.Errorf("aws %s said %q, want %q", strings.Join(args, " "), errs, message)
	}
}

func TestAWSCLIDrivesThePatternWithNothingButEnvironmentSet(t *testing.T) {
	t.Parallel()
	path := command(t, "aws", "the AWS CLI")
	s := serve(t, t.TempDir(), "--time", "skip")
	p := deployPattern(t, s)
	a := awsCLI{path, s.Endpoint(), t.TempDir()}

	machines := a.answers(t, "stepfunctions", "list-state-machines")["stateMachines"].([]any)
	if len(machines) != 1 || machines[0].(map[string]any)["stateMachineArn"] != p.machine {
		t.Errorf("list-state-machines: %v", machines)
	}
	started := a.answers(t, "stepfunctions", "start-execution", "--state-machine-arn", p.machine,
		"--name", "cli", "--input", `{"seconds":1200,"name":"cli"}`)
	arn := started["executionArn"].(string)
	s.succeeded(t, arn, 60*time.Second)
	if got := a.answers(t, "stepfunctions", "describe-execution", "--execution-arn", arn)["status"]; got != "SUCCEEDED" {
		t.Errorf("describe-execution: status %v", got)
	}
	events := a.answers(t, "stepfunctions", "get-execution-history", "--execution-arn", arn)["events"].([]any)
	if len(events) < 10 || events[0].(map[string]any)["type"] != "ExecutionStarted" {
		t.Errorf("get-execution-history: %v", events)
	}
	for _, fn := range []string{"async", "sync"} {
		durableExecutionsByCLI(t, a, fn)
	}
}

// durableExecutionsByCLI lists, gets and reads the one durable execution of a function.
func durableExecutionsByCLI(t *testing.T, a awsCLI, fn string) {
	t.Helper()
	list := a.answers(t, "lambda", "list-durable-executions-by-function", "--function-name", fn, "--qualifier", "$LATEST")
	items := list["DurableExecutions"].([]any)
	if len(items) != 1 {
		t.Fatalf("list-durable-executions-by-function %s: %v", fn, list)
	}
	arn := items[0].(map[string]any)["DurableExecutionArn"].(string)
	got := a.answers(t, "lambda", "get-durable-execution", "--durable-execution-arn", arn)
	if got["Status"] != "SUCCEEDED" || got["DurableExecutionArn"] != arn {
		t.Errorf("get-durable-execution: %v", got)
	}
	events := a.answers(t, "lambda", "get-durable-execution-history", "--durable-execution-arn", arn)["Events"].([]any)
	var types []string
	for _, e := range events {
		types = append(types, e.(map[string]any)["EventType"].(string))
	}
	want := "ExecutionStarted StepStarted StepSucceeded WaitStarted InvocationCompleted WaitSucceeded StepStarted StepSucceeded "
	if fn == "async" {
		want += "StepStarted StepSucceeded "
	}
	if want += "InvocationCompleted ExecutionSucceeded"; strings.Join(types, " ") != want {
		t.Errorf("history of %s:\n got %s\nwant %s", fn, strings.Join(types, " "), want)
	}
}

func TestAWSCLIIsRefusedWithTheExactMessagesOfDurableInvokes(t *testing.T) {
	t.Parallel()
	path := command(t, "aws", "the AWS CLI")
	s := serve(t, t.TempDir(), "--time", "skip")
	deployPattern(t, s)
	a := awsCLI{path, s.Endpoint(), t.TempDir()}
	out := filepath.Join(a.home, "out")
	invoke := func(more ...string) []string { return append(append([]string{"lambda", "invoke"}, more...), out) }
	payload := func(text string) []string { // a file means the same to both versions of the CLI
		file := filepath.Join(a.home, "payload")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--function-name", "async", "--qualifier", "$LATEST", "--invocation-type", "Event",
			"--durable-execution-name", "named", "--payload", "fileb://" + file}
	}
	a.refused(t, "You cannot invoke a durable function using an unqualified ARN.", invoke("--function-name", "async")...)
	a.refused(t, "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.",
		invoke("--function-name", "async", "--qualifier", "$LATEST")...)

	first := a.answers(t, invoke(payload(`{"seconds":5,"name":"n"}`)...)...)
	again := a.answers(t, invoke(payload(`{"seconds":5,"name":"n"}`)...)...)
	if first["DurableExecutionArn"] == nil || first["DurableExecutionArn"] != again["DurableExecutionArn"] {
		t.Errorf("the same name and payload gave %v, then %v", first, again)
	}
	if all := s.durableExecutions(t, "async"); len(all) != 1 {
		t.Errorf("%d executions under one name", len(all))
	}
	a.refused(t, "(DurableExecutionAlreadyStartedException)", invoke(payload(`{"seconds":6,"name":"n"}`)...)...)
}
