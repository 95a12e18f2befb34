package jsonata

// The parent operator % names the context its step was taken from. Every use gets a slot with the number of levels it
// still has to go up; steps to the left take a level each, and the one that takes the last carries the slot's label in
// its tuples, where the operator finds it when evaluated.

// pushAncestry hands the parents that n still looks for to the node around it.
func pushAncestry(into, n *node) {
	if !n.isSeeking && n.kind != nParent {
		return
	}
	slots := n.seeking
	if n.kind == nParent {
		slots = append(slots[:len(slots):len(slots)], n.slot)
	}
	into.seeking = append(into.seeking[:len(into.seeking):len(into.seeking)], slots...)
	into.isSeeking = true
}

// seekParent lets n take levels off the slot.
func (r *resolver) seekParent(n *node, slot *parentSlot) (*parentSlot, *Error) {
	switch n.kind {
	case nName, nWildcard:
		if slot.level--; slot.level == 0 {
			if n.ancestor != nil { // two uses of the same parent share the label
				r.parents[slot.id].slot.label = n.ancestor.label
			}
			n.ancestor = slot
			n.tuple = true
		}
	case nParent:
		slot.level++
	case nBlock:
		if len(n.list) == 0 {
			return slot, nil
		}
		n.tuple = true
		return r.seekParent(n.list[len(n.list)-1], slot)
	case nPath:
		n.tuple = true
		for i := len(n.list) - 1; i >= 0; i-- {
			var err *Error
			if slot, err = r.seekParent(n.list[i], slot); err != nil {
				return nil, err
			}
			if slot.level <= 0 {
				break
			}
		}
	default:
		return nil, (&Error{Code: "S0217"}).at(n.pos, kindNames[n.kind])
	}
	return slot, nil
}

// resolveAncestry looks for the parents the last step asks for among the steps before it.
func (r *resolver) resolveAncestry(path *node) *Error {
	last := path.list[len(path.list)-1]
	slots := last.seeking
	if last.kind == nParent {
		slots = append(slots[:len(slots):len(slots)], last.slot)
	}
	for _, slot := range slots {
		i := len(path.list) - 2
		for slot.level > 0 {
			if i < 0 {
				path.seeking, path.isSeeking = append(path.seeking, slot), true
				break
			}
			step := path.list[i]
			i--
			for i >= 0 && step.hasFocus && path.list[i].hasFocus { // bound steps share one context
				step = path.list[i]
				i--
			}
			var err *Error
			if slot, err = r.seekParent(step, slot); err != nil {
				return err
			}
		}
	}
	return nil
}
