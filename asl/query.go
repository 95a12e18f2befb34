package asl

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// program is one compiled JSONata expression of a definition.
type program struct {
	src     string // between the markers, trimmed
	field   string // where it stands in the state, as errors name it: "Output/a/b[0]"
	code    *jsonata.Program
	reads   []string // variables
	states  bool     // reads $states
	context bool     // may read $states.context
}

// queryLimits are AWS's: nesting of 100, and one value of 6,990,256 bytes, a quarter of what an evaluation may use. AWS also
// ends an evaluation that takes too long. Here that is counted rather than timed, so that a turn decides the same on every
// machine and after every crash: 8,000,000 steps are about a second of one processor, and more than
// it takes to sort the largest input there is by a function.
var queryLimits = jsonata.Limits{Steps: 8_000_000, Depth: 100, Bytes: 4 * 6990256}

// program compiles an expression that stands at a field of x's state. What is wrong with it is reported; the program is
// then of no use.
func (p *parser) program(text, field string, x exprs) *program {
	g := &program{src: strings.TrimSpace(text[2 : len(text)-2]), field: field}
	at := x.state.at + "/" + field
	code, err := jsonata.Compile(g.src, jsonata.Options{Functions: jsonata.StepFunctions()})
	if err != nil {
		message := err.Error()
		var e *jsonata.Error
		if errors.As(err, &e) {
			message = e.Message
		}
		p.errorf("INVALID_JSONATA_EXPRESSION", message, at)
		return g
	}
	g.code = code
	free := code.Free()
	for _, name := range free.Context {
		p.errorf("UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '"+name+"' at the top level is not supported.", at)
	}
	if free.Root {
		p.errorf("UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$$' is not supported.", at)
	}
	for _, name := range free.Variables {
		if name == "states" {
			g.states = true
			continue
		}
		g.reads = append(g.reads, name)
		p.uses(x.state, name)
	}
	if g.states {
		p.statesMembers(g, at, x)
	}
	return g
}

// statesMembers checks which members of $states an expression reads.
func (p *parser) statesMembers(g *program, at string, x exprs) {
	members, whole := statesMembers(g.src)
	g.context = whole
	for _, name := range members {
		known := name == "input" || name == "context" || name == "result" && x.result || name == "errorOutput" && x.errorOutput
		if !known {
			p.errorf("INVALID_JSONATA_EXPRESSION", "Field '$states."+name+"' does not exist.", at)
		}
		g.context = g.context || name == "context"
	}
}

// statesMembers finds the names behind "$states." in an expression, each once; whole tells whether $states is also read
// otherwise. Strings and comments are left out.
func statesMembers(src string) (members []string, whole bool) {
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"' || c == '\'' || c == '`':
			i = skipQuoted(src, i)
		case strings.HasPrefix(src[i:], "/*"):
			end := strings.Index(src[i+2:], "*/")
			if end < 0 {
				return members, whole
			}
			i += end + 4
		case strings.HasPrefix(src[i:], "$states") && (i+7 == len(src) || !wordByte(src[i+7])):
			i += 7
			rest := strings.TrimLeft(src[i:], " \t\r\n")
			rest, dotted := strings.CutPrefix(rest, ".")
			rest = strings.TrimLeft(rest, " \t\r\n")
			n := 0
			for n < len(rest) && wordByte(rest[n]) {
				n++
			}
			if !dotted || n == 0 {
				whole = true
			} else if !slices.Contains(members, rest[:n]) {
				members = append(members, rest[:n])
			}
		default:
			i++
		}
	}
	return members, whole
}

// skipQuoted is the index behind the quoted text that begins at i.
func skipQuoted(src string, i int) int {
	quote := src[i]
	for i++; i < len(src) && src[i] != quote; i++ {
		if src[i] == '\\' && quote != '`' {
			i++
		}
	}
	return i + 1
}

// eval answers the expression's value (spec section 1.8).
func (g *program) eval(s *scope) (value.Value, *failure) {
	vars := make(map[string]value.Value, len(g.reads)+1)
	if g.states {
		vars["states"] = s.states(g.context)
	}
	for _, name := range g.reads {
		if v := s.variable(name); !v.IsUndefined() {
			vars[name] = v
		}
	}
	host := jsonata.Host{Now: s.x.env.Now, Random: s.x.env.Random, UUID: s.x.env.NewID}
	v, err := g.code.Eval(context.Background(), value.Value{}, vars, host, queryLimits)
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

// states is $states.
func (s *scope) states(context bool) value.Value {
	o := value.NewObject(3)
	o.Set("input", s.root)
	if context {
		o.Set("context", s.context())
	}
	if !s.result.IsUndefined() {
		o.Set("result", s.result)
	}
	if !s.failed.IsUndefined() {
		o.Set("errorOutput", s.failed)
	}
	return value.FromObject(o)
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
