package jsonata_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

func Example() {
	p, err := jsonata.Compile("$sum(items.(price * qty))", jsonata.Options{})
	if err != nil {
		log.Fatal(err)
	}
	order, err := value.Decode([]byte(`{"items": [{"price": 2.5, "qty": 2}, {"price": 4, "qty": 1}]}`), value.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	total, err := p.Eval(context.Background(), order, nil, jsonata.Host{}, jsonata.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(total.Text())
	// Output: 9
}

// Variables are bound by name; what the world is like comes from the host, so that the same evaluation can be repeated.
func ExampleProgram_Eval() {
	p, err := jsonata.Compile(`{"at": $now("[FNn], [D1o] [MNn]"), "who": $user.name}`, jsonata.Options{})
	if err != nil {
		log.Fatal(err)
	}
	user := value.NewObject(1)
	user.Set("name", value.String("Ada"))
	host := jsonata.Host{Now: func() time.Time { return time.Unix(1_700_000_000, 0) }}
	vars := map[string]value.Value{"user": value.FromObject(user)}
	v, err := p.Eval(context.Background(), value.Value{}, vars, host, jsonata.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.Text())
	// Output: {"at":"Tuesday, 14th November","who":"Ada"}
}

// Errors have the reference implementation's code and position.
func ExampleError() {
	_, err := jsonata.Compile("orders[total > ", jsonata.Options{})
	var e *jsonata.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Position)
		fmt.Println(e.Message)
	}
	// Output:
	// S0203 15
	// Expected "]" before end of expression
}

// A definition can be checked before it runs: which variables does it read, and does it look at an input it will not get?
func ExampleProgram_Free() {
	p, err := jsonata.Compile("$states.input.total > limit and $exists($user)", jsonata.Options{})
	if err != nil {
		log.Fatal(err)
	}
	free := p.Free()
	fmt.Println(free.Variables, free.Context)
	// Output: [states user] [limit]
}

func ExampleStepFunctions() {
	p, err := jsonata.Compile(`$partition($range(1, 7, 1), 3)`, jsonata.Options{Functions: jsonata.StepFunctions()})
	if err != nil {
		log.Fatal(err)
	}
	v, err := p.Eval(context.Background(), value.Value{}, nil, jsonata.Host{}, jsonata.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.Text())
	// Output: [[1,2,3],[4,5,6],[7]]
}

// A host adds functions of its own; their signature is checked as that of any other.
func ExampleFunction() {
	shout := jsonata.Function{Name: "shout", Signature: "<s-:s>", Call: func(c *jsonata.Call, args []value.Value) (value.Value, error) {
		return value.String(args[0].Str() + "!"), nil
	}}
	p, err := jsonata.Compile(`"hello" ~> $shout`, jsonata.Options{Functions: []jsonata.Function{shout}})
	if err != nil {
		log.Fatal(err)
	}
	v, err := p.Eval(context.Background(), value.Value{}, nil, jsonata.Host{}, jsonata.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.Str())
	// Output: hello!
}

// Limits make any expression end.
func ExampleLimits() {
	p, err := jsonata.Compile("($f := function($n){ $n + $f($n + 1) }; $f(1))", jsonata.Options{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = p.Eval(context.Background(), value.Value{}, nil, jsonata.Host{}, jsonata.Limits{Depth: 100})
	var e *jsonata.Error
	fmt.Println(errors.As(err, &e) && e.Code == "U1001")
	// Output: true
}
