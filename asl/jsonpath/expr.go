package jsonpath

import (
	"errors"
	"fmt"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// Expr is a path or a call of an intrinsic function.
type Expr struct {
	text string
	path *Path
	call *call
}

// ParseExpr compiles the value of a ".$" member.
func ParseExpr(text string) (*Expr, error) {
	e := &Expr{text: text}
	var err error
	if strings.HasPrefix(text, "$") {
		e.path, err = Parse(text)
	} else {
		e.call, err = parseCall(text)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// String is the expression as it was written.
func (e *Expr) String() string { return e.text }

// Path is the expression's path; nil if it is a call.
func (e *Expr) Path() *Path { return e.path }

// Function is the name of the intrinsic function called, "States.Format"; empty if the expression is a path.
func (e *Expr) Function() string {
	if e.call == nil {
		return ""
	}
	return "States." + e.call.name
}

// Variables calls out the names of the variables that the expression reads.
func (e *Expr) Variables(each func(name string)) {
	if e.path != nil {
		e.path.variables(each)
		return
	}
	e.call.variables(each)
}

// EvalField is the expression's value as that of a member or field, whose name is for the text of the error, a
// *FieldError.
func (e *Expr) EvalField(field string, s *Scope) (value.Value, error) {
	if e.path == nil {
		v, err := e.call.eval(s)
		if err == nil {
			return v, nil
		}
		var inner *callError
		if errors.As(err, &inner) {
			return v, &FieldError{fmt.Sprintf("The function '%s' had the following error: %s", inner.call, inner.reason)}
		}
		return v, &FieldError{fmt.Sprintf("The function '%s' had the following error: %v", e.text, err)}
	}
	v, err := e.path.Eval(s)
	if err != nil {
		return v, &FieldError{fmt.Sprintf("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
			e.text, field, s.echo(e.path))}
	}
	return v, nil
}
