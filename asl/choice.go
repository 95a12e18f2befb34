package asl

import (
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// choiceFields are a Choice state's rules (spec section 1.5).
type choiceFields struct {
	rules     []rule
	otherwise *state // Default
}

// rule is one member of Choices.
type rule struct {
	when   condition
	next   *state
	assign *assign
	output template
}

// condition is what a rule tests.
type condition interface {
	holds(s *scope) (bool, *failure)
}

func (p *parser) choice(s *state, b *block, f fields) {
	c := &choiceFields{}
	s.choice = c
	list, ok := f.required("Choices").array("Choices")
	if ok && len(list) == 0 {
		p.schema("Value cannot be empty", s.at+"/Choices")
	}
	c.rules = make([]rule, len(list))
	for i, v := range list {
		g, ok := p.member(f, "Choices", i, v)
		if !ok {
			continue
		}
		r := &c.rules[i]
		x := exprs{state: s, lang: s.lang, prefix: "Choices[" + strconv.Itoa(i) + "]/"}
		if next, ok := g.required("Next").text("Next"); ok {
			p.links = append(p.links, link{in: b, from: s, to: next, at: g.at + "/Next", set: func(t *state) { r.next = t }})
		}
		r.assign = p.assign(g, "Assign", x)
		if s.lang == JSONata {
			g.known(map[string]Language{"Condition": "", "Next": "", "Assign": "", "Output": "", "Comment": ""}, false)
			r.output = p.template(g, "Output", x)
			r.when = p.jsonataCondition(g.required("Condition"), x)
			continue
		}
		r.when = p.condition(g, x, true)
	}
	if next, ok := f.text("Default"); ok {
		p.links = append(p.links, link{in: b, from: s, to: next, at: s.at + "/Default", set: func(t *state) { c.otherwise = t }})
	}
}

// jsonataCondition reads Condition: a boolean, or an expression that yields one.
func (p *parser) jsonataCondition(f fields, x exprs) condition {
	v := f.get("Condition")
	switch {
	case v.Kind() == value.KindBool:
		return constant(v.Bool())
	case isExpression(v.Str()):
		return truth{p.program(v.Str(), x.prefix+"Condition", x)}
	case !v.IsUndefined():
		p.schema("Expected value of type [BOOLEAN]", f.at+"/Condition")
	}
	return constant(false)
}

type constant bool

func (c constant) holds(*scope) (bool, *failure) { return bool(c), nil }

// truth is a JSONata condition.
type truth struct{ p *program }

func (t truth) holds(s *scope) (bool, *failure) {
	v, f := t.p.eval(s)
	if f != nil {
		return false, f
	}
	if v.Kind() != value.KindBool {
		return false, t.p.mistyped("boolean", v)
	}
	return v.Bool(), nil
}

// condition reads a JSONPath rule: And, Or, Not, or one comparison. Next and Assign stand on the outermost only.
func (p *parser) condition(f fields, x exprs, top bool) condition {
	var operator string
	for i := range f.o.Len() {
		switch name := f.o.Key(i); {
		case name == "Variable", name == "Comment":
		case top && (name == "Next" || name == "Assign"):
		case name == "And", name == "Or", name == "Not", comparisons[strings.TrimSuffix(name, "Path")] != nil:
			if operator != "" {
				p.schema("Only one of the fields ["+operator+", "+name+"] is allowed", f.at)
			}
			operator = name
		default:
			p.schema("Field '"+name+"' is not supported", f.at)
		}
	}
	switch operator {
	case "":
		p.schema("A rule needs exactly one of And, Or, Not or a comparison operator", f.at)
	case "And", "Or":
		return p.junction(f, operator, x)
	case "Not":
		if o, ok := f.object("Not"); ok {
			return negation{p.condition(fields{p: p, o: o, at: f.at + "/Not", lang: f.lang}, x, false)}
		}
	default:
		return p.comparison(f, operator, x)
	}
	return constant(false)
}

func (p *parser) junction(f fields, operator string, x exprs) condition {
	list, ok := f.array(operator)
	if ok && len(list) == 0 {
		p.schema("Value cannot be empty", f.at+"/"+operator)
	}
	j := junction{all: operator == "And"}
	for i, v := range list {
		if g, ok := p.member(f, operator, i, v); ok {
			j.terms = append(j.terms, p.condition(g, x, false))
		}
	}
	return j
}

// junction is And or Or. It stops at the first term that decides.
type junction struct {
	all   bool
	terms []condition
}

func (j junction) holds(s *scope) (bool, *failure) {
	for _, t := range j.terms {
		ok, f := t.holds(s)
		if f != nil || ok != j.all {
			return ok, f
		}
	}
	return j.all, nil
}

type negation struct{ of condition }

func (n negation) holds(s *scope) (bool, *failure) {
	ok, f := n.of.holds(s)
	return !ok, f
}

func (p *parser) comparison(f fields, operator string, x exprs) condition {
	c := comparison{variable: p.path(f.required("Variable"), "Variable", x)}
	name, byPath := strings.CutSuffix(operator, "Path")
	op := comparisons[name]
	c.test = op.test
	c.present = name == "IsPresent"
	if byPath {
		if op.kind == value.KindUndefined || strings.HasPrefix(name, "Is") || name == "StringMatches" {
			p.schema("Field '"+operator+"' is not supported", f.at)
		}
		c.path = p.path(f, operator, x)
		return c
	}
	c.operand = f.get(operator)
	if c.operand.Kind() != op.kind {
		f.wrong(operator, strings.ToUpper(op.kind.String()))
	}
	if strings.HasPrefix(name, "Timestamp") {
		if _, ok := parseTimestamp(c.operand.Str()); !ok {
			p.schema("String does not match RFC3339 timestamp", f.at+"/"+operator)
		}
	}
	return c
}

// comparison is one operator applied to a Variable.
type comparison struct {
	variable *pathField
	test     func(v, operand value.Value) bool
	operand  value.Value
	path     *pathField // the operand, of operators ending in Path
	present  bool       // IsPresent, the one that bears a missing Variable
}

func (c comparison) holds(s *scope) (bool, *failure) {
	v, err := c.variable.p.Eval(s.path())
	if c.present {
		return (err == nil) == c.operand.Bool(), nil
	}
	if err != nil {
		return false, invalidChoice(c.variable)
	}
	operand := c.operand
	if c.path != nil {
		if operand, err = c.path.p.Eval(s.path()); err != nil {
			return false, invalidChoice(c.path)
		}
	}
	return c.test(v, operand), nil
}

func invalidChoice(q *pathField) *failure {
	return fault("Invalid path '" + q.p.String() + "': The choice state's condition path references an invalid value.")
}
