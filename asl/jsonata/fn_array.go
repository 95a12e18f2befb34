package jsonata

import (
	"github.com/perdure/perdure/asl/value"
)

func (b *builtins) addArrays() {
	b.add("count", "<a:n>", 1, 1, fnCount)
	b.add("append", "<xx:a>", 2, 2, fnAppend)
	b.add("reverse", "<a:a>", 1, 1, fnReverse)
	b.add("zip", "<a+>", 1, 0, fnZip)
	b.add("distinct", "<x:x>", 1, 1, fnDistinct)
	b.add("shuffle", "<a:a>", 1, 1, fnShuffle)
	b.add("sort", "<af?:a>", 2, 2, fnSort)
}

func fnCount(_ *run, args []Value) (Value, error) {
	return value.Number(float64(args[0].Len())), nil
}

func fnAppend(r *run, args []Value) (Value, error) {
	a, b := args[0], args[1]
	if a.IsUndefined() {
		return b, nil
	}
	if b.IsUndefined() {
		return a, nil
	}
	size := 2
	if a.Kind() == value.KindArray {
		size += a.Len()
	}
	if b.Kind() == value.KindArray {
		size += b.Len()
	}
	if err := r.spendItems(size); err != nil {
		return Value{}, err
	}
	return value.Array(appendItems(appendItems(make([]Value, 0, size), a), b)...), nil
}

func fnReverse(r *run, args []Value) (Value, error) {
	n := args[0].Len()
	if n <= 1 {
		return args[0], nil
	}
	if err := r.spendItems(n); err != nil {
		return Value{}, err
	}
	out := make([]Value, n)
	for i, item := range args[0].Items() {
		out[n-1-i] = item
	}
	return value.Array(out...), nil
}

func fnZip(r *run, args []Value) (Value, error) {
	n := args[0].Len()
	for _, arg := range args {
		n = min(n, arg.Len())
	}
	if err := r.spendItems(n * (len(args) + 1)); err != nil {
		return Value{}, err
	}
	out := make([]Value, n)
	for i := range out {
		row := make([]Value, len(args))
		for j, arg := range args {
			row[j] = arg.Index(i)
		}
		out[i] = value.Array(row...)
	}
	return value.Array(out...), nil
}

func fnDistinct(r *run, args []Value) (Value, error) {
	v := args[0]
	if v.Kind() != value.KindArray || v.Len() <= 1 {
		return v, nil
	}
	var out []Value
	texts := map[string]bool{} // strings and numbers are looked up, everything else compared
	numbers := map[float64]bool{}
next:
	for _, item := range v.Items() {
		if err := r.tick(); err != nil {
			return Value{}, err
		}
		switch item.Kind() {
		case value.KindString:
			if texts[item.Str()] {
				continue
			}
			texts[item.Str()] = true
		case value.KindNumber:
			if numbers[item.Float()] {
				continue
			}
			numbers[item.Float()] = true
		default:
			for _, have := range out {
				if err := r.tick(); err != nil {
					return Value{}, err
				}
				eq, err := r.equal(item, have, 0)
				if err != nil {
					return Value{}, err
				}
				if eq {
					continue next
				}
			}
		}
		out = append(out, item)
	}
	return value.Array(out...).WithTags(v.Tags() & tagSequence), r.spendItems(2 * len(out))
}

func fnShuffle(r *run, args []Value) (Value, error) {
	n := args[0].Len()
	if n <= 1 {
		return args[0], nil
	}
	if err := r.spendItems(n); err != nil {
		return Value{}, err
	}
	out := make([]Value, n)
	for i, item := range args[0].Items() {
		f, err := r.random()
		if err != nil {
			return Value{}, err
		}
		j := min(int(f*float64(i+1)), i)
		out[i] = out[j]
		out[j] = item
	}
	return value.Array(out...), nil
}

func fnSort(r *run, args []Value) (Value, error) {
	v, fn := args[0], asFunction(args[1])
	if v.Len() <= 1 {
		return v, nil
	}
	var after func(a, b Value) (bool, error)
	if fn != nil {
		after = func(a, b Value) (bool, error) {
			res, err := r.invokeAll(fn, []Value{a, b})
			return isSomething(res), err
		}
	} else {
		numbers, err := r.allNumbers(v)
		if err != nil {
			return Value{}, err
		}
		texts := true
		for _, item := range v.Items() {
			texts = texts && item.Kind() == value.KindString
		}
		if !numbers && !texts {
			return Value{}, failIndex("D3070", Value{}, 1)
		}
		after = func(a, b Value) (bool, error) {
			if texts {
				return compareText(a.Str(), b.Str()) > 0, r.tick()
			}
			return a.Float() > b.Float(), r.tick()
		}
	}
	if err := r.spendItems(2 * v.Len()); err != nil {
		return Value{}, err
	}
	out := append(make([]Value, 0, v.Len()), v.Items()...)
	if err := mergeSort(out, make([]Value, len(out)), after); err != nil {
		return Value{}, err
	}
	return value.Array(out...), nil
}
