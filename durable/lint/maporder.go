package lint

import (
	"go/ast"
	"go/token"
	"go/types"
)

// MapOrder reports durable operations whose order or input comes from ranging over a map.
var MapOrder = rule("durablemaporder", "report durable operations in the order of a map", func(f *finder, b *body) {
	if b.step {
		return
	}
	b.each(func(n ast.Node) {
		loop, ok := n.(*ast.RangeStmt)
		if !ok || !f.unordered(loop.X) {
			return
		}
		if f.operates(loop.Body) {
			f.report(loop, "durable operations in the order of a map come in another order on replay; range over sorted keys")
			return
		}
		for _, v := range f.collected(loop) {
			if f.used(b, loop, v) {
				f.report(loop, "%s is filled in the order of a map and then used by a durable operation; sort it first", v.Name())
			}
		}
	})
})

// unordered reports whether ranging over x gives another order every time.
func (f *finder) unordered(x ast.Expr) bool {
	if t := f.TypesInfo.TypeOf(x); t != nil {
		if _, ok := t.Underlying().(*types.Map); ok {
			return true
		}
	}
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	o := callee(f.TypesInfo, call)
	return o != nil && o.Pkg() != nil && o.Pkg().Path() == "maps" && (o.Name() == "Keys" || o.Name() == "Values" || o.Name() == "All")
}

func (f *finder) operates(n ast.Node) (yes bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && contextArg(f.TypesInfo, call) != nil {
			yes = true
		}
		return !yes
	})
	return yes
}

// collected lists the outer variables that the loop appends to.
func (f *finder) collected(loop *ast.RangeStmt) []*types.Var {
	var out []*types.Var
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		as, ok := n.(*ast.AssignStmt)
		if !ok || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
			return true
		}
		call, ok := as.Rhs[0].(*ast.CallExpr)
		if !ok {
			return true
		}
		if fn, ok := callee(f.TypesInfo, call).(*types.Builtin); !ok || fn.Name() != "append" {
			return true
		}
		if id, ok := as.Lhs[0].(*ast.Ident); ok {
			if v, ok := f.TypesInfo.Uses[id].(*types.Var); ok && v.Pos() < loop.Pos() {
				out = append(out, v)
			}
		}
		return true
	})
	return out
}

// used reports whether a durable operation after the loop takes v before anything sorts it.
func (f *finder) used(b *body, loop *ast.RangeStmt, v *types.Var) (yes bool) {
	sorted := false
	b.each(func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || call.Pos() < loop.End() || sorted || !f.mentions(call, v) {
			return
		}
		if o := callee(f.TypesInfo, call); o != nil && o.Pkg() != nil && (o.Pkg().Path() == "sort" || o.Pkg().Path() == "slices") {
			sorted = true
			return
		}
		if contextArg(f.TypesInfo, call) != nil {
			yes = true
		}
	})
	return yes
}

// mentions reports whether an argument of the call is v itself.
func (f *finder) mentions(call *ast.CallExpr, v *types.Var) bool {
	for _, a := range call.Args {
		if id, ok := ast.Unparen(a).(*ast.Ident); ok && f.TypesInfo.Uses[id] == v {
			return true
		}
	}
	return false
}
