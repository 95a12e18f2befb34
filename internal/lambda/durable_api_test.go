package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
)

// echoing is a world whose function f waits two seconds and returns its input, and e fails.
func echoing(t *testing.T) *world {
	code := newScripted()
	addTargets(code)
	code.durable["f"] = durableFunc(func(p *program) (string, error) {
		p.wait(2)
		return p.input, nil
	})
	code.durable["e"] = durableFunc(func(p *program) (string, error) {
		return "", &errorView{ErrorMessage: "broken", ErrorType: "Broken"}
	})
	return newWorld(t, code, plan{})
}

// sync invokes synchronously while the clock moves on.
func (w *world) sync(function, name, payload string) (*InvokeResult, error) {
	w.t.Helper()
	type result struct {
		res *InvokeResult
		err error
	}
	for len(w.changes) > 0 {
		<-w.changes
	}
	done := make(chan result, 1)
	go func() {
		res, err := w.invoke(function, name, payload, false)
		done <- result{res, err}
	}()
	<-w.changes // it runs
	for w.settle(); w.running(); w.settle() {
		tick(w, nil)
	}
	r := <-done
	return r.res, r.err
}

// running tells whether any execution of f or e is open.
func (w *world) running() bool {
	w.t.Helper()
	open := 0
	for _, f := range []string{"f", "e"} {
		n, err := w.d.Running(w.t.Context(), testRegion, testAccount, f)
		if err != nil {
			w.t.Fatal(err)
		}
		open += n
	}
	return open > 0
}

func TestSynchronousInvokeAnswersAcrossSuspensions(t *testing.T) {
	w := echoing(t)
	res, err := w.sync("f", "n", `{"a":"ü"}`)
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != 200 || string(res.Payload) != `{"a":"ü"}` || res.FunctionError != "" || res.ExecutedVersion != "$LATEST" || string(res.Log) != "log of f" {
		t.Errorf("%+v %s", res, res.Payload)
	}
	if got := w.sequence(res.ExecutionARN); got != "X0 W0 | W+ | X+" {
		t.Error(got)
	}
	res, err = w.sync("e", "", "1")
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != 200 || res.FunctionError != "Unhandled" || string(res.Payload) != `{"errorMessage":"broken","errorType":"Broken"}` {
		t.Errorf("%+v %s", res, res.Payload)
	}
	if got := w.sequence(res.ExecutionARN); got != "X0 | X-" {
		t.Error(got)
	}
}

func TestInvokeRefusals(t *testing.T) {
	w := echoing(t)
	v, err := w.code.Resolve(t.Context(), testRegion, testAccount, "f", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.d.Invoke(t.Context(), &DurableInvoke{Version: v})
	wantError(t, err, "InvalidParameterValueException", "You cannot invoke a durable function using an unqualified ARN.")
	w.code.config["f"] = DurableConfig{ExecutionTimeout: 901}
	_, err = w.invoke("f", "", "1", false)
	wantError(t, err, "InvalidParameterValueException", "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.")
	if _, err := w.invoke("f", "", "1", true); err != nil {
		t.Errorf("asynchronously: %v", err)
	}
	for _, name := range []string{"a b", "ä", strings.Repeat("n", 65)} {
		_, err := w.invoke("f", name, "1", true)
		if e, ok := api.As(err); !ok || e.Code != "ValidationException" || !strings.Contains(e.Message, "durableExecutionName") {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

func TestExecutionNameIsUsedOnce(t *testing.T) {
	w := echoing(t)
	arn := w.start("f", "n", "1")
	taken := "Execution already started: " + arn
	if again := w.start("f", "n", "1"); again != arn {
		t.Errorf("the same start while it runs made %s", again)
	}
	_, err := w.invoke("f", "n", "2", true)
	wantError(t, err, "DurableExecutionAlreadyStartedException", taken)
	if e, _ := api.As(err); e.HTTPStatus() != 409 || !e.Upper {
		t.Errorf("%+v", e)
	}
	v, _ := w.code.Resolve(t.Context(), testRegion, testAccount, "f", "live")
	_, err = w.d.Invoke(t.Context(), &DurableInvoke{Version: v, Name: "n", Payload: []byte("1"), Event: true})
	wantError(t, err, "DurableExecutionAlreadyStartedException", taken)
	if other := w.start("e", "n", "2"); other == arn {
		t.Error("names of two functions are one")
	}

	w.play(arn)
	res, err := w.invoke("f", "n", "1", false)
	if err != nil || res.ExecutionARN != arn || string(res.Payload) != "1" {
		t.Errorf("the same start after it succeeded: %+v %v", res, err)
	}
	_, err = w.invoke("f", "n", "2", false)
	wantError(t, err, "DurableExecutionAlreadyStartedException", taken)
	failed, err := w.invoke("e", "n", "2", false)
	if err != nil || failed.FunctionError != "Unhandled" {
		t.Errorf("the same start after it failed: %+v %v", failed, err)
	}

	if err := w.eng.Advance(t.Context(), 14*24*time.Hour-time.Minute); err != nil {
		t.Fatal(err)
	}
	if w.get(arn)["Status"] != "SUCCEEDED" {
		t.Error("gone before its retention is over")
	}
	if err := w.eng.Advance(t.Context(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err = w.call("GetDurableExecution", arnPath(arn), nil, "")
	wantError(t, err, "ResourceNotFoundException", "Durable Execution does not exist")
	if again := w.start("f", "n", "2"); again == arn {
		t.Error("the name was not given free")
	}
}

func TestRepeatedRequestFindsItsExecution(t *testing.T) {
	w := echoing(t)
	v, _ := w.code.Resolve(t.Context(), testRegion, testAccount, "f", "$LATEST")
	arns := map[string]bool{}
	for _, request := range []string{"task/1", "task/1", "task/2", "", ""} {
		res, err := w.d.Invoke(t.Context(), &DurableInvoke{Version: v, Payload: []byte("1"), Event: true, RequestID: request})
		if err != nil {
			t.Fatal(err)
		}
		arns[res.ExecutionARN] = true
	}
	if len(arns) != 4 {
		t.Errorf("five invokes, two of them one request, made %d executions", len(arns))
	}
}

func TestGetDurableExecution(t *testing.T) {
	w := echoing(t)
	w.code.config["f"] = DurableConfig{ExecutionTimeout: 60, RetentionPeriodInDays: 7}
	v, _ := w.code.Resolve(t.Context(), testRegion, testAccount, "f", "live")
	res, err := w.d.Invoke(t.Context(), &DurableInvoke{Version: v, Name: "n", Payload: []byte("1"), Event: true, TraceID: "Root=1-2-3"})
	if err != nil {
		t.Fatal(err)
	}
	arn := res.ExecutionARN
	w.settle()
	fn := "arn:aws:lambda:us-east-1:000000000000:function:f:7"
	common := `{"DurableExecutionArn":"` + arn + `","DurableExecutionName":"n","FunctionArn":"` + fn + `","Version":"7","StartTimestamp":1700000000,`
	config := `"TraceHeader":{"XAmznTraceId":"Root=1-2-3"},"DurableConfig":{"ExecutionTimeout":60,"RetentionPeriodInDays":7},`
	if got, want := w.must("GetDurableExecution", arnPath(arn), nil, ""), common+`"Status":"RUNNING",`+config+`"InputPayload":"1","ExecutionDataIncluded":true}`; got != want {
		t.Errorf("running\n got %s\nwant %s", got, want)
	}
	w.play(arn)
	if got, want := w.must("GetDurableExecution", arnPath(arn), nil, ""), common+`"Status":"SUCCEEDED","EndTimestamp":1700000002,`+config+
		`"InputPayload":"1","Result":"1","ExecutionDataIncluded":true}`; got != want {
		t.Errorf("closed\n got %s\nwant %s", got, want)
	}
	if got, want := w.must("GetDurableExecution", arnPath(arn), url.Values{"IncludeExecutionData": {"false"}}, ""), common+
		`"Status":"SUCCEEDED","EndTimestamp":1700000002,`+config+`"ExecutionDataIncluded":false}`; got != want {
		t.Errorf("without data\n got %s\nwant %s", got, want)
	}
	_, err = w.callAs("111111111111", "GetDurableExecution", arnPath(arn), nil, "")
	wantError(t, err, "ResourceNotFoundException", "Durable Execution does not exist")
	for _, bad := range []string{"nonsense", "arn:aws:lambda:us-east-1:000000000000:function:f"} {
		_, err := w.call("GetDurableExecution", arnPath(bad), nil, "")
		if e, ok := api.As(err); !ok || e.Code != "ValidationException" || !strings.HasPrefix(e.Message, "1 validation error detected: Value '"+bad+"' at 'durableExecutionArn'") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestHistoryOrderAndWithheldData(t *testing.T) {
	w := echoing(t)
	arn := w.start("f", "", `"in"`)
	w.play(arn)
	type page struct {
		Events     []map[string]any
		NextMarker string
	}
	read := func(q url.Values) (p page) {
		t.Helper()
		if err := json.Unmarshal([]byte(w.must("GetDurableExecutionHistory", arnPath(arn), q, "")), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	q := url.Values{"ReverseOrder": {"true"}, "MaxItems": {"4"}, "IncludeExecutionData": {"false"}}
	first := read(q)
	q.Set("Marker", first.NextMarker)
	second := read(q)
	numbers := ""
	for _, e := range append(first.Events, second.Events...) {
		numbers += fmt.Sprint(e["EventId"], " ")
	}
	if numbers != "6 5 4 3 2 1 " || second.NextMarker != "" {
		t.Errorf("backwards: %s then %q", numbers, second.NextMarker)
	}
	started := second.Events[1]["ExecutionStartedDetails"]
	if got := fmt.Sprint(started); got != "map[ExecutionTimeout:300 Input:map[Truncated:false]]" {
		t.Errorf("without data: %s", got)
	}
	if got := fmt.Sprint(first.Events[0]["ExecutionSucceededDetails"]); got != "map[Result:map[Truncated:false]]" {
		t.Errorf("without data: %s", got)
	}
	delete(q, "ReverseOrder")
	_, err := w.call("GetDurableExecutionHistory", arnPath(arn), q, "")
	wantError(t, err, "InvalidParameterValueException", "Invalid Marker")
	for items, constraint := range map[string]string{"-1": "greater than or equal to 0", "1001": "less than or equal to 1000"} {
		_, err := w.call("GetDurableExecutionHistory", arnPath(arn), url.Values{"MaxItems": {items}}, "")
		wantError(t, err, "ValidationException", "1 validation error detected: Value '"+items+"' at 'maxItems' failed to satisfy constraint: Member must have value "+constraint)
	}
}

func TestListDurableExecutions(t *testing.T) {
	w := echoing(t)
	for i := range 5 {
		arn := w.start("f", fmt.Sprintf("n%d", i), "1")
		if i < 3 {
			w.play(arn)
		}
		if err := w.eng.Advance(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	list := func(function string, q url.Values) (names string) {
		t.Helper()
		for {
			var p struct {
				DurableExecutions []map[string]any
				NextMarker        string
			}
			if err := json.Unmarshal([]byte(w.must("ListDurableExecutionsByFunction", map[string]string{"FunctionName": function}, q, "")), &p); err != nil {
				t.Fatal(err)
			}
			for _, e := range p.DurableExecutions {
				names += e["DurableExecutionName"].(string) + " "
			}
			if p.NextMarker == "" {
				return names
			}
			q.Set("Marker", p.NextMarker)
		}
	}
	for _, c := range []struct {
		function string
		query    url.Values
		want     string
	}{
		{"f", url.Values{}, "n4 n3 n2 n1 n0 "},
		{"f", url.Values{"MaxItems": {"2"}}, "n4 n3 n2 n1 n0 "},
		{"f", url.Values{"ReverseOrder": {"true"}, "MaxItems": {"2"}}, "n0 n1 n2 n3 n4 "},
		{"f", url.Values{"Statuses": {"SUCCEEDED"}}, "n3 n2 n1 n0 "},
		{"f", url.Values{"Statuses": {"SUCCEEDED", "RUNNING"}, "MaxItems": {"1"}}, "n4 n3 n2 n1 n0 "},
		{"f", url.Values{"Statuses": {"FAILED", "STOPPED"}}, ""},
		{"f", url.Values{"DurableExecutionName": {"n1"}}, "n1 "},
		{"f:$LATEST", url.Values{}, "n4 n3 n2 n1 n0 "},
		{"f", url.Values{"Qualifier": {"9"}}, ""},
		{"f", url.Values{"StartedAfter": {"2023-11-14T22:13:23Z"}, "StartedBefore": {"2023-11-14T22:13:29.000Z"}}, "n2 "},
		{"e", url.Values{}, ""},
	} {
		if got := list(c.function, c.query); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.function, c.query, got, c.want)
		}
	}
	_, err := w.call("ListDurableExecutionsByFunction", map[string]string{"FunctionName": "none"}, nil, "")
	if e, ok := api.As(err); !ok || e.Code != "ResourceNotFoundException" {
		t.Error(err)
	}
	_, err = w.call("ListDurableExecutionsByFunction", map[string]string{"FunctionName": "f"}, url.Values{"Marker": {"%"}}, "")
	wantError(t, err, "InvalidParameterValueException", "Invalid Marker")
}

func TestCallbackErrors(t *testing.T) {
	code := newScripted()
	code.durable["f"] = durableFunc(func(p *program) (string, error) {
		_, await := p.callback(10, 0)
		_, _ = await()
		_, never := p.callback(0, 0)
		return never()
	})
	w := newWorld(t, code, plan{})
	arn := w.start("f", "", "")
	w.settle()
	id := w.callbacks(arn)[0]
	over := "The callback is either timed out or already completed"
	raw, _ := base64.StdEncoding.DecodeString(id)
	raw[3] ^= 1
	send := func(account, what, id, body string) error {
		_, err := w.callAs(account, "SendDurableExecutionCallback"+what, map[string]string{"CallbackId": id}, nil, body)
		return err
	}
	wantError(t, send(testAccount, "Success", "nonsense!", "1"), "InvalidParameterValueException", "Invalid callback id")
	wantError(t, send(testAccount, "Success", "AAAA", "1"), "InvalidParameterValueException", "Invalid callback id")
	wantError(t, send(testAccount, "Success", base64.StdEncoding.EncodeToString(raw), "1"), "CallbackTimeoutException", over)
	wantError(t, send("111111111111", "Success", id, "1"), "CallbackTimeoutException", over)
	if err := send(testAccount, "Heartbeat", id, ""); err != nil {
		t.Errorf("a heartbeat that nobody asked for: %v", err)
	}
	if err := send(testAccount, "Success", id, strings.Repeat("x", 262145)); err == nil {
		t.Error("a result above 256 KB was taken")
	}
	if err := send(testAccount, "Failure", id, ""); err != nil {
		t.Error(err)
	}
	wantError(t, send(testAccount, "Success", id, "1"), "CallbackTimeoutException", over)
	wantError(t, send(testAccount, "Heartbeat", id, ""), "CallbackTimeoutException", over)
	w.settle()
	if got := w.sequence(arn); got != "X0 B0 | B- B0 |" {
		t.Error(got)
	}
	second := w.callbacks(arn)[1]
	w.must("StopDurableExecution", arnPath(arn), nil, "")
	wantError(t, send(testAccount, "Failure", second, "{}"), "CallbackTimeoutException", over)
	if got := fmt.Sprint(w.get(arn)["Error"]); got != "map[]" {
		t.Errorf("stopped without a body: %s", got)
	}
}

func TestStopAndDelete(t *testing.T) {
	w := echoing(t)
	arn := w.start("f", "n", "1")
	w.settle()
	_, err := w.call("DeleteDurableExecution", arnPath(arn), nil, "")
	if e, ok := api.As(err); !ok || e.Code != "ResourceConflictException" || e.HTTPStatus() != 409 {
		t.Error(err)
	}
	if got := w.must("StopDurableExecution", arnPath(arn), nil, `{"ErrorType":"T","StackTrace":["l"]}`); got != `{"StopTimestamp":1700000000}` {
		t.Error(got)
	}
	_, err = w.call("StopDurableExecution", arnPath(arn), nil, `[]`)
	if e, ok := api.As(err); !ok || e.Code != "SerializationException" {
		t.Error(err)
	}
	if got := w.sequence(arn); got != "X0 W0 | Xs" {
		t.Error(got)
	}
	w.must("DeleteDurableExecution", arnPath(arn), nil, "")
	for _, op := range []string{"GetDurableExecution", "GetDurableExecutionHistory", "StopDurableExecution", "DeleteDurableExecution"} {
		_, err := w.call(op, arnPath(arn), nil, "")
		wantError(t, err, "ResourceNotFoundException", "Durable Execution does not exist")
	}
	if again := w.start("f", "n", "2"); again == arn {
		t.Error("the name was not given free")
	}
}

func TestChainedInvokeDetails(t *testing.T) {
	w := echoing(t)
	cases := []struct{ target, tenant, sequence, want string }{
		{"none:3", "", "X0 I0 I- | X-", "map[Error:map[Payload:map[ErrorMessage:Function not found: arn:aws:lambda:us-east-1:000000000000:function:none:3 ErrorType:ResourceNotFoundException] Truncated:false]]"},
		{"child", "", "X0 I0 I- | X-", "map[Error:map[Payload:map[ErrorMessage:You cannot invoke a durable function using an unqualified ARN. ErrorType:InvalidParameterValueException] Truncated:false]]"},
		{"tenant", "", "X0 I0 I- | X-", "tenancy configuration"},
		{"broken:$LATEST", "", "X0 I0 | I- | X-", "map[Error:map[Payload:map[ErrorMessage:boom ErrorType:Error] Truncated:false]]"},
		{"slow:$LATEST", "", "X0 I0 | It | X-", "map[Error:map[Payload:map[ErrorMessage:CHAINED_INVOKE timed out after 3 seconds. ErrorType:ChainedInvoke.Timeout] Truncated:false]]"},
		{"child:live", "t", "X0 I0 I- | X-", "not enabled with tenancy configuration"},
		{"tenants:live", "t", "X0 I0 | I+ | X+", `map[Result:map[Payload:"p" Truncated:false]]`},
	}
	w.code.durable["tenants"], w.code.tenants["tenants"] = w.code.durable["child"], true
	w.code.config["slow"] = DurableConfig{ExecutionTimeout: 3}
	w.code.durable["slow"] = durableFunc(func(p *program) (string, error) { p.wait(9); return "", nil })
	for i, c := range cases {
		parent := fmt.Sprintf("p%d", i)
		w.code.durable[parent] = durableFunc(func(p *program) (string, error) { return p.invoke(c.target, `"p"`, c.tenant) })
		arn := w.start(parent, "", "")
		w.play(arn)
		if got := w.sequence(arn); got != c.sequence {
			t.Errorf("%s: %s, want %s", c.target, got, c.sequence)
		}
		for _, e := range w.history(arn) {
			for key, v := range e {
				if strings.HasPrefix(key, "ChainedInvoke") && !strings.HasSuffix(key, "StartedDetails") && !strings.Contains(fmt.Sprint(v), c.want) {
					t.Errorf("%s: %v, want %s", c.target, v, c.want)
				}
				if key == "ChainedInvokeStartedDetails" && c.target == "tenants:live" {
					d := v.(map[string]any)
					child := w.get(d["DurableExecutionArn"].(string))
					if d["ExecutedVersion"] != "7" || d["TenantId"] != "t" || child["Status"] != "SUCCEEDED" || child["InputPayload"] != `"p"` {
						t.Errorf("started %v, child %v", d, child)
					}
				}
			}
		}
	}
}

func TestThrottledChainedFunctionIsCalledAgain(t *testing.T) {
	w := echoing(t)
	w.code.throttle["echo"] = 2
	w.code.durable["p"] = durableFunc(func(p *program) (string, error) { return p.invoke("echo", "", "") })
	arn := w.start("p", "", "")
	w.play(arn)
	if got := w.get(arn); got["Result"] != "{}" {
		t.Error(got)
	}
	if took := w.eng.Now().Sub(epoch); took != 3*time.Second {
		t.Errorf("took %s, want 1 s and 2 s of waiting", took)
	}
}

func TestStoppedParentLeavesItsChildRunning(t *testing.T) {
	w := echoing(t)
	w.code.durable["p"] = durableFunc(func(p *program) (string, error) { return p.invoke("child:$LATEST", "1", "") })
	arn := w.start("p", "", "")
	w.settle()
	w.must("StopDurableExecution", arnPath(arn), nil, "")
	var child string
	for _, e := range w.history(arn) {
		if d, ok := e["ChainedInvokeStartedDetails"].(map[string]any); ok {
			child = d["DurableExecutionArn"].(string)
		}
	}
	w.play(child)
	if got := w.get(child)["Status"]; got != "SUCCEEDED" {
		t.Error(got)
	}
	if got := w.sequence(arn); got != "X0 I0 | Xs" {
		t.Error(got)
	}
}

func TestStatusChangesAreTold(t *testing.T) {
	w := echoing(t)
	arn := w.start("f", "n", "1")
	w.play(arn)
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	got := fmt.Sprint(w.status)
	fn := "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
	want := fmt.Sprint([]StatusChange{
		{arn, "n", fn, "RUNNING", epoch.UTC(), time.Time{}, 0, 1}, {arn, "n", fn, "SUCCEEDED", epoch.UTC(), epoch.UTC().Add(2 * time.Second), 1, 2},
	})
	if got != want {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
}

func TestCallerThatLeavesDoesNotStopTheExecution(t *testing.T) {
	w := echoing(t)
	ctx, cancel := context.WithCancel(t.Context())
	v, _ := w.code.Resolve(ctx, testRegion, testAccount, "f", "$LATEST")
	left := make(chan error)
	go func() {
		_, err := w.d.Invoke(ctx, &DurableInvoke{Version: v, Name: "n", Payload: []byte("1")})
		left <- err
	}()
	<-w.changes // it runs
	cancel()
	if err := <-left; err == nil {
		t.Error("answered although nobody waits")
	}
	arn := w.start("f", "n", "1")
	w.play(arn)
	if got := w.get(arn)["Status"]; got != "SUCCEEDED" {
		t.Error(got)
	}
}
