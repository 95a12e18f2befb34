package jsonata

import "github.com/perdure/perdure/asl/value"

// transformer is a compiled transform. It copies its argument first, so that the objects it changes are its own.
type transformer struct {
	pattern, update, remove evalFn
	clone                   []candidate
	node                    *node
}

func (t *transformer) run(r *run, arg Value, f *frame) (Value, error) {
	if arg.IsUndefined() {
		return Value{}, nil
	}
	out := arg
	var err error
	if v, ok := f.find(t.clone, "clone"); ok {
		if asFunction(v) == nil {
			return Value{}, &Error{Code: "T2013", Position: t.node.pos}
		}
		if out, err = r.apply(v, []Value{arg}, value.Null()); err != nil {
			return Value{}, err
		}
	}
	if out, err = r.copy(out, 0); err != nil {
		return Value{}, err
	}
	matches, err := t.pattern(r, out, f)
	if err != nil || matches.IsUndefined() {
		return out, err
	}
	list := matches.Items()
	if matches.Kind() != value.KindArray {
		list = []Value{matches}
	}
	for _, match := range list {
		if err := r.tick(); err != nil {
			return Value{}, err
		}
		if err := t.change(r, match, f); err != nil {
			return Value{}, err
		}
	}
	return out, nil
}

// change applies the update and the deletion to one match.
func (t *transformer) change(r *run, match Value, f *frame) error {
	o := match.Object()
	update, err := t.update(r, match, f)
	if err != nil {
		return err
	}
	if !update.IsUndefined() {
		u := update.Object()
		if u == nil {
			return &Error{Code: "T2011", Position: t.node.then.pos, Value: update}
		}
		for i := range u.Len() {
			if o == nil {
				break
			}
			inside, err := r.contains(u.At(i), o, 0)
			if err != nil {
				return err
			}
			if inside {
				return &Error{Code: "D1010", Position: t.node.pos}
			}
			o.Set(u.Key(i), u.At(i))
		}
		if err := r.spend(u.Len() * memberBytes); err != nil {
			return err
		}
	}
	if t.remove == nil {
		return nil
	}
	names, err := t.remove(r, match, f)
	if err != nil || names.IsUndefined() {
		return err
	}
	list := names.Items()
	if names.Kind() != value.KindArray {
		list = []Value{names}
	}
	for _, name := range list {
		if name.Kind() != value.KindString {
			return &Error{Code: "T2012", Position: t.node.other.pos, Value: names}
		}
	}
	for _, name := range list {
		if o != nil {
			if err := r.burn(1 + o.Len()/16); err != nil {
				return err
			}
			o.Delete(name.Str())
		}
	}
	return nil
}

// contains reports whether o is somewhere inside v.
func (r *run) contains(v Value, o *value.Object, depth int) (bool, error) {
	if depth > maxWalk {
		return false, tooDeep()
	}
	switch v.Kind() {
	case value.KindObject:
		if v.Object() == o {
			return true, nil
		}
		for i := range v.Len() {
			if in, err := r.contains(v.Object().At(i), o, depth+1); in || err != nil {
				return in, err
			}
		}
	case value.KindArray:
		for _, item := range v.Items() {
			if in, err := r.contains(item, o, depth+1); in || err != nil {
				return in, err
			}
		}
	}
	return false, r.tick()
}

// copy makes a value of its own, as $clone does: through JSON text, in which numbers have 15 digits and functions none.
func (r *run) copy(v Value, depth int) (Value, error) {
	if depth > maxWalk {
		return Value{}, tooDeep()
	}
	if err := r.tick(); err != nil {
		return Value{}, err
	}
	switch v.Kind() {
	case value.KindNumber:
		f := v.Float()
		if f-f != 0 {
			if depth == 0 || f == f {
				return Value{}, numberless(v, depth)
			}
			return value.Null(), nil
		}
		return value.Number(r.printed(f)), nil
	case value.KindExtern:
		return value.String(""), nil
	case value.KindUndefined:
		return value.Null(), nil
	case value.KindArray:
		items := make([]Value, v.Len())
		for i, item := range v.Items() {
			var err error
			if items[i], err = r.copy(item, depth+1); err != nil {
				return Value{}, err
			}
		}
		return value.Array(items...), r.spendItems(len(items))
	case value.KindObject:
		from := v.Object()
		o := value.NewObject(from.Len() + 1)
		for i := range from.Len() {
			if from.At(i).IsUndefined() {
				continue
			}
			item, err := r.copy(from.At(i), depth+1)
			if err != nil {
				return Value{}, err
			}
			o.Set(from.Key(i), item)
		}
		return value.FromObject(o), r.spend(objectBytes + from.Len()*memberBytes)
	}
	return v, nil
}

// numberless is the error $string gives for a number JSON does not have.
func numberless(v Value, depth int) *Error {
	if depth == 0 {
		return fail("D3001", v)
	}
	return fail("D1001", v)
}
