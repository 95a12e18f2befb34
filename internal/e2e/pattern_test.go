package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const role = "arn:aws:iam::000000000000:role/test"

// machineDefinition is the pattern: an asynchronous durable function with a task token and a heartbeat, then a
// synchronous one.
const machineDefinition = `{"QueryLanguage":"JSONata","StartAt":"Async","TimeoutSeconds":7200,"States":{
"Async":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","HeartbeatSeconds":3600,
"Arguments":{"FunctionName":"async:$LATEST","InvocationType":"Event","Payload":{"TaskToken":"{% $states.context.Task.Token %}",
"seconds":"{% $states.input.seconds %}","name":"{% $states.input.name %}"}},"Output":"{% $states.result %}","Next":"Sync"},
"Sync":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"sync:$LATEST",
"Payload":{"name":"{% $states.input.name %}","seconds":1}},"Output":{"order":"{% $states.input %}","sync":"{% $states.result.Payload %}"},"End":true}}}`

// pattern is the stack under test and the control server its functions report to.
type pattern struct {
	control *control
	machine string // ARN
}

// deployPattern creates the functions and the machine on a server.
func deployPattern(t *testing.T, s *server) *pattern {
	t.Helper()
	p := &pattern{control: newControl(t)}
	code := base64.StdEncoding.EncodeToString(bootstrapZip(t, built.fn))
	for name, timeout := range map[string]int{"async": 3600, "sync": 900} {
		in := map[string]any{
			"FunctionName": name, "Role": role, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 60,
			"Code": map[string]string{"ZipFile": code}, "DurableConfig": map[string]int{"ExecutionTimeout": timeout},
			"Environment": map[string]any{"Variables": map[string]string{"CONTROL": p.control.url}},
		}
		if err := s.REST(context.Background(), "lambda", "POST", "/2015-03-31/functions", nil, in, nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, func() (bool, string) {
			var out struct{ State string }
			err := s.REST(context.Background(), "lambda", "GET", "/2015-03-31/functions/"+name+"/configuration", nil, nil, &out)
			return out.State == "Active", fmt.Sprint(out.State, err)
		})
	}
	var out struct{ StateMachineArn string }
	err := s.States(context.Background(), "CreateStateMachine",
		map[string]string{"name": "pattern", "definition": machineDefinition, "roleArn": role}, &out)
	if err != nil {
		t.Fatal(err)
	}
	p.machine = out.StateMachineArn
	return p
}

func bootstrapZip(t *testing.T, binary string) []byte {
	t.Helper()
	code, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(code)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// execution is what DescribeExecution answers.
type execution struct {
	Status, Output, Error, Cause string
}

func (s *server) describe(arn string) (execution, error) {
	var e execution
	err := s.States(context.Background(), "DescribeExecution", map[string]string{"executionArn": arn}, &e)
	return e, err
}

// succeeded waits for the end of an execution and returns its output.
func (s *server) succeeded(t *testing.T, arn string, limit time.Duration) string {
	t.Helper()
	var e execution
	eventually(t, limit, func() (bool, string) {
		var err error
		e, err = s.describe(arn)
		return err == nil && e.Status != "RUNNING", fmt.Sprint(arn, e, err)
	})
	if e.Status != "SUCCEEDED" {
		t.Fatalf("%s ended %s: %s: %s", arn, e.Status, e.Error, e.Cause)
	}
	return e.Output
}

// durableExecution is an item of ListDurableExecutionsByFunction.
type durableExecution struct {
	DurableExecutionArn, Status string
}

func (s *server) durableExecutions(t *testing.T, function string) []durableExecution {
	t.Helper()
	var all []durableExecution
	query := url.Values{"MaxItems": {"1000"}}
	for {
		var out struct {
			DurableExecutions []durableExecution
			NextMarker        string
		}
		err := s.REST(context.Background(), "lambda", "GET", "/2025-12-01/functions/"+function+"/durable-executions", query, nil, &out)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out.DurableExecutions...)
		if out.NextMarker == "" {
			return all
		}
		query.Set("Marker", out.NextMarker)
	}
}

// gapless fails unless the history of a machine's execution is numbered 1, 2, 3, ... and starts and ends once.
func (s *server) gapless(t *testing.T, arn string) {
	t.Helper()
	var types []string
	in := map[string]any{"executionArn": arn, "maxResults": 1000}
	for {
		var out struct {
			Events []struct {
				ID   int
				Type string
			}
			NextToken string
		}
		if err := s.States(context.Background(), "GetExecutionHistory", in, &out); err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			types = append(types, e.Type)
			if e.ID != len(types) {
				t.Errorf("%s: event %d has id %d", arn, len(types), e.ID)
			}
		}
		if out.NextToken == "" {
			break
		}
		in["nextToken"] = out.NextToken
	}
	once(t, arn, types, "ExecutionStarted", "ExecutionSucceeded")
}

// gaplessDurable is gapless for a durable execution.
func (s *server) gaplessDurable(t *testing.T, arn string) {
	t.Helper()
	var out struct {
		Events []struct {
			EventID   int `json:"EventId"`
			EventType string
		}
	}
	path := "/2025-12-01/durable-executions/" + url.PathEscape(arn) + "/history"
	if err := s.REST(context.Background(), "lambda", "GET", path, url.Values{"MaxItems": {"1000"}}, nil, &out); err != nil {
		t.Fatal(err)
	}
	var types []string
	for i, e := range out.Events {
		types = append(types, e.EventType)
		if e.EventID != i+1 {
			t.Errorf("%s: event %d has id %d", arn, i+1, e.EventID)
		}
	}
	once(t, arn, types, "ExecutionStarted", "ExecutionSucceeded")
}

func once(t *testing.T, arn string, types []string, first, last string) {
	t.Helper()
	if len(types) < 2 || types[0] != first || types[len(types)-1] != last {
		t.Errorf("%s: the history is %v, want it to begin with %s and to end with %s", arn, types, first, last)
	}
	n := 0
	for _, typ := range types {
		if typ == first || typ == last {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%s: %d events that start or end an execution: %v", arn, n, types)
	}
}

// control is the server that functions report to.
type control struct {
	url    string
	mu     sync.Mutex
	orders map[string][]string // ids given, by execution name
	held   map[string]chan chan struct{}
}

func newControl(t *testing.T) *control {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &control{url: "http://" + l.Addr().String(), orders: map[string][]string{}, held: map[string]chan chan struct{}{}}
	srv := &http.Server{Handler: c}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return c
}

// hold makes the next arrival at a point wait. The channel it returns gives a channel that lets it go.
func (c *control) hold(point string) <-chan chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan chan struct{}, 1)
	c.held[point] = ch
	return ch
}

func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	point, name := r.FormValue("point"), r.FormValue("name")
	c.mu.Lock()
	held := c.held[point]
	delete(c.held, point)
	c.mu.Unlock()
	if held != nil {
		release := make(chan struct{})
		held <- release
		select {
		case <-release:
		case <-r.Context().Done():
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := point
	if point == "order" {
		answer = fmt.Sprintf("%s-%d", name, len(c.orders[name])+1)
		c.orders[name] = append(c.orders[name], answer)
	}
	fmt.Fprint(w, answer)
}

// orderOf reads the ids out of the output of an execution: the one that the token was answered with.
func orderOf(t *testing.T, output string) string {
	t.Helper()
	var out struct {
		Order struct{ ID string }
		Sync  struct{ ID string }
	}
	if err := json.Unmarshal([]byte(output), &out); err != nil {
		t.Fatalf("output %s: %v", output, err)
	}
	if out.Order.ID == "" || out.Sync.ID == "" {
		t.Fatalf("output %s lacks an order id", output)
	}
	return out.Order.ID
}

// executionARN is the ARN of a machine's execution by name.
func executionARN(machine, name string) string {
	return strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// historyHas tells whether a durable execution's history has an event of a type.
func (s *server) historyHas(t *testing.T, arn, typ string) bool {
	t.Helper()
	var out struct{ Events []struct{ EventType string } }
	path := "/2025-12-01/durable-executions/" + url.PathEscape(arn) + "/history"
	if err := s.REST(context.Background(), "lambda", "GET", path, nil, nil, &out); err != nil {
		t.Fatal(err)
	}
	for _, e := range out.Events {
		if e.EventType == typ {
			return true
		}
	}
	return false
}
