package asl_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl"
)

// testStateCase is a recorded TestState call.
type testStateCase struct {
	APICalls []struct {
		Op     string
		Params struct {
			Definition, Input, StateName, Variables, Context string
			InspectionLevel                                  string
			RoleArn                                          string
			RevealSecrets                                    bool
			Mock                                             *struct {
				Result              *string
				ErrorOutput         *struct{ Error, Cause *string }
				FieldValidationMode string
			}
			StateConfiguration struct {
				RetrierRetryCount        int
				ErrorCausedByState       string
				MapIterationFailureCount *int
				MapItemReaderData        *string
			}
		}
		Expect      map[string]any
		ExpectError *struct{ Code, Message string }
	}
}

// TestStatesAreTestedAsRecorded replays the TestState calls that are decided by the state alone: not the ones that check
// a mock against a service's model, or what the API checks before.
func TestStatesAreTestedAsRecorded(t *testing.T) {
	all, ok := 0, 0
	known := knownToDiffer(t)
	for _, c := range corpus(t) {
		if c.Group != "test_state" || len(c.Needs) > 0 {
			continue
		}
		for i, call := range c.apiCalls(t) {
			if call.ExpectError != nil && (strings.Contains(call.ExpectError.Message, "schema validation") ||
				strings.Contains(call.ExpectError.Message, "RoleArn") || strings.Contains(call.ExpectError.Message, "RevealSecrets") ||
				strings.Contains(call.ExpectError.Message, "TestState API") || strings.Contains(call.ExpectError.Message, "only one of")) {
				continue
			}
			all++
			if d := c.testState(t, i); d != "" {
				if !known[c.ID] {
					t.Errorf("%s, call %d: %s", c.ID, i, d)
				}
				continue
			}
			ok++
		}
	}
	t.Logf("%d of %d calls", ok, all)
}

func (c *corpusCase) apiCalls(t *testing.T) []struct {
	Expect      map[string]any
	ExpectError *struct{ Code, Message string }
} {
	var out []struct {
		Expect      map[string]any
		ExpectError *struct{ Code, Message string }
	}
	if err := json.Unmarshal(c.APICalls, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *corpusCase) testState(t *testing.T, n int) string {
	var calls testStateCase
	m := newMatcher(c, playStart)
	if err := json.Unmarshal([]byte(`{"APICalls":`+m.fill(string(c.APICalls))+`}`), &calls); err != nil {
		t.Fatal(err)
	}
	call := calls.APICalls[n]
	in := call.Params
	machine, ds := asl.Parse([]byte(in.Definition), asl.Options{SingleState: in.StateName == ""})
	got := map[string]any{}
	var failed error
	if machine == nil {
		failed = errors.New(asl.Invalid(ds))
	} else {
		got, failed = runTestState(machine, c, call.Params.InspectionLevel, asl.Test{
			State: in.StateName, Input: []byte(orObject(in.Input)), Variables: []byte(in.Variables), Context: []byte(in.Context),
			RetryCount: in.StateConfiguration.RetrierRetryCount, ErrorCausedBy: in.StateConfiguration.ErrorCausedByState,
			FailedIterations: in.StateConfiguration.MapIterationFailureCount, Token: contextToken(in.Context),
		}, func(test *asl.Test) {
			if in.Mock == nil {
				return
			}
			test.Mocked = true
			if in.Mock.Result != nil {
				test.Result = []byte(*in.Mock.Result)
			}
			if e := in.Mock.ErrorOutput; e != nil {
				test.Failed, test.Error, test.Cause = true, e.Error, e.Cause
			}
		}, in.RoleArn)
	}
	if call.ExpectError != nil {
		if failed == nil || m.diff("message", call.ExpectError.Message, failed.Error()) != "" {
			return fmt.Sprintf("want the error %q, got %v", call.ExpectError.Message, failed)
		}
		return ""
	}
	if failed != nil {
		return failed.Error()
	}
	return m.diff("answer", map[string]any(c.apiCalls(t)[n].Expect), got)
}

func orObject(s string) string {
	if s == "" {
		return "{}"
	}
	return s
}

func contextToken(text string) string {
	var c struct{ Task struct{ Token string } }
	_ = json.Unmarshal([]byte(text), &c)
	return c.Task.Token
}

// runTestState answers as the operation would.
func runTestState(m *asl.Machine, c *corpusCase, level string, test asl.Test, mock func(*asl.Test), role string) (map[string]any, error) {
	mock(&test)
	p := newPlay(nil, m, "{}")
	for _, f := range c.Functions {
		p.functions[newMatcher(c, playStart).fill(f.Name)] = f
	}
	info := asl.Info{
		ID: "arn:aws:states:us-east-1:123456789012:express:machine:run", Name: "run", Role: role,
		Machine: "arn:aws:states:us-east-1:123456789012:stateMachine:machine", MachineName: "machine",
		Region: testRegion, Account: testAccount, Start: playStart, Sync: true,
	}
	res, err := m.Test(test, info, p)
	if err != nil {
		return nil, err
	}
	if res.Task != nil {
		p.call(*res.Task)
		switch in := p.pending[0].input.(type) {
		case asl.TaskSucceeded:
			test.Result = in.Output
		case asl.TaskFailed:
			test.Failed, test.Error, test.Cause = true, in.Error, in.Cause
		}
		if res, err = m.Test(test, info, p); err != nil {
			return nil, err
		}
	}
	out := map[string]any{"status": res.Status}
	if res.Output != nil {
		out["output"] = string(res.Output)
	}
	if res.Error != nil {
		out["error"] = *res.Error
	}
	if res.Cause != nil {
		out["cause"] = *res.Cause
	}
	if res.Next != "" {
		out["nextState"] = res.Next
	}
	if level == "DEBUG" || level == "TRACE" {
		var data map[string]any
		if err := json.Unmarshal(res.Inspection, &data); err != nil {
			return nil, err
		}
		out["inspectionData"] = data
	}
	return out, nil
}
