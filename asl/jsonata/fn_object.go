package jsonata

import "github.com/perdure/perdure/asl/value"

func (b *builtins) addObjects() {
	b.add("keys", "<x-:a<s>>", 1, 1, fnKeys)
	b.add("lookup", "<x-s:x>", 2, 2, fnLookup)
	b.add("spread", "<x-:a<o>>", 1, 1, fnSpread)
	b.add("merge", "<a<o>:o>", 1, 1, fnMerge)
	b.add("clone", "<(oa)-:o>", 1, 1, fnClone)
}

func fnKeys(r *run, args []Value) (Value, error) {
	keys, err := r.keys(nil, map[string]bool{}, args[0], 0)
	if err != nil {
		return Value{}, err
	}
	return value.Array(keys...).WithTags(tagSequence), r.spendItems(len(keys))
}

// keys appends the names of the members of an object, or of all objects in an array, each name once.
func (r *run) keys(out []Value, seen map[string]bool, v Value, depth int) ([]Value, error) {
	if depth > maxWalk {
		return nil, tooDeep()
	}
	if err := r.burn(1 + v.Len()); err != nil {
		return nil, err
	}
	switch v.Kind() {
	case value.KindArray:
		for _, item := range v.Items() {
			var err error
			if out, err = r.keys(out, seen, item, depth+1); err != nil {
				return nil, err
			}
		}
	case value.KindObject:
		o := v.Object()
		for i := range o.Len() {
			if k := o.Key(i); depth == 0 || !seen[k] {
				if depth > 0 {
					seen[k] = true
				}
				out = append(out, value.String(k))
			}
		}
	}
	return out, nil
}

func fnLookup(r *run, args []Value) (Value, error) {
	key := undefinedText(args[1])
	return r.lookup(args[0], key)
}

func fnSpread(r *run, args []Value) (Value, error) {
	v := args[0]
	switch v.Kind() {
	case value.KindObject:
		items, err := r.spreadObject(nil, v.Object())
		return value.Array(items...).WithTags(tagSequence), err
	case value.KindArray:
		items, err := r.spreadItems(nil, v, 0)
		tags := tagSequence
		if len(items) > 0 {
			tags = 0 // joined with $append
		}
		return value.Array(items...).WithTags(tags), err
	}
	return v, nil
}

func (r *run) spreadItems(out []Value, v Value, depth int) ([]Value, error) {
	if depth > maxWalk {
		return nil, tooDeep()
	}
	for _, item := range v.Items() {
		if err := r.tick(); err != nil {
			return nil, err
		}
		var err error
		switch item.Kind() {
		case value.KindArray:
			out, err = r.spreadItems(out, item, depth+1)
		case value.KindObject:
			out, err = r.spreadObject(out, item.Object())
		case value.KindUndefined:
		default:
			out = append(out, item)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *run) spreadObject(out []Value, o *value.Object) ([]Value, error) {
	for i := range o.Len() {
		one := value.NewObject(1)
		one.Set(o.Key(i), o.At(i))
		out = append(out, value.FromObject(one))
	}
	return out, r.spend(o.Len() * (objectBytes + memberBytes + valueBytes))
}

func fnMerge(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	out := value.NewObject(0)
	for _, item := range args[0].Items() {
		o := item.Object()
		if err := r.spend(o.Len() * memberBytes); err != nil {
			return Value{}, err
		}
		for i := range o.Len() {
			out.Set(o.Key(i), o.At(i))
		}
	}
	return value.FromObject(out), r.spend(objectBytes)
}

func fnClone(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	return r.copy(args[0], 0)
}
