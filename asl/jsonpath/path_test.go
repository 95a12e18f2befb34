package jsonpath

import (
	"testing"

	"github.com/perdure/perdure/asl/value"
)

func decode(t testing.TB, text string) value.Value {
	t.Helper()
	v, err := value.Decode([]byte(text), value.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func scope(t testing.TB, input string) *Scope {
	t.Helper()
	context := decode(t, `{"Execution":{"Id":"arn","Input":{"a":1}},"State":{"Name":"S"}}`)
	n := decode(t, `{"list":[10,20],"text":"t"}`)
	return &Scope{
		Input:   decode(t, input),
		Context: func() value.Value { return context },
		Variable: func(name string) value.Value {
			if name == "n" {
				return n
			}
			return value.Value{}
		},
		Random: func() float64 { return 0.5 },
		NewID:  func() string { return "00000000-0000-4000-8000-000000000000" },
	}
}

const store = `{"store":{"book":[{"t":"A","price":8.95,"isbn":"1"},{"t":"B","price":12.99},{"t":"C","price":22,"isbn":"2"}],` +
	`"bicycle":{"color":"red","price":19.95}},"a b":1,"x-y":2,"n":null,"s":"text"}`

func TestPathsSelectWhatTheLibraryOfAWSSelects(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"$.s", `"text"`},
		{"$['s']", `"text"`},
		{`$["s"]`, `"text"`},
		{"$.n", "null"},
		{"$['a b']", "1"},
		{"$.x-y", "2"},
		{"$.store.book[0].t", `"A"`},
		{"$.store.book[-1].t", `"C"`},
		{"$.store.book[0,2].t", `["A","C"]`},
		{"$.store.book[0:2].t", `["A","B"]`},
		{"$.store.book[1:].t", `["B","C"]`},
		{"$.store.book[-2:].t", `["B","C"]`},
		{"$.store.book[:1].t", `["A"]`},
		{"$.store.book[0:3:2].t", `["A","C"]`},
		{"$.store.book[*].t", `["A","B","C"]`},
		{"$.store.book.*.t", `["A","B","C"]`},
		{"$.store.bicycle.*", `["red",19.95]`},
		{"$..price", `[8.95,12.99,22,19.95]`},
		{"$..book[0].t", `["A"]`},
		{"$.store.book[0]['t','price']", `{"t":"A","price":8.95}`},
		{"$.store.book[?(@.isbn)].t", `["A","C"]`},
		{"$.store.book[?(!@.isbn)].t", `["B"]`},
		{"$.store.book[?(@.price < 10)].t", `["A"]`},
		{"$.store.book[?(@.price >= 12.99)].t", `["B","C"]`},
		{"$.store.book[?(@.t == 'B')].price", `[12.99]`},
		{"$.store.book[?(@.t != 'B')].price", `[8.95,22]`},
		{"$.store.book[?(@.price > 10 && @.isbn)].t", `["C"]`},
		{"$.store.book[?(@.price < 10 || @.price > 20)].t", `["A","C"]`},
		{"$.store.book[?((@.price < 10 || @.price > 20) && @.isbn == '2')].t", `["C"]`},
		{"$.store.book[?(@.t =~ /[bc]/i)].t", `["B","C"]`},
		{"$.store.book[?(@.t in ['A','B'])].t", `["A","B"]`},
		{"$.store.book[?(@.isbn == 2)].t", `["C"]`},
		{"$.store.book[?(@.t == $.s)].t", `[]`},
		{"$.none[*]", `[]`},
		{"$..none", `[]`},
		{"$.store.book[5:].t", `[]`},
		{"$$.Execution.Id", `"arn"`},
		{"$$", `{"Execution":{"Id":"arn","Input":{"a":1}},"State":{"Name":"S"}}`},
		{"$n.list[1]", "20"},
		{"$n.list[*]", "[10,20]"},
		{"$n", `{"list":[10,20],"text":"t"}`},
	} {
		p, err := Parse(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		v, err := p.Eval(scope(t, store))
		if got := string(v.Append(nil)); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.path, got, err, c.want)
		}
	}
}

func TestDefinitePathsThatSelectNothingSayWhy(t *testing.T) {
	for _, c := range []struct{ input, path, want string }{
		{`{}`, "$.x", "No results for path: $['x']"},
		{`{"x":{}}`, "$.x.y", "No results for path: $['x']['y']"},
		{`{}`, "$.x.y", "Missing property in path $['x']"},
		{`{"x":[1]}`, "$.x[3]", "No results for path: $['x'][3]"},
		{`{"x":1}`, "$.x[0]", "Filter: [0] can only be applied to arrays. Current context is: 1"},
		{`{"x":null}`, "$.x[0]", "The path $['x'] is null"},
		{`{}`, "$other", "No results for path: $"},
	} {
		p, err := Parse(c.path)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		v, err := p.Eval(scope(t, c.input))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s on %s: got %s, %v, want %s", c.path, c.input, v.Append(nil), err, c.want)
		}
	}
}

func TestTextsThatAreNotPathsAreRefused(t *testing.T) {
	for _, text := range []string{"", "x", "$.", "$..", "$.a.", "$[", "$[0", "$['a", "$['a'", "$.a.length()", "$[?(@.a]", "$[?(@.a == )]",
		"$[?@.a]", "$[1:2:3:4]", "$[::0]", "$[a]", "$.a b", "$x y", "$$$", "$[?(1)]", "@.a"} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%q was taken as %s", text, p)
		}
	}
}

func TestReferencePathsNameOneNode(t *testing.T) {
	for text, want := range map[string]bool{"$": true, "$.a": true, "$.a[0]['b']": true, "$.a[-1]": false, "$.a[*]": false,
		"$..a": false, "$.a[0,1]": false, "$['a','b']": false, "$.a[0:1]": false, "$.a[?(@.b)]": false} {
		p, err := Parse(text)
		if err != nil || p.Reference() != want {
			t.Errorf("%s: %v, want reference %v", text, err, want)
		}
	}
	for _, text := range []string{"$$.a", "$a.b", "$.a[*]"} {
		if _, err := ParseReference(text); err == nil {
			t.Errorf("%s can be written to", text)
		}
	}
}

func TestWritingPutsTheValueInPlaceAndLeavesTheRestAlone(t *testing.T) {
	for _, c := range []struct{ root, path, want string }{
		{`{"a":1}`, "$", `"new"`},
		{`{"a":1}`, "$.b", `{"a":1,"b":"new"}`},
		{`{"a":1,"b":2}`, "$.a", `{"a":"new","b":2}`},
		{`{}`, "$.a.b.c", `{"a":{"b":{"c":"new"}}}`},
		{`{"a":[1,{"b":2}]}`, "$.a[1].b", `{"a":[1,{"b":"new"}]}`},
		{`{"a":1}`, "$.a.b", ""},
		{`{"a":null}`, "$.a.b", ""},
		{`[1]`, "$.a", ""},
		{`{"a":[1]}`, "$.a[1]", ""},
	} {
		p, err := ParseReference(c.path)
		if err != nil {
			t.Fatal(err)
		}
		root := decode(t, c.root)
		v, err := p.Put(root, value.String("new"))
		if got := string(v.Append(nil)); c.want == "" && err == nil || c.want != "" && (err != nil || got != c.want) {
			t.Errorf("%s into %s: got %s, %v, want %s", c.path, c.root, got, err, c.want)
		}
		if string(root.Append(nil)) != c.root {
			t.Errorf("%s changed its root: %s", c.path, root.Append(nil))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"$", "$$.a", "$x['a'][0:2]..b[?(@.c == 'd' && !(@.e > 1))]", "$[?(@ =~ /a/i)]", "$..*..*..*"} {
		f.Add(s, store)
	}
	f.Fuzz(func(t *testing.T, text, input string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		v, err := value.Decode([]byte(input), value.Limits{Depth: 100})
		if err != nil {
			return
		}
		got, err := p.Eval(&Scope{Input: v})
		if err == nil && !p.Definite() && got.Kind() != value.KindArray {
			t.Fatalf("%s is indefinite but answered %s", text, got.Append(nil))
		}
		if r, err := ParseReference(text); err == nil {
			if w, err := r.Put(v, value.Bool(true)); err == nil {
				back, err := r.Eval(&Scope{Input: w})
				if err != nil || !back.Bool() {
					t.Fatalf("%s: what was written is not read: %v", text, err)
				}
			}
		}
	})
}
