package jsonata

import "github.com/perdure/perdure/asl/value"

// group compiles {key: value, ...}: on its own an object constructor, behind something a grouping of its items by key.

type grouper struct {
	keys  []evalFn
	vals  []operand
	fixed []string // the keys, when all are plain strings and differ
	pos   int
	scope *scope // of the tuple frames
}

func (c *compiler) grouper(pairs [][2]*node, pos int) *grouper {
	g := &grouper{pos: pos, scope: c.scope}
	fixed := make([]string, 0, len(pairs))
	seen := map[string]bool{}
	for _, pair := range pairs {
		g.keys = append(g.keys, c.node(pair[0]))
		g.vals = append(g.vals, c.operand(pair[1]))
		if k := pair[0]; k.kind == nString && k.predicate == nil && k.group == nil && !seen[k.lit.Str()] {
			seen[k.lit.Str()] = true
			fixed = append(fixed, k.lit.Str())
		}
	}
	if len(fixed) == len(pairs) {
		g.fixed = fixed
	}
	return g
}

func (c *compiler) group(pairs [][2]*node, pos int) evalFn {
	return c.grouper(pairs, pos).eval
}

// member1 is one member in the making: the items that fell into it and which pair they came through.
type member1 struct {
	key   string
	pair  int
	data  Value
	items []Value // when several
	tuple []*tuple
}

func (g *grouper) eval(r *run, in Value, f *frame) (Value, error) {
	if g.fixed != nil && in.Kind() != value.KindArray {
		return g.object(r, in, f)
	}
	items := []Value{in}
	if in.Kind() == value.KindArray {
		if items = in.Items(); len(items) == 0 {
			items = []Value{{}}
		}
	}
	var members []*member1
	index := map[string]*member1{}
	for _, item := range items {
		if err := r.tick(); err != nil {
			return Value{}, err
		}
		for i := range g.keys {
			key, ok, err := g.key(r, i, item, f)
			if err != nil {
				return Value{}, err
			}
			if !ok {
				continue
			}
			m := index[key]
			if m == nil {
				m = &member1{key: key, pair: i, data: item}
				index[key] = m
				members = append(members, m)
				continue
			}
			if m.pair != i {
				return Value{}, &Error{Code: "D1009", Position: g.pos, Value: value.String(key)}
			}
			m.add(item)
		}
	}
	out := value.NewObject(len(members))
	for _, m := range members {
		v, err := g.vals[m.pair].get(r, m.context(), f)
		if err != nil {
			return Value{}, err
		}
		if !v.IsUndefined() {
			out.Set(m.key, v)
		}
	}
	return value.FromObject(out), r.spend(objectBytes + len(members)*memberBytes)
}

// object is the short way for an object constructor with known keys.
func (g *grouper) object(r *run, in Value, f *frame) (Value, error) {
	base := len(r.args)
	for i := range g.vals {
		v, err := g.vals[i].get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		r.args = append(r.args, v)
	}
	out := value.ObjectOf(g.fixed, r.args[base:])
	r.args = r.args[:base]
	return value.FromObject(out), r.spend(objectBytes + len(g.fixed)*memberBytes)
}

func (g *grouper) key(r *run, i int, item Value, f *frame) (string, bool, error) {
	key, err := g.keys[i](r, item, f)
	if err != nil || key.IsUndefined() {
		return "", false, err
	}
	if key.Kind() != value.KindString {
		return "", false, &Error{Code: "T1003", Position: g.pos, Value: key}
	}
	return key.Str(), true, nil
}

// add joins another item to the group, as $append does.
func (m *member1) add(item Value) {
	switch {
	case item.IsUndefined():
	case m.items == nil && m.data.IsUndefined():
		m.data = item
	default:
		if m.items == nil {
			m.items = appendItems(nil, m.data)
		}
		m.items = appendItems(m.items, item)
	}
}

func (m *member1) context() Value {
	if m.items != nil {
		return value.Array(m.items...)
	}
	return m.data
}

func appendItems(out []Value, v Value) []Value {
	if v.Kind() == value.KindArray {
		return append(out, v.Items()...)
	}
	return append(out, v)
}

// groupTuples compiles a grouping behind a path of tuples, in whose frames the pairs are evaluated.
func (c *compiler) groupTuples(pairs [][2]*node, pos int) evalFn {
	g := c.grouper(pairs, pos)
	g.fixed = nil
	return func(r *run, in Value, f *frame) (Value, error) {
		if in.Tags()&tagTuple == 0 {
			return g.eval(r, in, &frame{parent: f, tuple: &tuple{}})
		}
		return g.evalTuples(r, asStream(in), f)
	}
}

func (g *grouper) evalTuples(r *run, s stream, f *frame) (Value, error) {
	var members []*member1
	index := map[string]*member1{}
	tuples := s.tuples
	if len(tuples) == 0 {
		tuples = []*tuple{{}}
	}
	for _, t := range tuples {
		if err := r.tick(); err != nil {
			return Value{}, err
		}
		_, tf := s.view(t, f, g.scope)
		for i := range g.keys {
			key, ok, err := g.key(r, i, t.item, tf)
			if err != nil {
				return Value{}, err
			}
			if !ok {
				continue
			}
			m := index[key]
			if m == nil {
				m = &member1{key: key, pair: i}
				index[key] = m
				members = append(members, m)
			}
			if m.pair != i {
				return Value{}, &Error{Code: "D1009", Position: g.pos, Value: value.String(key)}
			}
			m.tuple = append(m.tuple, t)
		}
	}
	out := value.NewObject(len(members))
	for _, m := range members {
		t := mergeTuples(m.tuple)
		_, tf := s.view(t, f, g.scope)
		v, err := g.vals[m.pair].get(r, t.item, tf)
		if err != nil {
			return Value{}, err
		}
		if !v.IsUndefined() {
			out.Set(m.key, v)
		}
	}
	return value.FromObject(out), r.spend(objectBytes + len(members)*memberBytes)
}

// mergeTuples makes one tuple of a group's: items and bindings are joined as $append joins.
func mergeTuples(ts []*tuple) *tuple {
	if len(ts) == 1 {
		return ts[0]
	}
	item := member1{data: ts[0].item}
	binds := make([]member1, len(ts[0].binds))
	for i, b := range ts[0].binds {
		binds[i] = member1{key: b.name, data: b.val}
	}
	for _, t := range ts[1:] {
		item.add(t.item)
	next:
		for _, b := range t.binds {
			for i := range binds {
				if binds[i].key == b.name {
					binds[i].add(b.val)
					continue next
				}
			}
			binds = append(binds, member1{key: b.name, data: b.val})
		}
	}
	out := &tuple{item: item.context()}
	for i := range binds {
		out.binds = append(out.binds, binding1{binds[i].key, binds[i].context()})
	}
	return out
}
