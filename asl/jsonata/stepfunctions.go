package jsonata

import (
	"crypto/md5"  //nolint:gosec // a function of the language
	"crypto/sha1" //nolint:gosec // a function of the language
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/perdure/perdure/asl/value"
)

// StepFunctions are the functions Step Functions adds to the language, for Options.Functions: $partition, $range, $hash,
// $random, $uuid and $parse. The slice is shared and not to be modified.
func StepFunctions() []Function { return stepFunctions }

var stepFunctions = []Function{
	{Name: "partition", Signature: "<an:a>", Call: stepPartition},
	{Name: "range", Signature: "<nnn:a>", Call: stepRange},
	{Name: "hash", Signature: "<ss?:s>", Call: stepHash},
	{Name: "random", Signature: "<n?:n>", Call: stepRandom},
	{Name: "uuid", Signature: "<:s>", Call: stepUUID},
	{Name: "parse", Signature: "<s-:x>", Call: stepParse},
}

// stepPartition cuts an array into chunks of a size; the last may be shorter.
func stepPartition(c *Call, args []Value) (Value, error) {
	items, size := args[0].Items(), clampInt(args[1].Float())
	if size <= 0 || len(items) == 0 {
		return Value{}, nil
	}
	chunks := (len(items)-1)/size + 1
	if err := c.Spend((chunks + len(items)) * valueBytes); err != nil {
		return Value{}, err
	}
	out := make([]Value, 0, chunks)
	for len(items) > size {
		out = append(out, value.Array(items[:size:size]...))
		items = items[size:]
	}
	return value.Array(append(out, value.Array(items...))...), nil
}

// maxStepRange is the most elements $range gives, as measured.
const maxStepRange = 360_145

// stepRange counts from start to end, both included, in steps. As everywhere in JSONata, one element is that element.
func stepRange(c *Call, args []Value) (Value, error) {
	for _, arg := range args {
		if arg.IsUndefined() {
			return Value{}, nil
		}
	}
	start, end, step := math.Trunc(args[0].Float()), math.Trunc(args[1].Float()), math.Trunc(args[2].Float())
	count := math.Floor((end-start)/step) + 1
	switch {
	case step == 0 || !(count >= 1):
		return Value{}, nil
	case count > maxStepRange:
		return Value{}, &Error{Code: "U1001", extra: "Expression evaluation memory limit exceeded"}
	case count == 1:
		return value.Number(start), nil
	}
	if err := c.Spend(int(count) * valueBytes); err != nil {
		return Value{}, err
	}
	out := make([]Value, int(count))
	for i := range out {
		out[i] = value.Number(start + float64(i)*step)
	}
	return value.Array(out...), nil
}

// stepHash is the digest of a text's UTF-8, in hexadecimal.
func stepHash(c *Call, args []Value) (Value, error) {
	if args[0].IsUndefined() || args[1].IsUndefined() {
		return Value{}, nil
	}
	in := []byte(args[0].Str())
	if err := c.Spend(len(in)); err != nil {
		return Value{}, err
	}
	var sum []byte
	switch args[1].Str() {
	case "MD5":
		h := md5.Sum(in) //nolint:gosec // a function of the language
		sum = h[:]
	case "SHA-1":
		h := sha1.Sum(in) //nolint:gosec // a function of the language
		sum = h[:]
	case "SHA-256":
		h := sha256.Sum256(in)
		sum = h[:]
	case "SHA-384":
		h := sha512.Sum384(in)
		sum = h[:]
	case "SHA-512":
		h := sha512.Sum512(in)
		sum = h[:]
	default:
		return Value{}, fmt.Errorf("the algorithm of $hash must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512, not %q", args[1].Str())
	}
	return value.String(hex.EncodeToString(sum)), nil
}

// stepRandom is a number in [0, 1): the host's, or with a seed the first of java.util.Random, which is reproducible.
func stepRandom(c *Call, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		f, err := c.Random()
		return value.Number(f), err
	}
	const factor, mask = 0x5DEECE66D, 1<<48 - 1
	state := (uint64(int64(max(min(math.Trunc(args[0].Float()), 1<<62), -1<<62))) ^ factor) & mask
	bits := func(n uint) uint64 {
		state = (state*factor + 0xB) & mask
		return state >> (48 - n)
	}
	high := bits(26)
	return value.Number(float64(high<<27+bits(27)) / (1 << 53)), nil
}

func stepUUID(c *Call, _ []Value) (Value, error) {
	id, err := c.UUID()
	return value.String(id), err
}

// stepParse reads JSON. Whole numbers are exact as far as 64 bits go, beyond that they are rounded.
func stepParse(c *Call, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	text := args[0].Str()
	if err := c.Spend(8 * len(text)); err != nil {
		return Value{}, err
	}
	v, err := value.Decode([]byte(text), value.Limits{})
	if err != nil {
		return Value{}, fmt.Errorf("the argument of $parse is not JSON: %w", err)
	}
	return longs(v), nil
}

// longs rounds the whole numbers that 64 bits cannot hold; minus zero is zero. v belongs to the caller alone.
func longs(v Value) Value {
	switch v.Kind() {
	case value.KindNumber:
		f := v.Float()
		if _, exact := v.Int64(); f == 0 {
			return value.Int(0)
		} else if !exact && f == math.Trunc(f) {
			return value.Number(f)
		}
	case value.KindArray:
		items := v.Items()
		for i, item := range items {
			items[i] = longs(item)
		}
	case value.KindObject:
		o := v.Object()
		for i := range o.Len() {
			o.Set(o.Key(i), longs(o.At(i)))
		}
	}
	return v
}
