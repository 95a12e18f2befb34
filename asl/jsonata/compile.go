package jsonata

import (
	"math"

	"github.com/perdure/perdure/asl/value"
)

// compiler turns the resolved tree into closures. It knows the scopes around the node at hand and how deep the node
// stands in its body, which is how nesting is counted without counting at run time.
type compiler struct {
	program *Program
	version Version
	table   *builtins
	scope   *scope
	depth   int
}

// within compiles something in a scope of its own.
func (c *compiler) within(s *scope, compile func()) {
	s.parent = c.scope
	c.scope = s
	compile()
	c.scope = s.parent
}

// node compiles a node with what stands behind it; a sequence it makes is reduced to what it means.
func (c *compiler) node(n *node) evalFn {
	c.depth++
	defer func() { c.depth-- }()
	if n.thunk {
		return c.tailCall(n)
	}
	fn := c.bare(n)
	fn = c.behind(n, fn)
	if !canBeSequence(n) {
		return fn
	}
	if n.keepArray {
		return func(r *run, in Value, f *frame) (Value, error) {
			v, err := fn(r, in, f)
			if err != nil {
				return Value{}, err
			}
			if t := v.Tags(); t&tagSequence != 0 && t&tagTuple == 0 && v.Kind() == value.KindArray {
				if v.Len() == 0 {
					return Value{}, nil
				}
				v = v.WithTags(t | tagKeep)
			}
			return v, nil
		}
	}
	return func(r *run, in Value, f *frame) (Value, error) {
		v, err := fn(r, in, f)
		if err != nil || v.Tags() == 0 {
			return v, err
		}
		return reduce(v), nil
	}
}

// reduce makes of a sequence what it means: nothing, its only item, or itself.
func reduce(v Value) Value {
	t := v.Tags()
	if t&tagSequence == 0 || t&tagTuple != 0 || v.Kind() != value.KindArray {
		return v
	}
	switch v.Len() {
	case 0:
		return Value{}
	case 1:
		if t&tagKeep == 0 {
			return v.Index(0)
		}
	}
	return v
}

// canBeSequence tells the nodes whose result may be a sequence that is not yet reduced.
func canBeSequence(n *node) bool {
	if len(n.predicate) > 0 {
		return true
	}
	switch n.kind {
	case nString, nNumber, nValue, nRegex, nLambda, nTransform, nPartial:
		return false
	case nUnary:
		return false
	case nBinary:
		return n.text == ".."
	case nPath:
		return n.keepArray || n.group != nil
	case nBlock:
		if len(n.list) == 1 && n.group == nil && !n.keepArray && givesScalar(n.list[0]) {
			return false
		}
	}
	return n.group == nil || n.kind == nPath
}

// givesScalar tells the nodes whose result is never an array.
func givesScalar(n *node) bool {
	if len(n.predicate) > 0 || n.group != nil || n.thunk {
		return false
	}
	return n.kind == nString || n.kind == nNumber || n.kind == nBinary && n.text != ".."
}

func constant(v Value) evalFn {
	return func(*run, Value, *frame) (Value, error) { return v, nil }
}

func (c *compiler) bare(n *node) evalFn {
	switch n.kind {
	case nString, nNumber, nValue:
		return constant(n.lit)
	case nName:
		name := n.text
		return func(r *run, in Value, _ *frame) (Value, error) { return r.lookup(in, name) }
	case nVariable:
		return c.variable(n)
	case nWildcard:
		return wildcard
	case nDescendant:
		return descendants
	case nParent:
		return c.named(n.slot.label)
	case nPath:
		return c.path(n)
	case nBinary:
		return c.binary(n)
	case nUnary:
		return c.unary(n)
	case nCondition:
		return c.condition(n)
	case nBlock:
		return c.block(n)
	case nBind:
		return c.bind(n)
	case nRegex:
		return c.regex(n)
	case nFunction:
		return c.call(n, nil)
	case nPartial:
		return c.partial(n)
	case nLambda:
		return c.lambda(n)
	case nApply:
		return c.apply(n)
	case nTransform:
		return c.transform(n)
	}
	return constant(Value{})
}

// behind adds the predicates and the grouping of a node that is no path.
func (c *compiler) behind(n *node, fn evalFn) evalFn {
	if n.kind == nPath {
		return fn
	}
	for _, st := range n.predicate {
		before := fn
		var filter evalFn
		if n.tuple {
			filter = c.tupleFilter(st)
		} else {
			filter = c.filter(st, true)
		}
		fn = func(r *run, in Value, f *frame) (Value, error) {
			v, err := before(r, in, f)
			if err != nil {
				return Value{}, err
			}
			return filter(r, v, f)
		}
	}
	if n.group == nil {
		return fn
	}
	group := c.group(n.group.pairs, n.group.pos)
	return func(r *run, in Value, f *frame) (Value, error) {
		v, err := fn(r, in, f)
		if err != nil {
			return Value{}, err
		}
		return group(r, v, f)
	}
}

func (c *compiler) variable(n *node) evalFn {
	if n.text == "" {
		return func(_ *run, in Value, _ *frame) (Value, error) {
			if in.Tags()&tagOuter != 0 {
				return in.Index(0), nil
			}
			return in, nil
		}
	}
	return c.named(n.text)
}

// named compiles the look-up of a variable; what nobody has bound may be a built-in function.
func (c *compiler) named(name string) evalFn {
	cands := c.lookup(name)
	b := c.table.find(name)
	if len(cands) == 1 && b == nil { // only the outermost frame may have it
		slot := cands[0].slot
		return func(r *run, _ Value, _ *frame) (Value, error) { return unbound(r.root.slots[slot]), nil }
	}
	if c := cands[0]; c.up == 0 && !c.tuple {
		return func(r *run, _ Value, f *frame) (Value, error) {
			if v := f.slots[c.slot]; !v.IsUndefined() {
				return v, nil
			}
			return lookupVariable(f, cands, name, b)
		}
	}
	return func(r *run, _ Value, f *frame) (Value, error) { return lookupVariable(f, cands, name, b) }
}

func lookupVariable(f *frame, cands []candidate, name string, b *builtin) (Value, error) {
	if v, ok := f.find(cands, name); ok {
		return v, nil
	}
	if b != nil {
		return b.value, nil
	}
	return Value{}, nil
}

func (c *compiler) bind(n *node) evalFn {
	rhs := c.node(n.rhs)
	slot := c.scope.add(n.lhs.text)
	scope := c.scope
	return func(r *run, in Value, f *frame) (Value, error) {
		v, err := rhs(r, in, f)
		if err != nil {
			return Value{}, err
		}
		if slot >= len(f.slots) {
			f.slots = append(f.slots, make([]Value, len(scope.names)-len(f.slots))...)
		}
		f.slots[slot] = bound(v)
		return v, nil
	}
}

// fallback compiles a ?: b and a ?? b, whose left side is condition and value in one.
func (c *compiler) fallback(n *node) evalFn {
	left, right := c.node(n.cond), c.node(n.other)
	exists := n.text == "??"
	return func(r *run, in Value, f *frame) (Value, error) {
		v, err := left(r, in, f)
		if err != nil {
			return Value{}, err
		}
		good := !v.IsUndefined()
		if good && !exists {
			if good, err = r.truthy(v); err != nil {
				return Value{}, err
			}
		}
		if good {
			return v, nil
		}
		return right(r, in, f)
	}
}

func (c *compiler) condition(n *node) evalFn {
	if n.then == nil {
		return c.fallback(n)
	}
	cond, then := c.operand(n.cond), c.operand(n.then)
	other := operand{mode: literalOperand}
	if n.other != nil {
		other = c.operand(n.other)
	}
	return func(r *run, in Value, f *frame) (Value, error) {
		v, err := cond.get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		yes := v.Bool()
		if v.Kind() != value.KindBool {
			if yes, err = r.truthy(v); err != nil {
				return Value{}, err
			}
		}
		if yes {
			return then.get(r, in, f)
		}
		return other.get(r, in, f)
	}
}

func (c *compiler) block(n *node) evalFn {
	s := &scope{kind: blockScope}
	for _, e := range n.list {
		s.declare(e)
	}
	list := make([]evalFn, len(n.list))
	compile := func() {
		for i, e := range n.list {
			list[i] = c.node(e)
		}
	}
	if len(s.names) == 0 {
		compile()
		if len(list) == 1 {
			return list[0]
		}
	} else {
		c.within(s, compile)
	}
	framed := len(s.names) > 0
	return func(r *run, in Value, f *frame) (v Value, err error) {
		if framed {
			f = newFrame(f, s)
		}
		for _, fn := range list {
			if v, err = fn(r, in, f); err != nil {
				return Value{}, err
			}
		}
		return v, nil
	}
}

// truthy is what $boolean makes of a value, false for undefined.
func (r *run) truthy(v Value) (bool, error) {
	switch v.Kind() {
	case value.KindBool:
		return v.Bool(), nil
	case value.KindString:
		return v.Str() != "", nil
	case value.KindNumber:
		f := v.Float()
		if math.IsInf(f, 0) {
			return false, fail("D1001", v)
		}
		return f != 0 && f == f, nil
	case value.KindObject:
		return v.Len() > 0, nil
	case value.KindExtern:
		fn := asFunction(v)
		return r.program.options.Version < V2_2 && fn.wrapped == nil && fn.native == nil, nil
	case value.KindArray:
		items := v.Items()
		found := false
		for _, item := range items { // all are looked at: one may be an error
			if err := r.tick(); err != nil {
				return false, err
			}
			yes, err := r.truthy(item)
			if err != nil {
				return false, err
			}
			found = found || yes
		}
		return found, nil
	}
	return false, nil
}

// isNumber reports whether v is a number to count with; an infinite one is an error.
func isNumber(v Value) (bool, error) {
	if v.Kind() != value.KindNumber {
		return false, nil
	}
	f := v.Float()
	if f-f != 0 {
		if f != f {
			return false, nil
		}
		return false, fail("D1001", v)
	}
	return true, nil
}
