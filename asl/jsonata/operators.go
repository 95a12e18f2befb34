package jsonata

import (
	"math"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// binary compiles an operator. What an operator finds wrong with its operands is reported at the operator.
func (c *compiler) binary(n *node) evalFn {
	switch n.text {
	case "&":
		return c.concat(n)
	case "and", "or":
		return c.logic(n)
	}
	lhs, rhs := c.operand(n.lhs), c.operand(n.rhs)
	var op func(r *run, a, b Value) (Value, error)
	switch n.text {
	case "+", "-", "*", "/", "%":
		return arithmetic(n, lhs, rhs)
	case "=":
		op = func(r *run, a, b Value) (Value, error) {
			eq, err := r.equal(a, b, 0)
			return value.Bool(eq && !a.IsUndefined()), err
		}
	case "!=":
		op = func(r *run, a, b Value) (Value, error) {
			eq, err := r.equal(a, b, 0)
			return value.Bool(!eq && !a.IsUndefined() && !b.IsUndefined()), err
		}
	case "<":
		op = comparison(func(c int) bool { return c < 0 })
	case "<=":
		op = comparison(func(c int) bool { return c <= 0 })
	case ">":
		op = comparison(func(c int) bool { return c > 0 })
	case ">=":
		op = comparison(func(c int) bool { return c >= 0 })
	case "in":
		op = includes
	case "..":
		op = span
	default:
		return constant(Value{})
	}
	pos, text := n.pos, n.text
	return func(r *run, in Value, f *frame) (Value, error) {
		a, err := lhs.get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		b, err := rhs.get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		if a.Kind() == value.KindNumber && b.Kind() == value.KindNumber {
			x, y := a.Float(), b.Float()
			switch text {
			case "=":
				return value.Bool(x == y), nil
			case "<":
				return value.Bool(x < y), nil
			case "<=":
				return value.Bool(x <= y), nil
			case ">":
				return value.Bool(x > y), nil
			case ">=":
				return value.Bool(x >= y), nil
			}
		}
		v, err := op(r, a, b)
		if err != nil {
			return Value{}, placed(err, pos, text)
		}
		return v, nil
	}
}

// placed puts an error at an operator.
func placed(err error, pos int, token string) error {
	if e, ok := err.(*Error); ok {
		e.at(pos, token)
	}
	return err
}

func arithmetic(n *node, lhs, rhs operand) evalFn {
	pos, text, op := n.pos, n.text, n.text[0]
	general := func(r *run, in Value, f *frame) (Value, error) {
		a, err := lhs.get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		b, err := rhs.get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		if a.Kind() == value.KindNumber && b.Kind() == value.KindNumber {
			x, y := a.Float(), b.Float()
			if x-x == 0 && y-y == 0 {
				return value.Number(compute(op, x, y)), nil
			}
		}
		if err := operands(a, b); err != nil {
			return Value{}, placed(err, pos, text)
		}
		return Value{}, nil
	}
	if lhs.mode != nameOperand || rhs.mode != nameOperand {
		return general
	}
	first, second := lhs.names[0], rhs.names[0]
	return func(r *run, in Value, f *frame) (Value, error) { // two members, as price * qty
		a, b := in.Get(first), in.Get(second)
		if a.Kind() == value.KindNumber && b.Kind() == value.KindNumber {
			if x, y := a.Float(), b.Float(); x-x == 0 && y-y == 0 {
				return value.Number(compute(op, x, y)), nil
			}
		}
		return general(r, in, f)
	}
}

func compute(op byte, x, y float64) float64 {
	switch op {
	case '+':
		return x + y
	case '-':
		return x - y
	case '*':
		return x * y
	case '/':
		return x / y
	}
	return remainder(x, y)
}

// remainder is math.Mod, which takes apart bit by bit what integers have an instruction for.
func remainder(x, y float64) float64 {
	if math.Abs(x) > 1<<53 || math.Abs(y) > 1<<53 {
		return math.Mod(x, y)
	}
	a, b := int64(x), int64(y)
	if b == 0 || float64(a) != x || float64(b) != y {
		return math.Mod(x, y)
	}
	return math.Copysign(float64(a%b), x)
}

// operands finds what is wrong with the operands of arithmetic, if anything.
func operands(a, b Value) error {
	for i, v := range [...]Value{a, b} {
		if v.IsUndefined() {
			continue
		}
		if ok, err := isNumber(v); err != nil {
			return err
		} else if !ok {
			return fail([...]string{"T2001", "T2002"}[i], v)
		}
	}
	return nil
}

func comparison(holds func(int) bool) func(*run, Value, Value) (Value, error) {
	return func(_ *run, a, b Value) (Value, error) {
		if !comparable(a) || !comparable(b) {
			e := fail("T2010", b)
			if k := a.Kind(); k != value.KindString && k != value.KindNumber {
				e.Value = a
			}
			return Value{}, e
		}
		if a.IsUndefined() || b.IsUndefined() {
			return Value{}, nil
		}
		if a.Kind() != b.Kind() {
			return Value{}, &Error{Code: "T2009", Value: a, Value2: b}
		}
		c := 0
		if a.Kind() == value.KindString {
			c = compareText(a.Str(), b.Str())
		} else {
			x, y := a.Float(), b.Float()
			switch {
			case x < y:
				c = -1
			case x > y:
				c = 1
			case x != y: // not a number compares as nothing
				return value.Bool(false), nil
			}
		}
		return value.Bool(holds(c)), nil
	}
}

func comparable(v Value) bool {
	k := v.Kind()
	return k == value.KindString || k == value.KindNumber || k == value.KindUndefined
}

// equal compares deeply, counting steps.
func (r *run) equal(a, b Value, depth int) (bool, error) {
	if a.Kind() != b.Kind() {
		return false, nil
	}
	switch a.Kind() {
	case value.KindArray, value.KindObject:
	default:
		return value.Equal(a, b), nil
	}
	if a.Len() != b.Len() {
		return false, nil
	}
	if depth > maxWalk {
		return false, tooDeep()
	}
	if a.Kind() == value.KindArray {
		x, y := a.Items(), b.Items()
		for i := range x {
			if err := r.tick(); err != nil {
				return false, err
			}
			if eq, err := r.equal(x[i], y[i], depth+1); !eq || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	x, y := a.Object(), b.Object()
	if x == y {
		return true, nil
	}
	for i := range x.Len() {
		if err := r.tick(); err != nil {
			return false, err
		}
		other, ok := y.Get(x.Key(i))
		if !ok {
			return false, nil
		}
		if eq, err := r.equal(x.At(i), other, depth+1); !eq || err != nil {
			return false, err
		}
	}
	return true, nil
}

// identical is JavaScript's ===: arrays and objects are equal only to themselves.
func identical(a, b Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case value.KindObject:
		return a.Object() == b.Object()
	case value.KindArray:
		x, y := a.Items(), b.Items()
		return len(x) == len(y) && len(x) > 0 && &x[0] == &y[0]
	}
	return value.Equal(a, b)
}

func includes(r *run, a, b Value) (Value, error) {
	if a.IsUndefined() || b.IsUndefined() {
		return value.Bool(false), nil
	}
	if b.Kind() != value.KindArray {
		return value.Bool(identical(a, b)), nil
	}
	for _, item := range b.Items() {
		if err := r.tick(); err != nil {
			return Value{}, err
		}
		if identical(a, item) {
			return value.Bool(true), nil
		}
	}
	return value.Bool(false), nil
}

// maxRange is the number of items the range operator refuses to exceed.
const maxRange = 1e7

func span(r *run, a, b Value) (Value, error) {
	for i, v := range [...]Value{a, b} {
		f := v.Float()
		if v.IsUndefined() || v.Kind() == value.KindNumber && f == math.Trunc(f) && f-f == 0 {
			continue
		}
		return Value{}, fail([...]string{"T2003", "T2004"}[i], v)
	}
	if a.IsUndefined() || b.IsUndefined() || a.Float() > b.Float() {
		return Value{}, nil
	}
	from, size := a.Float(), b.Float()-a.Float()+1
	if size > maxRange {
		return Value{}, fail("D2014", value.Number(size))
	}
	n := int(size)
	if err := r.spendItems(n); err != nil {
		return Value{}, err
	}
	items := make([]Value, n)
	for i := range items {
		if err := r.tick(); err != nil {
			return Value{}, err
		}
		items[i] = value.Number(from + float64(i))
	}
	return value.Array(items...).WithTags(tagSequence), nil
}

// logic compiles and and or, which put every error of their right side at themselves.
func (c *compiler) logic(n *node) evalFn {
	lhs, rhs := c.node(n.lhs), c.node(n.rhs)
	pos, text, and := n.pos, n.text, n.text == "and"
	return func(r *run, in Value, f *frame) (Value, error) {
		a, err := lhs(r, in, f)
		if err != nil {
			return Value{}, err
		}
		yes, err := r.truthy(a)
		if err == nil && yes == and {
			var b Value
			if b, err = rhs(r, in, f); err == nil {
				yes, err = r.truthy(b)
			}
		}
		if err != nil {
			return Value{}, placed(err, pos, text)
		}
		return value.Bool(yes), nil
	}
}

// concat compiles a whole row of & at once: the parts are written into one buffer.
func (c *compiler) concat(n *node) evalFn {
	var parts []operand
	var at []int
	var collect func(n *node)
	collect = func(n *node) {
		if plain := n.kind == nBinary && n.text == "&" && n.predicate == nil && n.group == nil && !n.keepArray; !plain {
			parts = append(parts, c.operand(n))
			return
		}
		c.depth++
		collect(n.lhs)
		parts = append(parts, c.operand(n.rhs))
		c.depth--
		at = append(at, n.pos)
	}
	c.depth--
	collect(n)
	c.depth++
	return func(r *run, in Value, f *frame) (Value, error) {
		buf := r.buf[:0]
		r.buf = nil // an operand may want one, too
		first, err := parts[0].get(r, in, f)
		if err != nil {
			return Value{}, err
		}
		for i := range parts[1:] {
			v, err := parts[i+1].get(r, in, f)
			if err != nil {
				return Value{}, err
			}
			if i == 0 {
				if buf, err = r.appendText(buf, first); err != nil {
					return Value{}, placed(err, at[0], "&")
				}
			}
			if v.Kind() == value.KindString {
				buf = append(buf, v.Str()...)
			} else if buf, err = r.appendText(buf, v); err != nil {
				return Value{}, placed(err, at[i], "&")
			}
		}
		s := string(buf)
		r.buf = buf
		if strings.IndexByte(s, 0xed) >= 0 {
			s = joinSurrogates(s)
		}
		return value.String(s), r.spend(len(s))
	}
}

func (c *compiler) unary(n *node) evalFn {
	switch n.text {
	case "[":
		return c.array(n)
	case "{":
		return c.group(n.pairs, n.pos)
	}
	fn, pos, text := c.node(n.lhs), n.pos, n.text
	return func(r *run, in Value, f *frame) (Value, error) {
		v, err := fn(r, in, f)
		if err != nil || v.IsUndefined() {
			return Value{}, err
		}
		ok, err := isNumber(v)
		if err != nil {
			return Value{}, err
		}
		if !ok {
			return Value{}, fail("D1002", v).at(pos, text)
		}
		return value.Number(-v.Float()), nil
	}
}

func (c *compiler) array(n *node) evalFn {
	items := make([]evalFn, len(n.list))
	nested := make([]bool, len(n.list))
	for i, item := range n.list {
		items[i] = c.node(item)
		nested[i] = item.kind == nUnary && item.text == "[" // stays an item of its own
	}
	var tags uint8
	if n.consArray {
		tags = tagCons
	}
	return func(r *run, in Value, f *frame) (Value, error) {
		var out []Value
		for i, fn := range items {
			v, err := fn(r, in, f)
			if err != nil {
				return Value{}, err
			}
			switch {
			case v.IsUndefined():
			case v.Kind() != value.KindArray || nested[i]:
				if out == nil {
					out = make([]Value, 0, len(items)-i)
				}
				out = append(out, v)
			case out == nil:
				out = v.Items()[:v.Len():v.Len()]
			default:
				out = append(out, v.Items()...)
			}
		}
		return value.Array(out...).WithTags(tags), r.spendItems(len(out))
	}
}
