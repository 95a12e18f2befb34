package engine

// lru lists idle loaded entities, the one used last in front.
type lru struct {
	front, back *entity
	count       int
	bytes       int
	period      uint64 // see Engine.age
}

func (l *lru) push(n *entity) {
	n.listed, n.prev, n.next, n.period = true, nil, l.front, l.period
	if l.front != nil {
		l.front.prev = n
	} else {
		l.back = n
	}
	l.front = n
	l.count++
	l.bytes += n.size()
}

func (l *lru) remove(n *entity) {
	if !n.listed {
		return
	}
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		l.front = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		l.back = n.prev
	}
	n.listed, n.prev, n.next = false, nil, nil
	l.count--
	l.bytes -= n.size()
}

// fifo is the queue of entities that are ready for a turn.
type fifo struct {
	items []*entity
	head  int
}

func (f *fifo) len() int { return len(f.items) - f.head }

func (f *fifo) push(n *entity) {
	if f.head > 64 && f.head > len(f.items)/2 {
		k := copy(f.items, f.items[f.head:])
		clear(f.items[k:])
		f.items, f.head = f.items[:k], 0
	}
	f.items = append(f.items, n)
}

func (f *fifo) pop() *entity {
	n := f.items[f.head]
	f.items[f.head] = nil
	f.head++
	return n
}
