package deploy

import (
	"context"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const samTemplate = `
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: none}
  Title: {Type: String, Default: none}
Resources:
  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub "${Stage} ${Title} ${AWS::Region}"}}
Outputs:
  Value: {Value: !GetAtt P.Value}
`

const samConfig = `version = 0.1

[default.global.parameters]
stack_name = "shop"
region = "eu-west-1"

[default.deploy.parameters]
template_file = "main.yaml"
capabilities = "CAPABILITY_IAM"
confirm_changeset = true
image_repositories = ["x"]
parameter_overrides = "Stage=\"test\" ParameterKey=Title,ParameterValue='two words'"
tags = "team=\"night shift\" cost=low"

[prod.deploy.parameters]
stack_name = "shop-prod"
template = "main.yaml"
parameter_overrides = ["Stage=prod", "Title=\"a=b c\""]
`

// samProject writes a directory with a template and a samconfig.toml.
func samProject(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"main.yaml": samTemplate, settingsFile: config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSamconfigNamesStackTemplateRegionParametersAndTags(t *testing.T) {
	c, ctx, dir := serve(t), context.Background(), samProject(t, samConfig)
	var said log
	o := Options{Client: c, Path: dir, Progress: said.add}
	r, err := Deploy(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.StackName != "shop" || r.Output("Value") != "test two words eu-west-1" || !strings.Contains(r.StackID, ":eu-west-1:") {
		t.Errorf("deployed %+v", r)
	}
	for _, line := range []string{"capabilities is not used: all are given", "confirm_changeset is not used: perdure diff", "image_repositories is not used"} {
		if !said.has(line) {
			t.Errorf("it does not say %q:\n%s", line, strings.Join(said.lines, "\n"))
		}
	}
	var out struct {
		Tags []struct{ Key, Value string } `xml:"Stacks>member>Tags>member"`
	}
	if err := c.In("eu-west-1").Query(ctx, "cloudformation", cloudFormation, "DescribeStacks", url.Values{"StackName": {"shop"}}, &out); err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[tag.Key] = tag.Value
	}
	if !maps.Equal(tags, map[string]string{"team": "night shift", "cost": "low"}) {
		t.Errorf("the stack's tags are %v", tags)
	}
	if again, err := Deploy(ctx, o); err != nil || again.Changed {
		t.Errorf("deployed again: %+v, %v", again, err)
	}
	prod := o
	prod.Environment, prod.Parameters = "prod", map[string]string{"Stage": "given"}
	if r, err = Deploy(ctx, prod); err != nil || r.StackName != "shop-prod" || r.Output("Value") != "given a=b c us-east-1" {
		t.Errorf("the other environment: %+v, %v", r, err)
	}
	for _, o := range []Options{o, prod} {
		if err := Destroy(ctx, o); err != nil {
			t.Error(err)
		}
	}
}

func TestSamconfigThatCannotBeMeantIsRefusedWithItsPlace(t *testing.T) {
	for _, tc := range []struct{ name, config, environment, want string }{
		{"no toml", "[default\nx = 1", "", "samconfig.toml:2: expected"},
		{"a number for a name", "[default.deploy.parameters]\n\nstack_name = 7", "", "samconfig.toml: line 3"},
		{"a word alone", "[default.deploy.parameters]\nparameter_overrides = \"Stage=a b\"", "", `samconfig.toml:2: "b" is not of the form KEY=VALUE; a value with spaces needs quotes`},
		{"a list of numbers", "[default.deploy.parameters]\ntags = [1]", "", "samconfig.toml:2: 1 is not a text"},
		{"a table", "[default.deploy.parameters]\nregion = 'x'\n[default.deploy.parameters.tags]\na = 'b'", "", "is neither a text nor a list"},
		{"no such environment", samConfig, "test", "has no environment test; it has default, prod"},
		{"a value for an environment", samConfig, "version", "has no environment version"},
		{"no such template", "[default.deploy.parameters]\ntemplate = 'other.yaml'", "", "the template that"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := open(context.Background(), &Options{Path: samProject(t, tc.config), Environment: tc.environment}, "")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	for path, want := range map[string]string{"testdata/serverless": "there is no samconfig.toml", patternDir: "has no samconfig.toml that is read"} {
		if _, err := open(context.Background(), &Options{Path: path, Environment: "prod"}, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("an environment for %s: %v", path, err)
		}
	}
}
