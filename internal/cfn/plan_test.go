package cfn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/cfn"
)

// replaces is a small schema: names replace, a version is replaced by any change.
func replaces(typ, property string) cfn.Replacement {
	if property == "Name" || typ == "Version" {
		return cfn.Always
	}
	return cfn.Never
}

// existing evaluates a template as if it had been deployed.
func existing(t *testing.T, template string) []cfn.Existing {
	t.Helper()
	s, err := instantiate(t, template, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []cfn.Existing
	for _, r := range s.Resources {
		p, err := s.Properties(r.ID, known)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cfn.Existing{ID: r.ID, Type: r.Type, PhysicalID: "<" + r.ID + ">",
			Attribute: attributes(map[string]string{"Arn": "<" + r.ID + ".Arn>"}), Properties: p, Metadata: r.Metadata})
	}
	return out
}

// render is a change a line: action id replacement property(recreation,dynamic)...
func render(changes []cfn.Change) string {
	var lines []string
	for _, c := range changes {
		line := c.Action + " " + c.ID
		if c.Replacement != "" {
			line += " " + c.Replacement
		}
		for _, d := range c.Details {
			dynamic := ""
			if d.Dynamic {
				dynamic = fmt.Sprintf(",dynamic by %v", d.Causes)
			}
			line += fmt.Sprintf(" %s(%s%s)", d.Name, d.RequiresRecreation, dynamic)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestPlanNamesExactlyWhatChanges(t *testing.T) {
	const old = `{"Resources":{
		"Fn":{"Type":"Function","Properties":{"Name":"f","Timeout":60,"Role":{"Fn::GetAtt":["Role","Arn"]}},"Metadata":{"p":"1"}},
		"Role":{"Type":"Role","Properties":{}},
		"V1":{"Type":"Version","Properties":{"Function":{"Ref":"Fn"}}},
		"Machine":{"Type":"Machine","Properties":{"Definition":{"Fn::Join":["",["call ",{"Ref":"V1"}]]},"Role":{"Fn::GetAtt":["Role","Arn"]}}}}}`
	for _, c := range []struct {
		name, from, to, want string
	}{
		{"nothing", "", "", ""},
		{"the same number in quotes", `"Timeout":60`, `"Timeout":"60"`, ""},
		{"one property", `"Timeout":60`, `"Timeout":61`, "Modify Fn False Timeout(Never)"},
		{"a property more", `"Timeout":60`, `"Timeout":60,"Memory":128`, "Modify Fn False Memory(Never)"},
		{"a property less", `"Timeout":60,`, ``, "Modify Fn False Timeout(Never)"},
		{"metadata", `{"p":"1"}`, `{"p":"2"}`, "Modify Fn False (Never)"},
		{"a name, and who refers to it", `"Name":"f"`, `"Name":"g"`,
			"Modify Fn True Name(Always)\nModify V1 Conditional Function(Always,dynamic by [Fn])\nModify Machine False Definition(Never,dynamic by [V1])"},
		{"a new version takes over", `V1`, `V2`,
			"Add V2\nModify Machine False Definition(Never,dynamic by [V2])\nRemove V1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, err := instantiate(t, strings.ReplaceAll(old, orSelf(c.from, old), orSelf(c.to, old)), nil)
			if err != nil {
				t.Fatal(err)
			}
			changes, err := next.Plan(existing(t, old), replaces)
			if err != nil {
				t.Fatal(err)
			}
			if got := render(changes); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func orSelf(s, self string) string {
	if s == "" && self[0] == '{' {
		return ""
	}
	return s
}

func TestTypeOfAResourceCannotChange(t *testing.T) {
	next, err := instantiate(t, `{"Resources":{"A":{"Type":"U"}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = next.Plan(existing(t, `{"Resources":{"A":{"Type":"T"}}}`), replaces)
	if err == nil || !strings.Contains(err.Error(), "Update of resource type is not permitted") {
		t.Errorf("got %v", err)
	}
}

func attributes(m map[string]string) func(string) (*cfn.Node, bool) {
	return func(name string) (*cfn.Node, bool) {
		v, ok := m[name]
		return cfn.Text(v), ok
	}
}
