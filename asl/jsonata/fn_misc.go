package jsonata

import "github.com/perdure/perdure/asl/value"

func (b *builtins) addMisc() {
	b.add("boolean", "<x-:b>", 1, 1, fnBoolean)
	b.add("not", "<x-:b>", 1, 1, fnNot)
	b.add("exists", "<x:b>", 1, 1, fnExists)
	b.add("type", "<x:s>", 1, 1, fnType)
	b.add("error", "<s?:x>", 1, 1, fnError)
	b.add("assert", "<bs?:x>", 2, 2, fnAssert)
}

func fnBoolean(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	yes, err := r.truthy(args[0])
	return value.Bool(yes), err
}

func fnNot(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	yes, err := r.truthy(args[0])
	return value.Bool(!yes), err
}

func fnExists(_ *run, args []Value) (Value, error) { return value.Bool(!args[0].IsUndefined()), nil }

func fnType(_ *run, args []Value) (Value, error) {
	v := args[0]
	if v.IsUndefined() {
		return Value{}, nil
	}
	if v.Kind() == value.KindNumber {
		if ok, err := isNumber(v); err != nil {
			return Value{}, err
		} else if !ok {
			return value.String("object"), nil
		}
	}
	return value.String(v.Kind().String()), nil
}

func fnError(_ *run, args []Value) (Value, error) {
	e := &Error{Code: "D3137", extra: args[0].Str()}
	if e.extra == "" {
		e.extra = "$error() function evaluated"
	}
	return Value{}, e
}

func fnAssert(_ *run, args []Value) (Value, error) {
	if isSomething(args[0]) {
		return Value{}, nil
	}
	e := &Error{Code: "D3141", extra: args[1].Str()}
	if e.extra == "" {
		e.extra = "$assert() statement failed"
	}
	return Value{}, e
}

// fnEval compiles and evaluates a text. It sees the variables of the outermost frame only.
func fnEval(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	in := r.evalInput
	if focus := args[1]; !focus.IsUndefined() {
		in = focus
		if focus.Kind() == value.KindArray && focus.Tags()&tagSequence == 0 {
			in = value.Array(focus).WithTags(tagSequence | tagOuter)
		}
	}
	p, bad := compileProgram(args[0].Str(), r.program.options)
	if bad != nil {
		return Value{}, &Error{Code: "D3120", Value: value.String(bad.finish().Message)}
	}
	f := &frame{slots: make([]Value, len(p.globals))}
	for i, name := range p.globals {
		for j, have := range r.program.globals {
			if have == name {
				f.slots[i] = r.root.slots[j]
			}
		}
	}
	r.root, *f = *f, r.root
	v, err := p.body(r, in, &r.root)
	r.root = *f
	if e, ok := err.(*Error); ok && e.Code[0] != 'U' {
		return Value{}, &Error{Code: "D3121", Value: value.String(e.finish().Message)}
	}
	return v, err
}
