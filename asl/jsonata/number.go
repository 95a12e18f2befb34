package jsonata

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// printed is the number $string prints: the one nearest to f's first 15 digits. Later versions leave integers alone.
func (r *run) printed(f float64) float64 {
	if f == math.Trunc(f) && (math.Abs(f) < 1e15 || r.program.options.Version >= V2_2) {
		return f
	}
	return toPrecision15(f)
}

// printsItself reports whether the text a number was written with is what $string prints: a decimal fraction of at most
// 15 digits without needless zeros, of which no other is as near to its float64.
func printsItself(text string) bool {
	text = strings.TrimPrefix(text, "-")
	dot := strings.IndexByte(text, '.')
	if dot < 1 || len(text) > 16 || text[len(text)-1] == '0' || strings.HasPrefix(text, "0.00000") {
		return false
	}
	for i := range len(text) {
		if text[i] > '9' { // an exponent
			return false
		}
	}
	return true
}

// toPrecision15 rounds to 15 significant digits; a tie goes away from zero, as in JavaScript.
func toPrecision15(f float64) float64 {
	var room [32]byte
	shortest := strconv.AppendFloat(room[:0], math.Abs(f), 'e', -1, 64) // d.ddde±xx
	if bytes.IndexByte(shortest, 'e') <= 16 {
		return f
	}
	text := strconv.FormatFloat(math.Abs(f), 'e', 30, 64) // d.ddd...e±xx
	exp := strings.IndexByte(text, 'e')
	digits := text[:1] + text[2:exp]
	short := strconv.FormatFloat(math.Abs(f), 'e', 14, 64)
	if digits[15] == '5' && strings.Trim(digits[16:], "0") == "" {
		n, _ := strconv.ParseUint(digits[:15], 10, 64)
		e, _ := strconv.Atoi(text[exp+1:])
		short = strconv.FormatUint(n+1, 10) + "e" + strconv.Itoa(e-14)
	}
	out, _ := strconv.ParseFloat(short, 64)
	return math.Copysign(out, f)
}

// toFixed writes a number that is not negative with so many decimals; a tie goes up, as in JavaScript.
func toFixed(f float64, places int) string {
	if f >= 1e21 || f-f != 0 {
		return value.FormatNumber(f)
	}
	places = min(max(places, 0), 100)
	exact := strconv.FormatFloat(f, 'f', places+60, 64)
	dot := strings.IndexByte(exact, '.')
	rest := exact[dot+1+places:]
	if rest[0] != '5' || strings.Trim(rest[1:], "0") != "" {
		return strconv.FormatFloat(f, 'f', places, 64)
	}
	kept := []byte(exact[:dot+1+places])
	for i := len(kept) - 1; i >= 0; i-- {
		if kept[i] == '.' {
			continue
		}
		if kept[i]++; kept[i] <= '9' {
			break
		}
		kept[i] = '0'
		if i == 0 {
			kept = append([]byte{'1'}, kept...)
		}
	}
	return strings.TrimSuffix(string(kept), ".")
}

// roundHalfEven rounds to so many decimal places, halves to even, on the decimal digits of the number rather than on
// its binary value.
func roundHalfEven(f float64, places float64) float64 {
	if places != 0 {
		f = shiftDecimal(f, places)
	}
	out := math.Floor(f + 0.5)
	if f-math.Floor(f) < 0.5 { // adding a half may itself round up
		out = math.Floor(f)
	}
	if math.Abs(out-f) == 0.5 && math.Abs(math.Mod(out, 2)) == 1 {
		out--
	}
	if places != 0 {
		out = shiftDecimal(out, -places)
	}
	if out == 0 {
		return 0
	}
	return out
}

// maxExact is the largest exponent for which powers are computed by multiplication.
const maxExact = 1 << 10

// power is x to the y. Whole exponents are computed exactly and rounded once, as no error of the last digit may show.
func power(x, y float64) float64 {
	f := math.Pow(x, y)
	n := int(math.Abs(y))
	if f-f != 0 || f == 0 || x-x != 0 || y != math.Trunc(y) || math.Abs(y) > maxExact || n < 3 {
		return f
	}
	const precision = 256
	base := new(big.Float).SetPrec(precision).SetFloat64(x)
	out := new(big.Float).SetPrec(precision).SetInt64(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out.Mul(out, base)
		}
		base.Mul(base, base)
	}
	if y < 0 {
		out.Quo(new(big.Float).SetPrec(precision).SetInt64(1), out)
	}
	f, _ = out.Float64()
	return f
}

// shiftDecimal moves the decimal point by changing the exponent in the text of the number.
func shiftDecimal(f, places float64) float64 {
	if f-f != 0 {
		return math.NaN()
	}
	mant, exp, _ := strings.Cut(value.FormatNumber(f), "e")
	e, _ := strconv.ParseFloat(exp, 64)
	e += places
	if e != math.Trunc(e) || math.Abs(e) > 1e6 {
		return math.NaN()
	}
	out, _ := strconv.ParseFloat(mant+"e"+strconv.Itoa(int(e)), 64)
	return out
}
