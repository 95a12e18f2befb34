package jsonpath

import (
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// Template is a payload template: JSON in which the value of a member whose name ends with ".$" is a path or a call of
// an intrinsic function. Everything else is literal.
type Template struct {
	literal value.Value // if nothing below is dynamic
	static  bool
	items   []*Template // of an array
	object  bool
	members []member // of an object, in the order of the result
}

type member struct {
	name  string // without ".$"
	field string // as written
	value *Template
	expr  *Expr
}

// MemberError tells which member of a template is not a path or a call, or stands there twice.
type MemberError struct {
	Field string // "value.$"
	Twice bool   // both "value" and "value.$"
	Err   error
}

func (e *MemberError) Error() string {
	if e.Twice {
		return "The field '" + strings.TrimSuffix(e.Field, ".$") + "' is defined twice"
	}
	return "The value for the field '" + e.Field + "' must be a valid JSONPath or a valid intrinsic function call"
}

func (e *MemberError) Unwrap() error { return e.Err }

// ParseTemplate compiles a template. Errors are *MemberError.
func ParseTemplate(v value.Value) (*Template, error) {
	switch v.Kind() {
	case value.KindArray:
		return parseItems(v)
	case value.KindObject:
		return parseMembers(v)
	}
	return &Template{literal: v, static: true}, nil
}

func parseItems(v value.Value) (*Template, error) {
	t := &Template{literal: v, static: true}
	for _, item := range v.Items() {
		sub, err := ParseTemplate(item)
		if err != nil {
			return nil, err
		}
		t.items = append(t.items, sub)
		t.static = t.static && sub.static
	}
	return t, nil
}

func parseMembers(v value.Value) (*Template, error) {
	t := &Template{literal: v, static: true, object: true}
	o := v.Object()
	var dynamic []member
	for i := range o.Len() {
		field, at := o.Key(i), o.At(i)
		name, isExpr := strings.CutSuffix(field, ".$")
		if !isExpr {
			sub, err := ParseTemplate(at)
			if err != nil {
				return nil, err
			}
			t.static = t.static && sub.static
			t.members = append(t.members, member{name: name, field: field, value: sub})
			continue
		}
		if _, twin := o.Get(name); twin {
			return nil, &MemberError{Field: field, Twice: true}
		}
		if at.Kind() != value.KindString {
			return nil, &MemberError{Field: field}
		}
		e, err := ParseExpr(at.Str())
		if err != nil {
			return nil, &MemberError{Field: field, Err: err}
		}
		dynamic = append(dynamic, member{name: name, field: field, expr: e})
	}
	if len(dynamic) > 0 {
		t.static = false
		t.members = append(t.members, hashOrder(dynamic)...)
	}
	return t, nil
}

// Eval fills the template in. Errors are *FieldError.
func (t *Template) Eval(s *Scope) (value.Value, error) {
	if t.static {
		return t.literal, nil
	}
	if !t.object {
		items := make([]value.Value, len(t.items))
		for i, sub := range t.items {
			v, err := sub.Eval(s)
			if err != nil {
				return value.Value{}, err
			}
			items[i] = v
		}
		return value.Array(items...), nil
	}
	o := value.NewObject(len(t.members))
	for i := range t.members {
		m := &t.members[i]
		var v value.Value
		var err error
		if m.expr != nil {
			v, err = m.expr.EvalField(m.field, s)
		} else {
			v, err = m.value.Eval(s)
		}
		if err != nil {
			return value.Value{}, err
		}
		o.Set(m.name, v)
	}
	return value.FromObject(o), nil
}

// Static tells whether nothing in the template depends on the scope.
func (t *Template) Static() bool { return t.static }

// Variables calls out the names of the variables that the template reads.
func (t *Template) Variables(each func(name string)) {
	for _, item := range t.items {
		item.Variables(each)
	}
	for i := range t.members {
		if m := &t.members[i]; m.expr != nil {
			m.expr.Variables(each)
		} else {
			m.value.Variables(each)
		}
	}
}
