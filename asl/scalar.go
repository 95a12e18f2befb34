package asl

import (
	"strconv"

	"github.com/perdure/perdure/asl/jsonpath"
	"github.com/perdure/perdure/asl/value"
)

// scalar is a field that holds a number or a text: written out, as JSONata, or as a path in its twin ending in Path.
type scalar struct {
	field  string
	lit    value.Value
	prog   *program
	path   *pathField
	value  *jsonpath.Expr // ErrorPath, CausePath: path or intrinsic function
	member string         // of what prog yields
}

func (s *scalar) literal() bool { return s != nil && !s.lit.IsUndefined() }

// scalar compiles a whole number, by its name or by the name ending in Path; nil if both are missing.
func (p *parser) scalar(f fields, name string, x exprs, lo, hi int64) *scalar {
	if s, done := p.expression(f, name, x); done {
		return s
	}
	if n, ok := f.integer(name, lo, hi); ok {
		return &scalar{field: x.prefix + name, lit: value.Int(n)}
	}
	return nil
}

// scalarNumber is scalar for numbers with a fraction.
func (p *parser) scalarNumber(f fields, name string, x exprs, lo, hi float64) *scalar {
	if s, done := p.expression(f, name, x); done {
		return s
	}
	if n, ok := f.number(name, lo, hi); ok {
		return &scalar{field: x.prefix + name, lit: value.Number(n)}
	}
	return nil
}

// expression compiles what is not a literal.
func (p *parser) expression(f fields, name string, x exprs) (*scalar, bool) {
	if x.lang == JSONPath && f.has(name+"Path") {
		return &scalar{field: x.prefix + name + "Path", path: p.path(f, name+"Path", x)}, true
	}
	if v := f.get(name); x.lang == JSONata && isExpression(v.Str()) {
		return &scalar{field: x.prefix + name, prog: p.program(v.Str(), x.prefix+name, x)}, true
	}
	return nil, false
}

// anyScalar compiles a text.
func (p *parser) anyScalar(f fields, name string, x exprs) *scalar {
	src, ok := f.text(name)
	if !ok {
		return nil
	}
	if x.lang == JSONata && isExpression(src) {
		return &scalar{field: x.prefix + name, prog: p.program(src, x.prefix+name, x)}
	}
	return &scalar{field: x.prefix + name, lit: value.String(src)}
}

// pathOrIntrinsic compiles ErrorPath or CausePath.
func (p *parser) pathOrIntrinsic(f fields, name string, x exprs) *jsonpath.Expr {
	src, ok := f.text(name)
	if !ok {
		return nil
	}
	e, err := jsonpath.ParseExpr(src)
	if err != nil {
		p.schema("The value for the field '"+name+"' must be a valid JSONPath or a valid intrinsic function call", f.at+"/"+name)
		return nil
	}
	e.Variables(func(v string) { p.uses(x.state, v) })
	return e
}

// get evaluates the field, whatever its type. A nil scalar is undefined.
func (s *scalar) get(e *scope) (value.Value, *failure) {
	switch {
	case s == nil:
		return value.Value{}, nil
	case s.prog != nil:
		v, f := s.prog.eval(e)
		if f == nil && s.member != "" {
			v = v.Get(s.member)
		}
		return v, f
	case s.path != nil:
		return s.path.get(e)
	case s.value != nil:
		v, err := s.value.EvalField(s.field, e.path())
		if err != nil {
			return v, fault(err.Error())
		}
		return v, nil
	}
	return s.lit, nil
}

// text evaluates a field that must be a string.
func (s *scalar) text(e *scope) (*string, *failure) {
	v, f := s.get(e)
	if s == nil || f != nil {
		return nil, f
	}
	if v.Kind() != value.KindString {
		if s.prog != nil {
			return nil, s.prog.mistyped("string", v)
		}
		return nil, fault("The " + s.field + " field must refer to a string but was: " + v.Text())
	}
	return text(v.Str()), nil
}

// integer evaluates a count. Paths may lead to numbers in strings (spec section 1.6).
func (s *scalar) integer(e *scope) (int64, *failure) {
	v, f := s.get(e)
	if s == nil || f != nil {
		return 0, f
	}
	if n, ok := wholeNumber(v, s.path != nil); ok {
		return n, nil
	}
	return 0, s.invalid(v, "number", "integer")
}

// float evaluates a percentage.
func (s *scalar) float(e *scope) (float64, *failure) {
	v, f := s.get(e)
	if s == nil || f != nil {
		return 0, f
	}
	if v.Kind() == value.KindNumber {
		return v.Float(), nil
	}
	if v.Kind() == value.KindString && s.path != nil {
		if n, err := strconv.ParseFloat(v.Str(), 64); err == nil {
			return n, nil
		}
	}
	return 0, s.invalid(v, "number", "float")
}

// invalid words a value of the wrong type: kind in JSONata's terms, noun in those of paths.
func (s *scalar) invalid(v value.Value, kind, noun string) *failure {
	if s.prog != nil {
		return s.prog.mistyped(kind, v)
	}
	shown := v.Text()
	if v.Kind() == value.KindString {
		shown = v.Str()
	}
	src := ""
	if s.path != nil {
		src = s.path.p.String()
	}
	return fault("The " + s.path.field + ` field refers to value "` + shown + `" which is not a valid ` + noun + ": " + src)
}

func wholeNumber(v value.Value, strings bool) (int64, bool) {
	if v.Kind() == value.KindString && strings {
		n, err := strconv.ParseInt(v.Str(), 10, 64)
		return n, err == nil
	}
	return v.Int64()
}
