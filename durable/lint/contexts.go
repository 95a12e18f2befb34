package lint

import (
	"go/ast"
	"go/token"
	"strings"
)

// NestedOp reports durable operations inside bodies that are one operation themselves.
var NestedOp = rule("durablenestedop", "report durable operations inside step bodies", func(f *finder, b *body) {
	if !b.step {
		return
	}
	b.each(func(n ast.Node) {
		if call, ok := n.(*ast.CallExpr); ok && contextArg(f.TypesInfo, call) != nil {
			f.report(call, "a durable operation inside a step body fails with ErrWrongContext; use RunInChildContext, whose body has a Context")
		}
	})
})

// ChildContext reports child bodies that use the context of the code around them.
var ChildContext = rule("durablechildctx", "report child bodies that use an outer Context", func(f *finder, b *body) {
	if b.step || b.outer == nil {
		return
	}
	b.each(func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		if arg := contextArg(f.TypesInfo, call); arg != nil {
			if v := b.foreign(f.TypesInfo, arg); v != nil {
				f.report(arg, "%s belongs to the code around this body; use the body's own Context", v.Name())
			}
		}
	})
})

// Closure reports results that leave a body through a captured variable: on replay the body does not run and the variable
// is not set. Tests are left alone: they count runs that way.
var Closure = rule("durableclosure", "report captured variables that recorded bodies set", func(f *finder, b *body) {
	if !b.given || strings.HasSuffix(f.Fset.Position(b.node.Pos()).Filename, "_test.go") {
		return
	}
	set := func(x ast.Expr) {
		if v := b.foreign(f.TypesInfo, x); v != nil {
			f.report(x, "%s is not set on replay, when this body does not run; return the value instead", v.Name())
		}
	}
	b.each(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, x := range n.Lhs {
					set(x)
				}
			}
		case *ast.IncDecStmt:
			set(n.X)
		}
	})
})
