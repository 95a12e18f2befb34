package jsonpath

import (
	"math"

	"github.com/perdure/perdure/asl/value"
)

// roundHalfUp is floor(f+0.5), as recorded: -1.5 becomes -1.
func roundHalfUp(f float64) (int64, error) {
	r := math.Floor(f + 0.5)
	if math.IsNaN(r) || r < math.MinInt64 || r >= math.MaxInt64 {
		return 0, errNotNumber
	}
	return int64(r), nil
}

func mathAdd(_ *Scope, a []value.Value) (value.Value, error) {
	x, err := roundArg("MathAdd", a[0])
	if err != nil {
		return value.Value{}, err
	}
	y, err := roundArg("MathAdd", a[1])
	if err != nil {
		return value.Value{}, err
	}
	sum := x + y
	if (sum > x) != (y > 0) && y != 0 {
		return value.Value{}, wants("MathAdd", "the sum is out of range")
	}
	return value.Int(sum), nil
}

// mathRandom is States.MathRandom: an integer from the first argument (included) to the second (excluded).
func mathRandom(s *Scope, a []value.Value) (value.Value, error) {
	from, err := roundArg("MathRandom", a[0])
	if err != nil {
		return value.Value{}, err
	}
	to, err := roundArg("MathRandom", a[1])
	if err != nil {
		return value.Value{}, err
	}
	span := to - from
	if to <= from || span <= 0 {
		return value.Value{}, wants("MathRandom", "the start number must be less than the end number")
	}
	if len(a) == 3 {
		seed, err := roundArg("MathRandom", a[2])
		if err != nil {
			return value.Value{}, err
		}
		return value.Int(from + newLinear(seed).below(span)), nil
	}
	if s.Random == nil {
		return value.Value{}, wants("MathRandom", "there is no source of randomness here")
	}
	return value.Int(from + min(int64(s.Random()*float64(span)), span-1)), nil
}

// linear is the linear congruential generator of java.util.Random, which AWS's seeded results most likely come from.
type linear struct{ state int64 }

func newLinear(seed int64) *linear { return &linear{(seed ^ 0x5DEECE66D) & (1<<48 - 1)} }

func (l *linear) bits(n uint) int32 {
	l.state = (l.state*0x5DEECE66D + 0xB) & (1<<48 - 1)
	return int32(l.state >> (48 - n))
}

// below is a number from 0 to n-1.
func (l *linear) below(n int64) int64 {
	if n > math.MaxInt32 {
		u := uint64(uint32(l.bits(32)))<<32 | uint64(uint32(l.bits(32)))
		return int64(u % uint64(n))
	}
	m := int32(n)
	if m&-m == m {
		return int64(m) * int64(l.bits(31)) >> 31
	}
	for {
		b := l.bits(31)
		v := b % m
		if b-v+(m-1) >= 0 { // false on overflow: the last, incomplete run of values is thrown away
			return int64(v)
		}
	}
}
