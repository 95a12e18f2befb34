package jsonata

import "github.com/perdure/perdure/asl/value"

// nodeKind names what a node of the syntax tree is. The parser leaves binary and unary nodes as written; the pass in
// resolve.go turns them into paths, applications and bindings.
type nodeKind uint8

const (
	nEnd nodeKind = iota
	nName
	nString
	nNumber
	nValue
	nVariable
	nRegex
	nOperator // a keyword used as a name, or the ? of a partial application
	nWildcard
	nDescendant
	nParent
	nPath
	nBinary
	nUnary
	nFunction
	nPartial
	nLambda
	nCondition
	nTransform
	nBlock
	nBind
	nApply
	nSort
)

// kindNames are the reference's, which two error messages show.
var kindNames = [...]string{"", "name", "string", "number", "value", "variable", "regex", "operator", "wildcard",
	"descendant", "parent", "path", "binary", "unary", "function", "partial", "lambda", "condition", "transform", "block",
	"bind", "apply", "sort"}

type node struct {
	kind nodeKind
	text string      // operator, name, variable name
	lit  value.Value // string, number, true, false, null
	re   *regex
	pos  int

	lhs, rhs *node
	list     []*node    // steps of a path, arguments, expressions of a block or array
	pairs    [][2]*node // members of an object
	proc     *node      // what a call calls
	cond     *node      // condition, pattern of a transform
	then     *node      // then, update of a transform, body of a lambda
	other    *node      // else, delete of a transform
	sig      *signature
	terms    []sortTerm

	predicate []stage // on a node that is no path step
	stages    []stage // on a path step
	group     *group

	keepArray     bool // [] behind it
	consArray     bool // an array constructor first or last in a path
	keepSingleton bool // a path with [] on any of its steps
	thunk         bool // a call in tail position
	tuple         bool // a path or step that carries bindings along
	hasFocus      bool
	focus         string // @$focus
	hasIndex      bool
	index         string // #$index
	ancestor      *parentSlot
	seeking       []*parentSlot // parents this node asks its surroundings for
	isSeeking     bool
	slot          *parentSlot // of a parent node
}

type sortTerm struct {
	descending bool
	expr       *node
}

// stage is a filter [expr] or an index binding #$name behind a step.
type stage struct {
	expr  *node // nil for an index binding
	index string
	pos   int
}

type group struct {
	pairs [][2]*node
	pos   int
}

// parentSlot is one use of %: how many levels up it still looks and under which label the tuple keeps what it finds.
type parentSlot struct {
	label string
	level int
	id    int
}

// word is the token a message shows for a node: its operator, name or literal.
func (n *node) word() value.Value {
	switch n.kind {
	case nString, nNumber, nValue:
		return n.lit
	case nRegex:
		return value.FromObject(value.NewObject(0))
	}
	return value.String(n.text)
}

// makesFunctions reports whether evaluating n can make a function that keeps the variables around it.
func (n *node) makesFunctions() bool {
	if n == nil {
		return false
	}
	if n.kind == nLambda || n.kind == nTransform {
		return true
	}
	for _, part := range [...]*node{n.proc, n.lhs, n.rhs, n.cond, n.then, n.other} {
		if part.makesFunctions() {
			return true
		}
	}
	for _, item := range n.list {
		if item.makesFunctions() {
			return true
		}
	}
	for _, term := range n.terms {
		if term.expr.makesFunctions() {
			return true
		}
	}
	for _, stages := range [...][]stage{n.predicate, n.stages} {
		for _, st := range stages {
			if st.expr.makesFunctions() {
				return true
			}
		}
	}
	pairs := n.pairs
	if n.group != nil {
		pairs = append(pairs[:len(pairs):len(pairs)], n.group.pairs...)
	}
	for _, pair := range pairs {
		if pair[0].makesFunctions() || pair[1].makesFunctions() {
			return true
		}
	}
	return false
}
