package jsonata

import (
	"math"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

func (b *builtins) addText() {
	b.add("string", "<x-b?:s>", 2, 1, fnString)
	b.add("substring", "<s-nn?:s>", 3, 3, fnSubstring)
	b.add("substringBefore", "<s-s:s>", 2, 2, fnSubstringBefore)
	b.add("substringAfter", "<s-s:s>", 2, 2, fnSubstringAfter)
	b.add("lowercase", "<s-:s>", 1, 1, textFunction(lower))
	b.add("uppercase", "<s-:s>", 1, 1, textFunction(upper))
	b.add("length", "<s-:n>", 1, 1, fnLength)
	b.add("trim", "<s-:s>", 1, 1, textFunction(trim))
	b.add("pad", "<s-ns?:s>", 3, 3, fnPad)
	b.add("join", "<a<s>s?:s>", 2, 2, fnJoin)
	b.add("base64encode", "<s-:s>", 1, 1, textFunction(base64Encode))
	b.add("base64decode", "<s-:s>", 1, 1, textFunction(base64Decode))
	b.add("encodeUrlComponent", "<s-:s>", 1, 1, urlFunction("encodeUrlComponent", encodeURL(unreserved)))
	b.add("encodeUrl", "<s-:s>", 1, 1, urlFunction("encodeUrl", encodeURL(unreserved+reserved+"#")))
	b.add("decodeUrlComponent", "<s-:s>", 1, 1, urlFunction("decodeUrlComponent", decodeURL("")))
	b.add("decodeUrl", "<s-:s>", 1, 1, urlFunction("decodeUrl", decodeURL(reserved+"#")))
}

// textFunction makes a built-in of a function from string to string.
func textFunction(f func(string) string) func(*run, []Value) (Value, error) {
	return func(r *run, args []Value) (Value, error) {
		if args[0].IsUndefined() {
			return Value{}, nil
		}
		s := args[0].Str()
		if err := r.burn(len(s) >> 6); err != nil {
			return Value{}, err
		}
		return r.text(f(s))
	}
}

func fnString(r *run, args []Value) (Value, error) {
	v := args[0]
	if v.IsUndefined() || v.Kind() == value.KindString {
		return v, nil
	}
	indent := ""
	if args[1].Bool() {
		indent = "\n"
	}
	buf, err := r.appendJSON(nil, v, indent)
	if err != nil {
		return Value{}, err
	}
	return r.text(string(buf))
}

// appendText appends what & makes of a value.
func (r *run) appendText(buf []byte, v Value) ([]byte, error) {
	switch v.Kind() {
	case value.KindUndefined:
		return buf, nil
	case value.KindString:
		return append(buf, v.Str()...), nil
	case value.KindNumber:
		f := v.Float()
		if f == math.Trunc(f) && math.Abs(f) < 1e15 {
			return strconv.AppendInt(buf, int64(f), 10), nil
		}
		if text := v.Digits(); printsItself(text) {
			return append(buf, text...), nil
		}
	}
	return r.appendJSON(buf, v, "")
}

// appendJSON appends the text $string gives: JSON with numbers of 15 digits and functions as empty strings.
func (r *run) appendJSON(buf []byte, v Value, indent string) ([]byte, error) {
	if v.Kind() == value.KindExtern {
		return buf, nil
	}
	if v.Kind() == value.KindNumber {
		if f := v.Float(); f-f != 0 {
			return nil, fail("D3001", v)
		}
	}
	if v.Tags()&tagOuter != 0 && v.Len() > 0 {
		v = v.Index(0)
	}
	start := len(buf)
	buf, err := r.appendValue(buf, v, indent, 0)
	if err != nil {
		return nil, err
	}
	return buf, r.burn((len(buf) - start) >> 6)
}

func (r *run) appendValue(buf []byte, v Value, indent string, depth int) ([]byte, error) {
	if depth > maxWalk {
		return nil, tooDeep()
	}
	if len(buf) > r.maxSize {
		return nil, r.spend(len(buf))
	}
	switch v.Kind() {
	case value.KindNumber:
		f := v.Float()
		if f-f != 0 {
			if f == f {
				return nil, fail("D1001", v)
			}
			return append(buf, "null"...), nil
		}
		return value.Number(r.printed(f)).Append(buf), nil
	case value.KindExtern:
		return append(buf, `""`...), nil
	case value.KindArray:
		return r.appendArray(buf, v.Items(), indent, depth)
	case value.KindObject:
		return r.appendObject(buf, v.Object(), indent, depth)
	}
	return v.Append(buf), r.tick()
}

// line starts a new line of an indented text.
func line(buf []byte, indent string, depth int) []byte {
	if indent == "" {
		return buf
	}
	buf = append(buf, '\n')
	for range depth {
		buf = append(buf, ' ', ' ')
	}
	return buf
}

func (r *run) appendArray(buf []byte, items []Value, indent string, depth int) ([]byte, error) {
	if len(items) == 0 {
		return append(buf, "[]"...), nil
	}
	buf = append(buf, '[')
	for i, item := range items {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = line(buf, indent, depth+1)
		var err error
		if buf, err = r.appendValue(buf, item, indent, depth+1); err != nil {
			return nil, err
		}
	}
	return append(line(buf, indent, depth), ']'), r.tick()
}

func (r *run) appendObject(buf []byte, o *value.Object, indent string, depth int) ([]byte, error) {
	buf = append(buf, '{')
	n := 0
	for i := range o.Len() {
		if o.At(i).IsUndefined() {
			continue
		}
		if n++; n > 1 {
			buf = append(buf, ',')
		}
		buf = line(buf, indent, depth+1)
		buf = append(value.String(o.Key(i)).Append(buf), ':')
		if indent != "" {
			buf = append(buf, ' ')
		}
		var err error
		if buf, err = r.appendValue(buf, o.At(i), indent, depth+1); err != nil {
			return nil, err
		}
	}
	if n > 0 {
		buf = line(buf, indent, depth)
	}
	return append(buf, '}'), r.tick()
}

// clampInt turns a float into an int without overflow.
func clampInt(f float64) int {
	return int(max(min(math.Trunc(f), math.MaxInt32), math.MinInt32))
}

func fnSubstring(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s := args[0].Str()
	n := pointLen(s)
	size, start := float64(n), args[1].Float()
	if args[1].IsUndefined() {
		start = 0
	}
	if size+start < 0 {
		start = 0
	}
	end := size
	if !args[2].IsUndefined() {
		length := args[2].Float()
		if length <= 0 {
			return value.String(""), nil
		}
		if end = start + length; start < 0 {
			end += size
		}
		if args[1].IsUndefined() { // a sum with nothing is no number
			end = 0
		}
	}
	from, to := sliceIndex(start, n), sliceIndex(end, n)
	if from >= to {
		return value.String(""), nil
	}
	if n == len(s) {
		return r.text(s[from:to])
	}
	i := pointOffset(s, from)
	return r.text(s[i : i+pointOffset(s[i:], to-from)])
}

// sliceIndex is an index as JavaScript's slice understands it.
func sliceIndex(f float64, n int) int {
	i := clampInt(f)
	if i < 0 {
		return max(n+i, 0)
	}
	return min(i, n)
}

func fnSubstringBefore(_ *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s := args[0].Str()
	if i := strings.Index(s, undefinedText(args[1])); i >= 0 {
		return value.String(s[:i]), nil
	}
	return args[0], nil
}

func fnSubstringAfter(_ *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s, sep := args[0].Str(), undefinedText(args[1])
	if i := strings.Index(s, sep); i >= 0 {
		return value.String(s[i+len(sep):]), nil
	}
	return args[0], nil
}

// undefinedText is a string argument as JavaScript's indexOf takes it: a missing one is the word.
func undefinedText(v Value) string {
	if v.IsUndefined() {
		return "undefined"
	}
	return v.Str()
}

func fnLength(_ *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	return value.Number(float64(pointLen(args[0].Str()))), nil
}

// trim makes every run of blanks one blank and drops those at the ends.
func trim(s string) string {
	buf := make([]byte, 0, len(s))
	for i := range len(s) {
		if c := s[i]; c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			if len(buf) > 0 && buf[len(buf)-1] != ' ' {
				buf = append(buf, ' ')
			}
			continue
		}
		buf = append(buf, s[i])
	}
	return strings.TrimSuffix(string(buf), " ")
}

func fnPad(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s, fill := args[0].Str(), args[2].Str()
	if fill == "" {
		fill = " "
	}
	width := args[1].Float()
	if r.program.options.Version >= V2_2 {
		width = math.Trunc(width)
	}
	need := math.Abs(width) - float64(pointLen(s))
	if !(need > 0) {
		return args[0], nil
	}
	if need != math.Trunc(need) || need >= math.MaxUint32 {
		return Value{}, &Error{Code: "D3137", extra: "Invalid array length"}
	}
	n := int(need)
	if err := r.spend(n * len(fill)); err != nil {
		return Value{}, err
	}
	padding := strings.Repeat(fill, n)
	if unitLen(fill) > 1 {
		padding = padding[:pointOffset(padding, n)]
	}
	if width > 0 {
		return r.text(s + padding)
	}
	return r.text(padding + s)
}

func fnJoin(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	sep := args[1].Str()
	items := args[0].Items()
	size := 0
	for _, item := range items {
		size += len(item.Str()) + len(sep)
	}
	if err := r.spend(size); err != nil {
		return Value{}, err
	}
	var b strings.Builder
	b.Grow(size)
	for i, item := range items {
		if i > 0 {
			b.WriteString(sep)
		}
		if item.Kind() == value.KindString {
			b.WriteString(item.Str())
		}
	}
	return value.String(joinSurrogates(b.String())), r.burn(len(items))
}
