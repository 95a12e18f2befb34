package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/task"
	"github.com/perdure/perdure/internal/task/taskstates"
)

const (
	maxFuzzedJumps = 60          // in time, after which an execution is stopped
	maxFuzzedCalls = 200         // of tasks, after which every call fails: a machine may start itself
	fuzzedHang     = time.Minute // what any single step may take on a busy machine
)

// plainRuns are definitions and inputs that are always there; corpusRuns adds the recorded ones.
var plainRuns = [][2]string{
	{`{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":{"a.$":"States.Array($.n, $.n)"},"End":true}}}`, `{"n":1}`},
	{`{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},` +
		`"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":2}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"W"}],"End":true},` +
		`"W":{"Type":"Wait","Seconds":9,"End":true}}}`, `{"n":1}`},
	{`{"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},` +
		`"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"ItemReader":{"Resource":"arn:aws:states:::s3:getObject",` +
		`"ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b","Key":"list.json"}},` +
		`"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"out"}},"End":true}}}`, `{}`},
	{`{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass",` +
		`"Assign":{"x":"{% $states.input.n %}"},"Output":"{% $states.input.n + 1 %}","End":true}}}],"Next":"C"},` +
		`"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input[0] > 1 %}","Next":"S"}],"Default":"F"},` +
		`"S":{"Type":"Succeed"},"F":{"Type":"Fail","Error":"E"}}}`, `{"n":1}`},
	{`{"StartAt":"N","States":{"N":{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync:2",` +
		`"Parameters":{"StateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:m","Input.$":"$"},"TimeoutSeconds":60,"End":true}}}`, `{}`},
	{`{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","HeartbeatSeconds":5,` +
		`"Parameters":{"FunctionName":"f","Payload":{"t.$":"$$.Task.Token"}},"End":true}}}`, `{}`},
}

var fuzzedPlaceholder = regexp.MustCompile(`<<[^<>]+>>`)

// corpusRuns are the definitions and inputs of the conformance corpus, or nothing if it is not there.
func corpusRuns(f *testing.F) (runs [][2]string) {
	root := os.Getenv("PERDURE_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	root = filepath.Join(root, "stepfunctions")
	if _, err := os.Stat(root); err != nil {
		return nil
	}
	type row struct{ Definition, Input string }
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var c struct {
			row
			Rows     []row
			APICalls []struct {
				Params struct{ Definition, Input any }
			}
		}
		if err := json.Unmarshal(data, &c); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all := append(c.Rows, c.row)
		for _, call := range c.APICalls {
			d, _ := call.Params.Definition.(string)
			all = append(all, row{d, "{}"})
		}
		for _, r := range all {
			if d := fillFuzzed(r.Definition); d != "" && len(d) < 20_000 {
				runs = append(runs, [2]string{d, fillFuzzed(r.Input)})
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	return runs
}

func fillFuzzed(text string) string {
	text = strings.NewReplacer("<<account>>", testAccount, "<<region>>", testRegion).Replace(text)
	return fuzzedPlaceholder.ReplaceAllString(text, "m")
}

// fuzzedWorld answers every call of a Task state, in a way that the call's arguments decide.
type fuzzedWorld struct {
	nested task.Runner
	calls  atomic.Int32
}

func (w *fuzzedWorld) Run(ctx context.Context, r *task.Request) (*task.Result, error) {
	if w.calls.Add(1) > maxFuzzedCalls {
		return &task.Result{Error: "Enough", Cause: "there were too many calls"}, nil
	}
	if r.Service == "states" || r.Service == "aws-sdk:sfn" {
		return w.nested.Run(ctx, r)
	}
	h := fnv.New32()
	h.Write(r.Arguments)
	switch h.Sum32() % 8 {
	case 0:
		return &task.Result{Error: "E", Cause: `{"errorType":"E"}`}, nil
	case 1:
		return &task.Result{Output: []byte(`not JSON`)}, nil
	case 2:
		return nil, errors.New("the call could not be made")
	}
	return &task.Result{Output: r.Arguments}, nil
}

// fuzzed is Step Functions on a clock that only the test moves.
type fuzzed struct {
	*service
	engine *engine.Engine
}

func newFuzzed(t *testing.T) *fuzzed {
	var n atomic.Int64
	eng := engine.New(engine.Config{
		Store: mem.New(), Ephemeral: mem.New(), Forgets: Forgets,
		Clock: engine.NewManualClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		NewID: func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n.Add(1)) }, Random: rand.Float64,
	})
	w := &fuzzedWorld{}
	runners := map[string]task.Runner{}
	for _, name := range []string{"lambda", "states", "sqs", "dynamodb", "events", "http", "aws-sdk"} {
		runners[name] = w
	}
	b := &bucket{objects: map[string][]byte{"list.json": []byte(`[1,{"a":2},"c"]`), "list.csv": []byte("a,b\n1,2\n3,4\n"), "list.jsonl": []byte("{}\n1\n")}}
	s := New(Config{Engine: eng, Runners: runners, Objects: b, Limits: asl.Limits{Events: 400, Transitions: 100, Payload: 20_000}})
	w.nested = &taskstates.Runner{States: s, Now: eng.Now}
	for _, kind := range []byte(Kinds) {
		eng.Register(kind, s.Behaviour())
	}
	if err := eng.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &fuzzed{&service{s, t, b}, eng}
}

// close fails if the engine does not come to its end.
func (f *fuzzed) close() {
	f.t.Helper()
	hang := time.AfterFunc(fuzzedHang, func() { panic("the engine does not close") })
	defer hang.Stop()
	if err := f.engine.Close(); err != nil {
		f.t.Error(err)
	}
}

// play lets time pass until the execution has ended, and stops it if it does not end by itself.
func (f *fuzzed) play(arn string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), fuzzedHang)
	defer cancel()
	if err := f.engine.Settled(ctx); err != nil {
		f.t.Fatalf("it does not come to rest: %v", err)
	}
	for range maxFuzzedJumps {
		if f.status(arn) != "RUNNING" {
			return
		}
		some, err := f.engine.AdvanceToNext(ctx)
		if err != nil {
			f.t.Fatalf("it does not come to rest: %v", err)
		}
		if !some {
			break
		}
	}
	if f.status(arn) != "RUNNING" {
		return
	}
	f.call("StopExecution", `{"executionArn":%s}`, arn)
	if err := f.engine.Settled(ctx); err != nil {
		f.t.Fatalf("it does not come to rest after it was stopped: %v", err)
	}
}

func (f *fuzzed) status(arn string) any {
	f.t.Helper()
	return f.call("DescribeExecution", `{"executionArn":%s}`, arn)["status"]
}

// check reads everything back that an execution leaves behind.
func (f *fuzzed) check(arn string) {
	f.t.Helper()
	status := f.status(arn)
	last := ""
	for i, e := range f.events(arn) {
		if e["id"] != float64(i+1) || e["previousEventId"].(float64) >= e["id"].(float64) {
			f.t.Fatalf("event %d has the id %v and follows %v", i+1, e["id"], e["previousEventId"])
		}
		last = e["type"].(string)
	}
	want, ok := map[any]string{"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "ABORTED": "ExecutionAborted",
		"TIMED_OUT": "ExecutionTimedOut"}[status]
	if !ok || last != want {
		f.t.Fatalf("the status is %v, the last event %s", status, last)
	}
	for _, r := range f.call("ListMapRuns", `{"executionArn":%s}`, arn)["mapRuns"].([]any) {
		run := f.call("DescribeMapRun", `{"mapRunArn":%s}`, r.(map[string]any)["mapRunArn"])
		if run["status"] == "RUNNING" {
			f.t.Fatalf("a map run outlives its execution: %v", run)
		}
	}
}

func (f *fuzzed) events(arn string) (all []map[string]any) {
	f.t.Helper()
	token := ""
	for {
		page := f.call("GetExecutionHistory", `{"executionArn":%s,"maxResults":100`+token+`}`, arn)
		for _, e := range page["events"].([]any) {
			all = append(all, e.(map[string]any))
		}
		next, ok := page["nextToken"]
		if !ok {
			return all
		}
		token = body(`,"nextToken":%s`, next)
	}
}

// FuzzRun creates a state machine of whatever definition, starts it with whatever input, answers its tasks and lets time
// pass. What cannot be created is refused as a client's mistake; what can, ends, is stopped if it has not ended after so
// many timers, and has a history without gaps that ends as the execution did. A failed one is redriven once.
func FuzzRun(f *testing.F) {
	for _, r := range append(plainRuns, corpusRuns(f)...) {
		f.Add(r[0], r[1])
	}
	f.Fuzz(func(t *testing.T, definition, input string) {
		s := newFuzzed(t)
		defer s.close()
		_, err := s.try("CreateStateMachine", body(`{"name":"m","definition":%s,"roleArn":"arn:aws:iam::000000000000:role/r"}`, definition))
		if !s.mistake(err) {
			return
		}
		e, err := s.try("StartExecution", body(`{"stateMachineArn":%s,"input":%s}`,
			"arn:aws:states:us-east-1:000000000000:stateMachine:m", input))
		if !s.mistake(err) {
			return
		}
		arn := e["executionArn"].(string)
		s.play(arn)
		s.check(arn)
		if s.status(arn) == "SUCCEEDED" {
			return
		}
		if _, err = s.try("RedriveExecution", body(`{"executionArn":%s}`, arn)); s.mistake(err) {
			s.play(arn)
			s.check(arn)
		}
	})
}

// mistake fails the test unless err is the client's, and tells whether there is none.
func (f *fuzzed) mistake(err error) bool {
	f.t.Helper()
	if err == nil {
		return true
	}
	if e, ok := api.As(err); !ok || e.HTTPStatus() >= 500 {
		f.t.Fatalf("not the client's mistake: %v", err)
	}
	return false
}
