package lambda

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

// held is an invocation that the test holds in its hands.
type held struct {
	w     *world
	event *eventView
	raw   string
	in    *host.Invocation
	end   chan ending
}

type ending struct {
	out string
	err error
}

// hand makes a durable function whose invocations are handed to the test.
func (s *scripted) hand(name string) chan *held {
	c := make(chan *held)
	s.durable[name] = func(w *world, in *host.Invocation) (string, error) {
		h := &held{w: w, event: &eventView{}, raw: string(in.Payload), in: in, end: make(chan ending)}
		if err := json.Unmarshal(in.Payload, h.event); err != nil {
			return "", err
		}
		c <- h
		e := <-h.end
		return e.out, e.err
	}
	return c
}

// returns ends the invocation and waits until that has been dealt with.
func (h *held) returns(out string) { h.finish(ending{out: out}) }

func (h *held) fails(typ, message string) { h.finish(ending{err: failed{typ, message}}) }

func (h *held) finish(e ending) {
	h.w.t.Helper()
	a, _ := arn.ParseDurableExecution(h.event.DurableExecutionArn)
	id := executionID(a.Region, a.Account, a.Function, a.Name)
	changed, stop := h.w.eng.Watch(id)
	defer stop()
	begun := h.run(id).Invocation
	h.end <- e
	for r := h.run(id); r.Flying && r.Invocation == begun; r = h.run(id) {
		<-changed
	}
}

// run reads the run record from the store.
func (h *held) run(id store.ID) (r runRecord) {
	h.w.t.Helper()
	b, err := h.w.eng.Store().ReadPart(h.w.t.Context(), id, "run")
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		h.w.t.Fatal(err)
	}
	return r
}

// send makes a checkpoint call and returns the next token and the body.
func (h *held) send(token, client, updates string) (next, body string, err error) {
	if token == "" {
		token = h.event.CheckpointToken
	}
	request := fmt.Sprintf(`{"CheckpointToken":%q,"Updates":[%s]}`, token, updates)
	if client != "" {
		request = fmt.Sprintf(`{"CheckpointToken":%q,"ClientToken":%q,"Updates":[%s]}`, token, client, updates)
	}
	body, err = h.w.call("CheckpointDurableExecution", arnPath(h.event.DurableExecutionArn), nil, request)
	var answer struct{ CheckpointToken string }
	_ = json.Unmarshal([]byte(body), &answer)
	return answer.CheckpointToken, body, err
}

func one(t *testing.T) (*world, *scripted, chan *held) {
	code := newScripted()
	c := code.hand("f")
	return newWorld(t, code, plan{outside: &outside{}}), code, c
}

const startA = `{"Id":"a","Type":"STEP","Action":"START"}`

func TestTokenChain(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "", "1")
	h := <-invocations
	first := h.event.CheckpointToken
	second, body, err := h.send("", "c1", startA)
	if err != nil || second == "" || second == first {
		t.Fatal(second, err)
	}
	if _, again, err := h.send(first, "c1", startA); err != nil || again != body {
		t.Errorf("repetition answered %s (%v), first answer %s", again, err, body)
	}
	invalid := func(what, token, client string) {
		t.Helper()
		_, _, err := h.send(token, client, "")
		if e, ok := api.As(err); !ok || e.Code != "InvalidParameterValueException" || e.Message != "Invalid Checkpoint Token" {
			t.Errorf("%s: %v", what, err)
		}
	}
	invalid("a used token with another client token", first, "c2")
	invalid("a used token without a client token", first, "")
	invalid("a token that decodes to nothing", "AAAA", "")
	_, _, err = h.send(second, "", `{"Id":"a","Type":"STEP","Action":"START"}`)
	wantError(t, err, "InvalidParameterValueException", "Invalid current STEP state to start.")
	third, _, err := h.send(second, "", "")
	if err != nil {
		t.Errorf("a refused call used its token up: %v", err)
	}
	if _, _, err := h.send(first, "c1", startA); err == nil {
		t.Error("only the last call may be repeated")
	}

	other := w.start("f", "", "2")
	g := <-invocations
	_, _, err = h.send(g.event.CheckpointToken, "", "")
	wantError(t, err, "InvalidParameterValueException", "Checkpoint token is not valid for the durable execution ARN")
	g.returns(`{"Status":"SUCCEEDED","Result":"2"}`)
	_, err = w.call("CheckpointDurableExecution", arnPath(other), nil, `{"CheckpointToken":"`+g.event.CheckpointToken+`"}`)
	wantError(t, err, "InvalidParameterValueException", "Invalid Checkpoint Token")
	_, err = w.call("CheckpointDurableExecution", arnPath(other[:len(other)-1]+"f"), nil, `{"CheckpointToken":"`+g.event.CheckpointToken+`"}`)
	wantError(t, err, "InvalidParameterValueException", "Invalid Checkpoint Token")

	h.fails("E", "died")
	invalid("a token whose invocation has ended", third, "")
	w.next()
	h2 := <-invocations
	invalid("a token of an earlier invocation", third, "")
	if h2.event.CheckpointToken == first {
		t.Error("the next invocation got the same token")
	}
	h2.returns(`{"Status":"SUCCEEDED"}`)
	if got := w.sequence(arn); got != "X0 S0 | | X+" {
		t.Error(got)
	}
}

func TestOneOfConcurrentCallsWins(t *testing.T) {
	w, _, invocations := one(t)
	w.start("f", "", "1")
	h := <-invocations
	var wg sync.WaitGroup
	wins := make(chan string, 8)
	for i := range 8 {
		wg.Go(func() {
			if next, _, err := h.send("", "", fmt.Sprintf(`{"Id":"s%d","Type":"STEP","Action":"START"}`, i)); err == nil {
				wins <- next
			}
		})
	}
	wg.Wait()
	if len(wins) != 1 {
		t.Errorf("%d calls with one token were accepted", len(wins))
	}
	h.returns(`{"Status":"SUCCEEDED"}`)
}

func TestEventOfTheHandler(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "order-1", `{"n": 1}`)
	h := <-invocations
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	want := `{"DurableExecutionArn":"` + arn + `","CheckpointToken":"` + h.event.CheckpointToken + `","InitialExecutionState":{"Operations":[` +
		`{"Id":"` + id + `","Type":"EXECUTION","Name":"order-1","Status":"STARTED","StartTimestamp":1700000000000,` +
		`"ExecutionDetails":{"InputPayload":"{\"n\": 1}"}}],"NextMarker":""},"UpdatedOperationIds":["` + id + `"]}`
	if h.raw != want {
		t.Errorf("event\n got %s\nwant %s", h.raw, want)
	}
	if h.in.InvokedARN != "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST" {
		t.Error(h.in.InvokedARN)
	}
	if _, _, err := h.send("", "", `{"Id":"w","Type":"WAIT","Action":"START","WaitOptions":{"WaitSeconds":2}}`); err != nil {
		t.Fatal(err)
	}
	h.returns(`{"Status":"PENDING","Result":null,"Error":null}`)
	w.next()
	h = <-invocations
	if got := fmt.Sprint(h.event.UpdatedOperationIds); got != "[w]" {
		t.Errorf("updated %s", got)
	}
	h.fails("E", "died")
	w.next()
	h = <-invocations
	if got := fmt.Sprint(h.event.UpdatedOperationIds); got != "[w]" {
		t.Errorf("after a failed invocation: updated %s", got)
	}
	h.returns(`{"Status":"SUCCEEDED","Result":"9"}`)
	if got := w.sequence(arn); got != "X0 W0 | W+ | | X+" {
		t.Error(got)
	}
}

func TestReturnValues(t *testing.T) {
	for _, c := range []struct{ out, status, message string }{
		{`{"Status":"SUCCEEDED","Result":"1"}`, "SUCCEEDED", ""},
		{`{"Status":"SUCCEEDED","Result":"1","Error":{}}`, "FAILED", "Cannot provide an Error for SUCCEEDED status."},
		{`{"Status":"FAILED","Error":{"ErrorMessage":"m","ErrorType":"T"}}`, "FAILED", "m"},
		{`{"Status":"FAILED","Result":"1"}`, "FAILED", "Cannot provide a Result for FAILED status."},
		{`{"Status":"PENDING"}`, "FAILED", "Cannot return PENDING status with no pending operations."},
		{`{"Status":"RETRY"}`, "FAILED", "Invalid Status in invocation output."},
		{`"text"`, "FAILED", "Invalid Status in invocation output."},
		{``, "FAILED", "Invalid Status in invocation output."},
		{`{"Status":"SUCCEEDED","Result":"` + strings.Repeat("x", 1048577) + `"}`, "FAILED", "Execution output payload size must be less than or equal to 1048576 bytes."},
	} {
		w, _, invocations := one(t)
		arn := w.start("f", "", "")
		(<-invocations).returns(c.out)
		got := w.get(arn)
		message := ""
		if e, ok := got["Error"].(map[string]any); ok {
			message = e["ErrorMessage"].(string)
		}
		if got["Status"] != c.status || message != c.message {
			t.Errorf("%.60s: %v %q, want %s %q", c.out, got["Status"], message, c.status, c.message)
		}
		if seq := w.sequence(arn); seq != "X0 | X+" && seq != "X0 | X-" {
			t.Errorf("%.60s: %s", c.out, seq)
		}
		if _, there := got["InputPayload"]; there {
			t.Error("an execution without input shows one")
		}
	}
}

func TestFailedInvocationIsRepeatedEverMoreSlowly(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "", "")
	before := w.eng.Now()
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		(<-invocations).fails("E", "died")
		w.next()
		now := w.eng.Now()
		if got := now.Sub(before); got != want*time.Second {
			t.Errorf("repetition %d came after %s, want %ds", i+1, got, want)
		}
		before = now
	}
	(<-invocations).returns(`{"Status":"SUCCEEDED"}`)
	if got := w.sequence(arn); got != "X0 | | | | | | | | | X+" {
		t.Error(got)
	}
	e := w.history(arn)[1]["InvocationCompletedDetails"].(map[string]any)["Error"]
	if got := fmt.Sprint(e); got != "map[Payload:map[ErrorMessage:died ErrorType:E] Truncated:false]" {
		t.Error(got)
	}
}

func TestThrottledInvocationLeavesNoEvent(t *testing.T) {
	w, code, invocations := one(t)
	code.throttle["f"] = 2
	arn := w.start("f", "", "")
	for range 2 {
		w.settle()
		w.next()
	}
	(<-invocations).returns(`{"Status":"SUCCEEDED"}`)
	if got := w.sequence(arn); got != "X0 | X+" {
		t.Error(got)
	}
}

func TestVersionThatIsGoneFailsTheExecution(t *testing.T) {
	w, code, invocations := one(t)
	arn := w.start("f", "", "")
	h := <-invocations
	code.mu.Lock()
	code.gone["f"] = true
	code.mu.Unlock()
	h.fails("E", "died")
	w.next()
	w.settle()
	if got := fmt.Sprint(w.get(arn)["Error"]); got != "map[ErrorMessage:Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST ErrorType:ResourceNotFoundException]" {
		t.Error(got)
	}
}

func TestStopInFlight(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "", "")
	h := <-invocations
	first := w.must("StopDurableExecution", arnPath(arn), nil, `{"ErrorMessage":"enough"}`)
	if again := w.must("StopDurableExecution", arnPath(arn), nil, ""); again != first {
		t.Errorf("stopped again: %s, first %s", again, first)
	}
	_, _, err := h.send("", "", startA)
	wantError(t, err, "InvalidParameterValueException", "Invalid Checkpoint Token")
	h.returns(`{"Status":"SUCCEEDED","Result":"1"}`)
	w.wantEnd(arn, "STOPPED", "enough", "X0 Xs |")
}

func TestDeadlineInFlight(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "n", "")
	h := <-invocations
	w.outside.pass(299 * time.Second)
	if w.get(arn)["Status"] != "RUNNING" {
		t.Error("timed out early")
	}
	w.outside.pass(time.Second)
	if _, err := w.eng.Closed(t.Context(), executionID(testRegion, testAccount, "f", "n")); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.send("", "", startA)
	wantError(t, err, "InvalidParameterValueException", "Invalid Checkpoint Token")
	h.returns(`{"Status":"SUCCEEDED","Result":"1"}`)
	w.wantEnd(arn, "TIMED_OUT", "Execution timed out after 300 seconds.", "X0 Xt |")
}

func (w *world) wantEnd(arn, status, message, sequence string) {
	w.t.Helper()
	got := w.get(arn)
	e, _ := got["Error"].(map[string]any)
	if got["Status"] != status || e["ErrorMessage"] != message {
		w.t.Errorf("ended %v, want %s %s", got, status, message)
	}
	if seq := w.sequence(arn); seq != sequence {
		w.t.Errorf("history %s, want %s", seq, sequence)
	}
}

func TestClosingCheckpoint(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "", "")
	h := <-invocations
	next, body, err := h.send("", "c", startA+`,{"Id":"execution-result-1","Type":"EXECUTION","Action":"SUCCEED","Payload":"\"big\""}`)
	if err != nil || next != "" || !strings.Contains(body, `"NewExecutionState"`) {
		t.Fatal(next, body, err)
	}
	_, _, err = h.send("", "c", startA)
	wantError(t, err, "InvalidParameterValueException", "Invalid Checkpoint Token")
	if got := w.sequence(arn); got != "X0 S0 | X+" {
		t.Error(got)
	}
	h.returns(`{"Status":"FAILED"}`)
	if got := w.get(arn); got["Result"] != `"big"` || got["Status"] != "SUCCEEDED" {
		t.Error(got)
	}
	if got := w.sequence(arn); got != "X0 S0 | X+" {
		t.Error(got)
	}
}

func TestQuotas(t *testing.T) {
	for name, limits := range map[string]DurableLimits{"operations": {Operations: 2}, "bytes": {Bytes: 20}} {
		code := newScripted()
		invocations := code.hand("f")
		w := newWorld(t, code, plan{outside: &outside{}, limits: limits})
		arn := w.start("f", "", "")
		h := <-invocations
		next, _, err := h.send("", "", startA+`,{"Id":"b","Type":"STEP","Action":"SUCCEED","Payload":"0123456789"}`)
		if err != nil || next == "" {
			t.Fatal(name, err)
		}
		next, body, err := h.send(next, "", `{"Id":"c","Type":"STEP","Action":"SUCCEED","Payload":"01234567890"}`)
		if err != nil || next != "" || body != `{"NewExecutionState":{"Operations":[]}}` {
			t.Errorf("%s: %q %s %v", name, next, body, err)
		}
		h.returns(`{"Status":"PENDING"}`)
		if got := fmt.Sprint(w.get(arn)["Error"]); !strings.Contains(got, "ServiceQuotaExceededException") {
			t.Errorf("%s: %s", name, got)
		}
		if got := w.sequence(arn); got != "X0 S0 S+ | X-" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestThreeThousandOperationsAreTheLimitUnlessLifted goes over the service's own limit by one.
func TestThreeThousandOperationsAreTheLimitUnlessLifted(t *testing.T) {
	for name, limits := range map[string]DurableLimits{"the service's": {}, "lifted": LiftedLimits} {
		code := newScripted()
		invocations := code.hand("f")
		w := newWorld(t, code, plan{outside: &outside{}, limits: limits})
		arn := w.start("f", "", "")
		h := <-invocations
		token := ""
		for i := 0; i < 3000; i += 100 {
			var updates []string
			for n := i; n < i+100; n++ {
				updates = append(updates, fmt.Sprintf(`{"Id":"s%d","Type":"STEP","Action":"SUCCEED","Payload":"1"}`, n))
			}
			var err error
			if token, _, err = h.send(token, "", strings.Join(updates, ",")); err != nil || token == "" {
				t.Fatal(name, i, err)
			}
		}
		next, _, err := h.send(token, "", `{"Id":"over","Type":"STEP","Action":"SUCCEED","Payload":"1"}`)
		if lifted := limits == LiftedLimits; err != nil || (next != "") != lifted {
			t.Errorf("%s: %q %v", name, next, err)
		}
		h.returns(`{"Status":"SUCCEEDED"}`)
		got := fmt.Sprint(w.get(arn)["Error"])
		if over := strings.Contains(got, "The durable execution exceeded the limit of 3000 operations."); over == (limits == LiftedLimits) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestStatePages(t *testing.T) {
	code := newScripted()
	invocations := code.hand("f")
	w := newWorld(t, code, plan{outside: &outside{}, limits: DurableLimits{PageBytes: 20_000}})
	arn := w.start("f", "", "1")
	h := <-invocations
	token := ""
	for i := range 40 {
		var err error
		if token, _, err = h.send(token, "", fmt.Sprintf(`{"Id":"s%d","Type":"STEP","Action":"SUCCEED","Payload":"%s"}`, i, strings.Repeat("x", 1000+i%2*8000))); err != nil {
			t.Fatal(err)
		}
	}
	h.fails("E", "again")
	w.next()
	h = <-invocations
	ids := []string{}
	add := func(ops []*opView) {
		for _, o := range ops {
			ids = append(ids, o.ID)
			if o.Type == "STEP" && len(deref(o.StepDetails.Result)) < 1000 {
				t.Errorf("%s lost its result", o.ID)
			}
		}
	}
	add(h.event.InitialExecutionState.Operations)
	if len(h.raw) > 32_000 {
		t.Errorf("the first page has %d bytes", len(h.raw))
	}
	marker, pages := h.event.InitialExecutionState.NextMarker, 0
	for marker != "" {
		pages++
		var page struct {
			Operations []*opView
			NextMarker string
		}
		q := url.Values{"CheckpointToken": {h.event.CheckpointToken}, "Marker": {marker}, "MaxItems": {"1000"}}
		if err := json.Unmarshal([]byte(w.must("GetDurableExecutionState", arnPath(arn), q, "")), &page); err != nil {
			t.Fatal(err)
		}
		add(page.Operations)
		marker = page.NextMarker
	}
	if len(ids) != 41 || pages < 5 || ids[1] != "s0" || ids[40] != "s39" {
		t.Errorf("%d operations in %d pages: %v", len(ids), pages, ids)
	}
	for _, q := range []url.Values{{"CheckpointToken": {h.event.CheckpointToken}, "Marker": {"bad"}}, {"CheckpointToken": {"AAAA"}}} {
		_, err := w.call("GetDurableExecutionState", arnPath(arn), q, "")
		if e, ok := api.As(err); !ok || e.Code != "InvalidParameterValueException" {
			t.Errorf("%v: %v", q, err)
		}
	}
	h.returns(`{"Status":"SUCCEEDED"}`)
}
