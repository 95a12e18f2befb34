package jsonpath

import "strings"

// Path is a compiled path.
type Path struct {
	text  string
	root  root
	name  string // of the variable, without "$"
	steps []step
}

type root uint8

const (
	rootInput    root = iota // "$"
	rootContext              // "$$"
	rootVariable             // "$name"
	rootItem                 // "@", inside a filter
)

type stepKind uint8

const (
	stepName  stepKind = iota // .name, ['name'], ['a','b']
	stepIndex                 // [n], [n,m]
	stepSlice                 // [a:b], [a:b:c]
	stepAll                   // .*, [*]
	stepTest                  // [?( )]
)

// step is one part of a path. deep: it applies to all descendants ("..").
type step struct {
	kind    stepKind
	deep    bool
	names   []string
	indexes []int
	slice   slice
	test    *test
	text    string // as the library prints it: "['a']", "[0]"
}

type slice struct {
	from, to, by          int
	hasFrom, hasTo, hasBy bool
}

// String is the path as it was written.
func (p *Path) String() string { return p.text }

// Variable is the name of the variable the path begins at, without "$"; empty if it begins at "$" or "$$".
func (p *Path) Variable() string { return p.name }

// Context tells whether the path begins at "$$".
func (p *Path) Context() bool { return p.root == rootContext }

// Whole tells whether the path is its root and nothing else.
func (p *Path) Whole() bool { return len(p.steps) == 0 }

// Definite tells whether the path can select one node only. A definite path that selects nothing is an error, another
// one answers an empty array.
func (p *Path) Definite() bool {
	for i := range p.steps {
		if !p.steps[i].definite(i == len(p.steps)-1) {
			return false
		}
	}
	return true
}

func (s *step) definite(last bool) bool {
	switch {
	case s.deep:
		return false
	case s.kind == stepName:
		return len(s.names) == 1 || last
	case s.kind == stepIndex:
		return len(s.indexes) == 1
	}
	return false
}

// Reference tells whether the path is a reference path: it names exactly one node, by names and indexes alone.
func (p *Path) Reference() bool {
	for i := range p.steps {
		s := &p.steps[i]
		one := s.kind == stepName && len(s.names) == 1 || s.kind == stepIndex && len(s.indexes) == 1 && s.indexes[0] >= 0
		if s.deep || !one {
			return false
		}
	}
	return true
}

// printed is the path as the library prints it, up to and with step n-1: "$['a'][0]".
func (p *Path) printed(n int) string {
	var b strings.Builder
	b.WriteByte('$')
	for i := range p.steps[:n] {
		if p.steps[i].deep {
			b.WriteString("..")
		}
		b.WriteString(p.steps[i].text)
	}
	return b.String()
}

// variables calls out the variables that the path and its filters read.
func (p *Path) variables(each func(name string)) {
	if p.root == rootVariable {
		each(p.name)
	}
	for i := range p.steps {
		if p.steps[i].test != nil {
			p.steps[i].test.variables(each)
		}
	}
}

// Variables calls out the names of the variables that the path reads.
func (p *Path) Variables(each func(name string)) { p.variables(each) }
