package cfn_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/cfn"
)

func input() cfn.Input {
	return cfn.Input{
		StackName: "app", StackID: "arn:aws:cloudformation:us-east-1:000000000000:stack/app/1", Region: "us-east-1",
		Account: "000000000000", Partition: "aws", URLSuffix: "amazonaws.com", Notifications: []string{"topic"},
		SSM: func(name string) (string, bool) { return "21", name == "/cdk-bootstrap/hnb659fds/version" },
		Import: func(name string) (string, bool) {
			return "imported", name == "shared"
		},
	}
}

func instantiate(t testing.TB, template string, params map[string]string) (*cfn.Stack, error) {
	t.Helper()
	parsed, err := cfn.Parse([]byte(template))
	if err != nil {
		return nil, err
	}
	in := input()
	in.Parameters = params
	return parsed.Instantiate(in)
}

// known answers every reference with the resource's id and attribute.
func known(id, attr string) (*cfn.Node, error) {
	if attr != "" {
		attr = "." + attr
	}
	return cfn.Text("<" + id + attr + ">"), nil
}

func compact(t testing.TB, n *cfn.Node) string {
	t.Helper()
	b, err := n.MarshalJSON() // json.Marshal would escape < and >
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each function is evaluated as the property V of a resource, in YAML.
func TestFunctionsEvaluate(t *testing.T) {
	const frame = `
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Name: {Type: String, Default: orders}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  Version: {Type: "AWS::SSM::Parameter::Value<String>", Default: /cdk-bootstrap/hnb659fds/version}
Mappings:
  Sizes:
    us-east-1: {small: "1", list: [x, y]}
Conditions:
  Yes: !Equals [!Ref Name, orders]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Not [!Condition No]]
  Any: !Or [!Condition No, !Condition Yes]
Resources:
  Role: {Type: "AWS::IAM::Role"}
  It:
    Type: T
    Properties:
      V: `
	for _, c := range []struct{ in, want string }{
		{`!Ref Name`, `"orders"`},
		{`!Ref Names`, `["a","b","c"]`},
		{`!Ref Version`, `"21"`},
		{`!Ref Role`, `"<Role>"`},
		{`!Ref AWS::Partition`, `"aws"`},
		{`!GetAtt Role.Arn`, `"<Role.Arn>"`},
		{`!GetAtt Role.Outputs.X`, `"<Role.Outputs.X>"`},
		{`{"Fn::GetAtt": [Role, Arn]}`, `"<Role.Arn>"`},
		{`!Sub "${Name}-${Role}-${Role.Arn}-${AWS::Region}-${!Literal}"`, `"orders-<Role>-<Role.Arn>-us-east-1-${Literal}"`},
		{`!Sub ["${A}/${Name}", {A: !Ref Role}]`, `"<Role>/orders"`},
		{`!Join ["-", [a, !Ref Name, !GetAtt Role.Arn]]`, `"a-orders-<Role.Arn>"`},
		{`!Join [",", !Ref Names]`, `"a,b,c"`},
		{`!Select [1, !Ref Names]`, `"b"`},
		{`!Select ["0", !Split ["-", "x-y"]]`, `"x"`},
		{`!Split [",", "a,b,"]`, `["a","b",""]`},
		{`!FindInMap [Sizes, !Ref "AWS::Region", small]`, `"1"`},
		{`!FindInMap [Sizes, nowhere, small, {DefaultValue: none}]`, `"none"`},
		{`!If [Yes, 1, 2]`, `1`},
		{`!If [No, !Ref Missing, kept]`, `"kept"`},
		{`!If [Both, both, no]`, `"both"`},
		{`!If [Any, any, no]`, `"any"`},
		{`[a, !If [No, b, !Ref "AWS::NoValue"], c]`, `["a","c"]`},
		{`{a: 1, b: !Ref "AWS::NoValue"}`, `{"a":1}`},
		{`!Base64 text`, `"dGV4dA=="`},
		{`!ImportValue shared`, `"imported"`},
		{`!Select [0, !GetAZs ""]`, `"us-east-1a"`},
		{`!ToJsonString {b: 1, a: [!Ref Name]}`, `"{\"b\":1,\"a\":[\"orders\"]}"`},
		{`!Length [1, 2, 3]`, `3`},
		{`!Length {Ref: Names}`, `3`},
		{`!Ref AWS::NotificationARNs`, `["topic"]`},
		{`!Cidr [10.0.0.0/16, 3, 8]`, `["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"]`},
		{`!Select [255, !Cidr [10.1.0.0/16, "256", 8]]`, `"10.1.255.0/24"`},
		{`!Select [5, !Cidr [192.168.0.77/24, 6, "5"]]`, `"192.168.0.160/27"`},
		{`!Select [17, !Cidr [172.16.0.0/12, 18, 12]]`, `"172.17.16.0/20"`},
		{`!Cidr ["2001:db8::/56", 2, 64]`, `["2001:db8::/64","2001:db8:0:1::/64"]`},
		{`{Version: 2012-10-17, Condition: {StringEquals: {a: b}}}`, `{"Version":"2012-10-17","Condition":{"StringEquals":{"a":"b"}}}`},
		{`0o17`, `15`},
		{`1.5`, `1.5`},
		{`true`, `true`},
		{`~`, `null`},
		{`"yes"`, `"yes"`},
		{"|\n        line\n        two", `"line\ntwo\n"`},
	} {
		t.Run(c.in, func(t *testing.T) {
			s, err := instantiate(t, frame+c.in+"\n", nil)
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Properties("It", known)
			if err != nil {
				t.Fatal(err)
			}
			if got := compact(t, p.Get("V")); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatDependsOnUnknownResourcesIsUnknown(t *testing.T) {
	s, err := instantiate(t, `{"Resources":{"A":{"Type":"T"},"B":{"Type":"T","Properties":{"j":{"Fn::Join":["",["x",{"Ref":"A"}]]},"s":{"Fn::Sub":"${A.Arn}"},"k":"known"}}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Properties("B", func(string, string) (*cfn.Node, error) { return &cfn.Node{Kind: cfn.Unknown}, nil })
	if err != nil {
		t.Fatal(err)
	}
	if p.Get("j").Kind != cfn.Unknown || p.Get("s").Kind != cfn.Unknown || p.Get("k").Text != "known" {
		t.Errorf("got %s", compact(t, p))
	}
}

func TestBadTemplatesAreRefusedWithAWSsWords(t *testing.T) {
	const res = `"Resources":{"A":{"Type":"T"}}`
	for _, c := range []struct {
		name, template string
		params         map[string]string
		want           string
	}{
		{"not JSON", "{\n\"a\": }", nil, "Template format error: JSON not well-formed. (line 2, column"},
		{"not YAML", "a: [", nil, "Template format error: YAML not well-formed."},
		{"empty", "", nil, "Template format error: unsupported structure."},
		{"no resources", "{}", nil, "Template format error: At least one Resources member must be defined."},
		{"strange section", `{"Things":{},` + res + `}`, nil, "Invalid template property or properties [Things]"},
		{"strange attribute", `{"Resources":{"A":{"Type":"T","Props":{}}}}`, nil, "Invalid template resource property 'Props'"},
		{"no type", `{"Resources":{"A":{}}}`, nil, "[/Resources/A] Every Resources object must contain a Type member."},
		{"bad id", `{"Resources":{"A-b":{"Type":"T"}}}`, nil, "Resource name A-b is non alphanumeric."},
		{"double key", `{"Resources":{"A":{"Type":"T"},"A":{"Type":"T"}}}`, nil, `duplicate key "A"`},
		{"other version", `{"AWSTemplateFormatVersion":"2020-01-01",` + res + `}`, nil, "unsupported value for AWSTemplateFormatVersion"},
		{"unresolved ref", `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Ref":"B"}}}}}`, nil, "Unresolved resource dependencies [B] in the Resources block of the template"},
		{"unresolved output", `{` + res + `,"Outputs":{"O":{"Value":{"Ref":"B"}}}}`, nil, "Unresolved resource dependencies [B] in the Outputs block of the template"},
		{"unresolved attribute", `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::GetAtt":["B","c"]}}}}}`, nil, "instance of Fn::GetAtt references undefined resource B"},
		{"unresolved depends", `{"Resources":{"A":{"Type":"T","DependsOn":"B"}}}`, nil, "Unresolved resource dependencies [B]"},
		{"reference to a resource that is not made", `{"Conditions":{"No":{"Fn::Equals":["a","b"]}},"Resources":{"B":{"Type":"T","Condition":"No"},"A":{"Type":"T","Properties":{"p":{"Ref":"B"}}}}}`, nil, "Unresolved resource dependencies [B]"},
		{"cycle", `{"Resources":{"A":{"Type":"T","DependsOn":"B"},"B":{"Type":"T","Properties":{"p":{"Fn::Sub":"${A}"}}},"C":{"Type":"T","DependsOn":"B"}}}`, nil, "Circular dependency between resources: [A, B]"},
		{"itself", `{"Resources":{"A":{"Type":"T","DependsOn":"A"}}}`, nil, "Circular dependency between resources: [A]"},
		{"cycle of conditions", `{"Conditions":{"A":{"Fn::Not":[{"Condition":"A"}]}},` + res + `}`, nil, "Circular dependency between conditions"},
		{"unknown condition", `{"Resources":{"A":{"Type":"T","Condition":"C"}}}`, nil, "Unresolved condition dependency C"},
		{"missing parameter", `{"Parameters":{"P":{"Type":"String"},"Q":{"Type":"String"}},` + res + `}`, nil, "Parameters: [P, Q] must have values"},
		{"strange parameter", `{` + res + `}`, map[string]string{"X": "1"}, "Parameters: [X] do not exist in the template"},
		{"value not allowed", `{"Parameters":{"P":{"Type":"String","AllowedValues":["a"]}},` + res + `}`, map[string]string{"P": "b"}, "Parameter 'P' must be one of AllowedValues"},
		{"pattern", `{"Parameters":{"P":{"Type":"String","AllowedPattern":"[a-z]+"}},` + res + `}`, map[string]string{"P": "b1"}, "Parameter 'P' must match pattern [a-z]+"},
		{"constraint in words", `{"Parameters":{"P":{"Type":"String","MinLength":2,"ConstraintDescription":"two letters"}},` + res + `}`, map[string]string{"P": "b"}, "Parameter 'P' failed to satisfy constraint: two letters"},
		{"number", `{"Parameters":{"P":{"Type":"Number","MaxValue":3}},` + res + `}`, map[string]string{"P": "4"}, "not greater than 3"},
		{"SSM", `{"Parameters":{"P":{"Type":"AWS::SSM::Parameter::Value<String>","Default":"/none"}},` + res + `}`, nil, "Unable to fetch parameters [/none]"},
		{"rule", `{"Parameters":{"P":{"Type":"String","Default":"1"}},"Rules":{"R":{"Assertions":[{"Assert":{"Fn::Not":[{"Fn::Contains":[["1","2"],{"Ref":"P"}]}]},"AssertDescription":"newer please"}]}},` + res + `}`, nil, "newer please"},
		{"mapping", `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::FindInMap":["a","b","c"]}}}}}`, nil, "Unable to get mapping for a::b::c"},
		{"export", `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::ImportValue":"other"}}}}}`, nil, "No export named other found."},
		{"function", `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::Transform":[]}}}}}`, nil, "Fn::Transform is not supported here"},
		{"tag", "Resources: {A: {Type: T, Properties: {p: !Fly x}}}", nil, "the tag !Fly is not supported (line 1"},
		{"select", `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::Select":[3,["a"]]}}}}}`, nil, "nonexistent value at index 3"},
		{"transform", `{"Transform":"AWS::Serverless-2016-10-31",` + res + `}`, nil, "No transform named AWS::Serverless-2016-10-31 found."},
		{"merge key", "a: &a {x: 1}\nResources:\n  A:\n    <<: *a\n    Type: T\n", nil, "merge keys"},
		{"alias of nothing", "Resources: {A: {Type: *x}}", nil, "*x has no anchor"},
		{"too deep", `{"Resources":` + strings.Repeat(`{"a":`, 200) + `1` + strings.Repeat("}", 201), nil, "nested too deeply"},
		{"too deep for YAML", strings.Repeat("[", 100_000), nil, "nested too deeply"},
		{"too deep in lists", strings.Repeat("- ", 100_000) + "x", nil, "nested too deeply"},
		{"two documents", "a: 1\n---\nb: 2\n", nil, "one YAML document"},
		{"two things", "{} {}", nil, "JSON not well-formed"},
		{"dynamic reference", `{"Resources":{"A":{"Type":"T","Properties":{"p":"{{resolve:ssm:x}}"}}}}`, nil, "dynamic references"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := instantiate(t, c.template, c.params)
			if err == nil {
				t.Fatal("it was taken")
			}
			var e *cfn.Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAliasesCannotMultiply(t *testing.T) {
	var b strings.Builder
	b.WriteString("Metadata:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := '1'; i <= '9'; i++ {
		b.WriteString("  a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat("*a"+string(i-1)+",", 10) + "]\n")
	}
	b.WriteString("Resources: {A: {Type: T}}\n")
	if _, err := instantiate(t, b.String(), nil); err == nil || !strings.Contains(err.Error(), "too many values") {
		t.Errorf("got %v", err)
	}
}

func TestResourcesComeAfterWhatTheyReferTo(t *testing.T) {
	s, err := instantiate(t, `{"Resources":{
		"Machine":{"Type":"M","Properties":{"d":{"Fn::Join":["",["x",{"Ref":"Version"}]]},"r":{"Fn::GetAtt":["Role","Arn"]}}},
		"Version":{"Type":"V","Properties":{"f":{"Ref":"Fn"}}},
		"Fn":{"Type":"F","Properties":{"r":{"Fn::Sub":"${Role.Arn}"}},"DependsOn":["Policy"]},
		"Policy":{"Type":"P","Properties":{"r":[{"Ref":"Role"}]}},
		"Role":{"Type":"R"}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Resources {
		got = append(got, r.ID)
	}
	if strings.Join(got, " ") != "Role Policy Fn Version Machine" {
		t.Errorf("order %v", got)
	}
	if n := s.Needs["Machine"]; len(n) != 2 {
		t.Errorf("Machine needs %v", n)
	}
}

func TestJSONAndYAMLOfOneTemplateAreTheSame(t *testing.T) {
	y := "Description: d\nResources:\n  A:\n    Type: T\n    Properties:\n      p: !Join ['', [a, !Ref AWS::Region]]\n      n: 60\n      l:\n        - x\n        - {y: true}\n"
	j := `{"Description":"d","Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::Join":["",["a",{"Ref":"AWS::Region"}]]},"n":60,"l":["x",{"y":true}]}}}}`
	var out [2]string
	for i, text := range []string{y, j} {
		s, err := instantiate(t, text, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Properties("A", known)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = compact(t, p)
	}
	if out[0] != out[1] {
		t.Errorf("%s\n%s", out[0], out[1])
	}
}

func TestStoredPropertiesComeBackAsTheyWere(t *testing.T) {
	s, err := instantiate(t, `{"Resources":{"A":{"Type":"T","Properties":{"z":1.50,"a":"<&>","l":[null,true,{}]}}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := s.Properties("A", known)
	text := compact(t, p)
	back := &cfn.Node{}
	if err := json.Unmarshal([]byte(text), back); err != nil {
		t.Fatal(err)
	}
	if !p.Equal(back) || compact(t, back) != text || text != `{"z":1.50,"a":"<&>","l":[null,true,{}]}` {
		t.Errorf("%s came back as %s", text, compact(t, back))
	}
}
