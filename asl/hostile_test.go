package asl_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
)

// TestAnExpressionThatDoesNotEndFails: a turn holds up its execution, so the work of one expression is bounded.
func TestAnExpressionThatDoesNotEndFails(t *testing.T) {
	for _, expression := range []string{
		`($f := function($n){ $f($n + 1) }; $f(0))`,
		`$sum([1..3000].($a := $; [1..3000].($a * $)))`,
		`$sum($map([1..3000000], function($n){ $n * 2 }))`,
		`$reduce([1..3000000], function($a, $b){ $a + $b })`,
		`$sort([1..3000000], function($a, $b){ $a < $b })`,
		`$count([1..2000][$ in [1..3000]])`,
	} {
		p := newPlay(t, mustParse(t, fmt.Sprintf(
			`{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","Output":%q,"End":true}}}`, "{% "+expression+" %}")), `{}`)
		begin := time.Now()
		p.run()
		took := time.Since(begin)
		if p.finish == nil || p.finish.Status != asl.Failed || *p.finish.Error != "States.QueryEvaluationError" {
			t.Errorf("%s: %+v", expression, p.finish)
		} else if !strings.Contains(*p.finish.Cause, "threw an error during evaluation") {
			t.Errorf("%s: %s", expression, *p.finish.Cause)
		}
		if took > 30*time.Second { // of a machine that is very busy
			t.Errorf("%s takes %v", expression, took)
		}
	}
}

func TestTheLargestInputCanBeSorted(t *testing.T) {
	list := "[" + strings.Repeat("7,3,9,1,", 32767) + "5]" // 262,139 bytes
	p := newPlay(t, mustParse(t, `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","End":true,
		"Output":"{% $sort($states.input, function($a, $b){ $a > $b })[[0, 65534, -1]] %}"}}}`), list)
	p.run()
	if p.finish == nil || string(p.finish.Output) != "[1,5,9]" {
		t.Fatalf("%s %.300s", p.finish.Output, *p.finish.Cause)
	}
}
