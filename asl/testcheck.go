package asl

import (
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// check refuses tests that do not fit the state, in AWS's words (spec section 5.10).
func (r *testRun) check(s *state) error {
	if err := r.checkContext(s); err != nil {
		return err
	}
	if r.Mocked && s.typ != TaskState && s.typ != MapState && s.typ != ParallelState {
		return invalidTest("State type '%s' is not supported when a mock is specified", s.typ)
	}
	if r.FailedIterations != nil && !r.Mocked {
		return invalidTest("TestState does not support MapIterationFailureCount when a mock is not specified.")
	}
	if r.Failed || r.Result == nil {
		return nil
	}
	v, err := value.Decode(r.Result, value.Limits{})
	if err != nil {
		return invalidTest("Mocked result must be valid JSON")
	}
	r.answer = v
	switch {
	case s.typ == MapState && s.each.writer != nil:
		if v.Kind() != value.KindObject {
			return invalidTest("Mocked result must be a JSON object.")
		}
	case s.typ == MapState, s.typ == ParallelState:
		if v.Kind() != value.KindArray {
			return invalidTest("Mocked result must be an array.")
		}
	}
	if s.typ == ParallelState && v.Len() != len(s.branches) {
		return invalidTest("Mocked result must contain the same number of items as number of Parallel branches.")
	}
	return nil
}

// contextFields are the members a given context object may have, with the kinds of those that must be of one.
var contextFields = map[string]map[string]value.Kind{
	"Execution": {"Id": value.KindString, "Input": 0, "Name": value.KindString, "RoleArn": value.KindString,
		"StartTime": value.KindString, "RedriveCount": value.KindNumber, "RedriveTime": value.KindString},
	"StateMachine": {"Id": value.KindString, "Name": value.KindString},
	"State":        {"EnteredTime": value.KindString, "Name": value.KindString, "RetryCount": value.KindNumber},
	"Task":         {"Token": value.KindString},
}

func (r *testRun) checkContext(s *state) error {
	if len(r.Context) == 0 {
		return nil
	}
	const invalid = "Invalid Context object provided: "
	v, err := value.Decode(r.Context, value.Limits{})
	if err != nil || v.Kind() != value.KindObject {
		return invalidTest(invalid + "Context object must be a JSON object")
	}
	o := v.Object()
	for i := range o.Len() {
		name := o.Key(i)
		members, known := contextFields[name]
		switch {
		case name == "Map":
			return invalidTest(invalid + "'Map' field is not supported when mocking a Context object")
		case !known:
			return invalidTest(invalid+"Field '%s' is not allowed", name)
		case name == "Task" && (s.typ != TaskState || !s.task.resource.waits()):
			return invalidTest(invalid + "Context object contains 'Task' when state is not a Task state with a '.sync' or " +
				"'.waitForTaskToken' service integration pattern")
		case o.At(i).Kind() != value.KindObject:
			return invalidTest(invalid+"%s must be an object", name)
		}
		if err := checkMembers(invalid, name, o.At(i).Object(), members); err != nil {
			return err
		}
	}
	r.context = v
	return nil
}

func checkMembers(invalid, name string, o *value.Object, members map[string]value.Kind) error {
	for i := range o.Len() {
		kind, known := members[o.Key(i)]
		if !known {
			return invalidTest(invalid+"Field '%s' is not allowed", o.Key(i))
		}
		if kind != 0 && o.At(i).Kind() != kind {
			article := "a "
			if strings.HasPrefix(kind.String(), "o") {
				article = "an "
			}
			return invalidTest(invalid+"%s.%s must be %s%s", name, o.Key(i), article, kind)
		}
	}
	return nil
}
