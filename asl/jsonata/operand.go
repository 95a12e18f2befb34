package jsonata

import "github.com/perdure/perdure/asl/value"

// operand is a compiled node of which the plainest forms are known: a constant, the context, a variable of the frame at
// hand and a path of names, from the context or from such a variable. Those are most operands there are, and reading them here saves a call through a closure or
// three. Whatever is not the plain case at run time goes through fn, which decides alone what the answer is.
type operand struct {
	fn    evalFn
	mode  operandMode
	slot  int
	lit   Value
	names []string
}

type operandMode uint8

const (
	anyOperand operandMode = iota
	literalOperand
	contextOperand
	localOperand
	nameOperand
	namesOperand
	localNamesOperand
)

func (c *compiler) operand(n *node) operand {
	o := operand{fn: c.node(n)}
	if n.thunk || n.keepArray || n.group != nil || len(n.predicate) > 0 || len(n.stages) > 0 || n.tuple {
		return o
	}
	switch n.kind {
	case nString, nNumber, nValue:
		o.mode, o.lit = literalOperand, n.lit
	case nVariable:
		if n.text == "" {
			o.mode = contextOperand
		} else if slot, ok := c.local(n.text); ok {
			o.mode, o.slot = localOperand, slot
		}
	case nPath:
		c.pathOperand(n, &o)
	}
	return o
}

// local returns the slot of a variable that the frame at hand holds, if any does.
func (c *compiler) local(name string) (int, bool) {
	first := c.lookup(name)[0]
	return first.slot, first.up == 0 && !first.tuple
}

// pathOperand recognises a path that is nothing but names, or names behind a variable.
func (c *compiler) pathOperand(n *node, o *operand) {
	if n.keepSingleton || n.list[0].consArray {
		return
	}
	for _, st := range n.list {
		if st.tuple || st.keepArray || st.group != nil || len(st.stages) > 0 || len(st.predicate) > 0 {
			return
		}
	}
	mode, steps := namesOperand, n.list
	if first := steps[0]; first.kind == nVariable && first.text != "" {
		slot, ok := c.local(first.text)
		if !ok {
			return
		}
		mode, o.slot, steps = localNamesOperand, slot, steps[1:]
	}
	if len(steps) == 0 {
		return
	}
	names := make([]string, len(steps))
	for i, st := range steps {
		if st.kind != nName {
			return
		}
		names[i] = st.text
	}
	if o.mode, o.names = mode, names; mode == namesOperand && len(names) == 1 {
		o.mode = nameOperand
	}
}

func (o *operand) get(r *run, in Value, f *frame) (Value, error) {
	switch o.mode {
	case nameOperand:
		if in.Kind() == value.KindObject {
			if v := in.Get(o.names[0]); v.Tags() == 0 {
				return v, nil
			}
		}
	case namesOperand:
		if v, n := in.Walk(o.names); n == len(o.names) && v.Tags() == 0 {
			return v, nil
		}
	case localOperand:
		if o.slot < len(f.slots) {
			if v := f.slots[o.slot]; v.Kind() != value.KindUndefined && v.Tags() == 0 {
				return v, nil
			}
		}
	case localNamesOperand:
		if o.slot < len(f.slots) {
			if v, n := f.slots[o.slot].Walk(o.names); n == len(o.names) && v.Tags() == 0 {
				return v, nil
			}
		}
	case literalOperand:
		return o.lit, nil
	case contextOperand:
		if in.Tags() == 0 {
			return in, nil
		}
	}
	return o.fn(r, in, f)
}
