package jsonata

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/asl/value"
)

// tokenKind is what the lexer tells apart.
type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokName
	tokVariable
	tokOperator
	tokString
	tokNumber
	tokValue // true, false, null
	tokRegex
)

type token struct {
	kind tokenKind
	text string      // operator, name or variable without $
	lit  value.Value // string, number, true, false, null
	re   *regex
	pos  int // in UTF-16 units, behind the token
}

// lexer cuts the source into tokens on demand: whether a slash starts a regular expression is the parser's knowledge.
type lexer struct {
	src     string
	i       int // in bytes
	units   []int32
	version Version
}

func newLexer(src string, v Version) *lexer {
	l := &lexer{src: src, version: v}
	for i := range len(src) {
		if src[i] >= utf8.RuneSelf {
			l.units = unitOffsets(src)
			break
		}
	}
	return l
}

// unitOffsets maps every byte offset to the offset in UTF-16 units.
func unitOffsets(s string) []int32 {
	m := make([]int32, len(s)+1)
	n := int32(0)
	for i := 0; i < len(s); {
		_, size, units := decodeUnit(s[i:])
		for j := range size {
			m[i+j] = n
		}
		n += int32(units)
		i += size
	}
	m[len(s)] = n
	return m
}

// at converts a byte offset, which may lie behind the end, into a position.
func (l *lexer) at(i int) int {
	if l.units == nil {
		return i
	}
	if i > len(l.src) {
		return int(l.units[len(l.src)]) + i - len(l.src)
	}
	return int(l.units[i])
}

func (l *lexer) fail(code string, i int) *Error { return &Error{Code: code, Position: l.at(i)} }

func (l *lexer) peek(k int) byte {
	if l.i+k < len(l.src) {
		return l.src[l.i+k]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' }

// isOperator marks the characters that are operators and so end a name.
var isOperator = func() (t [256]bool) {
	for _, c := range []byte(".[]{}(),@#;:?+-*/%|=<>^&!~") {
		t[c] = true
	}
	return t
}()

var twoByteOperators = [...]string{"..", ":=", "!=", ">=", "<=", "**", "~>"}

// next returns the next token. After a complete operand (infix) a slash divides, elsewhere it opens a regex.
func (l *lexer) next(infix bool) (token, *Error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	if l.i >= len(l.src) {
		return token{kind: tokEnd, text: "(end)", pos: l.at(len(l.src))}, nil
	}
	c := l.src[l.i]
	if c == '/' && !infix {
		l.i++
		return l.regex()
	}
	if l.i+1 < len(l.src) {
		two := l.src[l.i : l.i+2]
		for _, op := range twoByteOperators {
			if two == op {
				return l.operator(2), nil
			}
		}
		if l.version >= V2_2 && (two == "??" || two == "?:") {
			return l.operator(2), nil
		}
	}
	switch {
	case isOperator[c]:
		return l.operator(1), nil
	case c == '"' || c == '\'':
		return l.string(c)
	case c >= '0' && c <= '9':
		return l.number()
	case c == '`':
		return l.quotedName()
	}
	return l.name(), nil
}

// skip passes blanks and comments.
func (l *lexer) skip() *Error {
	for {
		for l.i < len(l.src) && isSpace(l.src[l.i]) {
			l.i++
		}
		if l.peek(0) != '/' || l.peek(1) != '*' {
			return nil
		}
		end := strings.Index(l.src[l.i+2:], "*/")
		if end < 0 {
			return l.fail("S0106", l.i)
		}
		l.i += 2 + end + 2
	}
}

func (l *lexer) operator(n int) token {
	l.i += n
	return token{kind: tokOperator, text: l.src[l.i-n : l.i], pos: l.at(l.i)}
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (l *lexer) string(quote byte) (token, *Error) {
	l.i++
	var buf []byte
	for l.i < len(l.src) {
		c := l.src[l.i]
		switch {
		case c == quote:
			l.i++
			return token{kind: tokString, lit: value.String(joinSurrogates(string(buf))), pos: l.at(l.i)}, nil
		case c != '\\':
			buf = append(buf, c)
		default:
			l.i++
			e := l.peek(0)
			if to, ok := escapes[e]; ok {
				buf = append(buf, to)
			} else if e == 'u' {
				digits := l.src[l.i+1 : min(l.i+5, len(l.src))]
				unit, err := strconv.ParseUint(digits, 16, 16)
				if err != nil || strings.ContainsAny(digits, "+-_") {
					return token{}, l.fail("S0104", l.i)
				}
				buf = value.AppendUnit(buf, uint16(unit))
				l.i += 4
			} else {
				_, size, _ := decodeUnit(l.src[l.i:])
				err := l.fail("S0103", l.i)
				err.setToken(l.src[l.i : l.i+size])
				return token{}, err
			}
		}
		l.i++
	}
	return token{}, l.fail("S0101", l.i)
}

func (l *lexer) digits(i int) int {
	for i < len(l.src) && l.src[i]-'0' <= 9 {
		i++
	}
	return i
}

func (l *lexer) number() (token, *Error) {
	start, i := l.i, l.i+1
	if l.src[start] != '0' {
		i = l.digits(i)
	}
	if i < len(l.src) && l.src[i] == '.' {
		if end := l.digits(i + 1); end > i+1 {
			i = end
		}
	}
	if i < len(l.src) && (l.src[i] == 'e' || l.src[i] == 'E') {
		j := i + 1
		if j < len(l.src) && (l.src[j] == '+' || l.src[j] == '-') {
			j++
		}
		if end := l.digits(j); end > j {
			i = end
		}
	}
	text := l.src[start:i]
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && f-f != 0 {
		bad := l.fail("S0102", start)
		bad.setToken(text)
		return token{}, bad
	}
	l.i = i
	return token{kind: tokNumber, lit: value.Number(f), pos: l.at(i)}, nil
}

func (l *lexer) quotedName() (token, *Error) {
	start := l.i + 1
	end := strings.IndexByte(l.src[start:], '`')
	if end < 0 {
		l.i = len(l.src)
		return token{}, l.fail("S0105", l.i)
	}
	l.i = start + end + 1
	return token{kind: tokName, text: l.src[start : start+end], pos: l.at(l.i)}, nil
}

func (l *lexer) name() token {
	start := l.i
	for l.i < len(l.src) && !isSpace(l.src[l.i]) && !isOperator[l.src[l.i]] {
		l.i++
	}
	text := l.src[start:l.i]
	t := token{kind: tokName, text: text, pos: l.at(l.i)}
	if text[0] == '$' {
		t.kind, t.text = tokVariable, text[1:]
		return t
	}
	switch text {
	case "or", "in", "and":
		t.kind = tokOperator
	case "true":
		t.kind, t.lit = tokValue, value.Bool(true)
	case "false":
		t.kind, t.lit = tokValue, value.Bool(false)
	case "null":
		t.kind, t.lit = tokValue, value.Null()
	}
	return t
}

// regex reads the pattern behind an opening slash. A slash inside brackets of any kind does not close it.
func (l *lexer) regex() (token, *Error) {
	start, depth := l.i, 0
	for ; l.i < len(l.src); l.i++ {
		c := l.src[l.i]
		escaped := l.i > 0 && l.src[l.i-1] == '\\'
		switch {
		case c == '/' && depth == 0 && !l.oddBackslashes(l.i):
			return l.closeRegex(start)
		case (c == '(' || c == '[' || c == '{') && !escaped:
			depth++
		case (c == ')' || c == ']' || c == '}') && !escaped:
			depth--
		}
	}
	return token{}, l.fail("S0302", l.i)
}

func (l *lexer) oddBackslashes(i int) bool {
	n := 0
	for i-n > 0 && l.src[i-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

func (l *lexer) closeRegex(start int) (token, *Error) {
	pattern := l.src[start:l.i]
	if pattern == "" {
		return token{}, l.fail("S0301", l.i)
	}
	l.i++
	flags := l.i
	for l.i < len(l.src) && (l.src[l.i] == 'i' || l.src[l.i] == 'm') {
		l.i++
	}
	re, reason := compileRegex(pattern, l.src[flags:l.i])
	if reason != "" {
		err := l.fail("S0303", l.i)
		err.extra = "/" + pattern + "/: " + reason
		return token{}, err
	}
	return token{kind: tokRegex, re: re, pos: l.at(l.i)}, nil
}
