package jsonpath

import (
	"errors"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/value"
)

func TestIntrinsicFunctionsAnswerAsRecorded(t *testing.T) {
	for _, c := range []struct{ call, input, want string }{
		{`States.Format('a{}b{}', $.x, $.y)`, `{"x":1.10,"y":{"Arg1":1,"Arg2":[]}}`, `"a1.10b{Arg1=1, Arg2=[]}"`},
		{`States.Format($.t, 'v')`, `{"t":"<{}>"}`, `"<v>"`},
		{`States.Format('\{\} \'{}\' \\', null)`, `{}`, `"{} 'null' \\"`},
		{`States.StringToJson($.x)`, `{"x":"{\"a\":1.0}"}`, `{"a":1.0}`},
		{`States.StringToJson($.x)`, `{"x":" "}`, `null`},
		{`States.StringToJson('-0')`, `{}`, `0`},
		{`States.JsonToString($)`, `{"a":[1,"x/"]}`, `"{\"a\":[1,\"x/\"]}"`},
		{`States.StringSplit('a.b,c,,d', '.,')`, `{}`, `["a","b","c","d"]`},
		{`States.StringSplit(' a ', '.')`, `{}`, `[" a "]`},
		{`States.Array()`, `{}`, `[]`},
		{`States.Array(1, 'two', $.x, true, null)`, `{"x":[3]}`, `[1,"two",[3],true,null]`},
		{`States.ArrayPartition($.x, 2)`, `{"x":[1,2,3]}`, `[[1,2],[3]]`},
		{`States.ArrayContains($.x, $.y)`, `{"x":[{"b":1,"a":2}],"y":{"a":2,"b":1.0}}`, `true`},
		{`States.ArrayRange(1, 9, 2)`, `{}`, `[1,3,5,7,9]`},
		{`States.ArrayRange(9, 1, -4)`, `{}`, `[9,5,1]`},
		{`States.ArrayRange(1, 1, 5)`, `{}`, `[1]`},
		{`States.ArrayGetItem($.x, 1)`, `{"x":[1,2]}`, `2`},
		{`States.ArrayLength($.x)`, `{"x":[1,2]}`, `2`},
		{`States.ArrayUnique($.x)`, `{"x":[1,"1",1.0,[1],[1],{"a":1},{"a":1},null,null]}`, `[1,"1",[1],{"a":1},null]`},
		{`States.Base64Encode('Data to encode')`, `{}`, `"RGF0YSB0byBlbmNvZGU="`},
		{`States.Base64Decode('RGF0YSB0byBlbmNvZGU=')`, `{}`, `"Data to encode"`},
		{`States.Hash('input data', 'SHA-1')`, `{}`, `"aaff4a450a104cd177d28d18d74485e8cae074b7"`},
		{`States.Hash('input data', 'MD5')`, `{}`, `"812f45842bc6d66ee14572ce20db8e86"`},
		{`States.JsonMerge($.x, $.y, false)`, `{"x":{"a":{"b":1},"c":1},"y":{"a":{},"d":2}}`, `{"a":{},"c":1,"d":2}`},
		{`States.MathAdd(1.49, 1.5)`, `{}`, `3`},
		{`States.MathAdd(-1.5, -1.51)`, `{}`, `-3`},
		{`States.MathRandom(1, 3)`, `{}`, `2`},
		{`States.UUID()`, `{}`, `"00000000-0000-4000-8000-000000000000"`},
		{`States.ArrayGetItem(States.StringSplit('2020-05-27T08:00', 'T'), 0)`, `{}`, `"2020-05-27"`},
		{`States.JsonToString(States.Array($n.text, $$.State.Name))`, `{}`, `"[\"t\",\"S\"]"`},
	} {
		e, err := ParseExpr(c.call)
		if err != nil {
			t.Errorf("%s: %v", c.call, err)
			continue
		}
		v, err := e.EvalField("f.$", scope(t, c.input))
		if got := string(v.Append(nil)); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.call, got, err, c.want)
		}
	}
}

func TestSeededRandomNumbersAreReproducible(t *testing.T) {
	e, err := ParseExpr("States.MathRandom(0, 999, 3)")
	if err != nil {
		t.Fatal(err)
	}
	first, err := e.EvalField("f.$", &Scope{})
	second, _ := e.EvalField("f.$", &Scope{})
	if i, _ := first.Int64(); err != nil || !value.Equal(first, second) || i < 0 || i >= 999 {
		t.Errorf("got %s and %s, %v", first.Append(nil), second.Append(nil), err)
	}
}

func TestFailuresOfExpressionsHaveTheTextsOfCauses(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{"$.x", `The JSONPath '$.x' specified for the field 'f.$' could not be found in the input '{"a": 1}'`},
		{"$$.Execution.Input.x", `The JSONPath '$$.Execution.Input.x' specified for the field 'f.$' could not be found in the input ` +
			`'{"Execution":{"Id":"arn","Input":{"a":1}},"State":{"Name":"S"}}'`},
		{"States.Format('{}', $.x)", `The function 'States.Format('{}', $.x)' had the following error: ` +
			`The JsonPath argument for the field '$.x' could not be found in the input '{"a": 1}'`},
	} {
		s := scope(t, `{"a": 1}`)
		s.InputText = []byte(`{"a": 1}`)
		e, err := ParseExpr(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = e.EvalField("f.$", s); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.expr, err, c.want)
		}
	}
	for _, call := range []string{"States.ArrayGetItem($.a, 0)", "States.MathAdd('1', 2)", "States.ArrayRange(1, 2000, 1)", "States.ArrayRange(1, 2, 0)",
		"States.JsonMerge($, $, true)", "States.Hash('a', 'md5')", "States.Format('{}')", "States.ArrayPartition(States.Array(1), 0)",
		"States.StringToJson('{')", "States.MathRandom(2, 2)", "States.Base64Decode('?')", "States.MathAdd(9223372036854775807, 1)"} {
		e, err := ParseExpr(call)
		if err != nil {
			t.Errorf("%s: %v", call, err)
			continue
		}
		if v, err := e.EvalField("f.$", scope(t, `{"a":1}`)); err == nil {
			t.Errorf("%s answered %s", call, v.Append(nil))
		}
	}
}

func TestTextsThatAreNotCallsAreRefused(t *testing.T) {
	nested := strings.Repeat("States.Array(", 11) + strings.Repeat(")", 11)
	for _, text := range []string{"States.None()", "States.UUID", "States.UUID(", "States.UUID() x", "States.UUID(1)", "States.MathAdd(1)",
		`States.Format('\n')`, `States.Format('a)`, "States.Array(1 2)", "States.Array(,)", "States.Array(1,)", "states.UUID()", "Format('a')", nested} {
		if _, err := ParseExpr(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := ParseExpr(nested[len("States.Array(") : len(nested)-1]); err != nil {
		t.Errorf("ten levels: %v", err)
	}
}

func TestTemplatesFillInAndKeepTheRecordedOrder(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{`{"a":"$.x","b.$":"$.x","c":[{"d.$":"$.y"},"$.x"]}`, `{"a":"$.x","c":[{"d":2},"$.x"],"b":1}`},
		{`{"zeta.$":"$.x","lit":0,"alpha.$":"$.y"}`, `{"lit":0,"zeta":1,"alpha":2}`},
		{`{"FunctionName.$":"$.x","Payload.$":"$.y"}`, `{"FunctionName":1,"Payload":2}`},
		{`[]`, `[]`},
		{`"$.x"`, `"$.x"`},
	} {
		tm, err := ParseTemplate(decode(t, c.template))
		if err != nil {
			t.Fatalf("%s: %v", c.template, err)
		}
		v, err := tm.Eval(scope(t, `{"x":1,"y":2}`))
		got := string(v.Append(nil))
		if err != nil || !value.Equal(v, decode(t, c.want)) {
			t.Errorf("%s: got %s, %v, want %s", c.template, got, err, c.want)
		}
	}
}

// The hash codes of "Aa" and "BB" are equal; "a" is 97, in bucket 1 of 16; "p" is 112, in bucket 0.
func TestDynamicMembersAreInTheOrderOfAHashMap(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{`{"a.$":"$","p.$":"$"}`, `{"p":1,"a":1}`},
		{`{"BB.$":"$","Aa.$":"$","lit":0}`, `{"lit":0,"BB":1,"Aa":1}`},
	} {
		tm, err := ParseTemplate(decode(t, c.template))
		if err != nil {
			t.Fatal(err)
		}
		v, err := tm.Eval(scope(t, `1`))
		if got := string(v.Append(nil)); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.template, got, err, c.want)
		}
	}
}

func TestTemplatesThatAWSRefusesAreRefusedInItsWords(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{`{"a":{"x.$":"y"}}`, "The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call"},
		{`{"x.$":1}`, "The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call"},
		{`[{"x.$":"States.No()"}]`, "The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call"},
	} {
		_, err := ParseTemplate(decode(t, c.template))
		var m *MemberError
		if !errors.As(err, &m) || m.Error() != c.want {
			t.Errorf("%s: got %v", c.template, err)
		}
	}
	if _, err := ParseTemplate(decode(t, `{"x":1,"x.$":"$"}`)); err == nil {
		t.Error("a member and its dynamic twin were both taken")
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{"a.$":"States.Format('{}', $.x)","b":[{"c.$":"$..x"}]}`, `{"x":1}`)
	f.Add(`{"a.$":"States.ArrayUnique(States.ArrayRange(-9, 9.5, 0.6))"}`, `{}`)
	f.Add(`{"a.$":"States.MathRandom(1, 9223372036854775807, -1)"}`, `[]`)
	f.Fuzz(func(t *testing.T, template, input string) {
		v, err := value.Decode([]byte(template), value.Limits{Depth: 50})
		if err != nil {
			return
		}
		in, err := value.Decode([]byte(input), value.Limits{Depth: 50})
		if err != nil {
			return
		}
		tm, err := ParseTemplate(v)
		if err != nil {
			return
		}
		out, err := tm.Eval(&Scope{Input: in, Random: func() float64 { return 0.9 }, NewID: func() string { return "id" }})
		if err == nil && out.IsUndefined() {
			t.Fatalf("%s answered nothing", template)
		}
	})
}
