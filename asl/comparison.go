package asl

import (
	"strings"
	"time"
	"unicode/utf16"

	"github.com/perdure/perdure/asl/value"
)

// operator is a comparison of a Choice rule. What does not fit the operator's type compares false, it is no error.
type operator struct {
	kind value.Kind // of the operand
	test func(v, operand value.Value) bool
}

// comparisons are the operators by name, without those ending in Path.
var comparisons = func() map[string]*operator {
	m := map[string]*operator{
		"BooleanEquals": {value.KindBool, func(v, o value.Value) bool {
			return v.Kind() == value.KindBool && o.Kind() == value.KindBool && v.Bool() == o.Bool()
		}},
		"StringMatches": {value.KindString, func(v, o value.Value) bool {
			return v.Kind() == value.KindString && wildcard(v.Str(), o.Str())
		}},
		"IsPresent": {value.KindBool, nil},
	}
	for name, is := range map[string]func(value.Value) bool{
		"IsNull":      value.Value.IsNull,
		"IsNumeric":   func(v value.Value) bool { return v.Kind() == value.KindNumber },
		"IsString":    func(v value.Value) bool { return v.Kind() == value.KindString },
		"IsBoolean":   func(v value.Value) bool { return v.Kind() == value.KindBool },
		"IsTimestamp": isTimestamp,
	} {
		m[name] = &operator{value.KindBool, func(v, o value.Value) bool { return is(v) == o.Bool() }}
	}
	orders := map[string]func(int) bool{
		"Equals":            func(c int) bool { return c == 0 },
		"LessThan":          func(c int) bool { return c < 0 },
		"GreaterThan":       func(c int) bool { return c > 0 },
		"LessThanEquals":    func(c int) bool { return c <= 0 },
		"GreaterThanEquals": func(c int) bool { return c >= 0 },
	}
	for suffix, holds := range orders {
		ordered := func(compare func(a, b value.Value) (int, bool)) func(v, o value.Value) bool {
			return func(v, o value.Value) bool {
				c, ok := compare(v, o)
				return ok && holds(c)
			}
		}
		m["String"+suffix] = &operator{value.KindString, ordered(compareStrings)}
		m["Numeric"+suffix] = &operator{value.KindNumber, ordered(compareNumbers)}
		m["Timestamp"+suffix] = &operator{value.KindString, ordered(compareTimes)}
	}
	return m
}()

func compareNumbers(a, b value.Value) (int, bool) {
	if a.Kind() != value.KindNumber || b.Kind() != value.KindNumber {
		return 0, false
	}
	i, exactI := a.Int64()
	j, exactJ := b.Int64()
	if exactI && exactJ {
		return order(i, j), true
	}
	return order(a.Float(), b.Float()), true
}

func order[T int64 | float64 | uint16](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareStrings goes by UTF-16 code units.
func compareStrings(a, b value.Value) (int, bool) {
	if a.Kind() != value.KindString || b.Kind() != value.KindString {
		return 0, false
	}
	s, t := a.Str(), b.Str()
	if ascii(s) && ascii(t) {
		return strings.Compare(s, t), true
	}
	u, w := utf16.Encode([]rune(s)), utf16.Encode([]rune(t))
	for i := range min(len(u), len(w)) {
		if c := order(u[i], w[i]); c != 0 {
			return c, true
		}
	}
	return order(int64(len(u)), int64(len(w))), true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func compareTimes(a, b value.Value) (int, bool) {
	t, ok := parseTimestamp(a.Str())
	if !ok {
		return 0, false
	}
	u, ok := parseTimestamp(b.Str())
	if !ok {
		return 0, false
	}
	return t.Compare(u), true
}

func isTimestamp(v value.Value) bool {
	_, ok := parseTimestamp(v.Str())
	return ok
}

// parseTimestamp reads an ISO-8601 extended offset date-time: with T, with Z or an offset, fraction optional.
func parseTimestamp(s string) (time.Time, bool) {
	if len(s) < 20 || len(s) > 64 || s[10] != 'T' || strings.ContainsRune(s, ',') {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// isoTime prints a time as the context object has it: UTC, the fraction without trailing zeros.
func isoTime(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z07:00")
}

// wildcard matches s with a pattern in which * stands for any run and \ takes the next character as it is.
func wildcard(s, pattern string) bool {
	type token struct {
		c   byte
		any bool
	}
	var p []token
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			p = append(p, token{c: pattern[i]})
		default:
			p = append(p, token{c: c, any: c == '*'})
		}
	}
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case j < len(p) && p[j].any:
			star, mark = j, i
			j++
		case j < len(p) && p[j].c == s[i]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j].any {
		j++
	}
	return j == len(p)
}
