package jsonata

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

func (b *builtins) addNumbers() {
	b.add("number", "<(nsb)-:n>", 1, 1, fnNumber)
	b.add("floor", "<n-:n>", 1, 1, numberFunction(math.Floor))
	b.add("ceil", "<n-:n>", 1, 1, numberFunction(math.Ceil))
	b.add("abs", "<n-:n>", 1, 1, numberFunction(math.Abs))
	b.add("round", "<n-n?:n>", 2, 2, fnRound)
	b.add("sqrt", "<n-:n>", 1, 1, fnSqrt)
	b.add("power", "<n-n:n>", 2, 2, fnPower)
	b.add("random", "<:n>", 0, 0, fnRandom)
	b.add("formatBase", "<n-n?:s>", 2, 2, fnFormatBase)
	b.add("formatNumber", "<n-so?:s>", 3, 3, fnFormatNumber)
	b.add("sum", "<a<n>:n>", 1, 1, fnSum)
	b.add("max", "<a<n>:n>", 1, 1, extreme(math.Max, math.Inf(-1)))
	b.add("min", "<a<n>:n>", 1, 1, extreme(math.Min, math.Inf(1)))
	b.add("average", "<a<n>:n>", 1, 1, fnAverage)
}

func numberFunction(f func(float64) float64) func(*run, []Value) (Value, error) {
	return func(_ *run, args []Value) (Value, error) {
		if args[0].IsUndefined() {
			return Value{}, nil
		}
		return value.Number(f(args[0].Float())), nil
	}
}

var (
	decimalText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$`)
	radixText   = regexp.MustCompile(`^(0[xX][0-9A-Fa-f]+)|(0[oO][0-7]+)|(0[bB][0-1]+)$`)
)

func fnNumber(r *run, args []Value) (Value, error) {
	v := args[0]
	switch v.Kind() {
	case value.KindUndefined, value.KindNumber:
		return v, nil
	case value.KindBool:
		if v.Bool() {
			return value.Number(1), nil
		}
		return value.Number(0), nil
	case value.KindString:
		s := v.Str()
		if err := r.burn(len(s) >> 6); err != nil {
			return Value{}, err
		}
		if decimalText.MatchString(s) {
			if f, err := strconv.ParseFloat(s, 64); err == nil {
				return value.Number(f), nil
			}
		} else if radixText.MatchString(s) {
			return value.Number(radixNumber(s)), nil
		}
	}
	return Value{}, failIndex("D3030", v, 1)
}

// radixNumber is JavaScript's Number of a text that looks like 0x1f, or not a number when it only begins or ends so.
func radixNumber(s string) float64 {
	s = strings.TrimSpace(s)
	if len(s) > 2 && s[0] == '0' {
		base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]
		if base != 0 {
			if n, ok := new(big.Int).SetString(s[2:], base); ok && !strings.ContainsAny(s[2:], "+-_") {
				f, _ := new(big.Float).SetInt(n).Float64()
				return f
			}
		}
	}
	return math.NaN()
}

func fnRound(_ *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	return value.Number(roundHalfEven(args[0].Float(), args[1].Float())), nil
}

func fnSqrt(_ *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	if args[0].Float() < 0 {
		return Value{}, failIndex("D3060", args[0], 1)
	}
	return value.Number(math.Sqrt(args[0].Float())), nil
}

func fnPower(_ *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	base, exp := args[0].Float(), args[1].Float()
	f := power(base, exp)
	if args[1].IsUndefined() || math.Abs(base) == 1 && math.IsInf(exp, 0) {
		f = math.NaN()
	}
	if f-f != 0 {
		e := failIndex("D3061", args[0], 1)
		e.Value2 = args[1]
		return Value{}, e
	}
	return value.Number(f), nil
}

func fnRandom(r *run, _ []Value) (Value, error) {
	f, err := r.random()
	return value.Number(f), err
}

func fnFormatBase(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	f, radix := roundHalfEven(args[0].Float(), 0), 10.0
	if !args[1].IsUndefined() {
		radix = roundHalfEven(args[1].Float(), 0)
	}
	if !(radix >= 2 && radix <= 36) {
		return Value{}, fail("D3100", value.Number(radix))
	}
	if radix == 10 || f-f != 0 {
		return r.text(value.FormatNumber(f))
	}
	if math.Abs(f) < 1<<53 {
		return r.text(strconv.FormatInt(int64(f), int(radix)))
	}
	return r.text(formatLarge(f, radix))
}

// formatLarge writes an integer of more than 53 bits as JavaScript engines do: digits it cannot be sure of are zeros.
func formatLarge(f, radix float64) string {
	sign, rest := "", f
	if f < 0 {
		sign, rest = "-", -f
	}
	var digits []byte // from the last
	for unsure := math.Nextafter(rest, math.Inf(1)) - rest; unsure >= radix; unsure /= radix {
		rest /= radix
		digits = append(digits, '0')
	}
	for more := true; more; more = rest > 0 {
		digit := math.Mod(rest, radix)
		digits = append(digits, "0123456789abcdefghijklmnopqrstuvwxyz"[int(digit)])
		rest = (rest - digit) / radix
	}
	slices.Reverse(digits)
	return sign + string(digits)
}

func fnSum(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	return value.Number(total(args[0])), r.burn(args[0].Len() >> 4)
}

func total(v Value) float64 {
	sum := 0.0
	for _, item := range v.Items() {
		sum += item.Float()
	}
	return sum
}

func fnAverage(r *run, args []Value) (Value, error) {
	if args[0].Len() == 0 {
		return Value{}, nil
	}
	return value.Number(total(args[0]) / float64(args[0].Len())), r.burn(args[0].Len() >> 4)
}

func extreme(better func(a, b float64) float64, start float64) func(*run, []Value) (Value, error) {
	return func(r *run, args []Value) (Value, error) {
		if args[0].Len() == 0 {
			return Value{}, nil
		}
		f := start
		for _, item := range args[0].Items() {
			f = better(f, item.Float())
		}
		return value.Number(f), r.burn(args[0].Len() >> 4)
	}
}
