package stacks

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
)

func TestPatchesApplyAsTheRFCSays(t *testing.T) {
	for _, tc := range []struct{ patch, want string }{ // want begins with "!" for an error
		{`[{"op":"replace","path":"/A","value":"new"}]`, `{"A":"new","L":[1,2],"M":{"x/y":1}}`},
		{`[{"op":"add","path":"/B","value":{"c":1}}]`, `{"A":"old","B":{"c":1},"L":[1,2],"M":{"x/y":1}}`},
		{`[{"op":"remove","path":"/A"}]`, `{"L":[1,2],"M":{"x/y":1}}`},
		{`[{"op":"replace","path":"/M/x~1y","value":2}]`, `{"A":"old","L":[1,2],"M":{"x/y":2}}`},
		{`[{"op":"add","path":"/L/0","value":0}]`, `{"A":"old","L":[0,1,2],"M":{"x/y":1}}`},
		{`[{"op":"add","path":"/L/-","value":3}]`, `{"A":"old","L":[1,2,3],"M":{"x/y":1}}`},
		{`[{"op":"remove","path":"/L/1"}]`, `{"A":"old","L":[1],"M":{"x/y":1}}`},
		{`[{"op":"replace","path":"/L/0","value":9}]`, `{"A":"old","L":[9,2],"M":{"x/y":1}}`},
		{`[{"op":"remove","path":"/None"}]`, `!no such place`},
		{`[{"op":"replace","path":"/L/7","value":9}]`, `!no such place`},
		{`[{"op":"replace","path":"/None/x","value":9}]`, `!no such place`},
		{`[{"op":"move","path":"/A","from":"/B"}]`, `!none of add, replace and remove`},
		{`[{"op":"replace","path":"","value":9}]`, `!not a path`},
		{`{`, `!unexpected end`},
	} {
		n, err := cfn.ParseValue([]byte(`{"A":"old","L":[1,2],"M":{"x/y":1}}`))
		if err != nil {
			t.Fatal(err)
		}
		got, err := patched(n, tc.patch)
		if want, fails := strings.CutPrefix(tc.want, "!"); fails {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", tc.patch, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.patch, err)
			continue
		}
		if b, err := got.MarshalJSON(); err != nil || string(b) != tc.want {
			t.Errorf("%s: got %s, want %s", tc.patch, b, tc.want)
		}
	}
}

func TestHotSwapLastsUntilTheNextDeployment(t *testing.T) {
	w, disk := newWorld()
	s := w.service(t, disk)
	if err := call(s, "CreateStack", nil, "TemplateBody", things("A=1 B=2")); err != nil {
		t.Fatal(err)
	}
	id := ""
	for thing := range w.things {
		if strings.HasPrefix(thing, "A-") {
			id = thing
		}
	}
	control := func(operation, patch string) (string, error) {
		for _, o := range s.CloudControl() {
			if o.Name == operation {
				body, err := json.Marshal(controlInput{TypeName: "Test::Thing", Identifier: id, PatchDocument: patch})
				if err != nil {
					t.Fatal(err)
				}
				resp, err := o.Handle(context.Background(), &api.Request{Region: "us-east-1", Account: "000000000000", Body: body})
				if err != nil {
					return "", err
				}
				return string(resp.Body), nil
			}
		}
		return "", nil
	}
	if out, err := control("UpdateResource", `[{"op":"replace","path":"/Size","value":"7"}]`); err != nil || !strings.Contains(out, `"OperationStatus":"SUCCESS"`) {
		t.Fatalf("%s %v", out, err)
	}
	if got := w.contents(); got != "A-=7 B-=2" {
		t.Errorf("after the swap there is %s", got)
	}
	if out, err := control("GetResource", ""); err != nil || !strings.Contains(out, `\"Size\":\"1\"`) {
		t.Errorf("the stack's record is %s, %v", out, err)
	}
	for patch, want := range map[string]string{
		`[{"op":"add","path":"/Colour","value":"red"}]`:          "unsupported property Colour",
		`[{"op":"replace","path":"/Size","value":"impossible"}]`: "no thing is that big",
		`nonsense`: "cannot be applied",
	} {
		if _, err := control("UpdateResource", patch); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a refusal with %q", patch, err, want)
		}
	}
	if err := call(s, "UpdateStack", nil, "TemplateBody", things("A=5 B=2")); err != nil {
		t.Fatal(err)
	}
	if got := w.contents(); got != "A-=5 B-=2" {
		t.Errorf("after the update there is %s", got)
	}
}
