package durop

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Text is a JSON string literal, quotes included; nil means absent.
type Text []byte

// Object is a JSON object literal; nil means absent.
type Object []byte

// Quote makes a Text of s. Bytes that are not UTF-8 become U+FFFD.
func Quote[S string | []byte](s S) Text { return appendQuoted(make([]byte, 0, len(s)+2+len(s)/16), s) }

// String is the string that t stands for.
func (t Text) String() string {
	if len(t) < 2 {
		return ""
	}
	in := t[1 : len(t)-1]
	for _, c := range in {
		if c == '\\' {
			var s string
			_ = json.Unmarshal(t, &s) // a Text is valid by construction
			return s
		}
	}
	return string(in)
}

// Len is the size of the string in UTF-8 bytes, which is what limits are about.
func (t Text) Len() int {
	if len(t) < 2 {
		return 0
	}
	n := 0
	for i := 1; i < len(t)-1; i++ {
		n++
		if t[i] != '\\' {
			continue
		}
		i++
		if t[i] != 'u' {
			continue
		}
		r := hex4(t[i+1:])
		i += 4
		switch {
		case r < 0x80:
		case r < 0x800:
			n++
		case r >= 0xD800 && r < 0xDC00 && i+6 < len(t) && t[i+1] == '\\' && t[i+2] == 'u':
			if low := hex4(t[i+3:]); low >= 0xDC00 && low < 0xE000 {
				i += 6
				n += 3
				continue
			}
			n += 2
		default:
			n += 2
		}
	}
	return n
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			c -= '0'
		case c >= 'a':
			c -= 'a' - 10
		default:
			c -= 'A' - 10
		}
		r = r<<4 | rune(c)
	}
	return r
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s as a JSON string literal.
func appendQuoted[S string | []byte](dst []byte, s S) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := decodeRune(s, i)
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
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
	return append(append(dst, s[from:]...), '"')
}

func decodeRune[S string | []byte](s S, i int) (rune, int) {
	return utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
}

// MarshalJSON gives the literal as it is, null if it is absent.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	return t, nil
}

// UnmarshalJSON keeps a string literal; null is absent.
func (t *Text) UnmarshalJSON(b []byte) error {
	switch {
	case isNull(b):
		*t = nil
	case len(b) < 2 || b[0] != '"':
		return errors.New("not a JSON string")
	default:
		*t = bytes.Clone(b)
	}
	return nil
}
