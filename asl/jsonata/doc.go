// Package jsonata is an engine for JSONata 2.0.6, the query language of Step Functions, usable on its own.
//
//	p, err := jsonata.Compile("$sum(items.(price * qty))", jsonata.Options{})
//	v, err := p.Eval(ctx, input, vars, host, jsonata.Limits{})
//
// It promises the reference implementation's answers: values, error codes, positions and texts, UTF-16 lengths and
// order, and regular expressions with JavaScript's meaning. Two things differ on purpose: members whose names look like
// integers keep their place, and whole powers are the nearest number to the last digit. It also promises to come back: a
// source is bounded in size and nesting, every evaluation in steps, depth and bytes, and it looks at its context every
// 1,024 steps. It reads no clock, draws no random number and starts no goroutine; what an expression may know of the
// world comes through Host, so the same input gives the same output.
//
// A Program is immutable and safe for concurrent use. Values are those of package value; objects keep the order in
// which members were first set. $eval exists only when Options.Eval says so, and the functions Step Functions adds only
// with Options.Functions = StepFunctions().
//
// An expression passes through the lexer and the Pratt parser (lexer.go, parser.go), the pass that makes paths of dots
// and finds parents (resolve.go, ancestry.go), and becomes closures (compile.go). During an evaluation arrays carry the
// flags run.go lists: they make a sequence of one item that item, which is most of what is peculiar about JSONata.
// Variables are slots in frames (scope.go). Pictures of numbers, integers and dates are taken apart in picture_number.go,
// picture_integer.go and picture_date.go; regular expressions are a backtracking matcher of our own (regex.go), which
// counts its work as steps. Read next: program.go for the interface, path.go for the heart.
package jsonata
