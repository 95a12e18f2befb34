package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

// createPython makes a function of testdata/python/handlers.py; with an execution timeout it is durable.
func (s *server) createPython(t *testing.T, name, handler string, timeout int, env map[string]string) {
	t.Helper()
	source, err := os.ReadFile("testdata/python/handlers.py")
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create("handlers.py")
	if err == nil {
		_, err = w.Write(source)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]any{
		"FunctionName": name, "Role": role, "Runtime": "python3.13", "Handler": "handlers." + handler, "Timeout": 300,
		"Code":        map[string]string{"ZipFile": base64.StdEncoding.EncodeToString(buf.Bytes())},
		"Environment": map[string]any{"Variables": env}, "MemorySize": 256,
	}
	if timeout > 0 {
		in["DurableConfig"] = map[string]int{"ExecutionTimeout": timeout}
	}
	if err := s.REST(context.Background(), "lambda", "POST", "/2015-03-31/functions", nil, in, nil); err != nil {
		t.Fatal(err)
	}
}

// invokePlain invokes a function with the tail of its log.
func (s *server) invokePlain(t *testing.T, function string, event any) (answer map[string]any, log string, failed bool) {
	t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Do(context.Background(), client.Request{Service: "lambda", Body: body,
		Path: "/2015-03-31/functions/" + url.PathEscape(function) + "/invocations", Header: http.Header{"X-Amz-Log-Type": {"Tail"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(resp.Body, &answer); err != nil {
		t.Fatalf("%v: %s", err, resp.Body)
	}
	tail, err := base64.StdEncoding.DecodeString(resp.Header.Get("X-Amz-Log-Result"))
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(tail), resp.Header.Get("X-Amz-Function-Error") != ""
}

func TestAPlainPythonHandlerHasItsContextLogsErrorsUnicodeAndBigPayloads(t *testing.T) {
	t.Parallel()
	command(t, "python3", "Python")
	s := serve(t, t.TempDir())
	s.createPython(t, "plain", "plain", 0, nil)

	got, log, failed := s.invokePlain(t, "plain", map[string]any{"want": "context", "echo": "ü✓😀\u2028"})
	id, _ := got["id"].(string)
	delete(got, "id")
	want := map[string]any{"arn": "arn:aws:lambda:us-east-1:000000000000:function:plain", "name": "plain", "version": "$LATEST",
		"memory": "256", "group": "/aws/lambda/plain", "left": true, "echo": "ü✓😀\u2028"}
	if failed || len(id) != 36 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("context %v of request %q, want %v", got, id, want)
	}
	for _, line := range []string{"START RequestId: " + id, "printed ü✓😀\n", id + "\tasked for context\n", "END RequestId: " + id, "REPORT RequestId: " + id} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}

	got, log, failed = s.invokePlain(t, "plain", map[string]any{"want": "error"})
	trace := fmt.Sprint(got["stackTrace"])
	if !failed || got["errorType"] != "OrderError" || got["errorMessage"] != "no order ü✓😀" || !strings.Contains(trace, "in plain") {
		t.Errorf("error %v", got)
	}
	if !strings.Contains(log, "[ERROR] OrderError: no order ü✓😀") {
		t.Errorf("the log does not have the error:\n%s", log)
	}

	const size = 2_900_000 // of two bytes each, just below the limit of 6 MB
	got, _, failed = s.invokePlain(t, "plain", map[string]any{"want": "text", "size": size, "pad": strings.Repeat("p", 6_000_000)})
	if text, _ := got["text"].(string); failed || text != strings.Repeat("ü", size) || got["got"] != 6e6 {
		t.Errorf("%d bytes of text, padding %v", len(text), got["got"])
	}
	got, _, failed = s.invokePlain(t, "plain", map[string]any{"want": "text", "size": 3_200_000})
	if !failed || got["errorType"] != "Function.ResponseSizeTooLarge" {
		t.Errorf("an answer of 6.4 MB: %.200v", got)
	}
}

func TestAPythonHandlerSpeaksTheCheckpointAPIWithoutAnSDK(t *testing.T) {
	t.Parallel()
	command(t, "python3", "Python")
	s := serve(t, t.TempDir(), "--time", "manual")
	s.createPython(t, "durable", "durable", 90_000, nil)
	const prefix = "StepStarted StepSucceeded WaitStarted | WaitSucceeded CallbackStarted | "
	for _, c := range []struct {
		name, verb, body, status, result, events string
	}{
		{"yes", "succeed", `{"by":"ü"}`, "SUCCEEDED", `{"order":{"id":"yes-1"},"answer":{"by":"ü"}}`, prefix + "CallbackSucceeded"},
		{"no", "fail", `{"ErrorType":"Refused","ErrorMessage":"too dear"}`, "FAILED", "too dear", prefix + "CallbackFailed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			arn := s.startDurable(t, "durable", map[string]string{"name": c.name})
			s.reaches(t, arn, "InvocationCompleted", 1)
			if err := s.REST(context.Background(), "perdure", "POST", "/_perdure/time", nil, map[string]string{"by": "10m"}, nil); err != nil {
				t.Fatal(err)
			}
			id := s.reaches(t, arn, "CallbackStarted", 1).CallbackStartedDetails.CallbackID
			s.reaches(t, arn, "InvocationCompleted", 2)
			_, err := s.Do(context.Background(), client.Request{Service: "lambda", Body: []byte(c.body), Header: http.Header{},
				Path: "/2025-12-01/durable-execution-callbacks/" + url.PathEscape(id) + "/" + c.verb})
			if err != nil {
				t.Fatal(err)
			}
			s.reaches(t, arn, "Execution"+map[string]string{"SUCCEEDED": "Succeeded", "FAILED": "Failed"}[c.status], 1)
			var got struct {
				Status, Result string
				Error          struct{ ErrorMessage string }
			}
			path := "/2025-12-01/durable-executions/" + url.PathEscape(arn)
			if err := s.REST(context.Background(), "lambda", "GET", path, nil, nil, &got); err != nil {
				t.Fatal(err)
			}
			if got.Status != c.status || got.Result+got.Error.ErrorMessage == "" {
				t.Errorf("%+v, want %s", got, c.status)
			}
			if c.status == "SUCCEEDED" && !sameJSON(t, got.Result, c.result) || c.status == "FAILED" && got.Error.ErrorMessage != c.result {
				t.Errorf("%+v, want %s", got, c.result)
			}
			if got := strings.Join(s.operationEvents(t, arn), " "); got != c.events {
				t.Errorf("history\n got %s\nwant %s", got, c.events)
			}
			s.numbered(t, arn)
		})
	}
}

// startDurable invokes a durable function as an event.
func (s *server) startDurable(t *testing.T, function string, event any) (arn string) {
	t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Do(context.Background(), client.Request{Service: "lambda", Body: body, Header: http.Header{"X-Amz-Invocation-Type": {"Event"}},
		Path: "/2015-03-31/functions/" + url.PathEscape(function+":$LATEST") + "/invocations"})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("X-Amz-Durable-Execution-Arn")
}

// reaches waits for the nth event of a type.
func (s *server) reaches(t *testing.T, arn, typ string, nth int) (found durableEvent) {
	t.Helper()
	eventually(t, 30*time.Second, func() (bool, string) {
		n := 0
		events := s.durableHistory(t, arn)
		for _, e := range events {
			if e.EventType == typ {
				found = e
				n++
			}
		}
		return n == nth, fmt.Sprintf("%d times %s in %+v", n, typ, events)
	})
	return found
}
