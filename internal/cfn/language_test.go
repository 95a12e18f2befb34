package cfn_test

import (
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/cfn"
)

func TestOutputsHaveConditionsAndExports(t *testing.T) {
	const template = `
Parameters: {Stage: {Type: String}}
Conditions: {Prod: !Equals [!Ref Stage, prod]}
Resources:
  Always: {Type: T}
  Only: {Type: T, Condition: Prod}
Outputs:
  A: {Value: !Ref Always, Export: {Name: !Sub "${AWS::StackName}-a"}}
  B: {Value: !GetAtt Only.Arn, Condition: Prod, Description: only there}
`
	for stage, want := range map[string]string{"prod": "A=<Always> app-a; B=<Only.Arn> ", "dev": "A=<Always> app-a"} {
		s, err := instantiate(t, template, map[string]string{"Stage": stage})
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := s.Outputs(known)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range outputs {
			name, _ := o.Export.Scalar()
			got = append(got, o.ID+"="+o.Value.Text+" "+name)
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s: got %s, want %s", stage, text, want)
		}
	}
}

func TestDependenciesOnWhatIsNotMadeAreLeftOut(t *testing.T) {
	s, err := instantiate(t, `
Conditions: {No: !Equals [a, b]}
Resources:
  Last: {Type: T, DependsOn: [First, Never]}
  Never: {Type: T, Condition: No}
  First: {Type: T, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain}
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Resources) != 2 || s.Resources[0].ID != "First" || len(s.Needs["Last"]) != 1 {
		t.Errorf("the resources are %v, needing %v", s.Resources, s.Needs)
	}
	if f := s.Resource("First"); f.DeletionPolicy != "RetainExceptOnCreate" || f.UpdateReplacePolicy != "Retain" {
		t.Errorf("the policies of First are %s and %s", f.DeletionPolicy, f.UpdateReplacePolicy)
	}
}

func TestRulesHoldIfTheirConditionDoes(t *testing.T) {
	const template = `
Parameters:
  Stage: {Type: String}
  Zones: {Type: CommaDelimitedList}
Rules:
  ProdIsWide:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions:
      - {Assert: {"Fn::EachMemberIn": [!Ref Zones, [a, b]]}, AssertDescription: zones a and b only}
      - {Assert: {"Fn::Not": [{"Fn::EachMemberEquals": [!Ref Zones, a]}]}}
Resources: {A: {Type: T}}
`
	for given, want := range map[string]string{
		"dev z": "", "prod a,b": "", "prod a,c": "Rule ProdIsWide: zones a and b only", "prod a,a": "Rule ProdIsWide: the assertion does not hold",
	} {
		stage, zones, _ := strings.Cut(given, " ")
		_, err := instantiate(t, template, map[string]string{"Stage": stage, "Zones": zones})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", given, err, want)
		}
	}
}

func TestParametersAreReadFromSSM(t *testing.T) {
	const template = `{"Parameters":{"P":{"Type":"TYPE","Default":"/name"}},"Resources":{"A":{"Type":"T","Properties":{"p":{"Ref":"P"}}}}}`
	for typ, want := range map[string]string{
		"AWS::SSM::Parameter::Name":                           `{"p":"/name"}`,
		"AWS::SSM::Parameter::Value<String>":                  `{"p":"one,two"}`,
		"AWS::SSM::Parameter::Value<List<String>>":            `{"p":["one","two"]}`,
		"AWS::SSM::Parameter::Value<CommaDelimitedList>":      `{"p":["one","two"]}`,
		"AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>":     `{"p":"one,two"}`,
		"AWS::SSM::Parameter::Value<List<AWS::EC2::VPC::Id>>": `{"p":["one","two"]}`,
	} {
		parsed, err := cfn.Parse([]byte(strings.Replace(template, "TYPE", typ, 1)))
		if err != nil {
			t.Fatal(err)
		}
		in := input()
		in.SSM = func(name string) (string, bool) { return "one,two", name == "/name" }
		s, err := parsed.Instantiate(in)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Properties("A", known)
		if err != nil {
			t.Fatal(err)
		}
		if got := compact(t, p); got != want {
			t.Errorf("%s: got %s, want %s", typ, got, want)
		}
		if shown := s.Parameters[0]; shown.Value != "/name" || (shown.Resolved == "") != (typ == "AWS::SSM::Parameter::Name") {
			t.Errorf("%s: shown as %+v", typ, shown)
		}
	}
}

func TestAddressBlocksThatAreNotThereAreRefused(t *testing.T) {
	for arg, want := range map[string]string{
		`["10.0.0.0/16",1,8,1]`:  "every Fn::Cidr object requires",
		`["10.0.0.0",1,8]`:       "10.0.0.0 is not an address block",
		`["10.0.0.0/16",257,8]`:  "the count must be from 1 to 256",
		`["10.0.0.0/16","x",8]`:  "the count must be from 1 to 256",
		`["10.0.0.0/24",2,8]`:    "has no 2 blocks of 8 bits",
		`["10.0.0.0/24",1,9]`:    "has no blocks of 9 bits",
		`["10.0.0.0/24",1,"no"]`: "has no blocks of -1 bits",
	} {
		_, err := instantiate(t, `{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::Cidr":`+arg+`}}}}}`, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", arg, err, want)
		}
	}
}
