package jsonata

import (
	"math"

	"github.com/perdure/perdure/asl/value"
)

// A path that binds something along the way, with @, # or for the sake of %, is evaluated over tuples: every item
// carries what was bound on its way. Everything behind the first binding step is evaluated in a frame of its tuple.

// stream is a row of tuples. Sorting loses the mark, as it does in the reference: what then looks at the items sees the
// tuples as plain objects.
type stream struct {
	tuples []*tuple
	marked bool
}

// tupleStep is one step of such a path.
type tupleStep struct {
	step     // stages unused
	focus    string
	index    string
	ancestor string
	sorts    bool
	stages   []func(r *run, s stream, f *frame) (stream, error)
}

type tuplePlan struct {
	plain pathPlan // the steps before the first that binds
	steps []tupleStep
	tuple bool // hands its tuples on to the path around it
	keep  bool
	raw   bool
	group evalFn
}

func (c *compiler) tuplePath(n *node) evalFn {
	p := &tuplePlan{tuple: n.tuple, keep: n.keepSingleton, raw: n.keepArray}
	p.plain = pathPlan{variable: n.list[0].kind == nVariable, raw: true, more: true}
	from := 0
	for !n.list[from].tuple {
		p.plain.steps = append(p.plain.steps, c.step(n.list[from]))
		from++
	}
	cons := n.list[0].consArray
	if from > 0 {
		p.plain.steps[0].cons = cons
	}
	c.within(&scope{kind: tupleScope}, func() {
		for i, st := range n.list[from:] {
			ts := c.tupleStep(st)
			ts.cons = cons && from+i == 0
			p.steps = append(p.steps, ts)
		}
		if n.group != nil {
			p.group = c.groupTuples(n.group.pairs, n.group.pos)
		}
	})
	return p.eval
}

func (c *compiler) tupleStep(n *node) tupleStep {
	ts := tupleStep{focus: n.focus, index: n.index}
	if n.ancestor != nil {
		ts.ancestor = n.ancestor.label
	}
	c.depth++
	if n.kind == nSort {
		ts.sorts = true
		ts.sort = c.sorter(n)
		c.depth--
	} else {
		c.depth--
		ts.fn = c.node(n)
	}
	for _, st := range n.stages {
		ts.stages = append(ts.stages, c.tupleStage(st))
	}
	return ts
}

func (c *compiler) tupleStage(st stage) func(*run, stream, *frame) (stream, error) {
	if st.expr == nil {
		name := st.index
		return func(_ *run, s stream, _ *frame) (stream, error) {
			for i, t := range s.tuples {
				t.set(name, value.Number(float64(i)))
			}
			return s, nil
		}
	}
	if st.expr.kind == nNumber {
		at := math.Floor(st.expr.lit.Float())
		return func(_ *run, s stream, _ *frame) (stream, error) {
			for i := range s.tuples {
				if hits(at, i, len(s.tuples)) {
					return stream{s.tuples[i : i+1], s.marked}, nil
				}
			}
			return stream{nil, s.marked}, nil
		}
	}
	pred, scope := c.node(st.expr), c.scope
	return func(r *run, s stream, f *frame) (stream, error) {
		out := stream{marked: s.marked}
		for i, t := range s.tuples {
			if err := r.tick(); err != nil {
				return stream{}, err
			}
			item, tf := s.view(t, f, scope)
			keep, err := r.selects(pred, item, i, len(s.tuples), tf)
			if err != nil {
				return stream{}, err
			}
			for range keep {
				out.tuples = append(out.tuples, t)
			}
		}
		return out, r.spendItems(len(out.tuples))
	}
}

// view gives the context and the frame in which something is evaluated for a tuple.
func (s stream) view(t *tuple, f *frame, sc *scope) (Value, *frame) {
	tf := newFrame(f, sc)
	if !s.marked {
		tf.tuple = &tuple{}
		return t.object(), tf
	}
	tf.tuple = t
	return t.item, tf
}

// object shows a tuple as the plain object it is in the reference.
func (t *tuple) object() Value {
	o := value.NewObject(len(t.binds) + 1)
	o.Set("@", t.item)
	for _, b := range t.binds {
		o.Set(b.name, b.val)
	}
	return value.FromObject(o)
}

func (t *tuple) clone() *tuple {
	return &tuple{item: t.item, binds: append(make([]binding1, 0, len(t.binds)+1), t.binds...)}
}

// value makes a value of the stream, for the path around.
func (s stream) value() Value {
	items := make([]Value, len(s.tuples))
	for i, t := range s.tuples {
		if s.marked {
			items[i] = value.Extern(t)
		} else {
			items[i] = t.object()
		}
	}
	if s.marked {
		return value.Array(items...).WithTags(tagSequence | tagTuple)
	}
	return value.Array(items...)
}

// asStream is the reverse of value.
func asStream(v Value) stream {
	s := stream{marked: true}
	for _, item := range v.Items() {
		if t, ok := item.Ext().(*tuple); ok {
			s.tuples = append(s.tuples, t)
		}
	}
	return s
}

func (p *tuplePlan) eval(r *run, in Value, f *frame) (Value, error) {
	cur, many := in, in.Kind() == value.KindArray && !p.plain.variable
	if len(p.plain.steps) > 0 {
		var err error
		if cur, err = p.plain.from(r, in, many, 0, f); err != nil {
			return Value{}, err
		}
		many = true
		if cur.Len() == 0 {
			return p.nothing(r, cur, f)
		}
	}
	items := cur.Items()
	if !many {
		items = []Value{cur}
	}
	s := stream{tuples: make([]*tuple, len(items))}
	for i, item := range items {
		s.tuples[i] = &tuple{item: item}
	}
	started := false
	for i := range p.steps {
		st := &p.steps[i]
		var err error
		switch {
		case st.cons:
			seq := in // such a step is the first
			if !many {
				seq = value.Array(in).WithTags(tagSequence)
			}
			if seq, err = st.fn(r, seq, &frame{parent: f, tuple: &tuple{}}); err != nil {
				return Value{}, err
			}
			if st.focus != "" { // goes on from the input, with nothing bound, as in the reference
				continue
			}
			s.tuples = nil
			for _, item := range seq.Items() {
				s.tuples = append(s.tuples, &tuple{item: item})
			}
			continue
		case st.sorts:
			s, err = st.sortTuples(r, s, started, f)
		default:
			s, err = st.each(r, s, f)
		}
		if err != nil {
			return Value{}, err
		}
		started = true
		for _, apply := range st.stages {
			if s, err = apply(r, s, f); err != nil {
				return Value{}, err
			}
		}
	}
	return p.finish(r, s, f)
}

// nothing is the value of a path that came to nothing before its first binding.
func (p *tuplePlan) nothing(r *run, cur Value, f *frame) (Value, error) {
	if p.keep && cur.Kind() == value.KindArray {
		if t := cur.Tags(); t&tagCons != 0 && t&tagSequence == 0 {
			cur = value.Array(cur).WithTags(tagSequence)
		}
		cur = cur.WithTags(cur.Tags() | tagKeep)
	}
	if p.group != nil {
		return p.group(r, cur, f)
	}
	if p.raw {
		return cur, nil
	}
	return reduce(cur), nil
}

func (p *tuplePlan) finish(r *run, s stream, f *frame) (Value, error) {
	var v Value
	if p.tuple || p.group != nil {
		v = s.value()
	} else {
		items := make([]Value, len(s.tuples))
		for i, t := range s.tuples {
			items[i] = t.item
		}
		v = value.Array(items...).WithTags(tagSequence)
	}
	if err := r.spendItems(len(s.tuples)); err != nil {
		return Value{}, err
	}
	if p.keep {
		v = v.WithTags(v.Tags() | tagKeep)
	}
	if p.group != nil {
		return p.group(r, v, f)
	}
	if p.raw {
		return v, nil
	}
	return reduce(v), nil
}

func (st *tupleStep) sortTuples(r *run, s stream, started bool, f *frame) (stream, error) {
	if started {
		return st.sort.tuples(r, s, f)
	}
	// the first binding step sorts: what it binds is the position after sorting
	out, err := st.sort.tuples(r, stream{s.tuples, true}, f)
	out.marked = true
	for i, t := range out.tuples {
		t.set(st.index, value.Number(float64(i)))
	}
	return out, err
}

// each evaluates the step for every tuple and extends the tuple for every result.
func (st *tupleStep) each(r *run, s stream, f *frame) (stream, error) {
	out := stream{marked: true}
	for _, t := range s.tuples {
		if err := r.tick(); err != nil {
			return stream{}, err
		}
		tf := &frame{parent: f, tuple: t}
		res, err := st.fn(r, t.item, tf)
		if err != nil {
			return stream{}, err
		}
		if res.IsUndefined() {
			continue
		}
		if res.Tags()&tagTuple != 0 {
			for _, inner := range asStream(res).tuples {
				n := t.clone()
				n.item = inner.item
				for _, b := range inner.binds {
					n.set(b.name, b.val)
				}
				out.tuples = append(out.tuples, n)
			}
			continue
		}
		items := res.Items()
		if res.Kind() != value.KindArray {
			items = []Value{res}
		}
		for i, item := range items {
			n := t.clone()
			if st.focus != "" {
				n.set(st.focus, item)
			} else {
				n.item = item
			}
			if st.index != "" {
				n.set(st.index, value.Number(float64(i)))
			}
			if st.ancestor != "" {
				n.set(st.ancestor, t.item)
			}
			out.tuples = append(out.tuples, n)
		}
		if err := r.spend(len(items) * (objectBytes + memberBytes*(len(t.binds)+1))); err != nil {
			return stream{}, err
		}
	}
	return out, nil
}

// tupleFilter compiles a predicate behind a block that may hand tuples through.
func (c *compiler) tupleFilter(st stage) evalFn {
	var filter evalFn
	var stage func(*run, stream, *frame) (stream, error)
	c.within(&scope{kind: tupleScope}, func() {
		filter, stage = c.filter(st, true), c.tupleStage(st)
	})
	return func(r *run, in Value, f *frame) (Value, error) {
		if in.Tags()&tagTuple == 0 {
			return filter(r, in, &frame{parent: f, tuple: &tuple{}})
		}
		s, err := stage(r, asStream(in), f)
		return s.value(), err
	}
}
