package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// perdure runs a command against the server as a user does, with the server in AWS_ENDPOINT_URL.
func (s *server) perdure(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return perdureAt(t, s.Endpoint(), args...)
}

func perdureAt(t *testing.T, endpoint string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), built.perdure, args...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+endpoint, "AWS_ACCESS_KEY_ID=", "AWS_REGION=us-east-1", "NO_COLOR=1", "TZ=UTC")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return out.String(), errs.String(), status
}

// says runs a command that must succeed and say some texts.
func (s *server) says(t *testing.T, args []string, texts ...string) string {
	t.Helper()
	out, errs, status := s.perdure(t, args...)
	if status != 0 {
		t.Fatalf("perdure %s: status %d, %s", strings.Join(args, " "), status, errs)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("perdure %s does not say %q:\n%s", strings.Join(args, " "), text, out)
		}
	}
	return out
}

// prints runs a command with --json and decodes what it printed into v.
func (s *server) prints(t *testing.T, v any, args ...string) {
	t.Helper()
	if out := s.says(t, append(args, "--json")); json.Unmarshal([]byte(out), v) != nil {
		t.Fatalf("perdure %s --json printed no JSON: %s", strings.Join(args, " "), out)
	}
}

// fails runs a command that must end with a status and say some texts on standard error, nothing on standard output.
func (s *server) fails(t *testing.T, status int, args []string, texts ...string) {
	t.Helper()
	out, errs, got := s.perdure(t, args...)
	if got != status || out != "" || !strings.HasPrefix(errs, "perdure: ") {
		t.Errorf("perdure %s: status %d, want %d\n%s%s", strings.Join(args, " "), got, status, out, errs)
	}
	for _, text := range texts {
		if !strings.Contains(errs, text) {
			t.Errorf("perdure %s does not say %q: %s", strings.Join(args, " "), text, errs)
		}
	}
}

// tokenMachine waits for an activity that nobody works on; napMachine for an hour.
const (
	tokenMachine = `{"StartAt":"Ask","States":{"Ask":{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:ask","End":true}}}`
	napMachine   = `{"StartAt":"Nap","States":{"Nap":{"Type":"Wait","Seconds":3600,"End":true}}}`
	failMachine  = `{"StartAt":"Fail","States":{"Fail":{"Type":"Fail","Error":"Broken","Cause":"it rained"}}}`
)

func TestTheCommandsFollowAStateMachine(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), "--time", "manual")
	s.state(t, "CreateActivity", map[string]string{"name": "ask"})
	for name, definition := range map[string]string{"ask": tokenMachine, "nap": napMachine, "fail": failMachine} {
		s.state(t, "CreateStateMachine", map[string]string{"name": name, "definition": definition, "roleArn": role})
	}
	arn := strings.TrimSpace(s.says(t, []string{"start", "nap", "--name", "n1", "--input", `{"a":1}`}))
	if arn != executionARN(statesARN+"stateMachine:nap", "n1") {
		t.Fatalf("start printed %q", arn)
	}
	s.says(t, []string{"execution", "list"}, "STATUS", "RUNNING", "nap", arn)
	s.says(t, []string{"execution", "get", arn}, "RUNNING", `{"a":1}`)
	var clock struct {
		Mode    string
		Next    *string
		Running int
	}
	s.prints(t, &clock, "time")
	if clock.Mode != "manual" || clock.Next == nil {
		t.Errorf("time --json: %+v", clock)
	}
	s.says(t, []string{"time"}, "mode     manual", "next     2")
	s.says(t, []string{"time", "advance", "30m"}, "in 30m0")
	s.says(t, []string{"time", "next"}, "no timer is set")
	s.says(t, []string{"execution", "watch", arn}, "Nap")
	s.says(t, []string{"execution", "history", arn}, "ExecutionStarted", "WaitStateEntered", "Nap", "ExecutionSucceeded")
	if lines := strings.Count(s.says(t, []string{"execution", "history", arn, "--json"}), "\n"); lines != 4 {
		t.Errorf("history --json has %d lines, want the 4 events", lines)
	}

	var started struct{ ARN string }
	s.prints(t, &started, "start", "ask")
	var token struct{ TaskToken string }
	s.state(t, "GetActivityTask", map[string]string{"activityArn": statesARN + "activity:ask"}, &token)
	s.says(t, []string{"callback", "heartbeat", token.TaskToken})
	s.says(t, []string{"callback", "fail", token.TaskToken, "--error", "Refused", "--cause", "too dear"})
	out, errs, status := s.perdure(t, "execution", "watch", started.ARN)
	if status != 1 || !strings.Contains(out+errs, "Refused") || !strings.Contains(errs, "did not succeed") {
		t.Errorf("watch of a failure: status %d\n%s%s", status, out, errs)
	}
	if _, errs, status := s.perdure(t, "start", "fail", "--watch"); status != 1 || !strings.Contains(errs, "did not succeed") {
		t.Errorf("start --watch of a failure: status %d, %s", status, errs)
	}
	again := strings.TrimSpace(s.says(t, []string{"start", "nap"}))
	s.says(t, []string{"execution", "stop", again, "--error", "Enough"}, "stopDate")
	s.says(t, []string{"execution", "get", again}, "ABORTED", "Enough")
	var list []struct{ ARN, Status, Kind string }
	s.prints(t, &list, "execution", "list", "--status", "ABORTED", "--machine", "nap")
	if len(list) != 1 || list[0].ARN != again || list[0].Kind != "machine" {
		t.Errorf("list of the stopped: %+v", list)
	}
}

// state calls a Step Functions operation that must succeed.
func (s *server) state(t *testing.T, operation string, in any, out ...any) {
	t.Helper()
	var to any
	if len(out) > 0 {
		to = out[0]
	}
	if err := s.States(t.Context(), operation, in, to); err != nil {
		t.Fatal(err)
	}
}

func TestTheCommandsFollowADurableFunction(t *testing.T) {
	t.Parallel()
	command(t, "python3", "Python")
	s := serve(t, t.TempDir(), "--time", "manual")
	s.createPython(t, "orders", "durable", 90_000, nil)
	arn := strings.TrimSpace(s.says(t, []string{"start", "orders:$LATEST", "--name", "o1", "--input", `{"name":"o1"}`}))
	s.reaches(t, arn, "InvocationCompleted", 1)
	s.says(t, []string{"callback", "list"}, "STARTED")
	s.says(t, []string{"time", "advance", "10m"})
	s.reaches(t, arn, "InvocationCompleted", 2)
	var open []struct {
		ID, Execution, Name string
		Timeout             int `json:"timeout_seconds"`
	}
	s.prints(t, &open, "callback", "list")
	if len(open) != 1 || open[0].Execution != arn || open[0].Name != "approval" || open[0].Timeout != 86_400 {
		t.Fatalf("callback list --json: %+v", open)
	}
	id := open[0].ID
	s.says(t, []string{"callback", "list", arn}, "approval", id)
	s.says(t, []string{"callback", "heartbeat", id})
	s.fails(t, 2, []string{"callback", "succeed", id, "--result", "yes"}, "not JSON", `--result '"text"'`)
	s.says(t, []string{"callback", "succeed", id, "--result", `{"by":"me"}`})
	s.says(t, []string{"execution", "watch", arn}, "approval")
	s.says(t, []string{"execution", "get", arn}, "SUCCEEDED", `"by"`, "DurableExecutionName", "o1")
	s.says(t, []string{"execution", "history", arn}, "CallbackSucceeded", "approval", "ExecutionSucceeded")
	s.fails(t, 1, []string{"callback", "succeed", id})

	second := strings.TrimSpace(s.says(t, []string{"start", "orders:$LATEST", "--input", `{"name":"o2"}`}))
	s.reaches(t, second, "InvocationCompleted", 1)
	s.says(t, []string{"execution", "stop", second, "--cause", "enough"}, "StopTimestamp")
	s.says(t, []string{"execution", "get", second}, "STOPPED", "enough")
	var list []struct{ ARN, Owner, Status, Kind, Name string }
	s.prints(t, &list, "execution", "list", "--function", "orders")
	if len(list) != 2 || list[0].Owner != "orders" || list[0].Kind != "durable" || fmt.Sprint(list[0].Status, list[1].Status) == "" {
		t.Errorf("execution list --json: %+v", list)
	}
	s.says(t, []string{"execution", "list", "--status", "SUCCEEDED"}, arn)
}

func TestCommandsThatCannotDoWhatTheyAreAskedNameTheNextStep(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	none := statesARN + "execution:none:none"
	durable := "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST/durable-execution/n/00000000-0000-4000-8000-000000000000"
	s.fails(t, 1, []string{"start", "none"}, `no state machine named "none"`, "none:$LATEST")
	s.fails(t, 1, []string{"start", "none:$LATEST"}, "Function not found")
	s.fails(t, 2, []string{"start"}, "want one argument", "perdure start --help")
	s.fails(t, 2, []string{"start", "m", "--input", "{"}, "--input is not JSON")
	for _, verb := range []string{"get", "history", "stop", "watch"} {
		s.fails(t, 1, []string{"execution", verb, none}, "Execution Does Not Exist", none)
		s.fails(t, 1, []string{"execution", verb, durable}, "Durable Execution does not exist")
		s.fails(t, 2, []string{"execution", verb}, "want one argument", "execution "+verb+" --help")
	}
	s.fails(t, 2, []string{"execution", "list", "--limit", "0"}, "--limit 0", "1 to 1000")
	s.fails(t, 2, []string{"execution", "list", "--colour"}, "--help")
	s.fails(t, 1, []string{"execution", "list", "--machine", "none"}, "none")
	s.fails(t, 1, []string{"callback", "succeed", "AAAA"}, "Invalid Token")
	s.fails(t, 2, []string{"callback", "list", none}, "task token")
	s.fails(t, 2, []string{"time", "advance", "soon"}, `"soon"`, "20m")
	s.fails(t, 1, []string{"time", "advance", "1m"}, "--time manual")
	s.fails(t, 2, []string{"env", "--shell", "tcsh"}, "sh, fish, powershell")
	s.fails(t, 2, []string{"nonsense"}, "nonsense", "--help")

	gone := "http://127.0.0.1:1"
	if _, errs, status := perdureAt(t, gone, "execution", "list"); status != 1 || !strings.Contains(errs, "perdure serve") {
		t.Errorf("without a server: status %d, %s", status, errs)
	}
	if _, errs, status := perdureAt(t, "nowhere", "time"); status != 2 || !strings.Contains(errs, "AWS_ENDPOINT_URL") {
		t.Errorf("with an endpoint that is none: status %d, %s", status, errs)
	}
	s.says(t, []string{"env"}, "export AWS_ENDPOINT_URL="+s.Endpoint(), "export AWS_REGION=us-east-1", "export AWS_ACCESS_KEY_ID=test")
	var env map[string]string
	s.prints(t, &env, "env")
	if env["AWS_ENDPOINT_URL"] != s.Endpoint() {
		t.Errorf("env --json: %v", env)
	}
}
