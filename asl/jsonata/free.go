package jsonata

import "sort"

// Names is what a program takes from outside.
type Names struct {
	Variables []string // read but bound nowhere, without $, sorted; built-in functions not counted
	Context   []string // read from the top-level context, each once, in textual order; $ as "$", wildcards as "*" and "**"
	Root      bool     // whether $$ is read
}

// freeNames walks the tree. Only the first step of a path reads the context around it: names in predicates, later
// steps, order-by and grouping read what the path has come to. A function body has the context of its definition.
func freeNames(n *node, table *builtins) Names {
	w := &freeWalk{table: table, vars: map[string]bool{}}
	w.scopes = []map[string]bool{declared(n)}
	w.node(n, true)
	var out Names
	for name := range w.vars {
		out.Variables = append(out.Variables, name)
	}
	sort.Strings(out.Variables)
	sort.SliceStable(w.reads, func(i, j int) bool { return w.reads[i].pos < w.reads[j].pos })
	seen := map[string]bool{}
	for _, r := range w.reads {
		if !seen[r.name] {
			seen[r.name] = true
			out.Context = append(out.Context, r.name)
		}
	}
	out.Root = w.root
	return out
}

type freeWalk struct {
	table  *builtins
	scopes []map[string]bool
	vars   map[string]bool
	reads  []read
	root   bool
}

type read struct {
	name string
	pos  int
}

// declared is the set of names n binds in the scope it stands in.
func declared(nodes ...*node) map[string]bool {
	s := &scope{}
	for _, n := range nodes {
		s.declare(n)
	}
	out := map[string]bool{}
	for _, name := range s.names {
		out[name] = true
	}
	return out
}

func (w *freeWalk) within(names map[string]bool, walk func()) {
	w.scopes = append(w.scopes, names)
	walk()
	w.scopes = w.scopes[:len(w.scopes)-1]
}

func (w *freeWalk) variable(n *node, top bool) {
	switch n.text {
	case "":
		if top {
			w.reads = append(w.reads, read{"$", n.pos})
		}
		return
	case "$":
		w.root = true
		return
	}
	for _, names := range w.scopes {
		if names[n.text] {
			return
		}
	}
	if w.table.find(n.text) == nil {
		w.vars[n.text] = true
	}
}

func (w *freeWalk) node(n *node, top bool) {
	if n == nil {
		return
	}
	switch n.kind {
	case nVariable:
		w.variable(n, top)
	case nName, nWildcard, nDescendant:
		name := n.text
		if top {
			w.reads = append(w.reads, read{name, n.pos})
		}
	case nPath:
		w.path(n, top)
		return
	case nLambda:
		names := declared(n.then)
		for _, p := range n.list {
			names[p.text] = true
		}
		w.within(names, func() { w.node(n.then, top) })
	case nBlock:
		w.within(declared(n.list...), func() {
			for _, e := range n.list {
				w.node(e, top)
			}
		})
	case nTransform:
		w.node(n.cond, false)
		w.node(n.then, false)
		w.node(n.other, false)
	case nBind:
		w.node(n.rhs, top)
	case nParent:
	default:
		w.parts(n, top)
	}
	w.behind(n)
}

func (w *freeWalk) parts(n *node, top bool) {
	for _, part := range [...]*node{n.proc, n.lhs, n.rhs, n.cond, n.then, n.other} {
		w.node(part, top)
	}
	for _, item := range n.list {
		w.node(item, top)
	}
	for _, pair := range n.pairs {
		w.node(pair[0], top)
		w.node(pair[1], top)
	}
	for _, term := range n.terms {
		w.node(term.expr, false)
	}
}

// path walks the steps; what a step binds with @ or # is known behind it.
func (w *freeWalk) path(n *node, top bool) {
	names := map[string]bool{}
	for _, st := range n.list {
		if st.hasFocus {
			names[st.focus] = true
		}
		if st.hasIndex {
			names[st.index] = true
		}
		for _, s := range st.stages {
			if s.expr == nil {
				names[s.index] = true
			}
		}
	}
	w.within(names, func() {
		for i, st := range n.list {
			w.node(st, top && i == 0)
		}
		w.behind(n)
	})
}

func (w *freeWalk) behind(n *node) {
	for _, s := range n.predicate {
		w.node(s.expr, false)
	}
	for _, s := range n.stages {
		w.node(s.expr, false)
	}
	if n.group != nil {
		for _, pair := range n.group.pairs {
			w.node(pair[0], false)
			w.node(pair[1], false)
		}
	}
}
