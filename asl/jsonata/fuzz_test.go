package jsonata_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// fuzzLimits keep one execution of a fuzz target short.
var fuzzLimits = jsonata.Limits{Steps: 20_000, Bytes: 16 << 20, Depth: 200}

// FuzzEval compiles and evaluates any text on any input: it ends with a value that is JSON or with an error that has a
// code and a text, and a second time with the same.
func FuzzEval(f *testing.F) {
	for i, c := range loadSuite(f) {
		if i%5 == 0 && len(c.expr) < 300 {
			f.Add(c.expr, string(c.input.Append(nil)), i%2 == 0)
		}
	}
	for _, expr := range hostile() {
		if len(expr) < 300 {
			f.Add(expr, `{"a":[1,{"b":"x"},null]}`, false)
		}
	}
	f.Fuzz(func(t *testing.T, expr, input string, later bool) {
		o := jsonata.Options{Eval: true, Functions: jsonata.StepFunctions()}
		if later {
			o.Version = jsonata.V2_2
		}
		p, err := jsonata.Compile(expr, o)
		if err != nil {
			wantCoded(t, err)
			return
		}
		in, err := value.Decode([]byte(input), value.Limits{})
		if err != nil {
			in = value.Value{}
		}
		before := in.Text()
		first, err := evalBriefly(p, in)
		if err != nil {
			wantCoded(t, err)
		}
		second, again := evalBriefly(p, in)
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() || first.Text() != second.Text() {
			t.Errorf("%q on %s gave %s, %v and then %s, %v", expr, input, first.Text(), err, second.Text(), again)
		}
		if in.Text() != before {
			t.Errorf("%q changed its input from %s to %s", expr, before, in.Text())
		}
	})
}

func evalBriefly(p *jsonata.Program, in value.Value) (value.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the limits end it long before, unless it hangs
	defer cancel()
	h := host()
	h.Now = func() time.Time { return time.UnixMilli(1700000000123) }
	return p.Eval(ctx, in, map[string]value.Value{"v": in}, h, fuzzLimits)
}

func wantCoded(t *testing.T, err error) {
	t.Helper()
	var e *jsonata.Error
	if !errors.As(err, &e) || len(e.Code) != 5 || e.Message == "" {
		t.Errorf("the error is %#v", err)
	}
}

// FuzzRegex gives any pattern and text to the functions that match.
func FuzzRegex(f *testing.F) {
	for _, re := range []string{`a+`, `(a|b)*c`, `(?<=x)y`, `[^\d\-]{2,3}?`, `(a)\1`, `^\s*$`, `(?:a(?=b))+`, `\u0041|\x41`, `(?<n>a)\k<n>`} {
		f.Add(re, "aab xy 12 ab", "i")
	}
	f.Fuzz(func(t *testing.T, pattern, text, flags string) {
		expr := "[$match($v, /" + pattern + "/" + flags + "), $contains($v, /" + pattern + "/), $replace($v, /" + pattern + "/, '[$0$1]'), $split($v, /" + pattern + "/)]"
		p, err := jsonata.Compile(expr, jsonata.Options{})
		if err != nil {
			wantCoded(t, err)
			return
		}
		if _, err := evalBriefly(p, value.String(text)); err != nil {
			wantCoded(t, err)
		}
	})
}

// FuzzPictures gives any picture to the functions that format and parse by one.
func FuzzPictures(f *testing.F) {
	for _, picture := range []string{"[Y0001]-[M01]-[D01]", "[FNn], [D1o] [MNn,3-3] [Y]", "[H]:[m]:[s].[f001] [z]", "#,##0.00;(0)", "0.0e0", "Ww", "I", "000;o"} {
		f.Add(picture, 1700000000123.5, "2023-11-14")
	}
	f.Fuzz(func(t *testing.T, picture string, n float64, text string) {
		o := value.NewObject(3)
		o.Set("p", value.String(picture))
		o.Set("n", value.Number(n))
		o.Set("t", value.String(text))
		for _, expr := range []string{"$fromMillis($v.n, $v.p, $v.t)", "$fromMillis($v.n, $v.p)", "$toMillis($v.t, $v.p)", "$toMillis($v.t)",
			"$formatNumber($v.n, $v.p)", "$formatInteger($v.n, $v.p)", "$parseInteger($v.t, $v.p)"} {
			p, err := jsonata.Compile(expr, jsonata.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := evalBriefly(p, value.FromObject(o)); err != nil {
				wantCoded(t, err)
			}
		}
	})
}
