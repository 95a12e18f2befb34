// Package lint finds what durable handlers must not do.
//
// A handler runs again from its beginning on every invocation and must then ask for the same operations. Each analyzer
// looks for one way of breaking that; [Analyzers] lists them, command perdurelint runs them:
//
//	go vet -vettool=$(which perdurelint) ./...
//
// Code counts as a handler when it has a parameter of type Context: handlers, bodies of child contexts, batch items and
// helpers. Code with a StepContext is a step body, where clock, randomness and goroutines are welcome and durable
// operations are not. Function literals without either belong to the code around them, unless they are given to the SDK
// as an option (a retry strategy, a serdes, a hook). Functions without a Context parameter that a handler calls, function
// values and writes to elements of maps and slices are not followed.
//
// A finding is silenced by a comment on its line or the line above, //durable:ignore [rule ...] [-- reason]; a whole file
// by //durable:ignore-file. The rules have the names of the analyzers.
package lint

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
)

// sdks are the packages whose handlers are looked at. The second has the same interface.
var sdks = []string{"github.com/perdure/perdure/durable", "github.com/aws/aws-durable-execution-sdk-go/durable"}

// Analyzers lists the rules.
func Analyzers() []*analysis.Analyzer {
	return []*analysis.Analyzer{Nondeterminism, Goroutine, MapOrder, NestedOp, ChildContext, Closure}
}

// rule makes an analyzer that looks at one body at a time.
func rule(name, doc string, check func(*finder, *body)) *analysis.Analyzer {
	return &analysis.Analyzer{Name: name, Doc: doc, Requires: []*analysis.Analyzer{bodiesOf}, Run: func(pass *analysis.Pass) (any, error) {
		f := &finder{Pass: pass, name: name, quiet: pass.ResultOf[bodiesOf].(*found).quiet}
		for _, b := range pass.ResultOf[bodiesOf].(*found).bodies {
			check(f, b)
		}
		return nil, nil
	}}
}

// finder is one run of one rule.
type finder struct {
	*analysis.Pass
	name  string
	quiet silences
}

func (f *finder) report(n ast.Node, format string, args ...any) {
	if !f.quiet.silenced(f.Fset.Position(n.Pos()), f.name) {
		f.Reportf(n.Pos(), format, args...)
	}
}

// isSDK reports whether an object is of the SDK.
func isSDK(o types.Object) bool {
	return o != nil && o.Pkg() != nil && slices.Contains(sdks, o.Pkg().Path())
}

// isNamed reports whether t is the SDK's type with that name.
func isNamed(t types.Type, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && isSDK(n.Obj())
}

// callee is the function or method a call names, nil for conversions and function values.
func callee(info *types.Info, call *ast.CallExpr) types.Object {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	switch x := fun.(type) {
	case *ast.Ident:
		return info.Uses[x]
	case *ast.SelectorExpr:
		return info.Uses[x.Sel]
	}
	return nil
}

// contextArg is the argument that a call takes as the context of durable operations, nil if it takes none. Reading the
// start time is no operation.
func contextArg(info *types.Info, call *ast.CallExpr) ast.Expr {
	sig, ok := info.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return nil
	}
	if o := callee(info, call); isSDK(o) && o.Name() == "ExecutionStartTime" {
		return nil
	}
	for i := range min(sig.Params().Len(), len(call.Args)) {
		if isNamed(sig.Params().At(i).Type(), "Context") {
			return call.Args[i]
		}
	}
	return nil
}
