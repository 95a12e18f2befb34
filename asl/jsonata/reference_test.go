package jsonata_test

import (
	"errors"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// TestOddAnswersOfTheReference holds answers of jsonata 2.0.6 that are in neither the suite nor the generated vectors.
func TestOddAnswersOfTheReference(t *testing.T) {
	vars := map[string]value.Value{"o": decodeText(t, []byte(`{"a": 1}`))}
	for _, c := range []struct{ expr, want string }{ // null stands for undefined, too
		{`([{"a":1}].a)@$w.(1)`, `1`},
		{`([{"a":1}].{"z": $})@$w.({"u": [], "w": $w})`, `{"u":[]}`},
		{`[$o, *]#$i.{"n": a}`, `[{"n":1},{},{}]`},
		{`(["a😀b"].$).($ & "x")`, `["ax","\ud83dx","\ude00x","bx"]`},
		{`([""].$).($ & "x")`, `""`},
		{`(["ab"].$)^($).{"z": $}[0]`, `[{"z":"a"},{"z":"b"}]`},
		{`([$o].$)^(a)`, `{"a":1}`},
		{`([$o].$)^(a).a`, `null`},
		{`[].x[].y.%`, `[[]]`},
		{`$o.([$.b].x[].y.%)`, `[]`},
		{`$o.(b[].y.%)`, `null`},
		{`$count(([5].$).a)`, `0`},
		{`($o.{"n": "x"}[0]).n`, `"x"`},
		{`[$o].("a"[$ > 1].b)`, `null`},
		{`$o.("a"[$ = 1].$)`, `1`},
		{`$o.("a"[$ = 2].$)`, `null`},
		{`$fromMillis(-0.4, "[f]", "0530")`, `"999"`},
		{`$fromMillis(-0.4, "[f]")`, `"0"`},
		{`$fromMillis(-62135596800000, "[d]", "-0800")`, `"365"`},
		{`$fromMillis(-62135596800000, "[X] [W] [x] [w]", "0530")`, `"0 1 12 1"`},
		{`$formatInteger(3.7, "#,#00,0")`, `",,3"`},
		{`$formatInteger(1234, "#,#00,0")`, `",123,4"`},
		{`$formatNumber(999999.9999, "#,##0,0#,##0.##,##")`, `"99,99,99.99,,,,99"`},
		{`$formatNumber(-98765432.1, "#,##0##,#,##0")`, `"-98765,4,32,"`},
		{`$formatNumber(1234567, "#,#,٠.٠٠,", {"zero-digit": "٠"})`, `"١,٢,٣,٤,٥,٦,٧.٠٠,,"`},
		{`$formatBase(1e17, 3)`, `"122222200201121122011121220002021100"`},
		{`$formatBase(-1e18, 36)`, `"-7lieexzx4kw0"`},
		{`$formatBase(1e20, 3)`, `"220200020122120112010222022122002000000000"`},
		{`5 % 3`, `2`},
		{`-5 % 3`, `-2`},
		{`5.5 % -2`, `1.5`},
	} {
		v, err := run(c.expr, value.Value{}, vars, jsonata.Options{}, jsonata.Limits{})
		if err != nil || v.Text() != c.want {
			t.Errorf("%s is %s, %v; want %s", c.expr, v.Text(), err, c.want)
		}
	}
}

// TestOddErrorsOfTheReference holds codes, positions and texts in the same way.
func TestOddErrorsOfTheReference(t *testing.T) {
	vars := map[string]value.Value{"o": decodeText(t, []byte(`{"a": 1}`))}
	for _, c := range []struct {
		expr     string
		code     string
		position int
		message  string
	}{
		{`$string(?, true)`, "S0208", 26, "Parameter 2 of function definition must be a variable name (start with $)"},
		{`λ($a)<("###‰")<n>>{$a}(1)`, "S0401", 13, "Type parameters can only be applied to functions and arrays"},
		{`$string({"inf": 1/0})`, "D1001", 8, "Number out of range: null"},
		{`($f := function($n){ $n = 0 ? 1 : ["3"]($n) }; $f(2))`, "T1006", 35, "Attempted to invoke a non-function"},
		{`($f := function($n){ $n = 0 ? 1 : $o($n) }; $f(2))`, "T1006", 36, "Attempted to invoke a non-function"},
		{`($f := function($n){ $n = 0 ? 1 : $o(-"x") }; $f(2))`, "D1002", 38, `Cannot negate a non-numeric value: "x"`},
		{`$formatNumber(1e12, "%x0e9‰0€", {"per-mille": "٠"})`, "D3092", 14, "A sub-picture that contains a 'percent' or " +
			"'per-mille' character must not contain a character treated as an 'exponent-separator'"},
	} {
		v, err := run(c.expr, value.Value{}, vars, jsonata.Options{}, jsonata.Limits{})
		var e *jsonata.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Position != c.position || e.Message != c.message {
			t.Errorf("%s gave %s and %#v; want %s at %d: %s", c.expr, v.Text(), err, c.code, c.position, c.message)
		}
	}
}
