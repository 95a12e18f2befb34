package deploy

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

const patternDir = "../../examples/stepfunctions-durable"

func TestPatternDeploysRunsStaysAndGoes(t *testing.T) {
	c := serve(t)
	var said log
	o := Options{Client: c, Path: patternDir, Progress: said.add}
	first, err := Deploy(context.Background(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(said.lines, "\n"))
	}
	machine := "arn:aws:states:us-east-1:000000000000:stateMachine:sfn-dfn-integration-pattern-cdk"
	for key, want := range map[string]string{
		"StepFunctionDFArn": machine, "AsyncDurableFunctionName": "sfn-dfn-async-durable-fn", "SyncDurableFunctionName": "sfn-dfn-sync-durable-fn",
	} {
		if got := first.Output(key); got != want {
			t.Errorf("the output %s is %q, want %q", key, got, want)
		}
	}
	if !said.has("CREATE_COMPLETE  AWS::StepFunctions::StateMachine  Machine6FC8AE80") || !first.Changed {
		t.Errorf("the machine was not reported:\n%s", strings.Join(said.lines, "\n"))
	}
	again, err := Deploy(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if again.Changed || again.StackID != first.StackID || len(again.Outputs) != len(first.Outputs) {
		t.Errorf("deployed again, the same project gave %+v", again)
	}
	runs(t, c, machine)
	if err := Destroy(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("after destroy there are still %v", left)
	}
	if !said.has("DELETE_SKIPPED  AWS::Logs::LogGroup") {
		t.Error("the retained log groups were not reported")
	}
	if err := Destroy(context.Background(), o); err == nil || !strings.Contains(err.Error(), "there is no stack SfnDurableGoStack") {
		t.Errorf("destroying twice says %v", err)
	}
	if third, err := Deploy(context.Background(), o); err != nil || third.Status != "CREATE_COMPLETE" {
		t.Errorf("deployed where log groups were retained: %+v, %v", third, err)
	}
}

// runs executes the machine with its wait of twenty minutes.
func runs(t *testing.T, c *client.Client, machine string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var started struct{ ExecutionArn string }
	in := map[string]string{"stateMachineArn": machine, "input": `{"minutes_to_wait": 20}`}
	if err := c.States(ctx, "StartExecution", in, &started); err != nil {
		t.Fatal(err)
	}
	for {
		var e struct {
			Status, Error, Cause string
			StartDate, StopDate  float64
		}
		if err := c.States(ctx, "DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &e); err != nil {
			t.Fatal(err)
		}
		if e.Status == "RUNNING" {
			continue
		}
		if e.Status != "SUCCEEDED" || e.StopDate-e.StartDate < 20*60 {
			t.Errorf("the execution ended %s after %.0f s: %s %s", e.Status, e.StopDate-e.StartDate, e.Error, e.Cause)
		}
		return
	}
}

// TestChangedCodeBecomesANewVersion deploys, changes the function's source, and deploys again.
func TestChangedCodeBecomesANewVersion(t *testing.T) {
	c := serve(t)
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/hello\n\ngo 1.24\n")
	write("main.go", "package main\n\nfunc main() { println(\"one\") }\n")
	write("perdure.json", `{"stack":"hello","template":"t.yaml","functions":{"Hello":{"go":"."}}}`)
	write("t.yaml", `
Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::000000000000:role/any
      Runtime: provided.al2023
      Handler: bootstrap
      Code: {}
  HelloVersion:
    Type: AWS::Lambda::Version
    Properties:
      FunctionName: !Ref Hello
Outputs:
  Version:
    Value: !GetAtt HelloVersion.Version
`)
	deploy := func() string {
		t.Helper()
		r, err := Deploy(context.Background(), Options{Client: c, Path: dir})
		if err != nil {
			t.Fatal(err)
		}
		return r.Output("Version")
	}
	if v := deploy(); v != "1" {
		t.Errorf("the first version is %s", v)
	}
	write("main.go", "package main\n\nfunc main() { println(\"two\") }\n")
	if v := deploy(); v != "2" {
		t.Errorf("the version of the changed code is %s", v)
	}
	write("main.go", "package main\n\nfunc main() { println(three) }\n")
	if _, err := Deploy(context.Background(), Options{Client: c, Path: dir}); err == nil || !strings.Contains(err.Error(), "undefined: three") {
		t.Errorf("code that does not compile says %v", err)
	}
}

// TestAssemblyDeploys gives a directory as cdk synth writes it, with an asset.
func TestAssemblyDeploys(t *testing.T) {
	c := serve(t)
	dir := t.TempDir()
	write := func(name string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	type m = map[string]any
	write("manifest.json", m{"artifacts": m{"S": m{"type": "aws:cdk:cloudformation:stack"}, "Stack": m{
		"type": "aws:cloudformation:stack", "properties": m{"templateFile": "Stack.template.json"}}}})
	write("asset.1/main.py", "x")
	write("Stack.assets.json", m{"files": m{
		"t": m{"source": m{"path": "Stack.template.json", "packaging": "file"}},
		"a": m{"source": m{"path": "asset.1", "packaging": "zip"}, "destinations": m{"here": m{
			"bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}", "objectKey": "a.zip"}}},
	}})
	write("Stack.template.json", m{"Resources": m{"F": m{"Type": "AWS::Lambda::Function", "Properties": m{
		"Code":    m{"S3Bucket": m{"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "a.zip"},
		"Handler": "main.handler", "Runtime": "python3.13", "Role": "arn:aws:iam::000000000000:role/any"}}}})
	r, err := Deploy(context.Background(), Options{Client: c, Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	if r.StackName != "Stack" || len(functions(t, c)) != 1 {
		t.Errorf("deployed %+v, functions %v", r, functions(t, c))
	}
}
