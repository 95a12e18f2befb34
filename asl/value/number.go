package value

import (
	"fmt"
	"math"
	"strconv"
	"unsafe"
)

// maxExact is the largest magnitude up to which every integer is a float64.
const maxExact = 1 << 53

// Number returns a number computed as a float64.
func Number(f float64) Value { return Value{n: math.Float64bits(f), meta: uint64(KindNumber)} }

// Int returns an integer; beyond 2^53 it keeps its digits, so that its JSON text stays exact.
func Int(i int64) Value {
	if i >= -maxExact && i <= maxExact {
		return Number(float64(i))
	}
	return digits(strconv.FormatInt(i, 10), float64(i))
}

// NumberText returns the number written so in JSON. Its text is kept until arithmetic touches it.
func NumberText(text string) (Value, error) {
	f, n, err := scanNumber(text)
	if err == nil && n != len(text) {
		err = fmt.Errorf("%q is not a JSON number: it ends at offset %d", text, n)
	}
	if err != nil {
		return Value{}, err
	}
	return digits(text, f), nil
}

func digits(text string, f float64) Value {
	return Value{
		p:    unsafe.Pointer(unsafe.StringData(text)),
		n:    math.Float64bits(f),
		meta: uint64(KindNumber) | uint64(len(text))<<auxShift,
	}
}

// Float returns the number, rounded to the nearest float64, or 0 when v is of another kind.
func (v Value) Float() float64 {
	if v.Kind() != KindNumber {
		return 0
	}
	return math.Float64frombits(v.n)
}

// Digits returns the text a number was written with, and "" when it was computed or v is of another kind. Integers of
// at most 15 digits do not keep theirs: it is what FormatNumber prints.
func (v Value) Digits() string {
	if v.Kind() != KindNumber {
		return ""
	}
	return unsafe.String((*byte)(v.p), int(v.meta>>auxShift))
}

// Int64 returns the number as an integer and whether that is exact: 12, 12.0 and 1e3 are, 12.5 and 1e300 are not.
func (v Value) Int64() (int64, bool) {
	if v.Kind() != KindNumber {
		return 0, false
	}
	if v.meta>>auxShift > 0 {
		if i, err := strconv.ParseInt(v.Digits(), 10, 64); err == nil {
			return i, true
		}
	}
	f := v.Float()
	if f != math.Trunc(f) || math.Abs(f) > maxExact {
		return 0, false
	}
	return int64(f), true
}

// FormatNumber prints a float64 as JavaScript's String(f) does: the shortest digits that read back the same, plain from
// 1e-6 up to below 1e21, with an exponent outside; -0 as "0"; "NaN", "Infinity" and "-Infinity".
func FormatNumber(f float64) string { return string(appendNumber(nil, f)) }

func appendNumber(dst []byte, f float64) []byte {
	switch {
	case f == math.Trunc(f) && math.Abs(f) <= maxExact:
		return strconv.AppendInt(dst, int64(f), 10)
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' { // e-07 is e-7 in JavaScript
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// pow10 holds the powers of ten a float64 holds exactly.
var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	1e18, 1e19, 1e20, 1e21, 1e22}

// scanNumber reads the JSON number at the start of s and returns its value and length.
func scanNumber(s string) (float64, int, error) {
	i, neg := 0, false
	if i < len(s) && s[i] == '-' {
		neg = true
		i++
	}
	start := i
	var mant uint64
	for i < len(s) && s[i]-'0' <= 9 {
		mant = mant*10 + uint64(s[i]-'0') // overflow is harmless: long texts take the slow road below
		i++
	}
	if i == start {
		return 0, i, fmt.Errorf("a digit was expected at offset %d of a number", i)
	}
	if s[start] == '0' && i > start+1 {
		return 0, start + 1, fmt.Errorf("a number must not start with a zero and go on")
	}
	plain, places := true, 0
	if i < len(s) && s[i] == '.' {
		i++
		frac := i
		for i < len(s) && s[i]-'0' <= 9 {
			mant = mant*10 + uint64(s[i]-'0')
			i++
		}
		if places = i - frac; places == 0 {
			return 0, i, fmt.Errorf("a digit was expected after the decimal point")
		}
	}
	width := i - start
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		plain = false
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		exp := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		if i == exp {
			return 0, i, fmt.Errorf("a digit was expected in the exponent")
		}
	}
	if plain && width <= 16 { // at most 15 digits and a point, or 16 digits: below 2^53 times a power of ten
		f := float64(mant)
		if mant < maxExact {
			if places > 0 {
				f /= pow10[places]
			}
			if neg {
				f = -f
			}
			return f, i, nil
		}
	}
	f, _ := strconv.ParseFloat(s[:i], 64) // out of range gives an infinity, as in JavaScript
	return f, i, nil
}
