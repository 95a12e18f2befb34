package jsonata

import (
	"math"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

func (b *builtins) addPatterns() {
	b.add("match", "<s-f<s:o>n?:a<o>>", 3, 3, fnMatch)
	b.add("contains", "<s-(sf):b>", 2, 2, fnContains)
	b.add("replace", "<s-(sf)(sf)n?:s>", 4, 4, fnReplace)
	b.add("split", "<s-(sf)n?:a<s>>", 3, 3, fnSplit)
}

// regex compiles a regular expression: a function that finds the first match, which leads to the next.
func (c *compiler) regex(n *node) evalFn {
	re, pos := n.re, n.pos
	return func(*run, Value, *frame) (Value, error) {
		fn := &function{arity: 2, re: re, pos: pos}
		fn.native = func(r *run, args []Value) (Value, error) {
			s := undefinedText(at(args, 0))
			return matchFrom(newMatcher(r, re, s), clampInt(at(args, 1).Float()), pos)
		}
		return fn.value(), nil
	}
}

// matchFrom gives the object a regular expression makes of a match: its text, where it is, and how to get the next.
func matchFrom(m *matcher, from, pos int) (Value, error) {
	found, err := m.find(max(from, 0))
	if err != nil || !found {
		return Value{}, err
	}
	o := value.NewObject(5)
	o.Set("match", value.String(m.in.slice(m.caps[0], m.caps[1])))
	o.Set("start", value.Number(float64(m.caps[0])))
	o.Set("end", value.Number(float64(m.caps[1])))
	o.Set("groups", value.Array(m.captured()...))
	end := m.caps[1]
	next := &function{native: func(r *run, _ []Value) (Value, error) {
		if end >= m.in.n {
			return Value{}, nil
		}
		v, err := matchFrom(m, end, pos)
		if err == nil && v.Has("match") && v.Get("match").Str() == "" {
			err = &Error{Code: "D1004", Position: pos, Value: value.String(m.re.source)}
		}
		return v, err
	}}
	o.Set("next", next.value())
	return value.FromObject(o), m.run.spend(objectBytes + 5*memberBytes)
}

func (m *matcher) captured() []Value {
	out := make([]Value, m.re.groups)
	for i := range out {
		if from, to := m.caps[2*i+2], m.caps[2*i+3]; from >= 0 && to >= 0 {
			out[i] = value.String(m.in.slice(from, to))
		}
	}
	return out
}

// hit is one match, from a regular expression or from a function that stands in for one.
type hit struct {
	text   string
	start  int
	end    int
	groups []Value
	next   *function
}

// hits calls each for every match until it returns false.
func (r *run) hits(pattern Value, s string, each func(h hit) (bool, error)) error {
	fn := asFunction(pattern)
	if re := regexOf(fn); re != nil {
		return r.regexHits(re, s, each)
	}
	res, err := r.invokeAll(fn, []Value{value.String(s)})
	for {
		if err != nil {
			return err
		}
		if res.IsUndefined() {
			return nil
		}
		h, err2 := asHit(res)
		if err2 != nil {
			return err2
		}
		more, err2 := each(h)
		if err2 != nil {
			return err2
		}
		if h.next == nil {
			return &Error{Code: "T1010"}
		}
		if res, err = r.invokeAll(h.next, nil); err == nil && !more {
			return nil
		}
	}
}

// regexOf is the regular expression behind a function, or nil.
func regexOf(fn *function) *function {
	for fn != nil && fn.wrapped != nil && !fn.partial {
		fn = fn.wrapped
	}
	if fn == nil || fn.re == nil || fn.partial {
		return nil
	}
	return fn
}

func (r *run) regexHits(fn *function, s string, each func(h hit) (bool, error)) error {
	m := newMatcher(r, fn.re, s)
	for from, first := 0, true; ; first = false {
		if !first && from >= m.in.n {
			return nil
		}
		found, err := m.find(from)
		if err != nil || !found {
			return err
		}
		if !first && m.caps[0] == m.caps[1] {
			return &Error{Code: "D1004", Position: fn.pos, Value: value.String(fn.re.source)}
		}
		if err := r.spend(valueBytes * (4 + m.re.groups)); err != nil {
			return err
		}
		from = m.caps[1]
		more, err := each(hit{text: m.in.slice(m.caps[0], m.caps[1]), start: m.caps[0], end: m.caps[1], groups: m.captured()})
		if err != nil {
			return err
		}
		if !more && from < m.in.n { // the reference looks for the next match before it stops
			found, err := m.find(from)
			if err == nil && found && m.caps[0] == m.caps[1] {
				err = &Error{Code: "D1004", Position: fn.pos, Value: value.String(fn.re.source)}
			}
			return err
		}
		if !more {
			return nil
		}
	}
}

// asHit reads the object a matcher function returned.
func asHit(v Value) (hit, error) {
	next := asFunction(v.Get("next"))
	if isSomething(v) && v.Get("start").Kind() != value.KindNumber && v.Get("groups").Kind() != value.KindArray && next == nil {
		return hit{}, &Error{Code: "T1010"}
	}
	return hit{text: v.Get("match").Str(), start: clampInt(v.Get("start").Float()), end: clampInt(v.Get("end").Float()),
		groups: v.Get("groups").Items(), next: next}, nil
}

// limitOf reads a limit argument: -1 when there is none.
func limitOf(v Value, code string, index int) (int, error) {
	if v.IsUndefined() {
		return -1, nil
	}
	if v.Float() < 0 {
		return 0, failIndex(code, v, index)
	}
	return clampInt(math.Ceil(v.Float())), nil
}

func fnMatch(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	limit, err := limitOf(args[2], "D3040", 3)
	if err != nil {
		return Value{}, err
	}
	var out []Value
	if limit != 0 && asFunction(args[1]) != nil {
		err = r.hits(args[1], args[0].Str(), func(h hit) (bool, error) {
			o := value.NewObject(3)
			o.Set("match", value.String(h.text))
			o.Set("index", value.Number(float64(h.start)))
			o.Set("groups", value.Array(h.groups...))
			out = append(out, value.FromObject(o))
			return limit < 0 || len(out) < limit, r.spend(objectBytes + 3*memberBytes)
		})
	}
	return value.Array(out...).WithTags(tagSequence), err
}

func fnContains(r *run, args []Value) (Value, error) {
	s, token := args[0], args[1]
	if s.IsUndefined() || token.IsUndefined() && r.program.options.Version >= V2_2 {
		return Value{}, nil
	}
	if err := r.burn(len(s.Str()) >> 8); err != nil {
		return Value{}, err
	}
	if token.Kind() == value.KindString {
		return value.Bool(strings.Contains(s.Str(), token.Str())), nil
	}
	fn := asFunction(token)
	if fn == nil {
		return Value{}, &Error{Code: "T1006"}
	}
	if re := regexOf(fn); re != nil {
		found, err := newMatcher(r, re.re, s.Str()).find(0)
		return value.Bool(found), err
	}
	res, err := r.invokeAll(fn, []Value{s})
	if err == nil && !res.IsUndefined() {
		_, err = asHit(res)
	}
	return value.Bool(!res.IsUndefined()), err
}

func fnSplit(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s := args[0].Str()
	limit, err := limitOf(args[2], "D3020", 3)
	if err != nil {
		return Value{}, err
	}
	var out []Value
	if limit == 0 {
		return value.Array(), nil
	}
	if asFunction(args[1]) == nil {
		if !args[2].IsUndefined() {
			limit = clampInt(args[2].Float()) // JavaScript's own split rounds down
		}
		return r.splitText(s, args[1], limit)
	}
	in := newSubject(s)
	start := 0
	err = r.hits(args[1], s, func(h hit) (bool, error) {
		out = append(out, value.String(in.slice(clamp(start, in.n), clamp(h.start, in.n))))
		start = h.end
		return limit < 0 || len(out) < limit, r.spend(valueBytes)
	})
	if limit < 0 || len(out) < limit {
		out = append(out, value.String(in.slice(clamp(start, in.n), in.n)))
	}
	return value.Array(out...), err
}

func clamp(i, n int) int { return max(min(i, n), 0) }

func (r *run) splitText(s string, by Value, limit int) (Value, error) {
	var out []Value
	if by.IsUndefined() {
		return value.Array(value.String(s)), nil
	}
	if by.Str() == "" {
		in := newSubject(s)
		if err := r.spendItems(in.n); err != nil {
			return Value{}, err
		}
		for i := 0; i < in.n && (limit < 0 || i < limit); i++ {
			out = append(out, value.String(in.slice(i, i+1)))
		}
		return value.Array(out...), nil
	}
	for limit < 0 || len(out) < limit {
		head, tail, more := strings.Cut(s, by.Str())
		out = append(out, value.String(head))
		if err := r.spend(valueBytes + len(head)>>8); err != nil {
			return Value{}, err
		}
		if !more {
			break
		}
		s = tail
	}
	return value.Array(out...), nil
}

func fnReplace(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s, pattern, with := args[0].Str(), args[1], args[2]
	if pattern.Kind() == value.KindString && pattern.Str() == "" {
		return Value{}, failIndex("D3010", pattern, 2)
	}
	limit, err := limitOf(args[3], "D3011", 4)
	if err != nil {
		return Value{}, err
	}
	if limit == 0 {
		return args[0], nil
	}
	if asFunction(pattern) == nil {
		return r.replaceText(s, undefinedText(pattern), with, limit)
	}
	in := newSubject(s)
	var b strings.Builder
	last, count := 0, 0
	err = r.hits(pattern, s, func(h hit) (bool, error) {
		b.WriteString(in.slice(min(last, clamp(h.start, in.n)), clamp(h.start, in.n)))
		text, err := r.replacement(h, with)
		if err != nil {
			return false, err
		}
		b.WriteString(text)
		last = clamp(h.start+unitLen(h.text), in.n)
		count++
		if b.Len() > r.maxSize {
			return false, r.spend(b.Len())
		}
		return limit < 0 || count < limit, nil
	})
	if err != nil {
		return Value{}, err
	}
	if count == 0 {
		return args[0], nil
	}
	b.WriteString(in.slice(last, in.n))
	return r.text(joinSurrogates(b.String()))
}

func (r *run) replaceText(s, old string, with Value, limit int) (Value, error) {
	text := undefinedText(with)
	n := strings.Count(s, old)
	if limit >= 0 {
		n = min(n, limit)
	}
	if err := r.spend(len(s) + n*max(len(text)-len(old), 0)); err != nil {
		return Value{}, err
	}
	return value.String(strings.Replace(s, old, text, limit)), nil
}

// replacement is what a match is replaced with: what a function says, or a text with $1 and the like filled in.
func (r *run) replacement(h hit, with Value) (string, error) {
	if fn := asFunction(with); fn != nil {
		o := value.NewObject(5)
		o.Set("match", value.String(h.text))
		o.Set("start", value.Number(float64(h.start)))
		o.Set("end", value.Number(float64(h.end)))
		o.Set("groups", value.Array(h.groups...))
		v, err := r.invokeAll(fn, []Value{value.FromObject(o)})
		if err != nil {
			return "", err
		}
		if v.Kind() != value.KindString {
			return "", fail("D3012", v)
		}
		return v.Str(), nil
	}
	return expand(with.Str(), h), nil
}

// expand fills a replacement text in: $$ is a dollar, $0 the match, $n a group, of as many digits as there can be.
func expand(text string, h hit) string {
	digits := 1
	for n := len(h.groups); n >= 10; n /= 10 {
		digits++
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		if text != "" && text[0] == '$' {
			b.WriteByte('$')
			text = text[1:]
			continue
		}
		if text != "" && text[0] == '0' {
			b.WriteString(h.text)
			text = text[1:]
			continue
		}
		n, ok := leadingInt(text, digits)
		if ok && digits > 1 && n > len(h.groups) {
			n, ok = leadingInt(text, digits-1)
		}
		if !ok {
			b.WriteByte('$')
			continue
		}
		if n >= 1 && n <= len(h.groups) {
			b.WriteString(h.groups[n-1].Str())
		}
		text = text[min(len(strconv.Itoa(n)), len(text)):]
	}
}

// leadingInt reads an integer of at most so many digits.
func leadingInt(s string, digits int) (int, bool) {
	n, i := 0, 0
	for i < digits && i < len(s) && s[i]-'0' <= 9 {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, i > 0
}
