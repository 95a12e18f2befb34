package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const diffTemplate = `
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: NAME
      RoleArn: arn:aws:iam::000000000000:role/any
      DefinitionString: '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /diff, Type: String, Value: VALUE}
`

// TestDiffTellsWhatDeployWouldChangeAndLeavesNothingBehind compares before, after and between deployments.
func TestDiffTellsWhatDeployWouldChangeAndLeavesNothingBehind(t *testing.T) {
	c, ctx := serve(t), context.Background()
	file := filepath.Join(t.TempDir(), "sample.yaml")
	o := Options{Client: c, Path: file}
	for _, step := range []struct{ name, value, want string }{
		{"one", "1", "Add Machine  []; Add Parameter  []"},
		{"one", "1", ""},
		{"one", "2", "Modify Parameter False [{Value 1 2}]"},
		{"two", "2", "Modify Machine True [{StateMachineName one two}]"},
	} {
		text := strings.NewReplacer("NAME", step.name, "VALUE", step.value).Replace(diffTemplate)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before := len(stacks(t, c))
		changes, err := Diff(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, ch := range changes {
			if ch.Action == "Add" {
				ch.Properties = nil
			}
			lines = append(lines, fmt.Sprint(ch.Action, " ", ch.Resource, " ", ch.Replacement, " ", ch.Properties))
		}
		if got := strings.Join(lines, "; "); got != step.want {
			t.Errorf("got  %s\nwant %s", got, step.want)
		}
		if now := len(stacks(t, c)); now != before {
			t.Errorf("the diff left %d stacks where %d were", now, before)
		}
		if _, err := Deploy(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte("Resources: {A: {Type: AWS::No::Thing}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Diff(ctx, o); err == nil || !strings.Contains(err.Error(), "AWS::No::Thing") {
		t.Errorf("a template that is refused says %v", err)
	}
}
