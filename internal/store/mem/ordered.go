package mem

import "slices"

// chunk is how many items of an ordered set lie together; twice as many split.
const chunk = 256

// ordered is a set of items in the order of cmp, kept as short sorted slices so that inserting into a large set moves
// little memory.
type ordered[T any] struct {
	cmp    func(a, b T) int
	chunks [][]T
}

// find tells where v is or would be.
func (o *ordered[T]) find(v T) (c, i int, found bool) {
	c, _ = slices.BinarySearchFunc(o.chunks, v, func(s []T, v T) int { return o.cmp(s[len(s)-1], v) })
	if c == len(o.chunks) {
		return c, 0, false
	}
	i, found = slices.BinarySearchFunc(o.chunks[c], v, o.cmp)
	return c, i, found
}

func (o *ordered[T]) insert(v T) {
	c, i, found := o.find(v)
	switch {
	case found:
		return
	case len(o.chunks) == 0:
		o.chunks = [][]T{{v}}
		return
	case c == len(o.chunks):
		c--
		i = len(o.chunks[c])
	}
	s := slices.Insert(o.chunks[c], i, v)
	o.chunks[c] = s
	if len(s) == 2*chunk {
		o.chunks[c] = s[:chunk:chunk]
		o.chunks = slices.Insert(o.chunks, c+1, slices.Clone(s[chunk:]))
	}
}

func (o *ordered[T]) remove(v T) {
	c, i, found := o.find(v)
	if !found {
		return
	}
	o.chunks[c] = slices.Delete(o.chunks[c], i, i+1)
	if len(o.chunks[c]) == 0 {
		o.chunks = slices.Delete(o.chunks, c, c+1)
	}
}

func (o *ordered[T]) empty() bool { return len(o.chunks) == 0 }

// from calls each upwards from the first item not before v, until it returns false.
func (o *ordered[T]) from(v T, each func(T) bool) {
	c, i, _ := o.find(v)
	for ; c < len(o.chunks); c, i = c+1, 0 {
		for _, v := range o.chunks[c][i:] {
			if !each(v) {
				return
			}
		}
	}
}

// down calls each downwards from the last item before v.
func (o *ordered[T]) down(v T, each func(T) bool) {
	c, i, _ := o.find(v)
	if c == len(o.chunks) {
		o.backwards(each)
		return
	}
	for ; c >= 0; c-- {
		for i--; i >= 0; i-- {
			if !each(o.chunks[c][i]) {
				return
			}
		}
		if c > 0 {
			i = len(o.chunks[c-1])
		}
	}
}

// all calls each upwards, backwards downwards, until it returns false.
func (o *ordered[T]) all(each func(T) bool) {
	for _, s := range o.chunks {
		for _, v := range s {
			if !each(v) {
				return
			}
		}
	}
}

func (o *ordered[T]) backwards(each func(T) bool) {
	for c := len(o.chunks) - 1; c >= 0; c-- {
		for i := len(o.chunks[c]) - 1; i >= 0; i-- {
			if !each(o.chunks[c][i]) {
				return
			}
		}
	}
}

func (o *ordered[T]) clone() ordered[T] {
	n := ordered[T]{cmp: o.cmp, chunks: make([][]T, len(o.chunks))}
	for i, s := range o.chunks {
		n.chunks[i] = slices.Clone(s)
	}
	return n
}
