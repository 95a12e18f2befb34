package mocks

import (
	"fmt"
	"strings"
	"testing"
)

const retried = `{"StateMachines":{"Orders":{"TestCases":{"Retried":{"Charge":"Flaky"}}}},
	"MockedResponses":{"Flaky":{"0-1":{"Throw":{"Error":"Busy","Cause":"later"}},"2":{"Return":{"ok":true}}}}}`

func TestAnswersAreCountedByInvocation(t *testing.T) {
	c, err := Parse([]byte(retried))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Case("Orders", "Retried") || c.Case("Orders", "Other") || c.Case("Other", "Retried") {
		t.Error("cases are not found by machine and name")
	}
	for attempt, want := range []string{"Busy later", "Busy later", `{"ok":true}`} {
		a, ok := c.Answer("Orders", "Retried", "Charge", attempt)
		got := string(a.Output)
		if a.Error != "" {
			got = a.Error + " " + a.Cause
		}
		if !ok || got != want {
			t.Errorf("invocation %d: %s", attempt, got)
		}
	}
	if a, ok := c.Answer("Orders", "Retried", "Charge", 3); !ok || !a.Runtime {
		t.Errorf("an invocation without an answer: %v %v", a, ok)
	}
	if _, ok := c.Answer("Orders", "Retried", "Ship", 0); ok {
		t.Error("a state that the case does not mention is mocked")
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	response := func(s string) string { return `{"MockedResponses":{"R":` + s + `}}` }
	for text, want := range map[string]string{
		`{`:                           "not JSON",
		`{"StateMachines":[]}`:        "StateMachines is not an object",
		`{"MockedResponses":{"R":1}}`: "MockedResponses.R is not an object",
		`{"StateMachines":{"M":{"TestCases":{"C":{"S":"R"}}}}}`: `StateMachines.M.TestCases.C.S names the response "R"`,
		response(`{"x":{"Return":1}}`):                          `"x" is neither`,
		response(`{"2-1":{"Return":1}}`):                        `"2-1" is neither`,
		response(`{"0":{}}`):                                    "either Return or Throw",
		response(`{"0":{"Return":1,"Throw":{"Error":"E"}}}`):    "either Return or Throw",
		response(`{"0":{"Throw":{"Cause":"C"}}}`):               "has no Error",
		response(`{"0-3":{"Return":1},"3":{"Return":1}}`):       "overlaps",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(retried))
	f.Fuzz(func(_ *testing.T, text []byte) {
		if c, err := Parse(text); err == nil {
			c.Answer("Orders", "Retried", "Charge", len(text))
		}
	})
}
