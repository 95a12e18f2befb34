package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/perdure/perdure/internal/client"
)

const serverlessDir = "testdata/serverless"

// greeted executes the machine and gives its output.
func greeted(t *testing.T, c *client.Client, machine string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var started struct{ ExecutionArn string }
	if err := c.States(ctx, "StartExecution", map[string]string{"stateMachineArn": machine, "input": `"you"`}, &started); err != nil {
		t.Fatal(err)
	}
	for {
		var e struct{ Status, Error, Cause, Output string }
		if err := c.States(ctx, "DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &e); err != nil {
			t.Fatal(err)
		}
		if e.Status == "RUNNING" {
			continue
		}
		if e.Status != "SUCCEEDED" {
			t.Fatalf("the execution ended %s: %s %s", e.Status, e.Error, e.Cause)
		}
		return e.Output
	}
}

func TestServerlessTemplateIsBuiltDeployedAndRun(t *testing.T) {
	c, ctx := serve(t), context.Background()
	var said log
	o := Options{Client: c, Path: serverlessDir, Progress: said.add}
	first, err := Deploy(ctx, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(said.lines, "\n"))
	}
	if !said.has("build    Approve") || !said.has("pack     Flow (flow.asl.yaml)") || first.Output("Version") != "1" {
		t.Errorf("deployed %+v\n%s", first, strings.Join(said.lines, "\n"))
	}
	if got := greeted(t, c, first.Output("Flow")); got != `"hello you"` {
		t.Errorf("the execution gave %s", got)
	}
	again, err := Deploy(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if again.Changed {
		t.Error("the same project changed something")
	}
	p, err := open(ctx, &Options{Path: serverlessDir}, "")
	if err != nil {
		t.Fatal(err)
	}
	p.text = []byte(strings.Replace(string(p.text), "      AutoPublishAlias: live", "      MemorySize: 256\n      AutoPublishAlias: live", 1))
	o.Parameters = map[string]string{"Greeting": "welcome"}
	second, err := p.deploy(ctx, &o, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if second.Output("Version") != "2" {
		t.Errorf("the change published version %s, want 2", second.Output("Version"))
	}
	if got := greeted(t, c, second.Output("Flow")); got != `"welcome you"` {
		t.Errorf("after the change the execution gave %s", got)
	}
	if err := Destroy(ctx, o); err != nil {
		t.Fatal(err)
	}
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("after destroy there are still %v", left)
	}
}

func TestServerlessTemplateIsCheckedBeforeAnythingIsBuilt(t *testing.T) {
	dir := t.TempDir()
	text := "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: nowhere\n      Handlr: h\n"
	if err := os.WriteFile(filepath.Join(dir, "template.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Deploy(context.Background(), Options{Client: serve(t), Path: dir})
	if err == nil || !strings.Contains(err.Error(), "Resource with id [F] is invalid. property Handlr not defined for resource of type AWS::Serverless::Function (line 7)") {
		t.Errorf("got %v", err)
	}
}

// plainServerless needs no files.
const plainServerless = `
Transform: AWS::Serverless-2016-10-31
Parameters: {Name: {Type: String, Default: flow}}
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: !Ref Name
      Definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}
`

func TestServerlessTemplateByTheSDK(t *testing.T) {
	c, ctx, name := sdk(t), context.Background(), "served"
	in := &cf.CreateStackInput{StackName: &name, TemplateBody: aws.String(plainServerless), Capabilities: capabilities}
	_, err := c.CreateStack(ctx, in)
	refused(t, err, "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
	in.Capabilities = append(in.Capabilities, types.CapabilityCapabilityAutoExpand)
	if _, err := c.CreateStack(ctx, in); err != nil {
		t.Fatal(err)
	}
	if st := describe(t, c, name); st.StackStatus != types.StackStatusCreateComplete {
		t.Fatalf("the stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
	}
	summary, err := c.GetTemplateSummary(ctx, &cf.GetTemplateSummaryInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.DeclaredTransforms) != 1 || len(summary.ResourceTypes) != 1 || summary.ResourceTypes[0] != "AWS::Serverless::StateMachine" {
		t.Errorf("the summary is %+v", summary)
	}
	original, err := c.GetTemplate(ctx, &cf.GetTemplateInput{StackName: &name, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		t.Fatal(err)
	}
	processed, err := c.GetTemplate(ctx, &cf.GetTemplateInput{StackName: &name, TemplateStage: types.TemplateStageProcessed})
	if err != nil {
		t.Fatal(err)
	}
	if *original.TemplateBody != plainServerless || !strings.Contains(*processed.TemplateBody, `"Type":"AWS::StepFunctions::StateMachine"`) ||
		strings.Contains(*processed.TemplateBody, "Transform") {
		t.Errorf("the original is\n%s\nand the processed\n%s", *original.TemplateBody, *processed.TemplateBody)
	}
	change := strings.Replace(plainServerless, "Type: Pass", "Type: Succeed", 1)
	change = strings.Replace(change, ", End: true", "", 1)
	set, err := c.CreateChangeSet(ctx, &cf.CreateChangeSetInput{StackName: &name, ChangeSetName: aws.String("next"), TemplateBody: &change,
		Capabilities: capabilities})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.DescribeChangeSet(ctx, &cf.DescribeChangeSetInput{ChangeSetName: set.Id})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Changes) != 1 || *got.Changes[0].ResourceChange.LogicalResourceId != "Flow" || got.Changes[0].ResourceChange.Action != types.ChangeActionModify {
		t.Errorf("the change set has %d changes: %+v", len(got.Changes), got.Changes)
	}
	bad := "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: 'AWS::Serverless::Api'}}"
	_, err = c.CreateStack(ctx, &cf.CreateStackInput{StackName: aws.String("bad"), TemplateBody: &bad, Capabilities: in.Capabilities})
	refused(t, err, "Resource with id [A] is invalid. Resources of the type AWS::Serverless::Api are not supported here")
}
