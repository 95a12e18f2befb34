package value

import (
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// plain marks the bytes that stand for themselves inside a JSON string, in both directions.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// plainRun returns the offset of the first byte from i on that is not plain, looking at eight bytes at a time.
func plainRun(s string, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(s) {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 | uint64(w[4])<<32 | uint64(w[5])<<40 |
			uint64(w[6])<<48 | uint64(w[7])<<56
		quote, slash := x^ones*'"', x^ones*'\\'
		// A top bit is set where a byte is not ASCII, below a space, or has become zero; a borrow sets only bits above a
		// true one, so the lowest is right.
		found := (x | (x - ones*' ') | (quote - ones) | (slash - ones)) & tops
		if found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
		i += 8
	}
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i
}

// string reads the string at d.i, which is a quote. A key is kept through the table of member names.
func (d *decoder) string(key bool) (string, error) {
	s := d.s
	i := plainRun(s, d.i+1)
	if i < len(s) && s[i] >= utf8.RuneSelf { // valid UTF-8 needs no copy of its own
		for i < len(s) {
			if plain[s[i]] {
				i++
				continue
			}
			if s[i] < utf8.RuneSelf {
				break
			}
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
	}
	if i < len(s) && s[i] == '"' {
		text := s[d.i+1 : i]
		d.i = i + 1
		if key {
			return d.key(text), nil
		}
		return d.keep(text), nil
	}
	return d.escaped(i, key)
}

// escaped reads on from i, the first byte that does not stand for itself.
func (d *decoder) escaped(i int, key bool) (string, error) {
	s := d.s
	buf := append(d.scratch[:0], s[d.i+1:i]...)
	for i < len(s) {
		c := s[i]
		switch {
		case plain[c]:
			end := plainRun(s, i)
			buf = append(buf, s[i:end]...)
			i = end
		case c == '"':
			d.i = i + 1
			d.scratch = buf
			text := unsafe.String(unsafe.SliceData(buf), len(buf)) // keep copies it
			if key {
				return d.key(text), nil
			}
			return d.keep(text), nil
		case c == '\\':
			var ok bool
			if buf, i, ok = unescape(buf, s, i); !ok {
				d.i = i
				return "", d.fail("an escape was expected to go on here")
			}
		case c < 0x20:
			d.i = i
			return "", d.fail("a control character must be escaped in a string")
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			buf = utf8.AppendRune(buf, r)
			i += n
		}
	}
	d.i = i
	return "", d.fail("a closing quote was expected")
}

// unescape appends what the escape at s[i] stands for and returns the offset behind it.
func unescape(buf []byte, s string, i int) ([]byte, int, bool) {
	if i++; i >= len(s) {
		return buf, i, false
	}
	switch c := s[i]; c {
	case '"', '\\', '/':
		return append(buf, c), i + 1, true
	case 'b':
		return append(buf, '\b'), i + 1, true
	case 'f':
		return append(buf, '\f'), i + 1, true
	case 'n':
		return append(buf, '\n'), i + 1, true
	case 'r':
		return append(buf, '\r'), i + 1, true
	case 't':
		return append(buf, '\t'), i + 1, true
	case 'u':
	default:
		return buf, i, false
	}
	r, ok := hex4(s, i+1)
	if !ok {
		return buf, i, false
	}
	i += 5
	if utf16.IsSurrogate(r) && i+1 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
		if low, ok := hex4(s, i+2); ok {
			if joined := utf16.DecodeRune(r, low); joined != utf8.RuneError {
				return utf8.AppendRune(buf, joined), i + 6, true
			}
		}
	}
	return AppendUnit(buf, uint16(r)), i, true
}

func hex4(s string, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c-'a' <= 5:
			c -= 'a' - 10
		case c-'A' <= 5:
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// AppendUnit appends one UTF-16 code unit: a lone surrogate in its three-byte generalised form, anything else as UTF-8.
func AppendUnit(dst []byte, u uint16) []byte {
	if u < 0xd800 || u > 0xdfff {
		return utf8.AppendRune(dst, rune(u))
	}
	return append(dst, 0xe0|byte(u>>12), 0x80|byte(u>>6)&0x3f, 0x80|byte(u)&0x3f)
}
