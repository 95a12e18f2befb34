package jsonpath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is compiled: longer paths do not occur and deeper filters would only exhaust the stack.
const (
	maxSteps = 1000
	maxDepth = 50
)

// Parse compiles a path. Errors are sentences for people; AWS gives none of its own for these.
func Parse(text string) (*Path, error) {
	c := &cursor{text: text}
	p, err := c.path(false)
	if err != nil {
		return nil, err
	}
	if c.pos != len(text) {
		return nil, c.fail("unexpected text after the path")
	}
	return p, nil
}

// cursor reads a text from left to right. Paths, filters and intrinsic functions share it.
type cursor struct {
	text  string
	pos   int
	depth int
}

func (c *cursor) fail(format string, args ...any) error {
	return fmt.Errorf("%q at character %d: %s", c.text, c.pos+1, fmt.Sprintf(format, args...))
}

func (c *cursor) peek() byte {
	if c.pos < len(c.text) {
		return c.text[c.pos]
	}
	return 0
}

func (c *cursor) take(s string) bool {
	if strings.HasPrefix(c.text[c.pos:], s) {
		c.pos += len(s)
		return true
	}
	return false
}

func (c *cursor) space() {
	for c.pos < len(c.text) && strings.IndexByte(" \t\n\r", c.text[c.pos]) >= 0 {
		c.pos++
	}
}

// path reads a path as far as it goes. Inside a filter or an argument list (nested) names end earlier, and "@" may begin it.
func (c *cursor) path(nested bool) (*Path, error) {
	begin := c.pos
	p := &Path{}
	switch {
	case nested && c.take("@"):
		p.root = rootItem
	case c.take("$$"):
		p.root = rootContext
	case c.take("$"):
		if p.name = c.identifier(); p.name != "" {
			p.root = rootVariable
		}
	default:
		return nil, c.fail("a path begins with $")
	}
	for c.peek() == '.' || c.peek() == '[' {
		if len(p.steps) == maxSteps {
			return nil, c.fail("a path has at most %d steps", maxSteps)
		}
		s, err := c.step(nested)
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, s)
	}
	p.text = c.text[begin:c.pos]
	return p, nil
}

func (c *cursor) identifier() string {
	begin := c.pos
	for c.pos < len(c.text) {
		r, n := utf8.DecodeRuneInString(c.text[c.pos:])
		first := c.pos == begin
		if !(r == '_' || unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r))) {
			break
		}
		c.pos += n
	}
	return c.text[begin:c.pos]
}

func (c *cursor) step(nested bool) (step, error) {
	deep := c.take("..")
	if !deep && c.take(".") {
		deep = false
	} else if c.peek() == '[' {
		return c.bracket(deep)
	}
	if c.take("*") {
		return step{kind: stepAll, deep: deep, text: "[*]"}, nil
	}
	begin := c.pos
	stop := ".[( \t\r\n"
	if nested {
		stop += "),=!<>&|"
	}
	for c.pos < len(c.text) && strings.IndexByte(stop, c.text[c.pos]) < 0 {
		c.pos++
	}
	name := c.text[begin:c.pos]
	switch {
	case name == "":
		return step{}, c.fail("a name is missing")
	case c.peek() == '(':
		return step{}, c.fail("functions of paths are not supported")
	}
	return step{kind: stepName, deep: deep, names: []string{name}, text: "['" + name + "']"}, nil
}

func (c *cursor) bracket(deep bool) (step, error) {
	begin := c.pos
	c.pos++
	c.space()
	s := step{deep: deep}
	var err error
	switch b := c.peek(); {
	case b == '*':
		c.pos++
		s.kind, s.text = stepAll, "[*]"
	case b == '?':
		c.pos++
		s.kind = stepTest
		s.test, err = c.filter()
	case b == '\'' || b == '"':
		err = c.names(&s)
	default:
		err = c.numbers(&s)
	}
	if err != nil {
		return s, err
	}
	c.space()
	if !c.take("]") {
		return s, c.fail("\"]\" is missing")
	}
	if s.text == "" {
		s.text = c.text[begin:c.pos]
	}
	return s, nil
}

// names reads 'a' or 'a','b' between brackets.
func (c *cursor) names(s *step) error {
	s.kind = stepName
	for {
		c.space()
		name, err := c.quoted()
		if err != nil {
			return err
		}
		s.names = append(s.names, name)
		c.space()
		if !c.take(",") {
			break
		}
	}
	s.text = "['" + strings.Join(s.names, "','") + "']"
	return nil
}

// quoted reads a text in single or double quotes; a backslash takes the next character as it is.
func (c *cursor) quoted() (string, error) {
	quote := c.peek()
	if quote != '\'' && quote != '"' {
		return "", c.fail("a text in quotes is missing")
	}
	c.pos++
	var b strings.Builder
	for c.pos < len(c.text) {
		ch := c.text[c.pos]
		c.pos++
		switch {
		case ch == quote:
			return b.String(), nil
		case ch == '\\' && c.pos < len(c.text):
			b.WriteByte(c.text[c.pos])
			c.pos++
		default:
			b.WriteByte(ch)
		}
	}
	return "", c.fail("a quote is not closed")
}

// numbers reads an index, a list of indexes, or a slice between brackets.
func (c *cursor) numbers(s *step) error {
	end := strings.IndexByte(c.text[c.pos:], ']')
	if end < 0 {
		return c.fail("\"]\" is missing")
	}
	body := c.text[c.pos : c.pos+end]
	if strings.Contains(body, ":") {
		s.kind = stepSlice
		if err := s.slice.parse(body); err != nil {
			return c.fail("%v", err)
		}
	} else {
		s.kind = stepIndex
		for _, part := range strings.Split(body, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(part))
			if err != nil {
				return c.fail("%q is not an index", part)
			}
			s.indexes = append(s.indexes, n)
		}
	}
	s.text = "[" + strings.ReplaceAll(body, " ", "") + "]"
	c.pos += end
	return nil
}

func (s *slice) parse(body string) error {
	parts := strings.Split(body, ":")
	if len(parts) > 3 {
		return fmt.Errorf("%q is not a slice", body)
	}
	into := [3]*int{&s.from, &s.to, &s.by}
	has := [3]*bool{&s.hasFrom, &s.hasTo, &s.hasBy}
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("%q is not a slice", body)
		}
		*into[i], *has[i] = n, true
	}
	if s.hasBy && s.by <= 0 {
		return fmt.Errorf("the step of a slice must be positive")
	}
	return nil
}
