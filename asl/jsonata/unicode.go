package jsonata

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// JavaScript strings are sequences of UTF-16 units; ours are UTF-8 with lone surrogates in their three-byte form. These
// functions give the UTF-16 view where the language shows it: lengths, offsets and order.

// decodeUnit returns the code point at the start of s, its bytes and its UTF-16 units.
func decodeUnit(s string) (r rune, size, units int) {
	if s == "" {
		return 0, 0, 0
	}
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1, 1
	}
	r, size = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3, 1
	}
	if r > 0xffff {
		return r, size, 2
	}
	return r, size, 1
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unitLen is the length in UTF-16 units.
func unitLen(s string) int {
	if isASCII(s) {
		return len(s)
	}
	n := 0
	for i := 0; i < len(s); {
		_, size, units := decodeUnit(s[i:])
		n += units
		i += size
	}
	return n
}

// pointLen is the length in code points.
func pointLen(s string) int {
	n := 0
	for i := 0; i < len(s); n++ {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size, _ := decodeUnit(s[i:])
		i += size
	}
	return n
}

// pointOffset is the byte offset of code point n, or len(s) when there are fewer.
func pointOffset(s string, n int) int {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, size, _ := decodeUnit(s[i:])
		i += size
	}
	return i
}

// unitOffset is the byte offset of the character that holds UTF-16 unit n, or len(s) when there are fewer.
func unitOffset(s string, n int) int {
	at := 0
	for at < len(s) {
		_, size, units := decodeUnit(s[at:])
		if n -= units; n < 0 {
			break
		}
		at += size
	}
	return at
}

// compareText orders strings by UTF-16 units: a character beyond the basic plane sorts before U+E000 to U+FFFF.
func compareText(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0) {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}

// toUnits gives the UTF-16 units of s.
func toUnits(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		r, size, units := decodeUnit(s[i:])
		if units == 2 {
			hi, lo := utf16.EncodeRune(r)
			out = append(out, uint16(hi), uint16(lo))
		} else {
			out = append(out, uint16(r))
		}
		i += size
	}
	return out
}

// fromUnits is the string of some UTF-16 units.
func fromUnits(units []uint16) string {
	buf := make([]byte, 0, len(units)+len(units)/2)
	for i := 0; i < len(units); i++ {
		u := units[i]
		if u >= 0xd800 && u < 0xdc00 && i+1 < len(units) && units[i+1] >= 0xdc00 && units[i+1] < 0xe000 {
			buf = utf8.AppendRune(buf, utf16.DecodeRune(rune(u), rune(units[i+1])))
			i++
			continue
		}
		if u >= 0xd800 && u < 0xe000 {
			buf = append(buf, 0xe0|byte(u>>12), 0x80|byte(u>>6)&0x3f, 0x80|byte(u)&0x3f)
			continue
		}
		buf = utf8.AppendRune(buf, rune(u))
	}
	return string(buf)
}

// joinSurrogates turns a high and a low surrogate that have come to stand side by side into the character they form.
func joinSurrogates(s string) string {
	if !strings.Contains(s, "\xed") || utf8.ValidString(s) {
		return s
	}
	return fromUnits(toUnits(s))
}
