package jsonata

import "github.com/perdure/perdure/asl/value"

// resolver turns the parsed tree into the one that is compiled: dots become paths of steps, brackets become predicates
// or stages of a step, and every % finds the step whose context it names (ancestry.go).
type resolver struct {
	parents []*node
}

func resolve(n *node) (*node, *Error) {
	r := &resolver{}
	out, err := r.node(n)
	if err != nil {
		return nil, err
	}
	if out.kind == nParent || out.isSeeking {
		return nil, (&Error{Code: "S0217"}).at(out.pos, kindNames[out.kind])
	}
	return out, nil
}

func (r *resolver) node(n *node) (*node, *Error) {
	out, err := r.shape(n)
	if err == nil && n.keepArray {
		out.keepArray = true
	}
	return out, err
}

func (r *resolver) nodes(list []*node, into *node) ([]*node, *Error) {
	out := make([]*node, len(list))
	for i, item := range list {
		var err *Error
		if out[i], err = r.node(item); err != nil {
			return nil, err
		}
		pushAncestry(into, out[i])
	}
	return out, nil
}

func (r *resolver) shape(n *node) (*node, *Error) {
	switch n.kind {
	case nBinary:
		return r.binary(n)
	case nUnary:
		return r.unary(n)
	case nFunction, nPartial:
		return r.call(n)
	case nLambda:
		out := &node{kind: nLambda, text: n.text, list: n.list, sig: n.sig, pos: n.pos}
		body, err := r.node(n.then)
		if err != nil {
			return nil, err
		}
		out.then = markTail(body)
		return out, nil
	case nCondition, nTransform:
		return r.choice(n)
	case nBlock:
		return r.block(n)
	case nName:
		return &node{kind: nPath, list: []*node{n}, keepSingleton: n.keepArray}, nil
	case nParent:
		id := len(r.parents)
		out := &node{kind: nParent, text: n.text, slot: &parentSlot{label: "!" + value.FormatNumber(float64(id)), level: 1, id: id}}
		r.parents = append(r.parents, out)
		return out, nil
	case nOperator:
		if n.text == "?" {
			return n, nil
		}
		n.kind = nName // and, or, in
		return r.node(n)
	case nEnd:
		err := &Error{Code: "S0207", Position: n.pos}
		err.setToken(n.text)
		return nil, err
	}
	return n, nil
}

func (r *resolver) binary(n *node) (*node, *Error) {
	switch n.text {
	case ".":
		return r.path(n)
	case "[":
		return r.filter(n)
	case "{":
		return r.grouping(n)
	case "^":
		return r.sort(n)
	case "@":
		return r.focus(n)
	case "#":
		return r.indexBind(n)
	}
	out := &node{kind: nBinary, text: n.text, pos: n.pos}
	var err *Error
	if out.lhs, err = r.node(n.lhs); err != nil {
		return nil, err
	}
	if out.rhs, err = r.node(n.rhs); err != nil {
		return nil, err
	}
	switch n.text {
	case ":=":
		out.kind = nBind
		pushAncestry(out, out.rhs)
	case "~>":
		out.kind = nApply
		out.keepArray = out.lhs.keepArray || out.rhs.keepArray
	default:
		pushAncestry(out, out.lhs)
		pushAncestry(out, out.rhs)
	}
	return out, nil
}

func (r *resolver) path(n *node) (*node, *Error) {
	left, err := r.node(n.lhs)
	if err != nil {
		return nil, err
	}
	out := left
	if left.kind != nPath {
		out = &node{kind: nPath, list: []*node{left}}
	}
	if left.kind == nParent {
		out.seeking, out.isSeeking = []*parentSlot{left.slot}, true
	}
	rest, err := r.node(n.rhs)
	if err != nil {
		return nil, err
	}
	if rest.kind == nPath {
		out.list = append(out.list, rest.list...)
	} else {
		if rest.predicate != nil {
			rest.stages, rest.predicate = rest.predicate, nil
		}
		out.list = append(out.list, rest)
	}
	for _, step := range out.list {
		switch step.kind {
		case nNumber, nValue:
			return nil, &Error{Code: "S0213", Position: step.pos, Value: step.lit}
		}
		if step.keepArray {
			out.keepSingleton = true
		}
	}
	for _, step := range out.list {
		if step.kind == nString {
			step.kind, step.text = nName, step.lit.Str()
		}
	}
	for _, step := range []*node{out.list[0], out.list[len(out.list)-1]} {
		if step.kind == nUnary && step.text == "[" {
			step.consArray = true
		}
	}
	return out, r.resolveAncestry(out)
}

func (r *resolver) filter(n *node) (*node, *Error) {
	out, err := r.node(n.lhs)
	if err != nil {
		return nil, err
	}
	step, into := out, &out.predicate
	if out.kind == nPath {
		step = out.list[len(out.list)-1]
		into = &step.stages
	}
	if step.group != nil {
		return nil, &Error{Code: "S0209", Position: n.pos}
	}
	pred, err := r.node(n.rhs)
	if err != nil {
		return nil, err
	}
	if pred.isSeeking {
		for _, slot := range pred.seeking {
			if slot.level == 1 {
				if _, err := r.seekParent(step, slot); err != nil {
					return nil, err
				}
			} else {
				slot.level--
			}
		}
		pushAncestry(step, pred)
	}
	*into = append(*into, stage{expr: pred, pos: n.pos})
	return out, nil
}

func (r *resolver) pairs(pairs [][2]*node, into *node) ([][2]*node, *Error) {
	out := make([][2]*node, len(pairs))
	for i, pair := range pairs {
		for j := range pair {
			var err *Error
			if out[i][j], err = r.node(pair[j]); err != nil {
				return nil, err
			}
			if into != nil {
				pushAncestry(into, out[i][j])
			}
		}
	}
	return out, nil
}

func (r *resolver) grouping(n *node) (*node, *Error) {
	out, err := r.node(n.lhs)
	if err != nil {
		return nil, err
	}
	if out.group != nil {
		return nil, &Error{Code: "S0210", Position: n.pos}
	}
	pairs, err := r.pairs(n.pairs, nil)
	out.group = &group{pairs: pairs, pos: n.pos}
	return out, err
}

func (r *resolver) sort(n *node) (*node, *Error) {
	out, err := r.node(n.lhs)
	if err != nil {
		return nil, err
	}
	if out.kind != nPath {
		out = &node{kind: nPath, list: []*node{out}}
	}
	step := &node{kind: nSort, pos: n.pos, terms: make([]sortTerm, len(n.terms))}
	for i, term := range n.terms {
		expr, err := r.node(term.expr)
		if err != nil {
			return nil, err
		}
		pushAncestry(step, expr)
		step.terms[i] = sortTerm{term.descending, expr}
	}
	out.list = append(out.list, step)
	return out, r.resolveAncestry(out)
}

func (r *resolver) focus(n *node) (*node, *Error) {
	out, err := r.node(n.lhs)
	if err != nil {
		return nil, err
	}
	step := out
	if out.kind == nPath {
		step = out.list[len(out.list)-1]
	}
	if step.stages != nil || step.predicate != nil {
		return nil, &Error{Code: "S0215", Position: n.pos}
	}
	if step.kind == nSort {
		return nil, &Error{Code: "S0216", Position: n.pos}
	}
	if n.keepArray {
		step.keepArray = true
	}
	step.focus, step.hasFocus, step.tuple = n.rhs.text, true, true
	return out, nil
}

func (r *resolver) indexBind(n *node) (*node, *Error) {
	out, err := r.node(n.lhs)
	if err != nil {
		return nil, err
	}
	step := out
	if out.kind == nPath {
		step = out.list[len(out.list)-1]
	} else {
		out = &node{kind: nPath, list: []*node{out}}
		if step.predicate != nil {
			step.stages, step.predicate = step.predicate, nil
		}
	}
	if step.stages == nil {
		step.index, step.hasIndex = n.rhs.text, true
	} else {
		step.stages = append(step.stages, stage{index: n.rhs.text, pos: n.pos})
	}
	step.tuple = true
	return out, nil
}

func (r *resolver) unary(n *node) (*node, *Error) {
	out := &node{kind: nUnary, text: n.text, pos: n.pos}
	var err *Error
	switch n.text {
	case "[":
		out.list, err = r.nodes(n.list, out)
		return out, err
	case "{":
		out.pairs, err = r.pairs(n.pairs, out)
		return out, err
	}
	if out.lhs, err = r.node(n.lhs); err != nil {
		return nil, err
	}
	if out.lhs.kind == nNumber {
		number := *out.lhs
		number.lit = value.Number(-number.lit.Float())
		return &number, nil
	}
	pushAncestry(out, out.lhs)
	return out, nil
}

func (r *resolver) call(n *node) (*node, *Error) {
	out := &node{kind: n.kind, text: n.text, pos: n.pos}
	var err *Error
	if out.list, err = r.nodes(n.list, out); err != nil {
		return nil, err
	}
	out.proc, err = r.node(n.proc)
	return out, err
}

// choice resolves conditions and transforms, whose parts sit in the same fields.
func (r *resolver) choice(n *node) (*node, *Error) {
	out := &node{kind: n.kind, text: n.text, pos: n.pos}
	from := [...]*node{n.cond, n.then, n.other}
	for i, into := range [...]**node{&out.cond, &out.then, &out.other} {
		if from[i] == nil {
			continue
		}
		var err *Error
		if *into, err = r.node(from[i]); err != nil {
			return nil, err
		}
		if n.kind == nCondition {
			pushAncestry(out, *into)
		}
	}
	return out, nil
}

func (r *resolver) block(n *node) (*node, *Error) {
	out := &node{kind: nBlock, pos: n.pos}
	var err *Error
	if out.list, err = r.nodes(n.list, out); err != nil {
		return nil, err
	}
	for _, part := range out.list {
		if part.consArray || part.kind == nPath && part.list[0].consArray {
			out.consArray = true
		}
	}
	return out, nil
}

// markTail marks the calls whose value is the value of a lambda's body: they run after the body has been left.
func markTail(n *node) *node {
	switch n.kind {
	case nFunction:
		if n.predicate == nil {
			n.thunk = true
		}
	case nCondition:
		if n.then != nil {
			n.then = markTail(n.then)
		}
		if n.other != nil {
			n.other = markTail(n.other)
		}
	case nBlock:
		if len(n.list) > 0 {
			n.list[len(n.list)-1] = markTail(n.list[len(n.list)-1])
		}
	}
	return n
}
