package arn

import "testing"

func TestARNsOfStepFunctionsReadBackAsTheyWere(t *testing.T) {
	const head = "arn:aws:states:eu-west-1:000000000000:"
	machine := func(s string) (string, error) { m, err := ParseStateMachine(s); return m.String(), err }
	execution := func(s string) (string, error) { e, err := ParseExecution(s); return e.String(), err }
	run := func(s string) (string, error) { r, err := ParseMapRun(s); return r.String(), err }
	activity := func(s string) (string, error) { a, err := ParseActivity(s); return a.String(), err }
	for _, c := range []struct {
		resource string
		parse    func(string) (string, error)
	}{
		{"stateMachine:m", machine}, {"stateMachine:m.1:7", machine}, {"stateMachine:m:live", machine}, {"stateMachine:m/label", machine},
		{"execution:m:e", execution}, {"execution:m/label:e", execution}, {"express:m:e:id", execution},
		{"mapRun:m/label:id", run}, {"activity:a", activity},
	} {
		if got, err := c.parse(head + c.resource); err != nil || got != head+c.resource {
			t.Errorf("%s: got %s, %v", c.resource, got, err)
		}
		for _, bad := range []string{"", c.resource, head, head + "other:m", "arn:aws:sqs:eu-west-1:000000000000:" + c.resource} {
			if got, err := c.parse(bad); err == nil {
				t.Errorf("%q was read as %s", bad, got)
			}
		}
	}
}

func TestOnlyDigitsMakeAVersion(t *testing.T) {
	for q, want := range map[string]bool{"": false, "1": true, "12": true, "v1": false, "1.0": false} {
		if got := (StateMachine{Qualifier: q}).Version(); got != want {
			t.Errorf("%q: got %v", q, got)
		}
	}
}
