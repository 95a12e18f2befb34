package jsonata

// Variables live in frames, one for each block, call or tuple that binds any. Which frames there are is known when the
// program is compiled (scope), so a variable is reached by counting frames up and taking a slot, without its name. It
// may have been bound in one of several frames, as bindings happen at run time: the candidates are tried inside out.

type scopeKind uint8

const (
	rootScope scopeKind = iota
	blockScope
	lambdaScope
	tupleScope // its frame carries a tuple, whose bindings are found by name
)

type scope struct {
	kind   scopeKind
	parent *scope
	slots  map[string]int
	names  []string
}

// frame holds the variables of one scope at run time.
type frame struct {
	parent *frame
	slots  []Value
	tuple  *tuple
	scope  *scope // only for $eval
}

// tuple is an item with the bindings collected on the way to it: @$focus, #$index and the labels of parents.
type tuple struct {
	item  Value
	binds []binding1
}

type binding1 struct {
	name string
	val  Value
}

func (t *tuple) get(name string) (Value, bool) {
	for i := range t.binds {
		if t.binds[i].name == name {
			return t.binds[i].val, true
		}
	}
	return Value{}, false
}

func (t *tuple) set(name string, v Value) {
	for i := range t.binds {
		if t.binds[i].name == name {
			t.binds[i].val = v
			return
		}
	}
	t.binds = append(t.binds, binding1{name, v})
}

func (s *scope) add(name string) int {
	if i, ok := s.slots[name]; ok {
		return i
	}
	if s.slots == nil {
		s.slots = map[string]int{}
	}
	i := len(s.names)
	s.slots[name] = i
	s.names = append(s.names, name)
	return i
}

// declare adds the variables that n binds in this scope itself: not those in blocks, functions and tuples inside.
func (s *scope) declare(n *node) {
	if n == nil {
		return
	}
	switch n.kind {
	case nLambda:
		return
	case nBind:
		s.add(n.lhs.text)
	case nBlock:
		if n.tuple {
			return
		}
		s.declareBehind(n)
		return
	case nPath:
		tuple := false
		for _, step := range n.list {
			tuple = tuple || step.tuple
			if !tuple {
				s.declare(step)
			}
		}
		if !tuple && n.group != nil {
			s.declarePairs(n.group.pairs)
		}
		return
	}
	s.declare(n.lhs)
	s.declare(n.rhs)
	s.declare(n.proc)
	s.declare(n.cond)
	s.declare(n.then)
	s.declare(n.other)
	for _, item := range n.list {
		s.declare(item)
	}
	s.declarePairs(n.pairs)
	for _, term := range n.terms {
		s.declare(term.expr)
	}
	s.declareBehind(n)
}

// declareBehind looks at what stands behind a node: predicates, stages and grouping.
func (s *scope) declareBehind(n *node) {
	for _, st := range n.predicate {
		s.declare(st.expr)
	}
	for _, st := range n.stages {
		s.declare(st.expr)
	}
	if n.group != nil {
		s.declarePairs(n.group.pairs)
	}
}

func (s *scope) declarePairs(pairs [][2]*node) {
	for _, pair := range pairs {
		s.declare(pair[0])
		s.declare(pair[1])
	}
}

// candidate is one place a variable may be found: so many frames up, in a slot or, for a tuple, by name.
type candidate struct {
	up    int
	slot  int
	tuple bool
}

// lookup returns the candidates for a name, inside out. The outermost scope always gets a slot for it.
func (c *compiler) lookup(name string) []candidate {
	var out []candidate
	up := 0
	for s := c.scope; s != nil; s = s.parent {
		if i, ok := s.slots[name]; ok && s.kind != rootScope {
			out = append(out, candidate{up: up, slot: i})
		}
		if s.kind == tupleScope {
			out = append(out, candidate{up: up, tuple: true})
		}
		if s.kind == rootScope {
			out = append(out, candidate{up: up, slot: s.add(name)})
		}
		up++
	}
	return out
}

// unset tells a slot nothing was bound to.
func unset(v Value) bool { return v.IsUndefined() && v.Tags() == 0 }

// newFrame makes the frame of a scope.
func newFrame(parent *frame, s *scope) *frame {
	n := len(s.names)
	switch {
	case n == 0:
		return &frame{parent: parent, scope: s}
	case n == 1:
		x := &struct {
			frame
			room [1]Value
		}{frame: frame{parent: parent, scope: s}}
		x.slots = x.room[:]
		return &x.frame
	case n == 2:
		x := &struct {
			frame
			room [2]Value
		}{frame: frame{parent: parent, scope: s}}
		x.slots = x.room[:]
		return &x.frame
	case n <= 4:
		x := &struct {
			frame
			room [4]Value
		}{frame: frame{parent: parent, scope: s}}
		x.slots = x.room[:n]
		return &x.frame
	}
	return &frame{parent: parent, scope: s, slots: make([]Value, n)}
}

// find looks a variable up.
func (f *frame) find(cands []candidate, name string) (Value, bool) {
	at := 0
	for _, c := range cands {
		for ; at < c.up; at++ {
			f = f.parent
		}
		if c.tuple {
			if v, ok := f.tuple.get(name); ok {
				return v, true
			}
			continue
		}
		if c.slot < len(f.slots) {
			if v := f.slots[c.slot]; !unset(v) {
				return unbound(v), true
			}
		}
	}
	return Value{}, false
}
