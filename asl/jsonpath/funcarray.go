package jsonpath

import "github.com/perdure/perdure/asl/value"

// maxRange is the most elements States.ArrayRange makes.
const maxRange = 1000

func array(_ *Scope, a []value.Value) (value.Value, error) {
	return value.Array(append([]value.Value{}, a...)...), nil
}

func arrayPartition(_ *Scope, a []value.Value) (value.Value, error) {
	items, err := arrayArg("ArrayPartition", a[0])
	if err != nil {
		return value.Value{}, err
	}
	if a[1].Kind() != value.KindNumber || a[1].Float() < 1 {
		return value.Value{}, wants("ArrayPartition", "the chunk size must be a positive integer")
	}
	size := len(items)
	if f := a[1].Float(); f < float64(size) {
		size = int(f)
	}
	chunks := []value.Value{}
	for len(items) > 0 {
		n := min(size, len(items))
		chunks = append(chunks, value.Array(items[:n:n]...))
		items = items[n:]
	}
	return value.Array(chunks...), nil
}

func arrayContains(_ *Scope, a []value.Value) (value.Value, error) {
	if _, err := arrayArg("ArrayContains", a[0]); err != nil {
		return value.Value{}, err
	}
	return value.Bool(has(a[0], a[1])), nil
}

func arrayRange(_ *Scope, a []value.Value) (value.Value, error) {
	var n [3]int64
	for i := range n {
		v, err := roundArg("ArrayRange", a[i])
		if err != nil {
			return value.Value{}, err
		}
		n[i] = v
	}
	from, to, by := n[0], n[1], n[2]
	if by == 0 {
		return value.Value{}, wants("ArrayRange", "the increment must not be zero")
	}
	items := []value.Value{}
	for i := from; by > 0 && i <= to || by < 0 && i >= to; {
		if len(items) == maxRange {
			return value.Value{}, wants("ArrayRange", "the range has more than 1,000 elements")
		}
		items = append(items, value.Int(i))
		next := i + by
		if (next > i) != (by > 0) {
			break // past the largest or smallest integer
		}
		i = next
	}
	return value.Array(items...), nil
}

func arrayGetItem(_ *Scope, a []value.Value) (value.Value, error) {
	items, err := arrayArg("ArrayGetItem", a[0])
	if err != nil {
		return value.Value{}, err
	}
	i, err := roundArg("ArrayGetItem", a[1])
	if err != nil {
		return value.Value{}, err
	}
	if i < 0 || i >= int64(len(items)) {
		return value.Value{}, wants("ArrayGetItem", "the index is out of bounds")
	}
	return items[i], nil
}

func arrayLength(_ *Scope, a []value.Value) (value.Value, error) {
	items, err := arrayArg("ArrayLength", a[0])
	return value.Int(int64(len(items))), err
}

// arrayUnique keeps the first of equal items. Texts of numbers are not numbers, so the JSON of an item, numbers by value,
// tells which are equal; only objects, whose order of members does not count, are compared one by one.
func arrayUnique(_ *Scope, a []value.Value) (value.Value, error) {
	items, err := arrayArg("ArrayUnique", a[0])
	if err != nil {
		return value.Value{}, err
	}
	seen := map[string]bool{}
	kept := []value.Value{}
	composite := []value.Value{}
	for _, v := range items {
		switch v.Kind() {
		case value.KindArray, value.KindObject:
			if has(value.Array(composite...), v) {
				continue
			}
			if len(composite) >= maxComposite {
				return value.Value{}, wants("ArrayUnique", "the array has too many different arrays and objects")
			}
			composite = append(composite, v)
		default:
			key := string(v.Append(nil))
			if v.Kind() == value.KindNumber {
				key = value.FormatNumber(v.Float())
			}
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		kept = append(kept, v)
	}
	return value.Array(kept...), nil
}

// maxComposite bounds the comparisons of arrays and objects with each other; a payload of 256 KiB hardly holds more.
const maxComposite = 50_000

// jsonMerge is States.JsonMerge: the members of both, those of the second win; the third argument must be false.
func jsonMerge(_ *Scope, a []value.Value) (value.Value, error) {
	first, second := a[0].Object(), a[1].Object()
	if first == nil || second == nil {
		return value.Value{}, wants("JsonMerge", "expected two objects")
	}
	if a[2].Kind() != value.KindBool || a[2].Bool() {
		return value.Value{}, wants("JsonMerge", "deep merging is not supported, the third argument must be false")
	}
	o := first.Clone()
	for i := range second.Len() {
		o.Set(second.Key(i), second.At(i))
	}
	return value.FromObject(o), nil
}
