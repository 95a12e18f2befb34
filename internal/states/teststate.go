package states

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/task"
)

// maxTest bounds the longer members of a TestState request, bytes; testTime bounds its call.
const (
	maxTest  = 1 << 20
	testTime = 5 * time.Minute
)

type testIn struct {
	Definition *string    `json:"definition"`
	Role       *string    `json:"roleArn"`
	Input      *string    `json:"input"`
	Level      *string    `json:"inspectionLevel"`
	Reveal     bool       `json:"revealSecrets"`
	Variables  *string    `json:"variables"`
	State      *string    `json:"stateName"`
	Mock       *testMock  `json:"mock"`
	Context    *string    `json:"context"`
	Config     testConfig `json:"stateConfiguration"`
}

type testMock struct {
	Result *string `json:"result"`
	Error  *struct {
		Error *string `json:"error"`
		Cause *string `json:"cause"`
	} `json:"errorOutput"`
	Mode *string `json:"fieldValidationMode"`
}

type testConfig struct {
	Retries    int     `json:"retrierRetryCount"`
	CausedBy   string  `json:"errorCausedByState"`
	Failures   *int    `json:"mapIterationFailureCount"`
	ReaderData *string `json:"mapItemReaderData"`
}

type testOut struct {
	Output     *string         `json:"output,omitempty"`
	Error      *string         `json:"error,omitempty"`
	Cause      *string         `json:"cause,omitempty"`
	Inspection json.RawMessage `json:"inspectionData,omitempty"`
	Next       string          `json:"nextState,omitempty"`
	Status     string          `json:"status"`
}

func (in *testIn) check() error {
	var c constraints
	if in.Definition == nil {
		c.missing("definition")
	}
	c.secret("definition", in.Definition, 1, maxDefinition)
	c.text("roleArn", in.Role, 1, maxArn)
	c.data("input", in.Input, maxTest)
	c.enum("inspectionLevel", in.Level, "INFO", "DEBUG", "TRACE")
	c.data("variables", in.Variables, maxTest)
	c.text("stateName", in.State, 1, maxName)
	c.data("context", in.Context, maxTest)
	if in.Mock != nil {
		c.data("mock.result", in.Mock.Result, maxTest)
		c.enum("mock.fieldValidationMode", in.Mock.Mode, "STRICT", "PRESENT", "NONE")
	}
	retries := int64(in.Config.Retries)
	c.number("stateConfiguration.retrierRetryCount", &retries, 0, 1<<31-1)
	if n := in.Config.Failures; n != nil {
		failures := int64(*n)
		c.number("stateConfiguration.mapIterationFailureCount", &failures, 0, 1<<31-1)
	}
	if err := c.err(); err != nil {
		return err
	}
	if in.Mock == nil {
		return nil
	}
	if in.Mock.Result != nil && in.Mock.Error != nil {
		return api.Errorf("ValidationException", "A test mock should have only one of the following fields: [result, errorOutput].")
	}
	if in.Reveal {
		return api.Errorf("ValidationException", "TestState does not support RevealSecrets when a mock is specified.")
	}
	return nil
}

// testState runs one state, with its call answered by the mock or really made (specification, section 5.10). Nothing is
// stored.
func (s *Service) testState(ctx context.Context, r *api.Request, in *testIn) (*testOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.Input == nil {
		empty := "{}"
		in.Input = &empty
	}
	if err := checkInput(*in.Input); err != nil {
		return nil, err
	}
	m, found := asl.Parse([]byte(*in.Definition), asl.Options{SingleState: in.State == nil})
	if m == nil {
		return nil, api.Errorf("InvalidDefinition", "%s", asl.Invalid(found))
	}
	t := in.test()
	if err := in.checkState(m, t.State); err != nil {
		return nil, err
	}
	out, err := s.runTest(ctx, r, m, t, in)
	var invalid *asl.InvalidTest
	if errors.As(err, &invalid) {
		return nil, api.Errorf("ValidationException", "%s", invalid.Message)
	}
	if err != nil {
		return nil, err
	}
	return in.answer(out), nil
}

// test is what is asked for in asl's words.
func (in *testIn) test() asl.Test {
	t := asl.Test{State: "StateName", Input: []byte(*in.Input), RetryCount: in.Config.Retries, ErrorCausedBy: in.Config.CausedBy,
		FailedIterations: in.Config.Failures}
	if in.State != nil {
		t.State = *in.State
	}
	if in.Variables != nil {
		t.Variables = []byte(*in.Variables)
	}
	if in.Config.ReaderData != nil {
		t.ReaderData = []byte(*in.Config.ReaderData)
	}
	if in.Context != nil {
		t.Context = []byte(*in.Context)
		if v, err := value.Decode(t.Context, value.Limits{}); err == nil {
			t.Token = v.Get("Task").Get("Token").Str()
		}
	}
	if in.Mock == nil {
		return t
	}
	t.Mocked = true
	if in.Mock.Result != nil {
		t.Result = []byte(*in.Mock.Result)
	}
	if e := in.Mock.Error; e != nil {
		t.Failed, t.Error, t.Cause = true, e.Error, e.Cause
	}
	return t
}

// checkState refuses what cannot be tested.
func (in *testIn) checkState(m *asl.Machine, name string) error {
	kind := m.Type(name)
	call, isTask := m.Resource(name)
	switch {
	case in.Mock != nil:
		if in.Mock.Result == nil || !isTask {
			return nil
		}
		return checkMock(call, []byte(*in.Mock.Result), str(in.Mock.Mode))
	case in.Config.Failures != nil:
		return nil // asl refuses it
	case kind == asl.MapState || kind == asl.ParallelState:
		return api.Errorf("InvalidDefinition", "TestState API does not support Map or Parallel states. "+
			"Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]")
	case isTask && in.Role == nil:
		return api.Errorf("ValidationException", "RoleArn must be specified when testing a Task state")
	case isTask && (call.Kind == asl.Activity || call.Pattern != ""):
		return api.Errorf("InvalidDefinition", "TestState API does not support activities and the service integration patterns "+
			"'.sync' and '.waitForTaskToken' unless a mock is specified")
	}
	return nil
}

// runTest runs the state, makes its call if it has one, and runs it again with the answer.
func (s *Service) runTest(ctx context.Context, r *api.Request, m *asl.Machine, t asl.Test, in *testIn) (*asl.TestResult, error) {
	now := s.engine.Now()
	machine := arn.StateMachine{Region: r.Region, Account: r.Account, Name: s.engine.NewID()}
	e := arn.Execution{Region: r.Region, Account: r.Account, Machine: machine.Name, Name: s.engine.NewID()}
	info := asl.Info{ID: arn.New("states", r.Region, r.Account, "express:"+e.Machine+":"+e.Name).String(), Name: e.Name, Role: str(in.Role),
		Machine: machine.String(), MachineName: machine.Name, Region: r.Region, Account: r.Account, Start: now, Sync: true}
	env := bench{s, now}
	out, err := m.Test(t, info, env)
	if err != nil || out.Task == nil {
		return out, err
	}
	l := &live{exec: asl.New(m, info, asl.Limits{})}
	data, err := taskData(l, out.Task)
	if err != nil {
		return nil, err
	}
	var call scheduled
	if err := json.Unmarshal(data, &call); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	res, err := s.run(ctx, &call, "test/"+e.Name)
	if err != nil {
		if ctx.Err() == nil {
			return nil, err
		}
		res = &task.Result{Error: "States.Timeout"}
	}
	t.Result = res.Output
	if res.Error != "" {
		t.Failed, t.Error, t.Cause = true, &res.Error, optional(res.Cause)
	}
	return m.Test(t, info, env)
}

func (in *testIn) answer(r *asl.TestResult) *testOut {
	out := &testOut{Error: r.Error, Cause: r.Cause, Next: r.Next, Status: r.Status}
	if r.Output != nil {
		text := string(r.Output)
		out.Output = &text
	}
	if level := str(in.Level); level == "DEBUG" || level == "TRACE" {
		out.Inspection = r.Inspection
	}
	return out
}

// bench is the world of a test.
type bench struct {
	s   *Service
	now time.Time
}

func (b bench) Now() time.Time    { return b.now }
func (b bench) Random() float64   { return b.s.engine.Random() }
func (b bench) NewID() string     { return b.s.engine.NewID() }
func (b bench) NextEvent() uint64 { return 1 }
