package value_test

import (
	"math"
	"testing"

	"github.com/perdure/perdure/asl/value"
)

func TestNumbersPrintAsInJavaScript(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 0.1: "0.1", 1e21: "1e+21", 1e20: "100000000000000000000",
		123456789012345680000: "123456789012345680000", 1e-6: "0.000001", 1e-7: "1e-7", 1.5e-10: "1.5e-10", 5e-324: "5e-324",
		1.7976931348623157e308: "1.7976931348623157e+308", 9007199254740993: "9007199254740992", 0.30000000000000004: "0.30000000000000004",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity", -1e-7: "-1e-7", 1e100: "1e+100",
	} {
		if got := value.FormatNumber(f); got != want {
			t.Errorf("%g printed as %s, want %s", f, got, want)
		}
	}
	if got := value.FormatNumber(math.NaN()); got != "NaN" {
		t.Error(got)
	}
}

func TestDigitsAreKeptUntilTouched(t *testing.T) {
	v, err := value.NumberText("12345678901234567890")
	if err != nil || v.Text() != "12345678901234567890" {
		t.Fatal(v.Text(), err)
	}
	if got := value.Number(v.Float() + 1).Text(); got != "12345678901234567000" {
		t.Error(got)
	}
	if got := value.Int(math.MaxInt64).Text(); got != "9223372036854775807" {
		t.Error(got)
	}
	for _, bad := range []string{"", "1x", "01", " 1", "1 ", "--1", "1.e1", "Infinity"} {
		if v, err := value.NumberText(bad); err == nil {
			t.Errorf("%q accepted as %s", bad, v.Text())
		}
	}
}

func TestExactIntegers(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "12": 12, "12.0": 12, "1e3": 1000, "9223372036854775807": math.MaxInt64, "9007199254740993": 9007199254740993,
		"-9223372036854775808": math.MinInt64,
	} {
		v, _ := value.NumberText(text)
		if got, ok := v.Int64(); !ok || got != want {
			t.Errorf("%s gave %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"12.5", "1e300", "9223372036854775808", "1e999"} {
		v, _ := value.NumberText(text)
		if got, ok := v.Int64(); ok {
			t.Errorf("%s gave %d", text, got)
		}
	}
	if _, ok := value.String("1").Int64(); ok {
		t.Error("a string is no integer")
	}
}

func TestTheZeroValueIsUndefined(t *testing.T) {
	var v value.Value
	if !v.IsUndefined() || v.IsNull() || v.Kind().String() != "undefined" || v.Text() != "null" {
		t.Errorf("%v %s", v.Kind(), v.Text())
	}
	if !v.Get("a").IsUndefined() || !v.Index(0).IsUndefined() || v.Len() != 0 || v.Object() != nil || v.Items() != nil || v.Str() != "" {
		t.Error("undefined has parts")
	}
	if !value.Null().IsNull() || value.Null().IsUndefined() || value.FromObject(nil).IsNull() {
		t.Error("null and undefined are mixed up")
	}
	o := value.NewObject(2)
	o.Set("u", v)
	o.Set("f", value.Extern(1))
	o.Set("n", value.Null())
	if got := value.Array(v, value.FromObject(o), value.Extern(1)).Text(); got != `[null,{"n":null},null]` {
		t.Error(got)
	}
}

func TestNonFiniteNumbersEncodeAsStepFunctionsDoes(t *testing.T) {
	v := value.Array(value.Number(math.Inf(1)), value.Number(math.Inf(-1)), value.Number(math.NaN()))
	if got := v.Text(); got != `["Infinity","-Infinity","NaN"]` {
		t.Error(got)
	}
}

func TestObjectsKeepTheOrderOfFirstInsertion(t *testing.T) {
	for _, size := range []int{3, 40} {
		o := value.NewObject(0)
		for i := range size {
			o.Set(value.FormatNumber(float64(i)), value.Int(int64(i)))
		}
		c := o.Clone()
		o.Set("1", value.String("new"))
		o.Delete("0")
		o.Delete("absent")
		o.Set("0", value.Null())
		if o.Len() != size || o.Key(0) != "1" || o.At(0).Str() != "new" || o.Key(size-1) != "0" {
			t.Errorf("size %d: %s", size, value.FromObject(o).Text())
		}
		if v, ok := o.Get("2"); !ok || v.Float() != 2 {
			t.Errorf("size %d: member 2 is %s", size, v.Text())
		}
		if v, _ := c.Get("1"); c.Len() != size || v.Float() != 1 || c.Key(0) != "0" {
			t.Errorf("size %d: the clone changed: %s", size, value.FromObject(c).Text())
		}
	}
}

func TestEquality(t *testing.T) {
	equal := [][2]string{{`1`, `1.0`}, {`-0`, `0`}, {`{"a":1,"b":[2]}`, `{"b":[2],"a":1e0}`}, {`"\u0061"`, `"a"`}, {`[]`, `[]`}, {`null`, `null`}}
	for _, p := range equal {
		if !value.Equal(decode(t, p[0]), decode(t, p[1])) {
			t.Errorf("%s and %s should be equal", p[0], p[1])
		}
	}
	differ := [][2]string{{`1`, `"1"`}, {`[1,2]`, `[2,1]`}, {`{"a":1}`, `{"a":1,"b":1}`}, {`{"a":1}`, `{"b":1}`}, {`null`, `false`}, {`true`, `false`}, {`[1]`, `[1,1]`}}
	for _, p := range differ {
		if value.Equal(decode(t, p[0]), decode(t, p[1])) {
			t.Errorf("%s and %s should differ", p[0], p[1])
		}
	}
	if value.Equal(value.Null(), value.Value{}) {
		t.Error("null equals undefined")
	}
	f := value.Extern(func() {})
	if !value.Equal(f, f) || value.Equal(f, value.Extern(func() {})) {
		t.Error("extern values are equal only to themselves")
	}
}

func TestTagsTravelWithTheCopyOnly(t *testing.T) {
	v := value.Array(value.Int(1))
	w := v.WithTags(5)
	if v.Tags() != 0 || w.Tags() != 5 || !value.Equal(v, w) || w.Text() != "[1]" {
		t.Error(v.Tags(), w.Tags(), w.Text())
	}
}
