package jsonata

import (
	"github.com/perdure/perdure/asl/value"
)

// step is one compiled step of a path.
type step struct {
	fn     evalFn
	name   string // of a plain name, which needs no fn
	plain  bool
	stages []evalFn // filters: what they make of a value
	sort   *sorter
	cons   bool
}

// path compiles the steps of a path. A path of which a step binds something is evaluated over tuples (tuple.go).
func (c *compiler) path(n *node) evalFn {
	for _, st := range n.list {
		if st.tuple {
			return c.tuplePath(n)
		}
	}
	p := &pathPlan{keep: n.keepSingleton, raw: n.keepArray, variable: n.list[0].kind == nVariable}
	p.steps = make([]step, len(n.list))
	for i, st := range n.list {
		p.steps[i] = c.step(st)
	}
	p.steps[0].cons = n.list[0].consArray
	if n.group != nil {
		p.group = c.group(n.group.pairs, n.group.pos)
	}
	if p.isNames() {
		if len(p.steps) == 1 && !p.variable {
			return p.oneName()
		}
		return p.names()
	}
	return p.eval
}

func (c *compiler) step(n *node) step {
	if n.kind == nSort {
		c.depth++
		st := step{sort: c.sorter(n)}
		c.depth--
		st.stages = c.stages(n)
		return st
	}
	st := step{plain: n.kind == nName && !n.keepArray && n.group == nil && len(n.predicate) == 0, name: n.text}
	if !st.plain {
		st.fn = c.node(n)
	}
	st.stages = c.stages(n)
	return st
}

func (c *compiler) stages(n *node) []evalFn {
	var out []evalFn
	for _, st := range n.stages {
		if st.expr != nil {
			out = append(out, c.filter(st, false))
		}
	}
	return out
}

type pathPlan struct {
	steps    []step
	keep     bool // stays an array
	raw      bool // leaves reducing to the node around it
	more     bool // steps over tuples follow
	variable bool // starts with a variable, so an input that is an array is one item
	group    evalFn
}

// isNames reports whether the path is nothing but names behind an optional variable.
func (p *pathPlan) isNames() bool {
	if p.keep || p.raw || p.group != nil {
		return false
	}
	for i, st := range p.steps {
		if len(st.stages) > 0 || st.sort != nil || st.cons || !st.plain && !(i == 0 && p.variable) {
			return false
		}
	}
	return true
}

// oneName is the most common path.
func (p *pathPlan) oneName() evalFn {
	name, general := p.steps[0].name, p.names()
	return func(r *run, in Value, f *frame) (Value, error) {
		if in.Kind() == value.KindObject {
			if v := in.Get(name); v.Tags() == 0 {
				return v, nil
			}
		}
		return general(r, in, f)
	}
}

// names walks names as long as it meets only objects; the first array hands over to the general way.
func (p *pathPlan) names() evalFn {
	names := make([]string, len(p.steps))
	for i := range p.steps {
		names[i] = p.steps[i].name
	}
	return func(r *run, in Value, f *frame) (Value, error) {
		cur, i := in, 0
		if p.variable {
			var err error
			if cur, err = p.steps[0].fn(r, in, f); err != nil || len(p.steps) == 1 && cur.Kind() != value.KindArray {
				return cur, err
			}
			i = 1
			if cur.Kind() == value.KindArray {
				return p.eval(r, in, f)
			}
		}
		cur, n := cur.Walk(names[i:])
		if i += n; i < len(names) {
			if cur.Kind() != value.KindArray {
				return Value{}, nil
			}
			many := true
			if i > 0 {
				cur, many = flatten(reduce(cur), false)
			}
			return p.from(r, cur, many, i, f)
		}
		if cur.Tags() != 0 {
			cur, many := flatten(reduce(cur), true)
			return p.finish(r, cur, many, f)
		}
		return cur, nil
	}
}

func (p *pathPlan) eval(r *run, in Value, f *frame) (Value, error) {
	return p.from(r, in, in.Kind() == value.KindArray && !p.variable, 0, f)
}

// from goes on at step i. The sequence reached so far is either the items of cur (many) or cur alone, which saves
// making an array of one.
func (p *pathPlan) from(r *run, cur Value, many bool, i int, f *frame) (Value, error) {
	empty := false
	for ; i < len(p.steps) && !empty; i++ {
		st := &p.steps[i]
		last := i == len(p.steps)-1 && !p.more
		bare := many && cur.Kind() != value.KindArray // of a constructed first step that came to no array after all
		var err error
		switch {
		case i == 0 && st.cons:
			if !many {
				cur = value.Array(cur).WithTags(tagSequence)
			}
			if cur, err = st.fn(r, cur, f); err != nil {
				return Value{}, err
			}
			many = true
		case st.sort != nil:
			if !many {
				cur = value.Array(cur).WithTags(tagSequence)
			}
			if cur, err = st.sort.sort(r, cur, f); err != nil {
				return Value{}, err
			}
			for _, filter := range st.stages {
				if cur, err = filter(r, cur, f); err != nil {
					return Value{}, err
				}
			}
			many = bare || cur.Kind() == value.KindArray
		case many:
			if bare {
				if cur, err = r.spreadOut(cur); err != nil {
					return Value{}, err
				}
			}
			cur, many, err = st.each(r, cur.Items(), last, f)
		default:
			cur, err = st.one(r, cur, f)
			cur, many = flatten(cur, last)
		}
		if err != nil {
			return Value{}, err
		}
		empty = many && isEmpty(cur)
	}
	return p.finish(r, cur, many, f)
}

// isEmpty tells what ends a path early: JavaScript's length is 0, or there is nothing that could have one.
func isEmpty(v Value) bool {
	switch v.Kind() {
	case value.KindArray:
		return v.Len() == 0
	case value.KindString:
		return v.Str() == ""
	}
	return v.IsUndefined()
}

// spreadOut gives the items of a value that is no array, which the reference runs over by index: a text has characters,
// everything else nothing.
func (r *run) spreadOut(v Value) (Value, error) {
	text := v.Str()
	if err := r.spendItems(len(text)); err != nil {
		return Value{}, err
	}
	units := toUnits(text)
	items := make([]Value, len(units))
	for i := range units {
		items[i] = value.String(fromUnits(units[i : i+1]))
	}
	return value.Array(items...).WithTags(tagSequence), nil
}

// finish makes the path's value of the sequence its last step gave.
func (p *pathPlan) finish(r *run, cur Value, many bool, f *frame) (Value, error) {
	if p.keep {
		if t := cur.Tags(); !many || t&tagCons != 0 && t&tagSequence == 0 {
			cur, many = value.Array(cur).WithTags(tagSequence), true
		}
		cur = cur.WithTags(cur.Tags() | tagKeep)
	}
	if p.group != nil {
		return p.group(r, cur, f)
	}
	if p.raw && !many {
		return value.Array(cur).WithTags(tagSequence), nil
	}
	if !many || p.raw {
		return cur, nil
	}
	return reduce(cur), nil
}

// flatten gives the sequence a step makes of one result: many tells that it is the items of the value.
func flatten(res Value, last bool) (Value, bool) {
	if res.Kind() != value.KindArray {
		if res.IsUndefined() {
			return value.Array().WithTags(tagSequence), true
		}
		return res, false
	}
	t := res.Tags()
	if last && t&tagSequence == 0 {
		return res, true
	}
	if t&tagCons != 0 {
		return res, false
	}
	return res.WithTags(tagSequence), true
}

// one evaluates the step on one item.
func (s *step) one(r *run, item Value, f *frame) (res Value, err error) {
	if s.plain {
		if item.Kind() == value.KindObject {
			if res = item.Get(s.name); res.Tags() != 0 {
				res = reduce(res)
			}
		} else if res, err = r.lookup(item, s.name); err != nil {
			return Value{}, err
		} else {
			res = reduce(res)
		}
	} else if res, err = s.fn(r, item, f); err != nil {
		return Value{}, err
	}
	for _, filter := range s.stages {
		if res, err = filter(r, res, f); err != nil {
			return Value{}, err
		}
	}
	return res, nil
}

// each evaluates the step on every item and joins what comes out.
func (s *step) each(r *run, items []Value, last bool, f *frame) (Value, bool, error) {
	var first Value
	var out []Value
	n := 0
	bare := !s.plain && len(s.stages) == 0
	for _, item := range items {
		if err := r.tick(); err != nil {
			return Value{}, false, err
		}
		var res Value
		var err error
		if bare {
			res, err = s.fn(r, item, f)
		} else {
			res, err = s.one(r, item, f)
		}
		if err != nil {
			return Value{}, false, err
		}
		if res.IsUndefined() {
			continue
		}
		if n++; n == 1 {
			first = res
			continue
		}
		if n == 2 {
			out = appendFlat(make([]Value, 0, len(items)), first)
		}
		out = appendFlat(out, res)
		if len(out) > r.items {
			return Value{}, false, r.spendItems(len(out))
		}
	}
	if n < 2 {
		v, many := flatten(first, last)
		return v, many, nil
	}
	return value.Array(out...).WithTags(tagSequence), true, r.spendItems(len(out))
}

func appendFlat(out []Value, res Value) []Value {
	if res.Kind() != value.KindArray || res.Tags()&tagCons != 0 {
		return append(out, res)
	}
	return append(out, res.Items()...)
}

// lookup takes a member of an object, or of every object in an array.
func (r *run) lookup(in Value, name string) (Value, error) {
	switch in.Kind() {
	case value.KindObject:
		return in.Get(name), nil
	case value.KindArray:
		var out []Value
		for _, item := range in.Items() {
			if err := r.tick(); err != nil {
				return Value{}, err
			}
			res, err := r.lookup(item, name)
			if err != nil {
				return Value{}, err
			}
			if res.Kind() == value.KindArray {
				out = append(out, res.Items()...)
			} else if !res.IsUndefined() {
				out = append(out, res)
			}
		}
		return value.Array(out...).WithTags(tagSequence), r.spendItems(len(out))
	}
	return Value{}, nil
}

// wildcard is every member of an object, with arrays taken apart.
func wildcard(r *run, in Value, _ *frame) (Value, error) {
	if in.Tags()&tagOuter != 0 && in.Len() > 0 {
		in = in.Index(0)
	}
	var out []Value
	tags := tagSequence
	add := func(v Value) error {
		if v.Kind() != value.KindArray {
			out = append(out, v)
			return r.tick()
		}
		tags = 0 // joining arrays makes a plain one
		var err error
		out, err = r.flattenDeep(out, v)
		return err
	}
	switch in.Kind() {
	case value.KindArray:
		for _, item := range in.Items() {
			if err := add(item); err != nil {
				return Value{}, err
			}
		}
		if in.Tags()&tagSequence != 0 { // the mark of a sequence is a member, too
			out = append(out, value.Bool(true))
		}
	case value.KindObject:
		o := in.Object()
		for i := range o.Len() {
			if err := add(o.At(i)); err != nil {
				return Value{}, err
			}
		}
	}
	return value.Array(out...).WithTags(tags), r.spendItems(len(out))
}

func (r *run) flattenDeep(out []Value, v Value) ([]Value, error) {
	for _, item := range v.Items() {
		if err := r.tick(); err != nil {
			return nil, err
		}
		if item.Kind() != value.KindArray {
			out = append(out, item)
			continue
		}
		var err error
		if out, err = r.flattenDeep(out, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// descendants is the value and everything inside it, arrays taken apart.
func descendants(r *run, in Value, _ *frame) (Value, error) {
	if in.IsUndefined() {
		return Value{}, nil
	}
	out, err := r.descend(nil, in, 0)
	if err != nil {
		return Value{}, err
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return value.Array(out...).WithTags(tagSequence), r.spendItems(len(out))
}

func (r *run) descend(out []Value, v Value, depth int) ([]Value, error) {
	if depth > maxWalk {
		return nil, tooDeep()
	}
	if err := r.tick(); err != nil {
		return nil, err
	}
	var err error
	if v.Kind() == value.KindArray {
		for _, item := range v.Items() {
			if out, err = r.descend(out, item, depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out = append(out, v)
	if len(out) > r.items {
		return nil, r.spendItems(len(out))
	}
	if o := v.Object(); o != nil {
		for i := range o.Len() {
			if out, err = r.descend(out, o.At(i), depth+1); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// maxWalk bounds the nesting of values that functions walk through.
const maxWalk = 10_000

func tooDeep() *Error {
	return &Error{Code: "U1001", extra: "Stack overflow error: a value is nested too deep"}
}
