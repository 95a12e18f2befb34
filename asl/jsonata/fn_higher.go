package jsonata

import "github.com/perdure/perdure/asl/value"

func (b *builtins) addHigherOrder() {
	b.add("map", "<af>", 2, 2, fnMap)
	b.add("filter", "<af>", 2, 2, fnFilter)
	b.add("single", "<af?>", 2, 2, fnSingle)
	b.add("reduce", "<afj?:j>", 3, 3, fnReduce)
	b.add("sift", "<o-f?:o>", 2, 2, fnSift)
	b.add("each", "<o-f:a>", 2, 2, fnEach)
}

func fnMap(r *run, args []Value) (Value, error) {
	arr, fn := args[0], asFunction(args[1])
	if arr.IsUndefined() || fn == nil {
		return Value{}, nil
	}
	items := arr.Items()
	if err := r.spendItems(len(items)); err != nil {
		return Value{}, err
	}
	out := make([]Value, 0, len(items))
	l := newLoop(fn)
	for i, item := range items {
		v, err := l.call(r, item, i, arr)
		if err != nil {
			return Value{}, err
		}
		if !v.IsUndefined() {
			out = append(out, v)
		}
	}
	l.done(r)
	return value.Array(out...).WithTags(tagSequence), nil
}

func fnFilter(r *run, args []Value) (Value, error) {
	arr, fn := args[0], asFunction(args[1])
	if arr.IsUndefined() || fn == nil {
		return Value{}, nil
	}
	var out []Value
	items := arr.Items()
	l := newLoop(fn)
	for i, item := range items {
		v, err := l.call(r, item, i, arr)
		if err != nil {
			return Value{}, err
		}
		yes := v.Bool()
		if v.Kind() != value.KindBool {
			if yes, err = r.truthy(v); err != nil {
				return Value{}, err
			}
		}
		if yes {
			if out == nil {
				out = make([]Value, 0, len(items)-i)
			}
			out = append(out, item)
		}
	}
	l.done(r)
	return value.Array(out...).WithTags(tagSequence), r.spendItems(cap(out))
}

func fnSingle(r *run, args []Value) (Value, error) {
	arr, fn := args[0], asFunction(args[1])
	if arr.IsUndefined() {
		return Value{}, nil
	}
	var found Value
	matched := false
	for i, item := range arr.Items() {
		yes := true
		if fn != nil {
			v, err := r.invoke(fn, item, value.Number(float64(i)), arr)
			if err != nil {
				return Value{}, err
			}
			if yes, err = r.truthy(v); err != nil {
				return Value{}, err
			}
		}
		if !yes {
			continue
		}
		if matched {
			return Value{}, failIndex("D3138", Value{}, i)
		}
		found, matched = item, true
	}
	if !matched {
		return Value{}, &Error{Code: "D3139"}
	}
	return found, nil
}

func fnReduce(r *run, args []Value) (Value, error) {
	arr, fn, acc := args[0], asFunction(args[1]), args[2]
	if arr.IsUndefined() {
		return Value{}, nil
	}
	arity := 0
	if fn != nil {
		arity = fn.arityOf()
	}
	if arity < 2 {
		return Value{}, failIndex("D3050", Value{}, 1)
	}
	items := arr.Items()
	from := 0
	if acc.IsUndefined() && len(items) > 0 {
		acc, from = items[0], 1
	}
	for i := from; i < len(items); i++ {
		var err error
		if acc, err = r.invoke(fn, acc, items[i], value.Number(float64(i)), arr); err != nil {
			return Value{}, err
		}
	}
	return acc, nil
}

func fnSift(r *run, args []Value) (Value, error) {
	o, fn := args[0].Object(), asFunction(args[1])
	out := value.NewObject(0)
	for i := range o.Len() {
		if fn == nil {
			break
		}
		v, err := r.invoke(fn, o.At(i), value.String(o.Key(i)), args[0])
		if err != nil {
			return Value{}, err
		}
		yes, err := r.truthy(v)
		if err != nil {
			return Value{}, err
		}
		if yes {
			out.Set(o.Key(i), o.At(i))
		}
	}
	if out.Len() == 0 {
		return Value{}, nil
	}
	return value.FromObject(out), r.spend(objectBytes + out.Len()*memberBytes)
}

func fnEach(r *run, args []Value) (Value, error) {
	o, fn := args[0].Object(), asFunction(args[1])
	var out []Value
	for i := range o.Len() {
		if fn == nil {
			break
		}
		v, err := r.invoke(fn, o.At(i), value.String(o.Key(i)), args[0])
		if err != nil {
			return Value{}, err
		}
		if !v.IsUndefined() {
			out = append(out, v)
		}
	}
	return value.Array(out...).WithTags(tagSequence), r.spendItems(len(out))
}
