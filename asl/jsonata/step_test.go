package jsonata_test

import (
	"errors"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

func TestFunctionsOfStepFunctions(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`$partition([1,2,3,4,5], 2)`, `[[1,2],[3,4],[5]]`},
		{`$partition([1,2,3], 1.9)`, `[[1],[2],[3]]`},
		{`$partition([1,2], 0)`, ``},
		{`$partition([], 2)`, ``},
		{`$range(0, 9, 3)`, `[0,3,6,9]`},
		{`$range(0, 10, 3)`, `[0,3,6,9]`},
		{`$range(1, 9, 9)`, `1`},
		{`$range(5, 1, -2)`, `[5,3,1]`},
		{`$range(1, 5, -1)`, ``},
		{`$range(1, 5, 0)`, ``},
		{`$range(1.9, 3.9, 1)`, `[1,2,3]`},
		{`$count($range(1, 360145, 1))`, `360145`},
		{`$range(1, 360146, 1)`, `U1001`},
		{`$range(1, 2)`, `T0410`},
		{`$hash("abc", "MD5")`, `"900150983cd24fb0d6963f7d28e17f72"`},
		{`$hash("abc", "SHA-1")`, `"a9993e364706816aba3e25717850c26c9cd0d89d"`},
		{`$hash("abc", "SHA-256")`, `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`},
		{`$length($hash("abc", "SHA-384"))`, `96`},
		{`$length($hash("abc", "SHA-512"))`, `128`},
		{`$hash("abc")`, ``},
		{`$hash("abc", "sha-1")`, `D3137`},
		{`$random(42)`, `0.7275636800328681`}, // new java.util.Random(42).nextDouble()
		{`$random(7) = $random(7)`, `true`},
		{`$random() < 1`, `true`},
		{`$randomSeeded(1)`, `T1006`},
		{`$uuid()`, `"00000000-0000-4000-8000-000000000000"`},
		{`$parse("-0")`, `0`},
		{`$parse("1.1")`, `1.1`},
		{`$parse("{\"Arg1\": 1, \"Arg2\": []}")`, `{"Arg1":1,"Arg2":[]}`},
		{`$parse("[9223372036854775807, 9223372036854775808]")`, `[9223372036854775807,9223372036854776000]`},
		{`$parse("{")`, `D3137`},
		{`$eval("1")`, `T1006`},
	} {
		got, err := run(c.expr, value.Value{}, nil, jsonata.Options{Functions: jsonata.StepFunctions()}, jsonata.Limits{})
		text := got.Text()
		var e *jsonata.Error
		if errors.As(err, &e) {
			text = e.Code
		} else if got.IsUndefined() {
			text = ""
		}
		if text != c.want {
			t.Errorf("%s: gave %s (%v), want %s", c.expr, text, err, c.want)
		}
	}
}
