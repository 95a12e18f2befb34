package states

import "github.com/perdure/perdure/asl"

// MockSource answers tasks instead of their services, as a mock configuration says (specification, section 7.1).
type MockSource interface {
	// Case tells whether a state machine has a test case of that name. An error is the configuration's own.
	Case(machine, name string) (ok bool, err error)
	// Answer is that to the attempt'th run (from 0) of a state; ok is false if the state is not mocked.
	Answer(machine, name, state string, attempt int) (answer asl.TaskResult, ok bool)
}
