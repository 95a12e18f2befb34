package value_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/perdure/perdure/asl/value"
)

// What nobody touched is written as it was read: the order of members, and every digit.
func ExampleDecode() {
	v, err := value.Decode([]byte(`{"z": 1.0, "a": 12345678901234567890, "z": 2.50}`), value.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.Text())
	fmt.Println(v.Get("a").Digits(), v.Get("a").Float())
	fmt.Println(v.Get("absent").IsUndefined(), v.Get("absent").IsNull())
	// Output:
	// {"z":2.50,"a":12345678901234567890}
	// 12345678901234567890 1.2345678901234567e+19
	// true false
}

// Texts are bounded in length and nesting; what is wrong is told with its place.
func ExampleLimits() {
	_, err := value.Decode([]byte(`[[[1]]]`), value.Limits{Depth: 2})
	var e *value.SyntaxError
	if errors.As(err, &e) {
		fmt.Println(e.Offset, e.Reason)
	}
	// Output: 2 arrays and objects are nested too deep
}

// An object is built member by member and not modified once it is shared.
func ExampleNewObject() {
	o := value.NewObject(2)
	o.Set("sku", value.String("A-1"))
	o.Set("tags", value.Array(value.String("x"), value.Null(), value.Bool(true)))
	o.Set("note", value.Value{}) // undefined is not written
	fmt.Println(value.FromObject(o).Text())
	// Output: {"sku":"A-1","tags":["x",null,true]}
}

// Numbers are equal when their values are, however they were written.
func ExampleEqual() {
	a, err := value.NumberText("1.0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(value.Equal(a, value.Int(1)), a.Text(), value.FormatNumber(a.Float()))
	// Output: true 1.0 1
}
