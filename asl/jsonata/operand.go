package jsonata

import "github.com/perdure/perdure/asl/value"

// operand is a compiled node of which the plainest forms are known: a constant, the context, a variable of the frame at
// hand and a path of names. Those are most operands there are, and reading them here saves a call through a closure or
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
		} else if first := c.lookup(n.text)[0]; first.up == 0 && !first.tuple {
			o.mode, o.slot = localOperand, first.slot
		}
	case nPath:
		if o.names = plainNames(n); o.names != nil {
			if o.mode = namesOperand; len(o.names) == 1 {
				o.mode = nameOperand
			}
		}
	}
	return o
}

// plainNames returns the names of a path that is nothing else.
func plainNames(n *node) []string {
	if n.keepSingleton || n.list[0].consArray {
		return nil
	}
	names := make([]string, len(n.list))
	for i, st := range n.list {
		if st.kind != nName || st.tuple || st.keepArray || st.group != nil || len(st.stages) > 0 || len(st.predicate) > 0 {
			return nil
		}
		names[i] = st.text
	}
	return names
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
	case literalOperand:
		return o.lit, nil
	case contextOperand:
		if in.Tags() == 0 {
			return in, nil
		}
	}
	return o.fn(r, in, f)
}
