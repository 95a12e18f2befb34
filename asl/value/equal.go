package value

// Equal reports whether a and b are the same value: numbers compare as float64, objects without regard to the order of
// their members, undefined equals only undefined. Extern values are equal only if they wrap the same comparable thing
// in the same copy.
func Equal(a, b Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case KindBool:
		return a.n == b.n
	case KindNumber:
		return a.Float() == b.Float()
	case KindString:
		return a.Str() == b.Str()
	case KindArray:
		return equalItems(a.Items(), b.Items())
	case KindObject:
		return a.p == b.p || (*Object)(a.p).equal((*Object)(b.p))
	case KindExtern:
		return a.p == b.p
	}
	return true
}

func equalItems(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (o *Object) equal(p *Object) bool {
	if len(o.members) != len(p.members) {
		return false
	}
	for i := range o.members {
		m := &o.members[i]
		if i < len(p.members) && p.members[i].key == m.key { // the usual case: same order
			if !Equal(m.val, p.members[i].val) {
				return false
			}
			continue
		}
		other, ok := p.Get(m.key)
		if !ok || !Equal(m.val, other) {
			return false
		}
	}
	return true
}
