package lint

import (
	"go/ast"
	"go/types"
	"reflect"

	"golang.org/x/tools/go/analysis"
)

// body is code that runs on one context, with the function literals that belong to it.
type body struct {
	node  ast.Node // *ast.FuncDecl or *ast.FuncLit
	block *ast.BlockStmt
	step  bool  // it has a StepContext
	given bool  // it is a literal handed to the SDK, which records its outcome
	outer *body // nil at the top
	apart map[ast.Node]bool
}

// found is what the rules share.
type found struct {
	bodies []*body
	quiet  silences
}

var bodiesOf = &analysis.Analyzer{
	Name:       "durablebodies",
	Doc:        "find the code that runs on durable contexts",
	ResultType: reflect.TypeOf(&found{}),
	Run: func(pass *analysis.Pass) (any, error) {
		s := &search{info: pass.TypesInfo, found: &found{quiet: silencesOf(pass)}, apart: map[ast.Node]bool{}}
		for _, file := range pass.Files {
			s.visit(file, nil)
		}
		return s.found, nil
	},
}

type search struct {
	info  *types.Info
	found *found
	apart map[ast.Node]bool // literals that are no part of the code around them
}

// visit looks for bodies below n, which belongs to outer.
func (s *search) visit(n ast.Node, outer *body) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				s.enter(n, n.Type, n.Body, nil)
			}
			return false
		case *ast.FuncLit:
			s.enter(n, n.Type, n.Body, outer)
			return false
		case *ast.CallExpr:
			if isSDK(callee(s.info, n)) {
				s.setApart(n.Args)
			}
		case *ast.CompositeLit:
			if t, ok := types.Unalias(s.info.TypeOf(n)).(*types.Named); ok && isSDK(t.Obj()) {
				s.setApart(n.Elts)
			}
		}
		return true
	})
}

// setApart marks literals that the SDK is given: options and hooks. Bodies are found all the same.
func (s *search) setApart(args []ast.Expr) {
	for _, a := range args {
		if kv, ok := a.(*ast.KeyValueExpr); ok {
			a = kv.Value
		}
		if lit, ok := ast.Unparen(a).(*ast.FuncLit); ok {
			s.apart[lit] = true
		}
	}
}

func (s *search) enter(n ast.Node, t *ast.FuncType, block *ast.BlockStmt, outer *body) {
	b := &body{node: n, block: block, outer: outer, given: s.apart[n], apart: s.apart}
	switch {
	case s.takes(t, "Context"):
	case s.takes(t, "StepContext"):
		b.step = true
	case s.apart[n]:
		s.visit(block, nil)
		return
	default:
		s.visit(block, outer)
		return
	}
	s.apart[n] = true
	s.found.bodies = append(s.found.bodies, b)
	s.visit(block, b)
}

func (s *search) takes(t *ast.FuncType, name string) bool {
	for _, p := range t.Params.List {
		if isNamed(s.info.TypeOf(p.Type), name) {
			return true
		}
	}
	return false
}

// each visits the nodes of the body, not those of other bodies inside it.
func (b *body) each(visit func(ast.Node)) {
	ast.Inspect(b.block, func(n ast.Node) bool {
		if n == nil || b.apart[n] {
			return false
		}
		visit(n)
		return true
	})
}

// foreign is the local variable that x names if it belongs to code around the body.
func (b *body) foreign(info *types.Info, x ast.Expr) *types.Var {
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := info.Uses[id].(*types.Var)
	if !ok || v.IsField() || v.Parent() == v.Pkg().Scope() || b.node.Pos() <= v.Pos() && v.Pos() < b.node.End() {
		return nil
	}
	return v
}
