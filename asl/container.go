package asl

import (
	"strings"

	"github.com/perdure/perdure/asl/value"
)

func (x *Exec) runParallel(t *thread) *failure {
	s, f := x.arguments(t)
	if f != nil {
		return f
	}
	if x.test != nil {
		return x.test.gather(x, t)
	}
	t.prev = x.event("ParallelStateStarted", t.prev, "")
	t.gathered = false
	n := len(t.state.branches)
	t.kids = newContainer(n, n)
	t.phase = holding
	x.spawn(t, func(i int) (value.Value, *failure) { return s.root, nil })
	return nil
}

func newContainer(size, width int) *container {
	return &container{size: size, width: width, live: map[int]*thread{}, results: make([]value.Value, size), written: map[int]bool{}}
}

func (x *Exec) runMap(t *thread) *failure {
	m := t.state.each
	if x.test != nil {
		return x.test.iterate(x, t)
	}
	t.gathered = false
	s, f := x.effective(t)
	if f != nil {
		return f
	}
	width, f := m.concurrency.integer(s)
	if f != nil {
		return f
	}
	if m.distributed {
		return x.runDistributed(t, s, int(width))
	}
	items, f := x.items(t, s)
	if f != nil {
		return f
	}
	n := items.Len()
	t.prev = x.event("MapStateStarted", t.prev, "mapStateStarted", num("length", int64(n)))
	if width <= 0 || width > maxInline {
		width = maxInline
	}
	t.kids = newContainer(n, int(width))
	t.kids.items = decodedItems(items)
	t.phase = holding
	if n == 0 {
		return x.gather(t)
	}
	return x.spawnIterations(t)
}

// items is what a Map state goes over: an array, or, if it is distributed, an object.
func (x *Exec) items(t *thread, s *scope) (value.Value, *failure) {
	m := t.state.each
	v := s.root
	var f *failure
	switch {
	case m.items != nil:
		v, f = m.items.eval(s)
	case m.itemsPath != nil:
		v, f = m.itemsPath.get(s)
	}
	if f != nil || v.Kind() == value.KindArray {
		return v, f
	}
	whole, isProgram := m.items.(*program)
	switch {
	case v.Kind() == value.KindObject && m.distributed:
		return v, nil
	case isProgram:
		return v, whole.mistyped("array", v)
	case t.state.lang == JSONata:
		return v, queryFault("", "Map state input must be an array but was: "+v.Text())
	}
	path := "$"
	if m.itemsPath != nil {
		path = strings.TrimPrefix(m.itemsPath.p.String(), "$$")
		if !strings.HasPrefix(path, "$") {
			path = "$" + path
		}
	}
	return v, fault(`Reference path "` + path + `" must point to array.`)
}

// spawnIterations starts as many iterations as may run.
func (x *Exec) spawnIterations(t *thread) *failure {
	var s *scope
	return x.spawn(t, func(i int) (value.Value, *failure) {
		selector := t.state.each.selector
		if selector == nil {
			return t.kids.items.input(i)
		}
		if s == nil {
			var f *failure
			if s, f = x.effective(t); f != nil {
				return value.Value{}, f
			}
		}
		one := *s
		one.paths = nil
		one.item = t.item(i)
		return selector.eval(&one)
	})
}

// spawn starts children of t while there is room; input makes what each gets.
func (x *Exec) spawn(t *thread, input func(i int) (value.Value, *failure)) *failure {
	c := t.kids
	for len(c.live) < c.width && c.next < c.size {
		i := c.next
		in, f := input(i)
		if f != nil {
			x.abortKids(t, nil, t.prev)
			return f
		}
		c.next++
		b := t.state.each
		var body *block
		if b != nil {
			body = b.body
		} else {
			body = t.state.branches[i]
		}
		kid := x.newThread(t, i, childKey(t.key, i), body, in)
		kid.prev = t.prev
		if b != nil {
			kid.prev = x.event("MapIterationStarted", t.prev, "mapIterationStarted",
				str("name", t.state.name), num("index", int64(i)))
		}
		c.live[i] = kid
		x.enqueue(kid)
	}
	x.touch(t)
	return nil
}

// kidDone takes the output of a child that has ended well.
func (x *Exec) kidDone(p, kid *thread, out value.Value) {
	c := p.kids
	x.touch(p)
	last := kid.prev
	if p.state.typ == MapState {
		last = x.event("MapIterationSucceeded", kid.prev, "mapIterationSucceeded",
			str("name", p.state.name), num("index", int64(kid.index)))
	}
	delete(c.live, kid.index)
	x.forget(kid)
	c.results[kid.index] = out
	c.newResults = append(c.newResults, kid.index)
	c.done++
	p.prev = kid.prev
	var f *failure
	if c.done == c.size {
		p.prev = last
		f = x.gather(p)
	} else if p.state.typ == MapState {
		f = x.spawnIterations(p)
	}
	if f != nil {
		x.fail(p, f)
	}
}

// gather ends a Parallel or Map state whose children have all ended well.
func (x *Exec) gather(t *thread) *failure {
	x.event(string(t.state.typ)+"StateSucceeded", t.prev, "")
	result := value.Array(t.kids.results...)
	x.dropKids(t)
	if x.limits.Payload > 0 && len(result.Text()) > x.limits.Payload && t.state.output == nil && t.state.pick == nil {
		return tooLarge(t.state.name)
	}
	t.phase, t.gathered = running, true
	return x.complete(t, result)
}

// dropKids forgets the children of a container and all their rows.
func (x *Exec) dropKids(t *thread) {
	c := t.kids
	for _, i := range c.order() {
		x.forget(c.live[i])
	}
	for i := range c.written {
		x.d.Delete = append(x.d.Delete, resultKey(t.key, i))
	}
	if c.itemsStored {
		x.d.Delete = append(x.d.Delete, "i"+t.key)
	}
	x.dropRun(t)
	x.bytes -= c.bytes
	t.kids = nil
	x.touch(t)
}

// forget removes a thread and what is below it.
func (x *Exec) forget(t *thread) {
	if t.kids != nil {
		x.dropKids(t)
	}
	t.queued = false
	delete(x.threads, t.key)
	x.gone = append(x.gone, t)
}
