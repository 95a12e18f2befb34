package jsonpath

import (
	"fmt"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// maxNesting is how deep calls may nest (specification, section 1.7).
const maxNesting = 10

// call is a compiled call of an intrinsic function.
type call struct {
	text string
	name string // without "States."
	args []arg
	run  func(s *Scope, a []value.Value) (value.Value, error)
}

// arg is a literal, a path or a call.
type arg struct {
	literal value.Value
	path    *Path
	call    *call
}

// callError is a failure inside a call; the text names the innermost one.
type callError struct{ call, reason string }

func (e *callError) Error() string { return e.reason }

func parseCall(text string) (*call, error) {
	c := &cursor{text: text}
	k, err := c.call(1)
	if err != nil {
		return nil, err
	}
	if c.space(); c.pos != len(text) {
		return nil, c.fail("unexpected text after the call")
	}
	return k, nil
}

func (c *cursor) call(nesting int) (*call, error) {
	if nesting > maxNesting {
		return nil, c.fail("calls nest at most %d deep", maxNesting)
	}
	begin := c.pos
	if !c.take("States.") {
		return nil, c.fail("a call begins with States.")
	}
	name := c.identifier()
	f, ok := functions[name]
	if !ok {
		return nil, c.fail("there is no intrinsic function States.%s", name)
	}
	c.space()
	if !c.take("(") {
		return nil, c.fail("\"(\" is missing")
	}
	k := &call{name: name, run: f.run}
	for c.space(); !c.take(")"); c.space() {
		if len(k.args) > 0 {
			if !c.take(",") {
				return nil, c.fail("\",\" or \")\" is missing")
			}
			c.space()
		}
		a, err := c.arg(nesting)
		if err != nil {
			return nil, err
		}
		k.args = append(k.args, a)
	}
	if n := len(k.args); n < f.min || f.max >= 0 && n > f.max {
		return nil, c.fail("States.%s does not take %d arguments", name, n)
	}
	k.text = c.text[begin:c.pos]
	return k, nil
}

func (c *cursor) arg(nesting int) (arg, error) {
	switch b := c.peek(); {
	case b == '\'':
		s, err := c.literal()
		return arg{literal: value.String(s)}, err
	case b == '$':
		p, err := c.path(true)
		return arg{path: p}, err
	case b == 'S':
		k, err := c.call(nesting + 1)
		return arg{call: k}, err
	case c.take("true"):
		return arg{literal: value.Bool(true)}, nil
	case c.take("false"):
		return arg{literal: value.Bool(false)}, nil
	case c.take("null"):
		return arg{literal: value.Null()}, nil
	}
	n, err := c.number()
	return arg{literal: n}, err
}

// literal reads a text in single quotes. A backslash may only precede a quote, a brace or a backslash; before a brace it
// is kept for States.Format, which has to tell braces from placeholders.
func (c *cursor) literal() (string, error) {
	c.pos++
	var b strings.Builder
	for c.pos < len(c.text) {
		ch := c.text[c.pos]
		c.pos++
		switch {
		case ch == '\'':
			return b.String(), nil
		case ch != '\\':
			b.WriteByte(ch)
			continue
		case c.pos == len(c.text) || strings.IndexByte(`'{}\`, c.text[c.pos]) < 0:
			return "", c.fail("a backslash can only precede ' { } and \\")
		}
		if e := c.text[c.pos]; e == '{' || e == '}' {
			b.WriteRune(rune(escapedBrace[e]))
		} else {
			b.WriteByte(e)
		}
		c.pos++
	}
	return "", c.fail("a quote is not closed")
}

// escapedBrace stands for a brace behind a backslash until the argument is used. Both are private-use characters.
var escapedBrace = map[byte]rune{'{': '\uF8F0', '}': '\uF8F1'}

var (
	unescape     = strings.NewReplacer("\uF8F0", "{", "\uF8F1", "}")
	unescapeText = unescape.Replace
)

func (k *call) variables(each func(string)) {
	for i := range k.args {
		switch a := &k.args[i]; {
		case a.path != nil:
			a.path.variables(each)
		case a.call != nil:
			a.call.variables(each)
		}
	}
}

func (k *call) eval(s *Scope) (value.Value, error) {
	args := make([]value.Value, len(k.args))
	for i := range k.args {
		v, err := k.args[i].eval(k, s, i)
		if err != nil {
			return value.Value{}, err
		}
		args[i] = v
	}
	v, err := k.run(s, args)
	if err != nil {
		return v, &callError{k.text, err.Error()}
	}
	return v, nil
}

func (a *arg) eval(k *call, s *Scope, index int) (value.Value, error) {
	switch {
	case a.call != nil:
		return a.call.eval(s)
	case a.path == nil:
		if a.literal.Kind() == value.KindString && !(k.name == "Format" && index == 0) {
			return value.String(unescapeText(a.literal.Str())), nil
		}
		return a.literal, nil
	}
	v, err := a.path.Eval(s)
	if err != nil {
		return v, &callError{k.text, fmt.Sprintf("The JsonPath argument for the field '%s' could not be found in the input '%s'",
			a.path.text, s.echo(a.path))}
	}
	return v, nil
}
