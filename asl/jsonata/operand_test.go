package jsonata_test

import (
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// TestPathsBehindVariablesMeanTheSameInEveryPlace holds operands that are read the short way to the same paths bound to a
// variable first, which takes the general way.
func TestPathsBehindVariablesMeanTheSameInEveryPlace(t *testing.T) {
	input := decodeText(t, []byte(`{"o":{"a":{"b":1},"l":[{"b":2},{"b":3}],"one":[{"b":4}],"none":[],"null":null,"s":"x"}}`))
	vars := map[string]value.Value{"v": input.Get("o"), "list": value.Array(input.Get("o"), input.Get("o")), "undefined": {}}
	for _, path := range []string{"$v.a.b", "$v.l.b", "$v.one.b", "$v.none.b", "$v.null.b", "$v.s.b", "$v.missing.b", "$v.l", "$v.one",
		"$v.none", "$v.null", "$list.a.b", "$list.l.b", "$undefined.a", "$unbound.a", "$$.o.a.b", "$v.a.b.c"} {
		for _, form := range [][2]string{
			{"[PATH]", "($x := PATH; [$x])"},
			{"PATH = 1", "($x := PATH; $x = 1)"},
			{`{"k": PATH}`, `($x := PATH; {"k": $x})`},
			{"$string(PATH)", "($x := PATH; $string($x))"},
			{"$exists(PATH)", "($x := PATH; $exists($x))"},
			{`"<" & PATH & ">"`, `($x := PATH; "<" & $x & ">")`},
			{"$map([1, 2], function($v){ PATH })", "$map([1, 2], function($v){ ($x := PATH; $x) })"},
			{"($v := {\"a\": {\"b\": 9}}; {\"k\": PATH})", "($v := {\"a\": {\"b\": 9}}; $x := PATH; {\"k\": $x})"},
		} {
			got, err1 := run(strings.ReplaceAll(form[0], "PATH", path), input, vars, jsonata.Options{}, jsonata.Limits{})
			want, err2 := run(strings.ReplaceAll(form[1], "PATH", path), input, vars, jsonata.Options{}, jsonata.Limits{})
			if a, b := outcome(got, err1), outcome(want, err2); a != b {
				t.Errorf("%s of %s is %s, want %s", form[0], path, a, b)
			}
		}
	}
}
