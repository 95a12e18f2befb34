// Package jsonpath is the JSONPath dialect of the States Language: paths, payload templates and intrinsic functions.
//
// A [Path] reads ("$.a[0]", "$$.Execution.Id", "$var..x[?(@.n > 1)]") or, if it is a reference path, writes. An [Expr]
// is what the value of a ".$" member may be: a path or a call of an intrinsic function. A [Template] is a payload template
// (Parameters, ResultSelector, ItemSelector, Assign, ...). All are compiled once, are immutable, and are safe for
// concurrent use; what they see of the world is in a [Scope].
//
// The dialect is that of the library AWS uses, texts of its errors included, because they appear in causes (step-functions
// specification, sections 1.6 and 1.7). Nothing here panics on any input, and every evaluation visits a bounded number of
// nodes. Read next: path.go, eval.go, template.go, intrinsic.go.
package jsonpath

import (
	"fmt"

	"github.com/perdure/perdure/asl/value"
)

// Scope is what an evaluation sees.
type Scope struct {
	// Input is "$".
	Input value.Value
	// InputText is Input's JSON as it was received, for the texts that echo it. Nil: Input is encoded.
	InputText []byte
	// Context makes "$$". Nil: there is none.
	Context func() value.Value
	// Variable is "$name"; undefined if there is no such variable. Nil: there are none.
	Variable func(name string) value.Value
	// Random is a number in [0,1), NewID a UUID; for States.MathRandom and States.UUID.
	Random func() float64
	NewID  func() string
}

// PathError tells why a path selected nothing: "No results for path: $['x']".
type PathError struct {
	Path   *Path
	Reason string
}

func (e *PathError) Error() string { return e.Reason }

// Invalid is the text of e for fields that hold a path alone, such as InputPath.
func (e *PathError) Invalid() string {
	return fmt.Sprintf("Invalid path '%s' : %s", e.Path.text, e.Reason)
}

// FieldError is the failure of a ".$" member or of a field such as ErrorPath. Its text is the cause that AWS gives,
// without the prefix that names the state.
type FieldError struct{ Text string }

func (e *FieldError) Error() string { return e.Text }

// root is the value a path begins at.
func (s *Scope) root(p *Path) value.Value {
	switch {
	case p.root == rootContext && s.Context != nil:
		return s.Context()
	case p.root == rootVariable && s.Variable != nil:
		return s.Variable(p.name)
	case p.root == rootInput:
		return s.Input
	}
	return value.Value{}
}

// echo is the JSON of the value that p searched, for error texts.
func (s *Scope) echo(p *Path) string {
	if p.root == rootInput && s.InputText != nil {
		return string(s.InputText)
	}
	v := s.root(p)
	if v.IsUndefined() {
		return "{}"
	}
	return string(v.Append(nil))
}
