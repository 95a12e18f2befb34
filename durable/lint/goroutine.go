package lint

import (
	"go/ast"
	"go/types"
)

// Goroutine reports concurrency that replay does not know of.
var Goroutine = rule("durablegoroutine", "report goroutines and channel selects in durable handlers", func(f *finder, b *body) {
	if b.step {
		return
	}
	b.each(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.GoStmt:
			f.report(n, "a goroutine in a durable handler runs in another order on replay and cannot use the Context; use Go, StepAsync, Map or Parallel")
		case *ast.SelectStmt:
			if len(n.Body.List) > 1 {
				f.report(n, "select takes another case on replay; use Select, Any or Race")
			}
		case *ast.CallExpr:
			fn, ok := callee(f.TypesInfo, n).(*types.Func)
			if !ok || fn.Pkg() == nil || fn.Name() != "Go" && fn.Name() != "TryGo" {
				return
			}
			if path := fn.Pkg().Path(); path == "sync" || path == "golang.org/x/sync/errgroup" {
				f.report(n, "a goroutine in a durable handler runs in another order on replay and cannot use the Context; use Go, StepAsync, Map or Parallel")
			}
		}
	})
})
