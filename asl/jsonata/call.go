package jsonata

import "github.com/perdure/perdure/asl/value"

// call compiles a call. first, when given, is the value a ~> puts before the arguments.
func (c *compiler) call(n *node, first evalFn) evalFn {
	proc := c.node(n.proc)
	args := make([]operand, len(n.list))
	for i, arg := range n.list {
		args[i] = c.operand(arg)
	}
	name, named := procName(n.proc)
	hint := c.hint(n.proc)
	pos, depth := n.pos, c.depth
	var direct *builtin
	var cands []candidate
	if n.proc.kind == nVariable && n.proc.predicate == nil && n.proc.group == nil {
		if direct = c.table.find(n.proc.text); direct != nil {
			cands = c.lookup(n.proc.text)
		}
	}
	alone := len(cands) == 1 // only the outermost frame may have another function of that name
	return func(r *run, in Value, f *frame) (Value, error) {
		base := len(r.args)
		if first != nil {
			v, err := first(r, in, f)
			if err != nil {
				return Value{}, err
			}
			r.args = append(r.args, v)
		}
		var fv Value
		var err error
		if direct != nil {
			fv = direct.value
			if !alone || !unset(r.root.slots[cands[0].slot]) {
				if v, shadowed := f.find(cands, name); shadowed {
					fv = reduce(v)
				}
			}
		} else if fv, err = proc(r, in, f); err != nil {
			return Value{}, err
		}
		if fv.IsUndefined() && hint != nil {
			if err := hint(f); err != nil {
				return Value{}, err.at(pos, name)
			}
		}
		for i := range args {
			v, err := args[i].get(r, in, f)
			if err != nil {
				return Value{}, err
			}
			if v.Kind() == value.KindExtern {
				v = callable(v)
			}
			r.args = append(r.args, v)
		}
		if fn := asFunction(fv); fn != nil {
			r.calledAt(fn, pos, name)
		}
		r.depth += depth
		v, err := r.apply(fv, r.args[base:], in)
		r.depth -= depth
		r.args = r.args[:base]
		if err != nil {
			if e, ok := err.(*Error); ok {
				if e.Position == 0 {
					e.Position = pos
				}
				if named && e.token.IsUndefined() {
					e.setToken(name)
				}
			}
			return Value{}, err
		}
		return v, nil
	}
}

// procName is what messages call the function that is called.
func procName(n *node) (string, bool) {
	switch n.kind {
	case nPath:
		return n.list[0].text, true
	case nVariable, nFunction, nUnary, nBinary, nApply, nBind:
		return n.text, true
	}
	return "", false
}

// hint compiles the look for a function somebody forgot the $ of.
func (c *compiler) hint(proc *node) func(f *frame) *Error {
	if proc.kind != nPath {
		return nil
	}
	name := proc.list[0].text
	b := c.table.find(name)
	cands := c.lookup(name)
	return func(f *frame) *Error {
		v, ok := f.find(cands, name)
		if !ok && b != nil || ok && isSomething(v) {
			return &Error{Code: "T1005"}
		}
		return nil
	}
}

// isSomething is JavaScript's idea of a value that counts as true.
func isSomething(v Value) bool {
	switch v.Kind() {
	case value.KindUndefined, value.KindNull:
		return false
	case value.KindBool:
		return v.Bool()
	case value.KindNumber:
		return v.Float() != 0 && v.Float() == v.Float()
	case value.KindString:
		return v.Str() != ""
	}
	return true
}

func (c *compiler) lambda(n *node) evalFn {
	l := &lambda{scope: &scope{kind: lambdaScope}, sig: n.sig}
	for _, p := range n.list {
		l.params = append(l.params, l.scope.add(p.text))
	}
	l.scope.declare(n.then)
	if l.sig != nil && c.version < V2_2 {
		l.sig.repeats = true
	}
	l.reuse = !n.then.makesFunctions()
	depth := c.depth
	c.depth = 0
	c.within(l.scope, func() { l.body = c.node(n.then) })
	c.depth = depth
	return func(_ *run, in Value, f *frame) (Value, error) {
		return (&function{lambda: l, in: in, env: f}).value(), nil
	}
}

func (c *compiler) partial(n *node) evalFn {
	proc := c.node(n.proc)
	args := make([]evalFn, len(n.list))
	for i, arg := range n.list {
		if arg.kind != nOperator {
			args[i] = c.node(arg)
		}
	}
	hint := c.hint(n.proc)
	name, named := procName(n.proc)
	pos := n.pos
	return func(r *run, in Value, f *frame) (Value, error) {
		given := make([]Value, len(args))
		for i, arg := range args {
			if arg == nil {
				continue
			}
			var err error
			if given[i], err = arg(r, in, f); err != nil {
				return Value{}, err
			}
		}
		fv, err := proc(r, in, f)
		if err != nil {
			return Value{}, err
		}
		if fv.IsUndefined() && hint != nil {
			if e := hint(f); e != nil {
				e.Code = "T1007"
				return Value{}, e.at(pos, name)
			}
		}
		fn := asFunction(fv)
		if fn == nil {
			e := &Error{Code: "T1008", Position: pos}
			if named {
				e.setToken(name)
			}
			return Value{}, e
		}
		if fn.builtin != nil && !fn.partial && fn.builtin.name == "string" {
			return Value{}, stringPartial()
		}
		return partialOf(fn, given, args).value(), nil
	}
}

// stringPartial is what the reference finds in any partial application of $string. It reads the parameters of a built-in
// function from the text of its JavaScript, and there the second one of this function has a default.
func stringPartial() *Error {
	e := &Error{Code: "S0208", Value: value.Int(2)}
	return e.at(len("function($arg, $prettify ="), "=")
}

// partialOf binds the given arguments; those whose place in args is empty stay open.
func partialOf(fn *function, given []Value, args []evalFn) *function {
	p := &function{lambda: fn.lambda, builtin: fn.builtin, native: fn.native, wrapped: fn.wrapped, in: fn.in, env: fn.env, partial: true}
	params := fn.arityOf()
	if fn.builtin != nil && !fn.partial {
		params = max(fn.builtin.params, 1)
	}
	places := make([]int, params)
	for i := range places {
		places[i] = i
	}
	p.bound = make([]Value, params)
	if fn.partial {
		p.bound = append([]Value(nil), fn.bound...)
		places = fn.open
	}
	for i, at := range places {
		switch {
		case i < len(args) && args[i] == nil:
			p.open = append(p.open, at)
		case i < len(args):
			p.bound[at] = given[i]
		}
	}
	return p
}

// apply compiles ~>: the left side becomes the first argument, or two functions become one.
func (c *compiler) apply(n *node) evalFn {
	lhs := c.node(n.lhs)
	if n.rhs.kind == nFunction {
		return c.call(n.rhs, lhs)
	}
	rhs := c.node(n.rhs)
	pos, depth := n.pos, c.depth
	return func(r *run, in Value, f *frame) (Value, error) {
		arg, err := lhs(r, in, f)
		if err != nil {
			return Value{}, err
		}
		fv, err := rhs(r, in, f)
		if err != nil {
			return Value{}, err
		}
		if asFunction(fv) == nil {
			return Value{}, &Error{Code: "T2006", Position: pos, Value: fv}
		}
		base := len(r.args)
		r.args = append(r.args, arg)
		r.depth += depth
		if asFunction(arg) != nil {
			r.args = append(r.args, fv)
			var chain Value
			if chain, err = chained(r, value.Null(), &r.root); err == nil {
				arg, err = r.apply(chain, r.args[base:], value.Null())
			}
		} else {
			arg, err = r.apply(fv, r.args[base:], value.Null())
		}
		r.depth -= depth
		r.args = r.args[:base]
		return arg, err
	}
}

// chained makes one function of two, as ~> between functions does; the reference defines it in its own language.
var chained evalFn

func init() {
	n, err := parse("function($f, $g) { function($x){ $g($f($x)) } }", V2_0)
	if err != nil {
		panic(err)
	}
	if n, err = resolve(n); err != nil {
		panic(err)
	}
	c := &compiler{table: &builtins{}, scope: &scope{kind: rootScope}}
	chained = c.node(n)
}

// transform compiles |pattern|update, delete|: a function that changes a copy of its argument.
func (c *compiler) transform(n *node) evalFn {
	depth := c.depth
	c.depth = 0
	t := &transformer{pattern: c.node(n.cond), update: c.node(n.then), clone: c.lookup("clone"), node: n}
	if n.other != nil {
		t.remove = c.node(n.other)
	}
	c.depth = depth
	return func(_ *run, _ Value, f *frame) (Value, error) {
		fn := &function{sig: transformSignature, arity: 1}
		fn.native = func(r *run, args []Value) (Value, error) { return t.run(r, args[0], f) }
		return fn.value(), nil
	}
}

var transformSignature = mustSignature("<(oa):o>")

func mustSignature(text string) *signature {
	s, err := parseSignature(text)
	if err != nil {
		panic(err)
	}
	return s
}
