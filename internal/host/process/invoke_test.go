package process

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/host"
)

func TestAnInstanceIsReusedAndOnlyTheFirstInvocationIsCold(t *testing.T) {
	b := newBench(t, nil)
	first := b.invoke(t, goSpec(), "r1", `{"Do":"pid"}`)
	second := b.invoke(t, goSpec(), "r2", `{"Do":"pid"}`)
	if string(first.Payload) != string(second.Payload) || !first.ColdStart || second.ColdStart {
		t.Errorf("first %s cold %v, second %s cold %v", first.Payload, first.ColdStart, second.Payload, second.ColdStart)
	}
	if second.Ended.Before(second.Started) || second.Started.IsZero() {
		t.Errorf("times %v to %v", second.Started, second.Ended)
	}
}

func TestPayloadsPassThroughUntouched(t *testing.T) {
	b := newBench(t, nil)
	text := strings.Repeat("häß✓😀\\n", 100_000)
	in, _ := json.Marshal(map[string]string{"Do": "echo", "Text": text})
	var out string
	if err := json.Unmarshal(b.invoke(t, goSpec(), "r", string(in)).Payload, &out); err != nil || out != text {
		t.Errorf("%v, %d bytes came back of %d", err, len(out), len(text))
	}
}

func TestAHandlerErrorKeepsTheInstance(t *testing.T) {
	b := newBench(t, nil)
	pid := b.invoke(t, goSpec(), "r1", `{"Do":"pid"}`)
	wantError(t, b.invoke(t, goSpec(), "r2", `{"Do":"error","Text":"out of it"}`), "rangeError", "out of it")
	if again := b.invoke(t, goSpec(), "r3", `{"Do":"pid"}`); string(again.Payload) != string(pid.Payload) {
		t.Errorf("another instance: %s, %s", pid.Payload, again.Payload)
	}
}

func TestExitsAreMappedAndTheNextInvocationGetsANewInstance(t *testing.T) {
	b := newBench(t, nil)
	wantError(t, b.invoke(t, goSpec(), "r1", `{"Do":"exit","N":7}`), "Runtime.ExitError", "RequestId: r1 Error: Runtime exited with error: exit status 7")
	wantError(t, b.invoke(t, goSpec(), "r2", `{"Do":"exit"}`), "Runtime.ExitError", "RequestId: r2 Error: Runtime exited without providing a reason")
	if r := b.invoke(t, goSpec(), "r3", `{"Do":"echo","Text":"alive"}`); string(r.Payload) != `"alive"` {
		t.Errorf("after an exit: %s", r.Payload)
	}
}

func TestCodeThatAsksForAnEventAndExitsHasFailed(t *testing.T) {
	s := goSpec()
	s.Key, s.Handler = "vanish", "vanish"
	wantError(t, newBench(t, nil).invoke(t, s, "r1", `{}`), "Runtime.ExitError", "RequestId: r1 Error: Runtime exited with error: exit status 4")
}

func TestExitsBeforeTheFirstEvent(t *testing.T) {
	b := newBench(t, nil)
	s := goSpec()
	s.Key, s.Handler = "exit2", "exit.."
	r := b.invoke(t, s, "r1", `{}`)
	wantError(t, r, "Runtime.ExitError", "RequestId: r1 Error: Runtime exited with error: exit status 2")
	if !strings.Contains(string(r.Log), "leaving before the first event") {
		t.Errorf("log: %s", r.Log)
	}
}

func TestATimeoutEndsTheInstance(t *testing.T) {
	b := newBench(t, nil)
	s := goSpec()
	s.Timeout = 300 * time.Millisecond
	r := b.invoke(t, s, "r1", `{"Do":"hang"}`)
	wantError(t, r, "Sandbox.Timedout", "RequestId: r1 Error: Task timed out after 0.30 seconds")
	if !strings.Contains(string(r.Log), "r1 Task timed out after 0.30 seconds") || !strings.Contains(string(r.Log), "Status: timeout") {
		t.Errorf("log: %s", r.Log)
	}
	if r := b.invoke(t, s, "r2", `{"Do":"echo","Text":"alive"}`); string(r.Payload) != `"alive"` || !r.ColdStart {
		t.Errorf("after a time-out: %s, cold %v", r.Payload, r.ColdStart)
	}
}

func TestCodeThatNeverAsksForAnEventTimesOut(t *testing.T) {
	var fire func() // the timer of the start, which the test lets run out
	armed := make(chan struct{})
	b := newBench(t, func(c *Config) {
		c.AfterFunc = func(d time.Duration, f func()) func() bool {
			if d == initLimit+20*time.Second && fire == nil {
				fire = f
				close(armed)
				return func() bool { return true }
			}
			return afterFunc(d, f)
		}
	})
	s := goSpec()
	s.Key, s.Handler = "hang", "hang"
	go func() { <-armed; fire() }()
	wantError(t, b.invoke(t, s, "r1", `{}`), "Sandbox.Timedout", "RequestId: r1 Error: Task timed out after 20.00 seconds")
}

func TestAnOversizedAnswerIsRefused(t *testing.T) {
	b := newBench(t, nil)
	wantError(t, b.invoke(t, goSpec(), "r1", `{"Do":"big","N":6291555}`), "Function.ResponseSizeTooLarge",
		"Response payload size exceeded maximum allowed payload size (6291556 bytes).")
	if r := b.invoke(t, goSpec(), "r2", `{"Do":"big","N":6291554}`); len(r.Payload) != 6291556 || r.FunctionError != "" {
		t.Errorf("at the limit: %d bytes, %q", len(r.Payload), r.FunctionError)
	}
}

func TestTheLogTailHasStartOutputEndAndReport(t *testing.T) {
	b := newBench(t, nil)
	b.invoke(t, goSpec(), "r0", `{"Do":"print","Text":"before"}`)
	r := b.invoke(t, goSpec(), "r1", `{"Do":"print","Text":"one|two"}`)
	want := regexp.MustCompile(`^START RequestId: r1 Version: 1\none\ntwo\nEND RequestId: r1\n` +
		`REPORT RequestId: r1\tDuration: [0-9.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t\n$`)
	if !want.Match(r.Log) {
		t.Errorf("log tail:\n%s", r.Log)
	}
	long := b.invoke(t, goSpec(), "r2", `{"Do":"print","Text":"`+strings.Repeat("0123456789abcdef", 1000)+`"}`)
	if len(long.Log) != 4096 || !strings.Contains(string(long.Log), "REPORT RequestId: r2") {
		t.Errorf("%d bytes of tail, want 4096 with the report", len(long.Log))
	}
	if len(b.log.streams) != 1 {
		t.Errorf("streams %v, want one per instance", b.log.streams)
	}
	for s := range b.log.streams {
		if !regexp.MustCompile(`^\d{4}/\d\d/\d\d/\[1\][0-9a-f]{32}$`).MatchString(s) {
			t.Errorf("stream name %s", s)
		}
	}
}

func TestTheJSONLogHasPlatformLines(t *testing.T) {
	b := newBench(t, nil)
	s := goSpec()
	s.Key, s.LogFormat = "json", "JSON"
	b.invoke(t, s, "r1", `{"Do":"print","Text":"plain"}`)
	var types []string
	for _, l := range b.log.all() {
		var e struct {
			Time, Type string
			Record     struct{ RequestID, Status string }
		}
		if json.Unmarshal([]byte(l), &e) == nil {
			types = append(types, e.Type+" "+e.Record.RequestID+e.Record.Status)
		} else {
			types = append(types, l)
		}
	}
	if got := strings.Join(types, "; "); got != "platform.initStart ; platform.start r1; plain; platform.report r1success" {
		t.Errorf("log: %s", got)
	}
}

func TestTheContextIsWhatTheInvocationSays(t *testing.T) {
	b := newBench(t, nil)
	r, err := b.Invoke(context.Background(), goSpec(), &host.Invocation{
		RequestID: "r1", Payload: []byte(`{"Do":"context"}`), InvokedARN: "arn:as:addressed", TraceID: "Root=1-2-3",
		ClientContext: "eyJjdXN0b20iOnsiYSI6ImIifX0=",
	})
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		ID, ARN, Trace string
		Client         map[string]string
		Left           float64
	}
	if err := json.Unmarshal(r.Payload, &c); err != nil || c.ID != "r1" || c.ARN != "arn:as:addressed" || c.Trace != "Root=1-2-3" ||
		c.Client["a"] != "b" || c.Left < 1 || c.Left > 20 {
		t.Errorf("%v: %s", err, r.Payload)
	}
}

func TestTheEnvironmentIsLambdasAndThenTheFunctionsOwn(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SERVER", "x")
	b := newBench(t, nil)
	s := goSpec()
	s.Key = "env"
	s.Environment = map[string]string{"MINE": "1", "AWS_ENDPOINT_URL": "http://elsewhere"}
	want := map[string]string{
		"_HANDLER": "bootstrap", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "fn",
		"AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/fn", "AWS_ACCESS_KEY_ID": "AKID",
		"AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_SESSION_TOKEN": "TOKEN", "TZ": ":UTC", "LANG": "en_US.UTF-8",
		"AWS_ENDPOINT_URL": "http://elsewhere", "MINE": "1", "SECRET_OF_THE_SERVER": "", "AWS_LAMBDA_LOG_FORMAT": "",
	}
	names := []string{}
	for n := range want {
		names = append(names, n)
	}
	in, _ := json.Marshal(map[string]any{"Do": "env", "Names": names})
	got := map[string]string{}
	if err := json.Unmarshal(b.invoke(t, s, "r", string(in)).Payload, &got); err != nil {
		t.Fatal(err)
	}
	for n, v := range want {
		if got[n] != v {
			t.Errorf("%s = %q, want %q", n, got[n], v)
		}
	}
}

func TestFunctionsAreToldTheirShareOfTheProcessors(t *testing.T) {
	for memory, want := range map[int]int{0: 1, 128: 1, 1769: 1, 1770: 2, 3538: 2, 10_240: 6} {
		if got := processors(memory); got != want {
			t.Errorf("%d MB: %d processors, want %d", memory, got, want)
		}
	}
}

func TestTheCallerMayLeaveAndTheCodeGoesOn(t *testing.T) {
	b := newBench(t, nil)
	pid := b.invoke(t, goSpec(), "r0", `{"Do":"pid"}`)
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if _, err := b.Invoke(ctx, goSpec(), &host.Invocation{RequestID: "r1", Payload: []byte(`{"Do":"sleep","N":50}`)}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if r := b.invoke(t, &host.Spec{Key: "go/1", Concurrency: 0}, "r2", `{"Do":"pid"}`); string(r.Payload) != string(pid.Payload) && !r.ColdStart {
		t.Errorf("instance %s, then %s", pid.Payload, r.Payload)
	}
}

func TestConcurrentInvocationsGetInstancesUpToTheLimitAndTheRestWaits(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MaxInstances = 3 })
	var wg sync.WaitGroup
	var mu sync.Mutex
	pids := map[string]int{}
	for range 12 {
		wg.Go(func() {
			r := b.invoke(t, goSpec(), "r", `{"Do":"sleep","N":60}`)
			mu.Lock()
			defer mu.Unlock()
			pids[string(r.Payload)]++
		})
	}
	wg.Wait()
	total := 0
	for _, n := range pids {
		total += n
	}
	if total != 12 || len(pids) < 2 || len(pids) > 3 {
		t.Errorf("instances and their invocations: %v", pids)
	}
}

func TestAFunctionBeyondItsConcurrencyIsThrottled(t *testing.T) {
	b := newBench(t, nil)
	s := goSpec()
	s.Concurrency = 1
	b.invoke(t, s, "r0", `{"Do":"pid"}`)
	i, _, err := b.acquire(context.Background(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Invoke(context.Background(), s, &host.Invocation{RequestID: "r1", Payload: []byte(`{}`)}); !errors.Is(err, host.ErrThrottled) {
		t.Errorf("got %v", err)
	}
	b.release(i)
	b.invoke(t, s, "r2", `{"Do":"pid"}`)
}

func TestAnIdleInstanceMakesRoomForAnotherFunction(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MaxInstances = 1 })
	other := goSpec()
	other.Key, other.Code = "go/2", "go"
	a1 := b.invoke(t, goSpec(), "r1", `{"Do":"pid"}`)
	b1 := b.invoke(t, other, "r2", `{"Do":"pid"}`)
	if string(a1.Payload) == string(b1.Payload) {
		t.Errorf("one instance %s for two functions", a1.Payload)
	}
}

// only is the one instance that a host has.
func (b *bench) only(t *testing.T) *instance {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.all {
		return i
	}
	t.Fatal("no instance")
	return nil
}

func TestRetiredInstancesGo(t *testing.T) {
	b := newBench(t, nil)
	b.invoke(t, goSpec(), "r1", `{"Do":"pid"}`)
	i := b.only(t)
	b.Retire("go/1")
	<-i.exited
	if r := b.invoke(t, goSpec(), "r2", `{"Do":"pid"}`); !r.ColdStart {
		t.Error("the instance outlived its retirement")
	}
}

func TestIdleInstancesGo(t *testing.T) {
	b := newBench(t, nil)
	b.invoke(t, goSpec(), "r1", `{"Do":"pid"}`)
	i := b.only(t)
	b.cfg.Now = func() time.Time { return time.Now().Add(time.Hour) }
	b.sweep()
	<-i.exited
	if r := b.invoke(t, goSpec(), "r2", `{"Do":"pid"}`); !r.ColdStart {
		t.Error("the instance outlived its idle time")
	}
}

func TestCloseEndsWhatIsRunning(t *testing.T) {
	b := newBench(t, nil)
	b.log.started = make(chan bool, 1)
	errs := make(chan error)
	go func() {
		r, err := b.Invoke(context.Background(), goSpec(), &host.Invocation{RequestID: "r1", Payload: []byte(`{"Do":"hang"}`)})
		if err == nil && r.ErrorType == "Runtime.ExitError" {
			err = errClosed
		}
		errs <- err
	}()
	<-b.log.started
	b.Close()
	if err := <-errs; err == nil {
		t.Error("the invocation ended well")
	}
	if _, err := b.Invoke(context.Background(), goSpec(), &host.Invocation{}); err == nil {
		t.Error("a closed host invoked")
	}
}
