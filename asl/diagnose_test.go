package asl_test

import (
	"encoding/json"
	"testing"

	"github.com/perdure/perdure/asl"
)

// apiStep is a step of an api case, as far as definitions go.
type apiStep struct {
	Op, Service string
	Params      struct {
		Definition *string
		Type       string
		StateName  string
	}
	Expect      map[string]any
	ExpectError *struct{ Code, Message string }
}

// TestDefinitionsAreJudgedAsRecorded parses every definition of the corpus that CreateStateMachine, UpdateStateMachine or
// ValidateStateMachineDefinition got, and compares diagnostics, messages and variable references.
func TestDefinitionsAreJudgedAsRecorded(t *testing.T) {
	judged := 0
	for _, c := range corpus(t) {
		m := newMatcher(c, playStart)
		var steps []apiStep
		for _, raw := range [][]byte{c.SetupSteps, c.APICalls} {
			var list []apiStep
			if len(raw) > 0 {
				if err := json.Unmarshal([]byte(m.fill(string(raw))), &list); err != nil {
					t.Fatalf("%s: %v", c.ID, err)
				}
			}
			steps = append(steps, list...)
		}
		for _, r := range append(c.Rows, c.corpusRow) {
			if r.Definition != "" {
				d := m.fill(r.Definition)
				steps = append(steps, apiStep{Op: "CreateStateMachine"})
				steps[len(steps)-1].Params.Definition = &d
				steps[len(steps)-1].Params.Type = r.MachineType
			}
		}
		var last *asl.Machine
		for _, s := range steps {
			if s.Params.Definition != nil && s.Op != "TestState" {
				judged++
				last = judge(t, c, m, s)
			}
			want, ok := s.Expect["variableReferences"]
			if s.Op != "DescribeStateMachine" || !ok || last == nil {
				continue
			}
			text, _ := json.Marshal(last.VariableReferences())
			if d := m.diff("variableReferences", want, string(text)); d != "" {
				t.Errorf("%s: %s", c.ID, d)
			}
		}
	}
	t.Logf("%d definitions", judged)
}

func judge(t *testing.T, c *corpusCase, m *matcher, s apiStep) *asl.Machine {
	machine, ds := asl.Parse([]byte(*s.Params.Definition), asl.Options{Express: s.Params.Type == "EXPRESS"})
	switch {
	case s.Op == "ValidateStateMachineDefinition":
		list := []map[string]any{}
		for _, d := range ds {
			one := map[string]any{"severity": string(d.Severity), "code": d.Code, "message": d.Message}
			if d.Location != "" {
				one["location"] = d.Location
			}
			list = append(list, one)
		}
		text, _ := json.Marshal(list)
		if d := m.diff("diagnostics", s.Expect["diagnostics"], string(text)); d != "" {
			t.Errorf("%s: %s", c.ID, d)
		}
	case s.ExpectError != nil && s.ExpectError.Code == "InvalidDefinition":
		if d := m.diff("message", s.ExpectError.Message, asl.Invalid(ds)); d != "" {
			t.Errorf("%s: %s", c.ID, d)
		}
	case s.ExpectError == nil && machine == nil:
		t.Errorf("%s: refused: %s", c.ID, asl.Invalid(ds))
	}
	return machine
}
