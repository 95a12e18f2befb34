package jsonata

import (
	"math"

	"github.com/perdure/perdure/asl/value"
)

// filter compiles a predicate into what it makes of a value. A stage of a step may give a single item for a sequence of
// one, as the step takes sequences apart anyway; whole asks for the sequence.
func (c *compiler) filter(st stage, whole bool) evalFn {
	if st.expr.kind == nNumber {
		return pick(st.expr.lit.Float(), whole)
	}
	pred := c.node(st.expr)
	return func(r *run, in Value, f *frame) (Value, error) {
		if in.Kind() != value.KindArray {
			keep, err := r.selects(pred, in, 0, 1, f)
			if err != nil {
				return Value{}, err
			}
			if keep == 0 {
				return value.Array().WithTags(tagSequence), nil
			}
			if keep == 1 && !whole {
				if in.IsUndefined() {
					return value.Array(in).WithTags(tagSequence), nil
				}
				return in, nil
			}
			items := make([]Value, keep)
			for i := range items {
				items[i] = in
			}
			return value.Array(items...).WithTags(tagSequence), nil
		}
		items := in.Items()
		var out []Value
		for i, item := range items {
			if err := r.tick(); err != nil {
				return Value{}, err
			}
			keep, err := r.selects(pred, item, i, len(items), f)
			if err != nil {
				return Value{}, err
			}
			for range keep {
				out = append(out, item)
			}
		}
		return value.Array(out...).WithTags(tagSequence), r.spendItems(len(out))
	}
}

// pick compiles a predicate that is a number.
func pick(f float64, whole bool) evalFn {
	at := int(max(min(math.Floor(f), math.MaxInt32), math.MinInt32))
	return func(_ *run, in Value, _ *frame) (Value, error) {
		var item Value
		if in.Kind() == value.KindArray {
			if at < 0 {
				item = in.Index(in.Len() + at)
			} else {
				item = in.Index(at)
			}
		} else if at == 0 || at == -1 {
			item = in
		}
		switch {
		case item.IsUndefined():
			return value.Array().WithTags(tagSequence), nil
		case whole && item.Kind() != value.KindArray:
			return value.Array(item).WithTags(tagSequence), nil
		}
		return item, nil
	}
}

// selects evaluates a predicate on the item at i of n and returns how often it selects it.
func (r *run) selects(pred evalFn, item Value, i, n int, f *frame) (int, error) {
	res, err := pred(r, item, f)
	if err != nil {
		return 0, err
	}
	return r.chosen(res, i, n)
}

// chosen tells how often the result of a predicate selects item i of n: numbers are positions, all else is a condition.
func (r *run) chosen(res Value, i, n int) (int, error) {
	switch res.Kind() {
	case value.KindBool:
		if res.Bool() {
			return 1, nil
		}
		return 0, nil
	case value.KindUndefined:
		return 0, nil
	case value.KindNumber:
		if ok, err := isNumber(res); err != nil || ok {
			if err == nil && hits(res.Float(), i, n) {
				return 1, nil
			}
			return 0, err
		}
	case value.KindArray:
		numbers, err := r.allNumbers(res)
		if err != nil {
			return 0, err
		}
		if numbers {
			count := 0
			for _, item := range res.Items() {
				if hits(item.Float(), i, n) {
					count++
				}
			}
			return count, nil
		}
	}
	yes, err := r.truthy(res)
	if yes {
		return 1, err
	}
	return 0, err
}

func hits(f float64, i, n int) bool {
	f = math.Floor(f)
	if f < 0 {
		f += float64(n)
	}
	return f == float64(i)
}

// allNumbers looks at every item: an infinite one is an error wherever it stands.
func (r *run) allNumbers(v Value) (bool, error) {
	all := true
	for _, item := range v.Items() {
		if err := r.tick(); err != nil {
			return false, err
		}
		ok, err := isNumber(item)
		if err != nil {
			return false, err
		}
		all = all && ok
	}
	return all, nil
}
