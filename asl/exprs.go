package asl

import (
	"strings"

	"github.com/perdure/perdure/asl/jsonpath"
	"github.com/perdure/perdure/asl/value"
)

// exprs says where an expression stands, which decides what it may refer to and what errors call it.
type exprs struct {
	state       *state
	lang        Language
	prefix      string // of field names in errors: "Catch[0]/"
	result      bool   // $states.result is there
	errorOutput bool   // $states.errorOutput is there
}

// template is a compiled field that yields a value: a payload template or JSONata.
type template interface {
	eval(s *scope) (value.Value, *failure)
}

// isExpression tells JSONata from literal text.
func isExpression(s string) bool {
	return len(s) >= 4 && strings.HasPrefix(s, "{%") && strings.HasSuffix(s, "%}")
}

// template compiles a payload field in the language of x; nil if the member is missing.
func (p *parser) template(f fields, name string, x exprs) template {
	v := f.get(name)
	if v.IsUndefined() {
		return nil
	}
	if x.lang == JSONata {
		return p.jsonataTemplate(v, x.prefix+name, x)
	}
	t, err := jsonpath.ParseTemplate(v)
	if err != nil {
		p.schema(err.Error(), f.at+"/"+name)
		return nil
	}
	t.Variables(func(v string) { p.uses(x.state, v) })
	return pathTemplate{t}
}

// pathTemplate is a payload template of the JSONPath dialect.
type pathTemplate struct{ t *jsonpath.Template }

func (t pathTemplate) eval(s *scope) (value.Value, *failure) {
	v, err := t.t.Eval(s.path())
	if err != nil {
		return v, fault(err.Error())
	}
	return v, nil
}

// assign compiles an Assign block; nil if it is missing.
func (p *parser) assign(f fields, name string, x exprs) *assign {
	o, ok := f.object(name)
	if !ok {
		return nil
	}
	for i := range o.Len() {
		key := o.Key(i)
		if x.lang == JSONPath {
			key = strings.TrimSuffix(key, ".$")
		}
		if !validVariable(key) {
			p.schema("The variable name '"+key+"' is invalid", f.at+"/"+name)
		}
	}
	return &assign{values: p.template(f, name, x)}
}

// pathField is a field that holds one path.
type pathField struct {
	field string
	p     *jsonpath.Path
}

// path compiles a member that holds a path.
func (p *parser) path(f fields, name string, x exprs) *pathField {
	src, ok := f.text(name)
	if !ok {
		return &pathField{field: name}
	}
	q, err := jsonpath.Parse(src)
	if err != nil {
		p.schema("Value is not a Reference Path: "+err.Error(), f.at+"/"+name)
		return &pathField{field: name}
	}
	q.Variables(func(v string) { p.uses(x.state, v) })
	return &pathField{field: name, p: q}
}

// get evaluates the path; why it selected nothing is worded for fields that hold a path alone.
func (q *pathField) get(s *scope) (value.Value, *failure) {
	v, err := q.p.Eval(s.path())
	if err == nil {
		return v, nil
	}
	if e, ok := err.(*jsonpath.PathError); ok {
		return v, fault(e.Invalid())
	}
	return v, fault(err.Error())
}

// ioPath is InputPath or OutputPath.
type ioPath struct {
	null bool       // the whole value is replaced by {}
	path *pathField // nil: the value stays as it is
}

func (p *parser) ioPath(f fields, name string, x exprs) ioPath {
	v := f.get(name)
	switch {
	case v.IsUndefined():
		return ioPath{}
	case v.IsNull():
		return ioPath{null: true}
	}
	q := p.path(f, name, x)
	if q.p != nil && q.p.String() == "$" {
		return ioPath{}
	}
	return ioPath{path: q}
}

func (i ioPath) apply(s *scope) (value.Value, *failure) {
	switch {
	case i.null:
		return value.FromObject(value.NewObject(0)), nil
	case i.path == nil:
		return s.root, nil
	}
	return i.path.get(s)
}

// resultPath is ResultPath.
type resultPath struct {
	discard bool
	path    *jsonpath.Path // nil: the result replaces the input
}

func (p *parser) resultPath(f fields, name string) resultPath {
	v := f.get(name)
	switch {
	case v.IsUndefined():
		return resultPath{}
	case v.IsNull():
		return resultPath{discard: true}
	}
	src, ok := f.text(name)
	if !ok || src == "$" {
		return resultPath{}
	}
	q, err := jsonpath.ParseReference(src)
	if err != nil {
		p.schema("Value is not a Reference Path: "+err.Error(), f.at+"/"+name)
	}
	return resultPath{path: q}
}

func (r resultPath) apply(raw, result value.Value) (value.Value, *failure) {
	switch {
	case r.discard:
		return raw, nil
	case r.path == nil:
		return result, nil
	}
	v, err := r.path.Put(raw, result)
	if err != nil {
		return v, &failure{name: text(resultPathFailure), cause: text(err.Error()), prefix: true}
	}
	return v, nil
}
