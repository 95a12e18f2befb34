package jsonata_test

import (
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
)

// TestFreeNames lists what programs take from outside: variables nobody binds, and names read from the context at the top.
func TestFreeNames(t *testing.T) {
	for _, c := range []struct {
		expr      string
		variables string
		context   string
		root      bool
	}{
		{`1 + 2`, "", "", false},
		{`$states.input.total`, "states", "", false},
		{`total > $limit and vip`, "limit", "total vip", false},
		{`order.customer.name`, "", "order", false},
		{`order[total > $least].lines.sku`, "least", "order", false},
		{`$`, "", "$", false},
		{`$.a`, "", "$", false},
		{`$$.a`, "", "", true},
		{`*.a`, "", "*", false},
		{`**.a`, "", "**", false},
		{`a + a + b`, "", "a b", false},
		{`($x := 1; $x + $y)`, "y", "", false},
		{`($x := 1) + $x`, "x", "", false},
		{`(($x := 1); $x)`, "x", "", false},
		{`($y := ($x := 1; $x); $x)`, "x", "", false},
		{`function($x){ $x + $y + a }(1)`, "y", "a", false},
		{`($f := function($n){ $n = 0 ? 1 : $n * $f($n - 1) }; $f(5))`, "", "", false},
		{`$map(items, function($v, $i){ $v.price * $i * $rate })`, "rate", "items", false},
		{`$sum(items.(price * qty))`, "", "items", false},
		{`items{sku: $sum(price)}`, "", "items", false},
		{`{"a": x, "b": $y}`, "y", "x", false},
		{`items^(>price, $key)`, "key", "items", false},
		{`items@$i.stock@$s[$s.sku = $i.sku].$t`, "t", "items", false},
		{`items#$n[$n < $most]`, "most", "items", false},
		{`items.parts.(%.sku & name)`, "", "items", false},
		{`$ ~> |account|{"total": price * $rate}, "secret"|`, "rate", "$", false},
		{`a ? $b : c`, "b", "a c", false},
		{`[a, $b, [c]]`, "b", "a c", false},
		{`a ~> $uppercase ~> $mine`, "mine", "a", false},
		{`$substring(?, 0, $n)`, "n", "", false},
		{`-a`, "", "a", false},
		{`$sum`, "", "", false},
		{`$partition(list, 2)`, "partition", "list", false},
		{"`a b`.c", "", "a b", false},
		{`a.b.$c.d`, "c", "a", false},
	} {
		p, err := jsonata.Compile(c.expr, jsonata.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		free := p.Free()
		if v, x := strings.Join(free.Variables, " "), strings.Join(free.Context, " "); v != c.variables || x != c.context || free.Root != c.root {
			t.Errorf("%s: reads variables %q, context %q, root %v; want %q, %q, %v", c.expr, v, x, free.Root, c.variables, c.context, c.root)
		}
	}
}
