package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/client"
)

// jsOperations are the operations of testdata/js/operations.mjs: the answer of each and its history, in which the events
// that begin and end every execution are left out and "|" is the end of an invocation before the last. The SDK records the
// start of an at-least-once step while it runs already, so what an operation does inside and beside others has no order.
var jsOperations = []struct {
	operation, result, failure, events string
	unordered                          bool
}{
	{"step", `42`, "", "StepStarted StepSucceeded", false},
	{"retry", `3`, "", "StepStarted StepFailed | StepStarted StepFailed | StepStarted StepSucceeded", false},
	{"failure", "", "no such order", "StepStarted StepFailed", false},
	{"wait", `"rested"`, "", "WaitStarted | WaitSucceeded", false},
	{"callback", `"{\"approved\":true}"`, "", "CallbackStarted StepStarted CallbackSucceeded StepSucceeded", false},
	{"callbackFailed", `{"caught":"not today"}`, "", "CallbackStarted StepStarted CallbackFailed StepSucceeded", false},
	{"callbackTimesOut", `{"caught":"CallbackTimeoutError"}`, "", "CallbackStarted | CallbackTimedOut", false},
	{"waitForCallback", `"\"pong\""`, "", "ContextStarted CallbackStarted StepStarted CallbackSucceeded StepSucceeded ContextSucceeded", true},
	{"waitForCondition", `{"polls":3}`, "", "StepStarted StepSucceeded | StepStarted StepSucceeded | StepStarted StepSucceeded", false},
	{"invoke", `{"doubled":42}`, "", "ChainedInvokeStarted | ChainedInvokeSucceeded", false},
	{"child", `3`, "", "ContextStarted StepStarted StepSucceeded WaitStarted | WaitSucceeded StepStarted StepSucceeded ContextSucceeded", false},
	{"parallel", `["A","B","C"]`, "", "ContextStarted" + strings.Repeat(" ContextStarted StepStarted StepSucceeded ContextSucceeded", 3) + " ContextSucceeded", true},
	{"map", `{"results":[1,4,9,16],"succeeded":4,"failed":0}`, "",
		"ContextStarted" + strings.Repeat(" ContextStarted StepStarted StepSucceeded ContextSucceeded", 4) + " ContextSucceeded", false},
}

func TestEveryOperationOfTheOfficialJavaScriptSDKGivesItsResultAndHistory(t *testing.T) {
	t.Parallel()
	code := base64.StdEncoding.EncodeToString(jsPackage(t, jsModules(t)))
	s := serve(t, t.TempDir(), "--time", "skip")
	for name, durable := range map[string]map[string]int{"operations": {"ExecutionTimeout": 900}, "double": nil} {
		in := map[string]any{
			"FunctionName": name, "Role": role, "Runtime": "nodejs22.x", "Timeout": 60, "Code": map[string]string{"ZipFile": code},
			"Handler": map[bool]string{true: "operations.handler", false: "operations.double"}[durable != nil],
		}
		if durable != nil {
			in["DurableConfig"] = durable
		}
		if err := s.REST(context.Background(), "lambda", "POST", "/2015-03-31/functions", nil, in, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range jsOperations {
		t.Run(op.operation, func(t *testing.T) {
			arn, answer, failed := s.invokeDurable(t, "operations", map[string]string{"operation": op.operation})
			if failed != (op.failure != "") {
				t.Fatalf("answered %s, as a failure: %v", answer, failed)
			}
			if failed && !strings.Contains(answer, op.failure) || !failed && !sameJSON(t, answer, op.result) {
				t.Errorf("answered %s, want %s%s", answer, op.result, op.failure)
			}
			got, want := s.operationEvents(t, arn), strings.Fields(op.events)
			if op.unordered {
				slices.Sort(got)
				slices.Sort(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("history\n got %v\nwant %v", got, want)
			}
			s.numbered(t, arn)
		})
	}
}

// invokeDurable invokes a durable function synchronously: the execution, what it answered, and whether that is an error.
func (s *server) invokeDurable(t *testing.T, function string, event any) (arn, answer string, failed bool) {
	t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Do(context.Background(), client.Request{Service: "lambda", Body: body,
		Path: "/2015-03-31/functions/" + url.PathEscape(function+":$LATEST") + "/invocations", Header: http.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("X-Amz-Durable-Execution-Arn"), string(resp.Body), resp.Header.Get("X-Amz-Function-Error") != ""
}

// durableEvent is one event of a durable execution, as far as the tests look.
type durableEvent struct {
	EventID                int `json:"EventId"`
	EventType, Name        string
	CallbackStartedDetails struct{ CallbackID string }
}

func (s *server) durableHistory(t *testing.T, arn string) []durableEvent {
	t.Helper()
	var out struct{ Events []durableEvent }
	path := "/2025-12-01/durable-executions/" + url.PathEscape(arn) + "/history"
	if err := s.REST(context.Background(), "lambda", "GET", path, url.Values{"MaxItems": {"1000"}}, nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Events
}

// operationEvents writes a finished history the way that jsOperations has it.
func (s *server) operationEvents(t *testing.T, arn string) []string {
	t.Helper()
	var types []string
	for _, e := range s.durableHistory(t, arn) {
		if e.EventType == "InvocationCompleted" {
			e.EventType = "|"
		}
		types = append(types, e.EventType)
	}
	n := len(types)
	if n < 3 || types[0] != "ExecutionStarted" || types[n-2] != "|" || !strings.HasPrefix(types[n-1], "Execution") {
		t.Fatalf("the history is %v", types)
	}
	return types[1 : n-2]
}

// numbered fails unless the events are 1, 2, 3, ...
func (s *server) numbered(t *testing.T, arn string) {
	t.Helper()
	for i, e := range s.durableHistory(t, arn) {
		if e.EventID != i+1 {
			t.Errorf("event %d has id %d", i+1, e.EventID)
		}
	}
}

// sameJSON compares two texts as JSON.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Errorf("%s is not JSON: %v", a, err)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Errorf("%s is not JSON: %v", b, err)
	}
	return reflect.DeepEqual(x, y)
}
