package logs

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Filter patterns come in two forms that are known here: terms (`ERROR "two words" -without ?either ?or`), and a condition
// on the members of JSON events (`{ $.level = "ERROR" && ($.status >= 500 || $.cause NOT EXISTS) }`). The third form, on
// space-delimited fields (`[ip, user, ...]`), and regular expressions are refused.

const maxPattern = 1024

// matcher tells whether a message matches.
type matcher func(message string) bool

// compile reads a filter pattern.
func compile(pattern string) (matcher, error) {
	if utf8.RuneCountInString(pattern) > maxPattern {
		return nil, invalid("1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024")
	}
	p := strings.TrimSpace(pattern)
	switch {
	case p == "":
		return func(string) bool { return true }, nil
	case p[0] == '{':
		return compileJSON(p)
	case p[0] == '[', p[0] == '%':
		return nil, invalid("Invalid filter pattern: patterns for space-delimited fields and regular expressions are not supported here")
	}
	return compileTerms(p)
}

func compileTerms(p string) (matcher, error) {
	var all, none, any []string
	for p = strings.TrimSpace(p); p != ""; p = strings.TrimSpace(p) {
		to := &all
		switch p[0] {
		case '-':
			to, p = &none, p[1:]
		case '?':
			to, p = &any, p[1:]
		}
		if p == "" {
			return nil, invalid("Invalid filter pattern")
		}
		var term string
		if p[0] == '"' {
			end := closing(p)
			if end < 0 {
				return nil, invalid("Invalid filter pattern")
			}
			term, p = strings.ReplaceAll(p[1:end], `\"`, `"`), p[end+1:]
		} else if end := strings.IndexAny(p, " \t\n"); end >= 0 {
			term, p = p[:end], p[end:]
		} else {
			term, p = p, ""
		}
		*to = append(*to, term)
	}
	return func(m string) bool {
		for _, t := range all {
			if !strings.Contains(m, t) {
				return false
			}
		}
		for _, t := range none {
			if strings.Contains(m, t) {
				return false
			}
		}
		if len(any) == 0 || len(all) > 0 { // as AWS has it, "?" counts only among themselves
			return true
		}
		for _, t := range any {
			if strings.Contains(m, t) {
				return true
			}
		}
		return false
	}, nil
}

// closing finds the quote that ends the string which p begins with; -1 if there is none.
func closing(p string) int {
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// condition is a node of a JSON pattern.
type condition func(v any) bool

func compileJSON(p string) (matcher, error) {
	x := &parser{rest: p}
	c, ok := x.braces()
	if !ok {
		return nil, invalid("Invalid filter pattern")
	}
	return func(m string) bool {
		if !strings.HasPrefix(strings.TrimSpace(m), "{") {
			return false
		}
		d := json.NewDecoder(strings.NewReader(m))
		d.UseNumber()
		var v any
		return d.Decode(&v) == nil && c(v)
	}, nil
}

// parser reads a JSON pattern by descent. Its depth is bounded by the length of a pattern.
type parser struct{ rest string }

func (x *parser) space() { x.rest = strings.TrimLeft(x.rest, " \t\r\n") }

func (x *parser) take(s string) bool {
	x.space()
	rest, ok := strings.CutPrefix(x.rest, s)
	if ok {
		x.rest = rest
	}
	return ok
}

func (x *parser) braces() (condition, bool) {
	if !x.take("{") {
		return nil, false
	}
	c, ok := x.or()
	if !ok || !x.take("}") {
		return nil, false
	}
	x.space()
	return c, x.rest == ""
}

func (x *parser) or() (condition, bool) {
	a, ok := x.and()
	for ok && x.take("||") {
		var b condition
		left := a
		if b, ok = x.and(); ok {
			a = func(v any) bool { return left(v) || b(v) }
		}
	}
	return a, ok
}

func (x *parser) and() (condition, bool) {
	a, ok := x.term()
	for ok && x.take("&&") {
		var b condition
		left := a
		if b, ok = x.term(); ok {
			a = func(v any) bool { return left(v) && b(v) }
		}
	}
	return a, ok
}

func (x *parser) term() (condition, bool) {
	if x.take("(") {
		c, ok := x.or()
		return c, ok && x.take(")")
	}
	path, ok := x.path()
	if !ok {
		return nil, false
	}
	for word, test := range map[string]func(v any, there bool) bool{
		"IS NULL":    func(v any, there bool) bool { return there && v == nil },
		"IS TRUE":    func(v any, _ bool) bool { return v == true },
		"IS FALSE":   func(v any, _ bool) bool { return v == false },
		"NOT EXISTS": func(_ any, there bool) bool { return !there },
		"EXISTS":     func(_ any, there bool) bool { return there },
	} {
		if x.take(word) {
			return func(v any) bool { return test(follow(v, path)) }, true
		}
	}
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if x.take(op) {
			c, ok := x.value(op)
			return func(v any) bool { w, there := follow(v, path); return there && c(w) }, ok
		}
	}
	return nil, false
}

// path reads "$.a.b[0]['c']".
func (x *parser) path() ([]string, bool) {
	if !x.take("$") {
		return nil, false
	}
	var path []string
	for {
		switch {
		case strings.HasPrefix(x.rest, "."):
			end := strings.IndexFunc(x.rest[1:], func(r rune) bool { return strings.ContainsRune(" \t\r\n.[]=!<>(){}&|", r) }) + 1
			if end <= 1 {
				return nil, false
			}
			path, x.rest = append(path, x.rest[1:end]), x.rest[end:]
		case strings.HasPrefix(x.rest, "["):
			end := strings.IndexByte(x.rest, ']')
			if end < 2 {
				return nil, false
			}
			path, x.rest = append(path, strings.Trim(x.rest[1:end], `"'`)), x.rest[end+1:]
		default:
			return path, len(path) > 0
		}
	}
}

// value reads what follows a comparison.
func (x *parser) value(op string) (condition, bool) {
	x.space()
	var word string
	if strings.HasPrefix(x.rest, `"`) {
		end := closing(x.rest)
		if end < 0 {
			return nil, false
		}
		word, x.rest = strings.ReplaceAll(x.rest[1:end], `\"`, `"`), x.rest[end+1:]
	} else {
		end := strings.IndexAny(x.rest, " \t\r\n)}&|")
		if end < 1 {
			return nil, false
		}
		word, x.rest = x.rest[:end], x.rest[end:]
		if n, err := strconv.ParseFloat(word, 64); err == nil {
			return numeric(op, n), true
		}
	}
	switch op {
	case "=":
		return func(v any) bool { s, ok := text(v); return ok && wild(word, s) }, true
	case "!=":
		return func(v any) bool { s, ok := text(v); return !ok || !wild(word, s) }, true
	}
	return nil, false
}

func numeric(op string, n float64) condition {
	return func(v any) bool {
		num, ok := v.(json.Number)
		f, err := num.Float64()
		if !ok || err != nil {
			return op == "!="
		}
		switch op {
		case "=":
			return f == n
		case "!=":
			return f != n
		case "<":
			return f < n
		case "<=":
			return f <= n
		case ">":
			return f > n
		}
		return f >= n
	}
}

func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// wild compares with a pattern in which "*" stands for anything.
func wild(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		n := strings.Index(s, p)
		if n < 0 {
			return false
		}
		s = s[n+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

func follow(v any, path []string) (any, bool) {
	for _, p := range path {
		switch w := v.(type) {
		case map[string]any:
			next, ok := w[p]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			n, err := strconv.Atoi(p)
			if err != nil || n < 0 || n >= len(w) {
				return nil, false
			}
			v = w[n]
		default:
			return nil, false
		}
	}
	return v, true
}
