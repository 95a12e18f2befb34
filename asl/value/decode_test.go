package value_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/value"
)

func decode(t testing.TB, text string) value.Value {
	t.Helper()
	v, err := value.Decode([]byte(text), value.Limits{})
	if err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return v
}

func TestTextsThatKeepTheirForm(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `1.0`, `1.50`, `1e3`, `1E+3`, `0.1`, `12345678901234567890`,
		`123456789012345`, `1234567890123456`, `9007199254740993`, `1e999`, `-2.5e-7`,
		`""`, `"a"`, `"\""`, `"\\"`, `"\u0000\u001f\b\f\n\r\t"`, `"é😀"`, `"\ud800"`, `"\udc00x\ud83d"`, `"<&>"`,
		`[]`, `{}`, `[[],[[]],{}]`, `{"b":1,"a":{"":null}}`, `[1,"a",null,true,{"k":[2.0]}]`,
	} {
		if got := decode(t, text).Text(); got != text {
			t.Errorf("%s came back as %s", text, got)
		}
	}
}

func TestTextsThatAreNormalised(t *testing.T) {
	for text, want := range map[string]string{
		" [ 1 , 2 ]\r\n\t":             `[1,2]`,
		`{"a":1,"b":2,"a":3}`:          `{"a":3,"b":2}`,
		`"\u0041\/\u00e9"`:             `"A/é"`,
		`"\ud83d\ude00"`:               `"😀"`,
		`"\ud83d\u0041"`:               `"\ud83dA"`,
		"\"\xff\"":                     `"` + "\ufffd" + `"`,
		"\"\xed\xa0\x80\"":             `"` + "\ufffd\ufffd\ufffd" + `"`,
		`{"\u0061":1,"a":2}`:           `{"a":2}`,
		"\"a\x7f\u2028\"":              "\"a\x7f\u2028\"",
		`{"a":{"a":1,"a":2},"b":null}`: `{"a":{"a":2},"b":null}`,
	} {
		if got := decode(t, text).Text(); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestTextsThatAreRefused(t *testing.T) {
	for text, offset := range map[string]int{
		``: 0, ` `: 1, `nul`: 0, `nulll`: 4, `tru`: 0, `[1,]`: 3, `[1 2]`: 3, `[`: 1, `[1`: 2, `{`: 1, `{"a"}`: 4, `{"a":}`: 5,
		`{"a":1,}`: 7, `{a:1}`: 1, `01`: 1, `-`: 1, `1.`: 2, `.5`: 0, `1e`: 2, `1e+`: 3, `+1`: 0, `"a`: 2, `"\x"`: 2, `"\u12"`: 2,
		"\"\n\"": 1, `'a'`: 0, `[1]]`: 3, `NaN`: 0, `-Infinity`: 1, "\ufeff1": 0, `"\`: 2, `{"a":1 "b":2}`: 7, `[1}`: 2,
	} {
		_, err := value.Decode([]byte(text), value.Limits{})
		var bad *value.SyntaxError
		if !errors.As(err, &bad) {
			t.Errorf("%q: error %v", text, err)
		} else if bad.Offset != offset {
			t.Errorf("%q: offset %d, want %d (%v)", text, bad.Offset, offset, err)
		}
	}
}

func TestLimitsAreExact(t *testing.T) {
	nested := strings.Repeat("[", 5) + strings.Repeat("]", 5)
	if _, err := value.Decode([]byte(nested), value.Limits{Depth: 5}); err != nil {
		t.Error(err)
	}
	if _, err := value.Decode([]byte(nested), value.Limits{Depth: 4}); err == nil {
		t.Error("five levels passed a limit of four")
	}
	if _, err := value.Decode([]byte("12345"), value.Limits{Bytes: 5}); err != nil {
		t.Error(err)
	}
	if _, err := value.Decode([]byte("123456"), value.Limits{Bytes: 5}); err == nil {
		t.Error("six bytes passed a limit of five")
	}
	if _, err := value.Decode([]byte(strings.Repeat(`{"a":`, 1001)), value.Limits{}); err == nil ||
		!strings.Contains(err.Error(), "too deep") {
		t.Errorf("1001 levels: %v", err)
	}
}

func TestDecodedValuesShareNoMemoryWithTheText(t *testing.T) {
	data := []byte(`{"key":"text","n":1.25,"e":"\u00e9x"}`)
	v, err := value.Decode(data, value.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if got := v.Text(); got != `{"key":"text","n":1.25,"e":"éx"}` {
		t.Errorf("after the text was wiped: %s", got)
	}
}

func TestLargeObjectsKeepOrderAndFindMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range 1000 {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(`"k` + value.FormatNumber(float64(i*7%1000)) + `":` + value.FormatNumber(float64(i)))
	}
	b.WriteString(`,"k7":"last"}`)
	v := decode(t, b.String())
	if v.Len() != 1000 || v.Object().Key(1) != "k7" || v.Get("k7").Str() != "last" || v.Get("k21").Float() != 3 {
		t.Errorf("len %d, second %q", v.Len(), v.Object().Key(1))
	}
}

// FuzzDecode compares with encoding/json, which accepts the same grammar, and checks that encoding is stable.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,-0,1e9,"x\u00e9\ud83d\ude00\ud800"],"b":null,"a":true}`, `[[[]]]`, `"\n"`, ` 12 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := value.Decode(data, value.Limits{Depth: 200})
		if err != nil {
			var bad *value.SyntaxError
			if !errors.As(err, &bad) || bad.Offset < 0 || bad.Offset > len(data) {
				t.Fatalf("error %v", err)
			}
			if json.Valid(data) && !strings.Contains(err.Error(), "too deep") {
				t.Fatalf("valid JSON %q refused: %v", data, err)
			}
			return
		}
		text := v.JSON()
		var want, got any
		if err := json.Unmarshal(data, &want); err != nil {
			if strings.Contains(err.Error(), "cannot unmarshal number") {
				return
			}
			t.Fatalf("invalid JSON %q accepted: %v", data, err)
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q encoded as %q: %v", data, text, err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%q encoded as %q", data, text)
		}
		again, err := value.Decode(text, value.Limits{})
		if err != nil || again.Text() != string(text) || !value.Equal(v, again) {
			t.Fatalf("%q is not stable: %v", text, err)
		}
	})
}

func TestDecodeFindsEveryByteThatDoesNotStandForItselfWhereverItStands(t *testing.T) {
	for at := range 20 {
		for c := range 256 {
			text := []byte(`"aaaaaaaaaaaaaaaaaaaaaaa"`)
			text[1+at] = byte(c)
			if c == '\\' {
				text[2+at] = 'n'
			}
			var want string
			ok := json.Unmarshal(text, &want) == nil
			v, err := value.Decode(text, value.Limits{})
			if (err == nil) != ok || ok && v.Str() != want {
				t.Errorf("byte %#x at %d: got %q, %v; want %q", c, at, v.Str(), err, want)
			}
		}
	}
}

func TestDecodeObjectsOfChangingSizeOneAfterTheOther(t *testing.T) {
	const text = `[{"a":1,"b":2},{"a":1,"b":2,"c":{"d":[{"e":1}],"f":2},"g":3},{"a":1},{},{"a":1,"b":{"c":{},"d":1}},` +
		`{"a":1,"a":2,"b":3},{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"a":0},{"b":1,"c":2}]`
	want := strings.NewReplacer(`"a":1,"a":2,`, `"a":2,`, `{"a":1,"b":2,"c":3,`, `{"a":0,"b":2,"c":3,`, `,"a":0}`, `}`).Replace(text)
	if got := decode(t, text).Text(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDecodeExpectsNamesOnlyAsTheyAreWritten(t *testing.T) {
	for _, text := range []string{`[{"a\"b":1},{"a"b":1}]`, `[{"a\\":1},{"a\":1}]`, `[{"\u0001":1},{"` + "\x01" + `":1}]`, `[{"ab":1},{"ab]`} {
		if v, err := value.Decode([]byte(text), value.Limits{}); err == nil {
			t.Errorf("%s was read as %s", text, v.Text())
		}
	}
	const text = `[{"é":1,"b":2},{"é":3,"b":4},{"é":5,"bc":6},{"\u0062c":7,"é":8},{"bc":9,"é":10}]`
	if got, want := decode(t, text).Text(), strings.ReplaceAll(text, `\u0062`, "b"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
