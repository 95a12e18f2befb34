package jsonata_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// hostile are expressions written to use up time or memory.
func hostile() map[string]string {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	return map[string]string{
		"recursion":                 `($f := function($n){ 1 + $f($n + 1) }; $f(0))`,
		"tail recursion":            `($f := function(){ $f() }; $f())`,
		"mutual recursion":          `($f := function($n){ $g($n) + 1 }; $g := function($n){ $f($n) + 1 }; $f(1))`,
		"mutual tail recursion":     `($f := function($n){ $g($n) }; $g := function($n){ $f($n) }; $f(1))`,
		"fibonacci":                 `($f := function($n){ $n < 2 ? $n : $f($n - 1) + $f($n - 2) }; $f(60))`,
		"ackermann":                 `($a := function($m, $n){ $m = 0 ? $n + 1 : $n = 0 ? $a($m - 1, 1) : $a($m - 1, $a($m, $n - 1)) }; $a(4, 4))`,
		"y combinator":              `(function($x){ $x($x) })(function($x){ $x($x) })`,
		"growing y combinator":      `(function($x){ [$x($x)] })(function($x){ [$x($x)] })`,
		"recursion through map":     `($f := function($x){ $map([$x, $x], $f) }; $f(1))`,
		"recursion through reduce":  `($f := function($a, $b){ $reduce([$a, $b], $f) }; $f(1, 2))`,
		"recursion through sort":    `($f := function($a, $b){ $sort([1, 2, 3], $f) }; $f(1, 2))`,
		"recursion through replace": `($f := function($m){ $replace("aa", /a/, $f) }; $f(1))`,
		"recursion through each":    `($f := function($v){ $each({"a": 1, "b": 2}, $f) }; $f(1))`,
		"partial of partial":        `($f := function($a, $b){ $f(?, $b)($a) }; $f(1, 2))`,
		"chained functions":         `($f := function($x){ ($f ~> $f)($x) }; $f(1))`,
		"widest range":              `[1..10000000]`,
		"range too wide":            `[1..1e15]`,
		"range from nowhere":        `[-1e308..1e308]`,
		"ranges times ranges":       `[1..100000].[1..100000]`,
		"ranges deep":               `[1..1000].([1..1000].([1..1000].$))`,
		"map of maps":               `$map([1..5000], function($x){ $map([1..5000], function($y){ $x * $y }) })`,
		"range in a reduction":      `$reduce([1..1000000], function($a, $b){ $append($a, $b) }, [])`,
		"objects in a reduction":    `$reduce([1..100000], function($a, $b){ $merge([$a, {$string($b): $b}]) }, {})`,
		"cross join":                `($l := [1..3000]; $l@$a.$l@$b.$l@$c.($a + $b + $c))`,
		"index bindings":            `[1..100000]#$i[$i > -1]#$j[$j > -1].[1..1000]#$k.($i + $k)`,
		"grouping":                  `[1..200000]{$string($): [1..100]}`,
		"sort by contradiction":     `$sort([1..200000], function($a, $b){ $random() > 0.5 })`,
		"sort by a sort":            `[1..3000]^($sum([1..3000]^(-$)))`,
		"shuffle for ever":          `($f := function($a){ $f($shuffle($a)) }; $f([1..100000]))`,
		"distinct objects":          `$distinct([1..50000].{"a": $})`,
		"string doubling":           `($f := function($s){ $f($s & $s) }; $f("ab"))`,
		"array doubling":            `($f := function($s){ $f($append($s, $s)) }; $f([1, 2]))`,
		"tree doubling":             `($f := function($s){ $f([[$s], [$s]]) }; $f(1))`,
		"object doubling":           `$string($reduce([1..64], function($a, $b){ {"l": $a, "r": $a} }, 1))`,
		"object doubling, returned": `$reduce([1..64], function($a, $b){ {"l": $a, "r": $a} }, 1)`,
		"object doubling, equal":    `($t := function(){ $reduce([1..64], function($a, $b){ {"l": $a, "r": $a} }, 1) }; $t() = $t())`,
		"object doubling, cloned":   `$clone($reduce([1..64], function($a, $b){ {"l": $a, "r": $a} }, 1))`,
		"object doubling, below":    `$count($reduce([1..64], function($a, $b){ {"l": $a, "r": $a} }, 1).**)`,
		"object doubling, keys":     `$keys($reduce([1..64], function($a, $b){ [[$a], [$a]] }, {"a": 1}))`,
		"nesting without end":       `($f := function($s){ $f({"a": $s}) }; $f(1))`,
		"deep value":                `$string($reduce([1..300000], function($a, $b){ [$a] }, []))`,
		"deep value, returned":      `$reduce([1..300000], function($a, $b){ {"a": $a} }, 1)`,
		"deep value, compared":      `($t := function(){ $reduce([1..300000], function($a, $b){ [[$a]] }, []) }; $t() = $t())`,
		"padding":                   `$pad("a", 1e9)`,
		"padding to the left":       `$pad("a", -4e9)`,
		"padding many":              `$map([1..1000], function($i){ $pad("a", 1000000) })`,
		"join":                      `$join($map([1..1000000], function($i){ "abcdefghij" }), "----------")`,
		"replace with more":         `($f := function($s){ $f($replace($s, "a", "aa")) }; $f("aaaaaaaa"))`,
		"split into letters":        `$split($pad("", 3000000, "ab"), "")`,
		"number of digits":          `$formatNumber(1e300, $pad("", 1000000, "#,") & "0")`,
		"number of groups":          `$formatNumber(1e300, $pad("", 100000, "#,") & "0")`,
		"number of uneven groups":   `$formatNumber(1, $pad("", 99999, "0,00,") & "0")`,
		"number of small groups":    `$formatNumber(0.1, "0." & $pad("", 100000, "0,") & "0")`,
		"picture of digits":         `$formatInteger(1, $pad("", 1000000, "0"))`,
		"roman numerals":            `$map([1..10000], function($i){ $formatInteger(1e300, "I") })`,
		"words":                     `$map([1..100000], function($i){ $formatInteger(999999999999, "w") })`,
		"date of a wide picture":    `$fromMillis(0, $pad("", 1000000, "[Y,99999-99999]"))`,
		"date read by a picture":    `$toMillis($pad("", 100000, "1"), $pad("", 30000, "[Y]"))`,
		"date read in words":        `$toMillis($pad("", 100000, "one ") & "x", "[Yw][Mw][Dw]")`,
		"regex, nested quantifiers": `$match($pad("", 60, "a") & "b", /^(a+)+$/)`,
		"regex, alternatives":       `$match($pad("", 60, "a") & "b", /^(a|a)*$/)`,
		"regex, overlapping":        `$contains($pad("", 5000, "a"), /(.*)(.*)(.*)(.*)(.*)x/)`,
		"regex, back reference":     `$contains($pad("", 20000, "a"), /(a*)*\1b/)`,
		"regex, look-ahead":         `$contains($pad("", 50000, "a"), /(?=(a+))*\1+b/)`,
		"regex, many matches":       `$count($match($pad("", 2000000, "a"), /a/))`,
		"regex, replace":            `$replace($pad("", 1000000, "a"), /a/, $pad("", 1000, "b"))`,
		"regex, counted":            `$contains("a", /((a{100}){100}){100}/)`,
		"regex, groups":             `$contains($pad("", 1000000, "z"), /` + many("(a)|", 3000) + `b/)`,
		"regex, groups matched":     `$match($pad("", 100000, "a"), /` + many("()", 3000) + `a/)`,
		"regex, groups repeated":    `$contains($pad("", 100000, "z"), /(` + many("(a)|", 3000) + `z)*b/)`,
		"regex, groups replaced":    `$replace($pad("", 100000, "a"), /` + many("()", 3000) + `a/, "$2999")`,
		"regex, split":              `$split($pad("", 2000000, "ab"), /b/)`,
		"transform into itself":     `($o := {"a": {}}; $o ~> |**|{"a": $o, "b": $$}|)`,
		"transform that grows":      `($f := function($o){ $f($o ~> |$|{"l": $, "r": $}|) }; $f({}))`,
		"transform of many":         `[1..300000].{"a": $} ~> |$|{"b": a, "c": [1..100]}|`,
		"wildcards":                 `($t := $reduce([1..20], function($a, $b){ {"l": $a, "r": $a} }, 1); $t.**.**.**)`,
		"parents":                   `([1..2000].{"a": {"b": [1..2000]}}).a.b.%.%.a.b.%`,
		"spread":                    `$spread([1..1000000].{"a": 1, "b": 2})`,
		"zip":                       `$zip([1..1000000], [1..1000000], [1..1000000])`,
		"sift":                      `$sift($merge([1..100000].{$string($): $}), function($v){ $sift({"a": 1}, function(){ true }) })`,
		"power of powers":           `$map([1..1000000], function($i){ $power(1.0000001, 1000) })`,
		"huge base":                 `$formatBase(1e308, 2)`,
		"encoded":                   `($f := function($s){ $f($encodeUrlComponent($s)) }; $f("%%%%"))`,
		"base64":                    `($f := function($s){ $f($base64encode($s)) }; $f("aaaa"))`,
		"partition":                 `$partition([1..1000000], 1)`,
		"range of AWS":              `$map([1..1000], function($i){ $range(1, 360145, 1) })`,
		"hash for ever":             `($f := function($s){ $f($hash($s, "SHA-512")) }; $f("a"))`,
		"parse":                     `$parse($pad("", 1000000, "["))`,
		"parse much":                `$parse("[" & $pad("", 3000000, "{},") & "1]")`,
		"source, brackets":          many("[", 1_000_000),
		"source, parentheses":       many("(", 200_000) + "1" + many(")", 200_000),
		"source, sum":               "1" + many("+1", 300_000),
		"source, path":              "a" + many(".a", 300_000),
		"source, minus":             many("-", 300_000) + "1",
		"source, calls":             "$f" + many("()", 300_000),
		"source, predicates":        "a" + many("[0]", 300_000),
		"source, conditions":        many("1?", 100_000) + "1",
		"source, conditions right":  many("a?1:", 100_000) + "1",
		"source, bindings":          many("$a:=", 100_000) + "1",
		"source, lambdas":           many("function($x){", 10_000) + "1" + many("}", 10_000),
		"source, applied":           "1" + many("~>$f", 100_000),
		"source, objects":           many(`{"a":`, 100_000),
		"source, sums of sums":      many("(1"+many("+1", 900)+"+", 400) + "1" + many(")", 400),
		"source, paths of paths":    many("(a"+many(".a", 900)+".", 400) + "a" + many(")", 400),
		"source, items":             "[1" + many(",1", 500_000) + "]",
		"source, string":            `"` + many("a", 4_000_000) + `"`,
		"source, regex":             "/" + many("(a|", 100_000) + many(")", 100_000) + "/",
		"source, parent":            "a" + many(".%", 100_000),
		"source, sort terms":        "a^(" + many("a,", 100_000) + "a)",
		"source, signature":         "function($x)<" + many("(", 100_000) + ">{1}",
		"source, many optional":     "function($x)<" + many("n?", 30) + "s>{1}(" + many("1,", 28) + "1)",
		"source, many repeated":     "function($x)<" + many("x+", 30) + "s>{1}(" + many("1,", 60) + "1)",
		"source, comment":           "/*" + many("*", 1_000_000),
	}
}

const (
	hostileDeadline = 100 * time.Millisecond
	hostileGrace    = 50 * time.Millisecond * slower
	hostileMemory   = 64 << 20 * slower
)

// TestHostileExpressionsEndInTime holds every expression to its deadline in processor time, which unlike the clock does
// not count what else the machine does, and to a bounded heap.
func TestHostileExpressionsEndInTime(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	for name, expr := range hostile() {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			runtime.GC()
			peak := watchHeap()
			began := cpuTime()
			ctx, cancel := context.WithTimeout(context.Background(), hostileDeadline)
			defer cancel()
			var v value.Value
			p, err := jsonata.Compile(expr, jsonata.Options{Functions: jsonata.StepFunctions()})
			if err == nil {
				v, err = p.Eval(ctx, value.Value{}, nil, host(), jsonata.Limits{Bytes: 28 << 20})
			}
			spent := cpuTime() - began
			used := peak()
			runtime.KeepAlive(v)
			var e *jsonata.Error
			if err != nil && !errors.As(err, &e) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("failed with something else: %v", err)
			}
			if spent > hostileDeadline+hostileGrace {
				t.Errorf("took %v of processor time (%.100v)", spent, err)
			}
			if used > hostileMemory {
				t.Errorf("used %d MB (%.100v)", used>>20, err)
			}
			t.Logf("%v, %d MB: %.150v", spent.Round(time.Millisecond), used>>20, err)
		})
	}
}

// watchHeap samples the heap until the function it returns is called, which tells the growth.
func watchHeap() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	read := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64() + sample[1].Value.Uint64()
	}
	before, peak := read(), uint64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				peak = max(peak, read())
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		peak = max(peak, read())
		return peak - min(before, peak)
	}
}
