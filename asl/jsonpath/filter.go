package jsonpath

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// test is a filter: a comparison, the existence of a path, or tests joined by "and", "or", "not".
type test struct {
	op          string // "&&", "||", "!", "exists", or a comparison
	parts       []*test
	left, right operand
}

// operand is a path or a literal.
type operand struct {
	path    *Path
	literal value.Value
	pattern *regexp.Regexp
}

// filter reads "( ... )" after "?".
func (c *cursor) filter() (*test, error) {
	c.space()
	if c.peek() != '(' {
		return nil, c.fail("a filter is put in parentheses")
	}
	return c.primary()
}

func (c *cursor) joined(op string, next func() (*test, error)) (*test, error) {
	first, err := next()
	if err != nil {
		return nil, err
	}
	parts := []*test{first}
	for c.space(); c.take(op); c.space() {
		t, err := next()
		if err != nil {
			return nil, err
		}
		parts = append(parts, t)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return &test{op: op, parts: parts}, nil
}

func (c *cursor) or() (*test, error)  { return c.joined("||", c.and) }
func (c *cursor) and() (*test, error) { return c.joined("&&", c.primary) }

func (c *cursor) primary() (*test, error) {
	if c.depth++; c.depth > maxDepth {
		return nil, c.fail("filters nest at most %d deep", maxDepth)
	}
	defer func() { c.depth-- }()
	c.space()
	if c.take("!") {
		t, err := c.primary()
		if err != nil {
			return nil, err
		}
		return &test{op: "!", parts: []*test{t}}, nil
	}
	if !c.take("(") {
		return c.comparison()
	}
	t, err := c.or()
	if err != nil {
		return nil, err
	}
	c.space()
	if !c.take(")") {
		return nil, c.fail("\")\" is missing")
	}
	return t, nil
}

var comparisons = []string{"==", "!=", "<=", ">=", "=~", "<", ">", "contains ", "size ", "empty ", "nin ", "in "}

func (c *cursor) comparison() (*test, error) {
	left, err := c.operand()
	if err != nil {
		return nil, err
	}
	c.space()
	for _, op := range comparisons {
		if !c.take(op) {
			continue
		}
		right, err := c.operand()
		if err != nil {
			return nil, err
		}
		return &test{op: strings.TrimSpace(op), left: left, right: right}, nil
	}
	if left.path == nil {
		return nil, c.fail("a comparison is missing")
	}
	return &test{op: "exists", left: left}, nil
}

func (c *cursor) operand() (operand, error) {
	c.space()
	switch b := c.peek(); {
	case b == '@' || b == '$':
		p, err := c.path(true)
		return operand{path: p}, err
	case b == '\'' || b == '"':
		s, err := c.quoted()
		return operand{literal: value.String(s)}, err
	case b == '/':
		return c.regexp()
	case b == '[' || b == '{':
		return c.json()
	case c.take("true"):
		return operand{literal: value.Bool(true)}, nil
	case c.take("false"):
		return operand{literal: value.Bool(false)}, nil
	case c.take("null"):
		return operand{literal: value.Null()}, nil
	}
	n, err := c.number()
	return operand{literal: n}, err
}

func (c *cursor) number() (value.Value, error) {
	begin := c.pos
	for c.pos < len(c.text) && strings.IndexByte("+-.0123456789eE", c.text[c.pos]) >= 0 {
		c.pos++
	}
	n, err := value.NumberText(c.text[begin:c.pos])
	if err != nil {
		return value.Value{}, c.fail("a value is missing")
	}
	return n, nil
}

// regexp reads /pattern/ with an optional i; it must match the whole text.
func (c *cursor) regexp() (operand, error) {
	c.pos++
	end := strings.IndexByte(c.text[c.pos:], '/')
	if end < 0 {
		return operand{}, c.fail("a pattern is not closed")
	}
	source := "^(?:" + c.text[c.pos:c.pos+end] + ")$"
	c.pos += end + 1
	if c.take("i") {
		source = "(?i)" + source
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return operand{}, c.fail("%v", err)
	}
	return operand{pattern: re}, nil
}

// json reads an array or object literal; texts in it may have single quotes.
func (c *cursor) json() (operand, error) {
	begin, depth := c.pos, 0
	for c.pos < len(c.text) {
		switch c.text[c.pos] {
		case '\'', '"':
			if _, err := c.quoted(); err != nil {
				return operand{}, err
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		c.pos++
		if depth == 0 {
			break
		}
	}
	text := c.text[begin:c.pos]
	v, err := value.Decode([]byte(text), value.Limits{Depth: maxDepth})
	if err != nil {
		v, err = value.Decode([]byte(strings.ReplaceAll(text, "'", `"`)), value.Limits{Depth: maxDepth})
	}
	if err != nil {
		return operand{}, c.fail("%v", err)
	}
	return operand{literal: v}, nil
}

func (t *test) variables(each func(string)) {
	for _, p := range t.parts {
		p.variables(each)
	}
	for _, o := range []operand{t.left, t.right} {
		if o.path != nil {
			o.path.variables(each)
		}
	}
}

// holds tells whether item passes.
func (t *test) holds(w *walk, item value.Value) (bool, error) {
	switch t.op {
	case "&&", "||":
		for _, p := range t.parts {
			ok, err := p.holds(w, item)
			if err != nil || ok == (t.op == "||") {
				return ok, err
			}
		}
		return t.op == "&&", nil
	case "!":
		ok, err := t.parts[0].holds(w, item)
		return !ok, err
	}
	left, err := t.left.eval(w, item)
	if err != nil || t.op == "exists" {
		return !left.IsUndefined(), err
	}
	right, err := t.right.eval(w, item)
	if err != nil {
		return false, err
	}
	return t.compare(left, right), nil
}

// eval is the operand's value; undefined if its path selects nothing.
func (o *operand) eval(w *walk, item value.Value) (value.Value, error) {
	if o.path == nil {
		return o.literal, nil
	}
	root := item
	if o.path.root != rootItem {
		root = w.scope.root(o.path)
	}
	sub := &walk{path: o.path, scope: w.scope, visits: w.visits}
	v, err := sub.eval(root)
	w.visits = sub.visits
	if err != nil && w.visits <= maxVisits {
		return value.Value{}, nil
	}
	return v, err
}

func (t *test) compare(l, r value.Value) bool {
	switch t.op {
	case "==":
		return same(l, r)
	case "!=":
		return !same(l, r)
	case "=~":
		return t.right.pattern != nil && l.Kind() == value.KindString && t.right.pattern.MatchString(l.Str())
	case "in", "nin":
		return has(r, l) == (t.op == "in")
	case "contains":
		if l.Kind() == value.KindString {
			return r.Kind() == value.KindString && strings.Contains(l.Str(), r.Str())
		}
		return has(l, r)
	case "size":
		return float64(length(l)) == r.Float() && r.Kind() == value.KindNumber
	case "empty":
		return (length(l) == 0) == r.Bool() && r.Kind() == value.KindBool
	}
	if l.Kind() != r.Kind() {
		return false
	}
	var d int
	switch l.Kind() {
	case value.KindNumber:
		d = compareFloats(l.Float(), r.Float())
	case value.KindString:
		d = strings.Compare(l.Str(), r.Str())
	default:
		return false
	}
	return t.op == "<" && d < 0 || t.op == "<=" && d <= 0 || t.op == ">" && d > 0 || t.op == ">=" && d >= 0
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// same is equality as the library has it: a number also equals a text that spells it.
func same(l, r value.Value) bool {
	switch {
	case l.Kind() == value.KindNumber && r.Kind() == value.KindString:
		f, err := strconv.ParseFloat(r.Str(), 64)
		return err == nil && f == l.Float()
	case l.Kind() == value.KindString && r.Kind() == value.KindNumber:
		return l.Str() == string(r.Append(nil))
	}
	return value.Equal(l, r)
}

func has(list, item value.Value) bool {
	for _, v := range list.Items() {
		if value.Equal(v, item) {
			return true
		}
	}
	return false
}

// length is the number of items, members or bytes; -1 for what has none.
func length(v value.Value) int {
	switch v.Kind() {
	case value.KindArray, value.KindObject:
		return v.Len()
	case value.KindString:
		return len(v.Str())
	}
	return -1
}
