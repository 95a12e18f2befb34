package jsonata

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/asl/value"
)

// base64Encode encodes the low byte of every UTF-16 unit, as the reference does.
func base64Encode(s string) string {
	units := toUnits(s)
	raw := make([]byte, len(units))
	for i, u := range units {
		raw[i] = byte(u)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// base64Decode is lenient: it skips what is not in the alphabet, takes both alphabets and needs no padding. Every byte
// becomes a character.
func base64Decode(s string) string {
	out := make([]byte, 0, len(s))
	acc, bits := uint32(0), 0
	for i := range len(s) {
		var v int
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			v = int(c - 'A')
		case c >= 'a' && c <= 'z':
			v = int(c-'a') + 26
		case c >= '0' && c <= '9':
			v = int(c-'0') + 52
		case c == '+' || c == '-':
			v = 62
		case c == '/' || c == '_':
			v = 63
		case c == '=':
			return string(out)
		default:
			continue
		}
		acc, bits = acc<<6|uint32(v), bits+6
		if bits >= 8 {
			bits -= 8
			out = utf8.AppendRune(out, rune(byte(acc>>bits)))
		}
	}
	return string(out)
}

const (
	unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
	reserved   = ";/?:@&=+$,"
)

func urlFunction(name string, f func(string) (string, bool)) func(*run, []Value) (Value, error) {
	return func(r *run, args []Value) (Value, error) {
		if args[0].IsUndefined() {
			return Value{}, nil
		}
		s := args[0].Str()
		if err := r.spend(len(s)); err != nil {
			return Value{}, err
		}
		out, ok := f(s)
		if !ok {
			return Value{}, &Error{Code: "D3140", Value: value.String(s), extra: name}
		}
		return r.text(out)
	}
}

// encodeURL escapes everything but the given characters; a lone surrogate has no escape.
func encodeURL(keep string) func(string) (string, bool) {
	return func(s string) (string, bool) {
		const hex = "0123456789ABCDEF"
		if !utf8.ValidString(s) {
			return "", false
		}
		buf := make([]byte, 0, len(s)*2)
		for i := range len(s) {
			c := s[i]
			if c < utf8.RuneSelf && strings.IndexByte(keep, c) >= 0 {
				buf = append(buf, c)
			} else {
				buf = append(buf, '%', hex[c>>4], hex[c&15])
			}
		}
		return string(buf), true
	}
}

func unhex(c byte) (byte, bool) {
	switch {
	case c-'0' <= 9:
		return c - '0', true
	case c-'a' <= 5:
		return c - 'a' + 10, true
	case c-'A' <= 5:
		return c - 'A' + 10, true
	}
	return 0, false
}

// decodeURL resolves escapes, except those of the given characters.
func decodeURL(keep string) func(string) (string, bool) {
	return func(s string) (string, bool) {
		buf := make([]byte, 0, len(s))
		for i := 0; i < len(s); {
			if s[i] != '%' {
				buf = append(buf, s[i])
				i++
				continue
			}
			start := i
			var raw []byte
			for want := 1; len(raw) < want; i += 3 {
				if i+2 >= len(s) || s[i] != '%' {
					return "", false
				}
				hi, ok1 := unhex(s[i+1])
				lo, ok2 := unhex(s[i+2])
				if !ok1 || !ok2 {
					return "", false
				}
				b := hi<<4 | lo
				if len(raw) == 0 {
					switch {
					case b >= 0xf0:
						want = 4
					case b >= 0xe0:
						want = 3
					case b >= 0xc0:
						want = 2
					}
				}
				raw = append(raw, b)
			}
			if !utf8.Valid(raw) {
				return "", false
			}
			if len(raw) == 1 && strings.IndexByte(keep, raw[0]) >= 0 {
				buf = append(buf, s[start:i]...)
			} else {
				buf = append(buf, raw...)
			}
		}
		return string(buf), true
	}
}
