package jsonata

import "github.com/perdure/perdure/asl/value"

// sorter orders by the terms of ^(...). A term is evaluated once for an item, when first compared.
type sorter struct {
	terms []evalFn
	down  []bool
	pos   int
	scope *scope // of the tuple frames, when there are tuples
}

func (c *compiler) sorter(n *node) *sorter {
	s := &sorter{pos: n.pos, scope: c.scope}
	for _, term := range n.terms {
		s.terms = append(s.terms, c.node(term.expr))
		s.down = append(s.down, term.descending)
	}
	return s
}

// sortItem is an item on its way through the sort.
type sortItem struct {
	val   Value
	tuple *tuple
	f     *frame
	keys  []Value
	known int // how many of the keys have been evaluated
}

func (s *sorter) sort(r *run, in Value, f *frame) (Value, error) {
	src := in.Items()
	if len(src) <= 1 {
		return in, nil
	}
	items := make([]sortItem, len(src))
	for i, v := range src {
		items[i] = sortItem{val: v, f: f}
	}
	sorted, err := s.run(r, items)
	if err != nil {
		return Value{}, err
	}
	out := make([]Value, len(sorted))
	for i, it := range sorted {
		out[i] = it.val
	}
	return value.Array(out...), r.spendItems(len(out))
}

func (s *sorter) tuples(r *run, in stream, f *frame) (stream, error) {
	if len(in.tuples) <= 1 {
		return in, nil
	}
	items := make([]sortItem, len(in.tuples))
	for i, t := range in.tuples {
		v, tf := in.view(t, f, s.scope)
		items[i] = sortItem{val: v, tuple: t, f: tf}
	}
	sorted, err := s.run(r, items)
	if err != nil {
		return stream{}, err
	}
	out := stream{tuples: make([]*tuple, len(sorted))}
	for i, it := range sorted {
		out.tuples[i] = it.tuple
	}
	return out, nil
}

func (s *sorter) run(r *run, items []sortItem) ([]*sortItem, error) {
	keys := make([]Value, len(items)*len(s.terms))
	list := make([]*sortItem, len(items))
	for i := range items {
		items[i].keys = keys[i*len(s.terms) : (i+1)*len(s.terms)]
		list[i] = &items[i]
	}
	if err := r.spend(len(items) * (valueBytes * (len(s.terms) + 4))); err != nil {
		return nil, err
	}
	err := mergeSort(list, make([]*sortItem, len(list)), func(a, b *sortItem) (bool, error) { return s.after(r, a, b) })
	return list, err
}

func (s *sorter) key(r *run, it *sortItem, i int) (Value, error) {
	for it.known <= i {
		v, err := s.terms[it.known](r, it.val, it.f)
		if err != nil {
			return Value{}, err
		}
		it.keys[it.known] = v
		it.known++
	}
	return it.keys[i], nil
}

// after reports whether a has to stand behind b.
func (s *sorter) after(r *run, a, b *sortItem) (bool, error) {
	if err := r.tick(); err != nil {
		return false, err
	}
	for i := range s.terms {
		x, err := s.key(r, a, i)
		if err != nil {
			return false, err
		}
		y, err := s.key(r, b, i)
		if err != nil {
			return false, err
		}
		if x.IsUndefined() || y.IsUndefined() {
			if x.IsUndefined() && y.IsUndefined() {
				continue
			}
			return x.IsUndefined(), nil // what is missing goes last, either way round
		}
		c, err := s.order(x, y)
		if err != nil {
			return false, err
		}
		if c != 0 {
			return (c > 0) != s.down[i], nil
		}
	}
	return false, nil
}

func (s *sorter) order(x, y Value) (int, error) {
	for _, v := range [...]Value{x, y} {
		if k := v.Kind(); k != value.KindString && k != value.KindNumber {
			return 0, &Error{Code: "T2008", Position: s.pos, Value: v}
		}
	}
	if x.Kind() != y.Kind() {
		return 0, &Error{Code: "T2007", Position: s.pos, Value: x, Value2: y}
	}
	if x.Kind() == value.KindString {
		return compareText(x.Str(), y.Str()), nil
	}
	switch a, b := x.Float(), y.Float(); {
	case a == b:
		return 0, nil
	case a < b:
		return -1, nil
	}
	return 1, nil
}

// mergeSort sorts stably; after(a, b) tells whether a, which stands before b, has to go behind it. The halves and the
// order of comparisons are the reference's, so that a comparator which contradicts itself gives the same result.
func mergeSort[T any](list, room []T, after func(a, b T) (bool, error)) error {
	if len(list) <= 1 {
		return nil
	}
	mid := len(list) / 2
	if err := mergeSort(list[:mid], room[:mid], after); err != nil {
		return err
	}
	if err := mergeSort(list[mid:], room[mid:], after); err != nil {
		return err
	}
	copy(room, list)
	left, right, out := room[:mid], room[mid:], list
	for len(left) > 0 && len(right) > 0 {
		swap, err := after(left[0], right[0])
		if err != nil {
			return err
		}
		if swap {
			out[0], right = right[0], right[1:]
		} else {
			out[0], left = left[0], left[1:]
		}
		out = out[1:]
	}
	copy(out[copy(out, left):], right)
	return nil
}
