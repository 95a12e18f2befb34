package jsonata

import (
	"context"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// Value is the value model expressions compute with.
type Value = value.Value

// Version selects the language.
type Version uint8

// V2_0 is JSONata 2.0.6, which Step Functions documents; V2_2 is 2.2.2: the operators ?? and ?: and the fixes made since.
const (
	V2_0 Version = iota
	V2_2
)

// Options are the choices fixed when a program is compiled. The zero Options is JSONata 2.0.6 without $eval.
type Options struct {
	Version   Version
	Functions []Function // known in addition to, and instead of, the built-in functions; see StepFunctions
	Eval      bool       // whether $eval exists
}

// Function is a function the host adds to the language. Call gets the arguments the signature let through, in order,
// with missing ones undefined; it must not keep the slice. A *Error it returns keeps its code.
type Function struct {
	Name      string // without $
	Signature string // as in a lambda: <s-n?:s>
	Call      func(c *Call, args []Value) (Value, error)
}

// Host is where an evaluation gets what is not in its input. A nil function makes what needs it fail or, for Now, stand
// at the epoch.
type Host struct {
	Now    func() time.Time // asked at most once per evaluation
	Random func() float64   // in [0, 1)
	UUID   func() string
}

// Limits bound one evaluation; a zero field means its default. Exceeding one is an error with code U1001.
type Limits struct {
	Steps int // calls, iterations and the like: 10,000,000
	Depth int // nested evaluations, as the reference counts them: 1,000
	Bytes int // allocated in total for values, roughly, and per value at most a quarter: 256 MiB
	Items int // of one array: 10,000,000
}

const (
	defaultSteps = 10_000_000
	defaultDepth = 1_000
	defaultBytes = 256 << 20
	defaultItems = 10_000_000
)

// Program is a compiled expression: immutable, and safe for concurrent use.
type Program struct {
	source  string
	options Options
	body    evalFn
	globals []string // what the slots of the outermost frame are called; slot 0 is $, the input
	free    Names
	table   *builtins
}

// Compile reads an expression. Every error is a *Error.
func Compile(source string, o Options) (*Program, error) {
	p, err := compileProgram(source, o)
	if err != nil {
		return nil, err.finish()
	}
	return p, nil
}

func compileProgram(source string, o Options) (*Program, *Error) {
	parsed, err := parse(source, o.Version)
	if err != nil {
		return nil, err
	}
	tree, err := resolve(parsed)
	if err != nil {
		return nil, err
	}
	table, err := newBuiltins(o)
	if err != nil {
		return nil, err
	}
	p := &Program{source: source, options: o, table: table}
	c := &compiler{program: p, version: o.Version, table: table}
	c.scope = &scope{kind: rootScope, slots: map[string]int{"$": 0}, names: []string{"$"}}
	c.scope.declare(tree)
	root := c.scope
	p.body = c.node(tree)
	p.globals = root.names
	p.free = freeNames(tree, table)
	return p, nil
}

// Source returns the text the program was compiled from.
func (p *Program) Source() string { return p.source }

// Free returns the names the program takes from outside.
func (p *Program) Free() Names { return p.free }

// Eval evaluates the program on an input, which may be undefined, with variables by name without $. The result carries
// no trace of the evaluation; it may be a function (KindExtern), which is of no use outside. Every error is a *Error or
// wraps the context's.
func (p *Program) Eval(ctx context.Context, input Value, vars map[string]Value, h Host, l Limits) (Value, error) {
	r := newRun(ctx, p, h, l)
	v, err := r.evaluate(input, vars)
	if err != nil {
		if e, ok := err.(*Error); ok {
			return Value{}, e.finish()
		}
		return Value{}, err
	}
	r.release()
	return v, nil
}
