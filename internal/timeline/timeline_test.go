package timeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/client"
)

const (
	machineARN = "arn:aws:states:us-east-1:000000000000:execution:orders:one"
	durableARN = "arn:aws:lambda:us-east-1:000000000000:function:ship:1/durable-execution/n/u"
)

// histories is an endpoint with one machine execution and one durable execution that it started. Each look at the machine
// shows two more of its events, as a running execution would.
type histories struct {
	looks  int
	lasts  bool     // the durable execution outlives the machine's
	others []string // first events of durable executions of the same function that others started, and that go on
}

var machineEvents = []string{
	`{"id":1,"type":"ExecutionStarted","timestamp":1000.0,"executionStartedEventDetails":{"input":"{\"n\": 1}"}}`,
	`{"id":2,"type":"TaskStateEntered","timestamp":1000.1,"stateEnteredEventDetails":{"name":"Ship"}}`,
	`{"id":3,"type":"TaskScheduled","timestamp":1000.1,"taskScheduledEventDetails":{"resource":"invoke.waitForTaskToken","resourceType":"lambda","heartbeatInSeconds":3600,"parameters":"{\"FunctionName\":\"arn:aws:lambda:us-east-1:000000000000:function:ship:1\",\"Payload\":{\"n\": 1}}"}}`,
	`{"id":4,"type":"TaskSubmitted","timestamp":1000.3,"taskSubmittedEventDetails":{"resource":"invoke.waitForTaskToken"}}`,
	`{"id":5,"type":"TaskSucceeded","timestamp":2200.5,"taskSucceededEventDetails":{"output":"7"}}`,
	`{"id":6,"type":"ExecutionSucceeded","timestamp":2200.6,"executionSucceededEventDetails":{"output":"7"}}`,
}

var durableEvents = []string{
	`{"EventId":1,"EventType":"ExecutionStarted","EventTimestamp":1000.2,"Name":"n","ExecutionStartedDetails":{"Input":{"Payload":"{\"n\":1}"}}}`,
	`{"EventId":2,"EventType":"WaitStarted","EventTimestamp":1000.4,"Name":"pause","WaitStartedDetails":{"Duration":1200}}`,
	`{"EventId":3,"EventType":"WaitSucceeded","EventTimestamp":2200.4,"Name":"pause","WaitSucceededDetails":{"Duration":1200}}`,
	`{"EventId":4,"EventType":"ExecutionSucceeded","EventTimestamp":2200.7,"ExecutionSucceededDetails":{"Result":{"Payload":"7"}}}`,
}

func (h *histories) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page := func(events []string, n int, member string) {
		var back []string
		for i := n - 1; i >= 0; i-- {
			back = append(back, events[i])
		}
		io.WriteString(w, `{"`+member+`":[`+strings.Join(back, ",")+`]}`)
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/_perdure/time"):
		io.WriteString(w, `{"now":"2026-01-01T00:00:00Z"}`)
	case strings.HasSuffix(r.URL.Path, "/history") && strings.Contains(r.URL.Path, "/other-"):
		_, n, _ := strings.Cut(r.URL.Path, "/other-")
		page(h.others[n[0]-'0':], 1, "Events")
	case strings.HasSuffix(r.URL.Path, "/history"):
		n := len(durableEvents)
		if h.lasts {
			n--
		}
		page(durableEvents, n, "Events")
	case strings.HasSuffix(r.URL.Path, "/durable-executions"):
		list := `{"DurableExecutionArn":"` + durableARN + `"}`
		for i := range h.others {
			list = fmt.Sprintf(`{"DurableExecutionArn":"arn:aws:lambda:us-east-1:000000000000:function:ship:1/durable-execution/other-%d/u"},`, i) + list
		}
		io.WriteString(w, `{"DurableExecutions":[`+list+`]}`)
	default:
		h.looks++
		page(machineEvents, min(2*h.looks, len(machineEvents)), "events")
	}
}

// story is what both histories tell up to the end of the machine's.
const story = `
 +00:00:00.000  orders                          execution started  {"n": 1}
 +00:00:00.100  orders                          Ship: entered
 +00:00:00.100  orders                          calls lambda:invoke.waitForTaskToken, heartbeat 1h0m0s
 +00:00:00.200  ship                            durable execution started  {"n":1}
 +00:00:00.300  orders                          accepted, waits for the task token
 +00:00:00.400  ship                            pause: waits 20m0s without compute
           ...  20m0s pass
 +00:20:00.400  ship                            pause: wait over
 +00:20:00.500  orders                          task succeeded  7
 +00:20:00.600  orders                          execution succeeded  7`

func TestBothHistoriesAreToldInOneOrderOfTime(t *testing.T) {
	follow(t, &histories{}, story+"\n +00:20:00.700  ship                            durable execution succeeded  7\n")
}

func TestTheEndIsNotHeldUpByADurableExecutionThatGoesOn(t *testing.T) {
	follow(t, &histories{lasts: true}, story+"\n")
}

// Whoever calls the same function, earlier or with something else, is not told of nor waited for.
func TestDurableExecutionsOfOthersAreLeftOut(t *testing.T) {
	const started = `{"EventId":1,"EventType":"ExecutionStarted","EventTimestamp":%s,"ExecutionStartedDetails":{"Input":{"Payload":%q}}}`
	follow(t, &histories{others: []string{
		fmt.Sprintf(started, "1000.05", `{"n":1}`),
		fmt.Sprintf(started, "1000.2", `{"n":2}`),
	}}, story+"\n +00:20:00.700  ship                            durable execution succeeded  7\n")
}

func follow(t *testing.T, h *histories, want string) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	p := &Printer{W: &b}
	if err := New(c, machineARN).Follow(context.Background(), p.Print); err != nil {
		t.Fatal(err)
	}
	if got := "\n" + b.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

func TestLongLinesAreCutToTheTerminal(t *testing.T) {
	var b strings.Builder
	p := &Printer{W: &b, Width: 60}
	p.Print(Event{Source: "orders", Text: "execution started", Detail: strings.Repeat("x", 100)})
	if line := strings.TrimSuffix(b.String(), "\n"); len(line) != 60 || !strings.HasSuffix(line, "...") {
		t.Errorf("%q has %d columns, want 60", line, len(line))
	}
}

func TestErrorPayloadsReadAsTypeAndMessage(t *testing.T) {
	var e durableEvent
	err := json.Unmarshal([]byte(`{"EventType":"StepFailed","StepFailedDetails":{"Error":{"Payload":{"ErrorType":"Boom","ErrorMessage":"no stock"},"Truncated":false}}}`), &e)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.event(&source{}).Detail; got != "Boom: no stock" {
		t.Errorf("got %q", got)
	}
}
