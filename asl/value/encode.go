package value

import "unicode/utf8"

// Append appends v as compact JSON. Undefined and extern members of objects are left out; as items of an array, or
// alone, they become null. Numbers that kept their digits are written with them. Infinite and missing numbers become
// the strings "Infinity", "-Infinity" and "NaN", as Step Functions writes them. Nothing is escaped for HTML.
func (v Value) Append(dst []byte) []byte {
	switch v.Kind() {
	case KindBool:
		if v.n != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case KindNumber:
		return v.appendNumber(dst)
	case KindString:
		return appendString(dst, v.Str())
	case KindArray:
		dst = append(dst, '[')
		for i, item := range v.Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.Append(dst)
		}
		return append(dst, ']')
	case KindObject:
		return (*Object)(v.p).append(dst)
	}
	return append(dst, "null"...)
}

func (v Value) appendNumber(dst []byte) []byte {
	if v.meta>>auxShift > 0 {
		return append(dst, v.Digits()...)
	}
	f := v.Float()
	if f-f != 0 { // infinite or not a number
		dst = append(dst, '"')
		return append(appendNumber(dst, f), '"')
	}
	return appendNumber(dst, f)
}

func (o *Object) append(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for i := range o.members {
		m := &o.members[i]
		if m.val.Kind() == KindUndefined || m.val.Kind() == KindExtern {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, m.key), ':')
		dst = m.val.Append(dst)
	}
	return append(dst, '}')
}

// JSON returns v as compact JSON; see Append.
func (v Value) JSON() []byte { return v.Append(nil) }

// Text returns v as compact JSON; see Append.
func (v Value) Text() string { return string(v.Append(nil)) }

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(s[i:]); n > 1 || r != utf8.RuneError {
				i += n
				continue
			}
			dst = append(dst, s[from:i]...)
			var n int
			dst, n = appendBroken(dst, s[i:])
			i += n
			from = i
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// appendBroken writes what is not UTF-8 at the start of s: a lone surrogate as its escape, any other byte as U+FFFD.
func appendBroken(dst []byte, s string) ([]byte, int) {
	if len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80 {
		u := 0xd000 | uint16(s[1]&0x3f)<<6 | uint16(s[2]&0x3f)
		return append(dst, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15]), 3
	}
	return utf8.AppendRune(dst, utf8.RuneError), 1
}
