package durable

import "fmt"

// SerdesError is a value that could not be encoded or decoded. Direction is "marshal" or "unmarshal".
type SerdesError struct {
	Operation string
	Direction string
	Err       error
	text      string
}

func (e *SerdesError) Error() string {
	if e.text != "" {
		return e.text
	}
	return fmt.Sprintf("durable: %s of the value of %q failed: %v", e.Direction, e.Operation, e.Err)
}

// Unwrap returns the serdes' own error.
func (e *SerdesError) Unwrap() error { return e.Err }

// NonDeterministicExecutionError says that the code asks for another operation than the record holds at this place:
// the handler changed under a running execution, or does not do the same thing every time.
type NonDeterministicExecutionError struct {
	Name, StepID                                string // what the code calls the operation, and its positional id
	CurrentType, CurrentSubType, CurrentName    string // what the code asks for
	RecordedType, RecordedSubType, RecordedName string // what the record holds; empty when there is no record
	text                                        string
}

func (e *NonDeterministicExecutionError) facts() facts {
	return facts{Name: e.Name, ErrorType: "NonDeterministicExecutionError", Message: e.Error(), text: e.text}
}

func (e *NonDeterministicExecutionError) Error() string {
	if e.text != "" {
		return e.text
	}
	current := describe(e.CurrentType, e.CurrentSubType, e.CurrentName)
	if e.RecordedType == "" {
		return fmt.Sprintf("durable: operation %s: the code asks for %s, but the finished context around it recorded no such operation; "+
			"operations must be the same on every run", e.StepID, current)
	}
	return fmt.Sprintf("durable: operation %s: the code asks for %s, but the record holds %s; "+
		"operations must come in the same order with the same names on every run", e.StepID, current,
		describe(e.RecordedType, e.RecordedSubType, e.RecordedName))
}

// As lets errors.As find an *OperationError.
func (e *NonDeterministicExecutionError) As(target any) bool { return asOperation(e.facts(), target) }

func describe(kind, sub, name string) string {
	if sub != "" && sub != kind {
		kind += "/" + sub
	}
	return fmt.Sprintf("%s %q", kind, name)
}
