package cfn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/cfn"
)

func expand(t testing.TB, src string, params map[string]string) (*cfn.Node, error) {
	t.Helper()
	root, err := cfn.ParseValue([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	in := input()
	in.Parameters = params
	return cfn.ExpandLoops(root, in)
}

// Each loop stands in Resources of a template with parameters and a mapping.
func TestLoopsAreWrittenOut(t *testing.T) {
	const head = `{"Parameters":{"Names":{"Type":"CommaDelimitedList","Default":"a,b"},"One":{"Type":"String","Default":"x"}},` +
		`"Mappings":{"M":{"us-east-1":{"l":["p","q"]}}},"Resources":`
	for _, c := range []struct{ name, in, want string }{
		{"a list", `{"Fn::ForEach::L":["N",["A","B"],{"Topic${N}":{"Type":"T","Properties":{"Name":"n-${N}"}}}]}`,
			`{"TopicA":{"Type":"T","Properties":{"Name":"n-A"}},"TopicB":{"Type":"T","Properties":{"Name":"n-B"}}}`},
		{"a parameter", `{"Fn::ForEach::L":["N",{"Ref":"Names"},{"T${N}":{"Ref":"N"}}]}`, `{"Ta":"a","Tb":"b"}`},
		{"a mapping", `{"Fn::ForEach::L":["N",{"Fn::FindInMap":["M",{"Ref":"AWS::Region"},"l"]},{"T${N}":1}]}`, `{"Tp":1,"Tq":1}`},
		{"what is not alphanumeric is left out", `{"Fn::ForEach::L":["N",["10.0.0.1"],{"T&{N}":{"ip":"${N}"}}]}`, `{"T10001":{"ip":"10.0.0.1"}}`},
		{"a loop in a loop", `{"Fn::ForEach::L":["N",["A","B"],{"Fn::ForEach::K":["M",["1","2"],{"T${N}${M}":"${N}/${M}"}]}]}`,
			`{"TA1":"A/1","TA2":"A/2","TB1":"B/1","TB2":"B/2"}`},
		{"a loop among properties", `{"T":{"Type":"T","Properties":{"z":0,"Fn::ForEach::L":["N",["A"],{"p${N}":1}]}}}`,
			`{"T":{"Type":"T","Properties":{"z":0,"pA":1}}}`},
		{"other names stay", `{"Fn::ForEach::L":["N",["A"],{"T${N}":{"Fn::Sub":"${N} ${One} ${!N}"}}]}`, `{"TA":{"Fn::Sub":"A ${One} ${!N}"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := expand(t, head+c.in+"}", nil)
			if err != nil {
				t.Fatal(err)
			}
			if text := compact(t, got.Get("Resources")); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestBrokenLoopsAreErrorsWithAPlace(t *testing.T) {
	deep := `{"K${A}${B}${C}${D}${E}${F}":1}`
	for _, n := range []string{"F", "E", "D", "C", "B", "A"} {
		deep = `{"Fn::ForEach::L` + n + `":["` + n + `",["1"],` + deep + `]}`
	}
	many := `["` + strings.Repeat(`x","`, 999) + `y"]`
	for _, c := range []struct{ name, in, want string }{
		{"no list", `{"Fn::ForEach::L":"x"}`, "requires a list of three"},
		{"no map", `{"Fn::ForEach::L":["N",["A"],"x"]}`, "requires a list of three"},
		{"name", `{"Fn::ForEach::L":["N-1",["A"],{}]}`, "must be alphanumeric"},
		{"name of a parameter", `{"Fn::ForEach::L":["P",["A"],{}]}`, "is taken already"},
		{"name of an outer loop", `{"Fn::ForEach::L":["N",["A"],{"Fn::ForEach::K":["N",["A"],{}]}]}`, "is taken already"},
		{"collection", `{"Fn::ForEach::L":["N","A",{}]}`, "must be a list"},
		{"items", `{"Fn::ForEach::L":["N",[["A"]],{}]}`, "must hold strings"},
		{"collection of a resource", `{"Fn::ForEach::L":["N",[{"Ref":"R"}],{}]}`, "Unresolved resource dependencies [R]"},
		{"a key twice", `{"Fn::ForEach::L":["N",["A","B"],{"T":1}]}`, "the key T stands twice"},
		{"a key again", `{"Fn::ForEach::L":["N",["A"],{"T${N}":1}],"TA":2}`, "the key TA stands twice"},
		{"too deep", deep, "nested 5 deep"},
		{"too much", `{"Fn::ForEach::L":["N",` + many + `,{"Fn::ForEach::K":["M",` + many + `,{"Fn::ForEach::J":["O",` + many + `,{}]}]}]}`, "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := expand(t, `{"Parameters":{"P":{"Type":"String","Default":"x"}},`+"\n"+`"Resources":`+c.in+"}", nil)
			var e *cfn.Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if e.Line != 2 {
				t.Errorf("the error is at line %d, want 2", e.Line)
			}
		})
	}
}

func FuzzLoops(f *testing.F) {
	f.Add([]byte(`{"Resources":{"Fn::ForEach::L":["N",["A","B"],{"T${N}":{"Type":"T"}}]}}`))
	f.Add([]byte("Parameters: {P: {Type: CommaDelimitedList, Default: 'a,b'}}\nResources:\n  Fn::ForEach::L: [N, !Ref P, {'T&{N}': {Type: T}}]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		root, err := cfn.ParseValue(src)
		if err == nil {
			if root, err = cfn.ExpandLoops(root, input()); err == nil {
				_, err = cfn.FromNode(root)
			}
		}
		var e *cfn.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not a template error: %T %v", err, err)
		}
	})
}
