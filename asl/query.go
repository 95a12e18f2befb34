package asl

import (
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// program is one compiled JSONata expression of a definition.
type program struct {
	src   string // between the markers, trimmed
	field string // where it stands in the state, as errors name it: "Output/a/b[0]"
	run   func(*scope) (value.Value, error)
}

// program compiles an expression that stands at a field of x's state.
func (p *parser) program(text, field string, x exprs) *program {
	return &program{src: strings.TrimSpace(text[2 : len(text)-2]), field: field}
}

// eval answers the expression's value (spec section 1.8).
func (g *program) eval(s *scope) (value.Value, *failure) {
	if g.run == nil {
		return value.Value{}, queryFault(g.field, "not compiled")
	}
	v, err := g.run(s)
	switch {
	case err != nil:
		return v, g.failed("threw an error during evaluation. " + err.Error())
	case v.IsUndefined():
		return v, g.failed("returned nothing (undefined).")
	case v.Kind() == value.KindExtern:
		return v, g.failed("returned an unsupported result type.")
	}
	return v, nil
}

func (g *program) failed(how string) *failure {
	return queryFault(g.field, "The JSONata expression '"+g.src+"' specified for the field '"+g.field+"' "+how)
}

// mistyped is the failure of an expression that yields another type than its field takes.
func (g *program) mistyped(want string, v value.Value) *failure {
	return g.failed("returned an unexpected result type. Expected '" + want + "', but was '" + v.Kind().String() +
		"' for value: " + v.Text())
}

// jsonataTemplate compiles a payload in which every string with markers is an expression.
func (p *parser) jsonataTemplate(v value.Value, field string, x exprs) template {
	switch v.Kind() {
	case value.KindString:
		if isExpression(v.Str()) {
			return p.program(v.Str(), field, x)
		}
	case value.KindArray:
		t := &queryArray{items: make([]template, v.Len())}
		dynamic := false
		for i, item := range v.Items() {
			t.items[i] = p.jsonataTemplate(item, field+"["+strconv.Itoa(i)+"]", x)
			_, literal := t.items[i].(literal)
			dynamic = dynamic || !literal
		}
		if dynamic {
			return t
		}
	case value.KindObject:
		o := v.Object()
		t := &queryObject{names: make([]string, o.Len()), values: make([]template, o.Len())}
		dynamic := false
		for i := range o.Len() {
			t.names[i] = o.Key(i)
			t.values[i] = p.jsonataTemplate(o.At(i), field+"/"+o.Key(i), x)
			_, literal := t.values[i].(literal)
			dynamic = dynamic || !literal
		}
		if dynamic {
			return t
		}
	}
	return literal{v}
}

// literal is a payload without expressions.
type literal struct{ v value.Value }

func (l literal) eval(*scope) (value.Value, *failure) { return l.v, nil }

type queryArray struct{ items []template }

func (t *queryArray) eval(s *scope) (value.Value, *failure) {
	items := make([]value.Value, len(t.items))
	for i, item := range t.items {
		v, f := item.eval(s)
		if f != nil {
			return v, f
		}
		items[i] = v
	}
	return value.Array(items...), nil
}

type queryObject struct {
	names  []string
	values []template
}

func (t *queryObject) eval(s *scope) (value.Value, *failure) {
	o := value.NewObject(len(t.names))
	for i, name := range t.names {
		v, f := t.values[i].eval(s)
		if f != nil {
			return v, f
		}
		o.Set(name, v)
	}
	return value.FromObject(o), nil
}
