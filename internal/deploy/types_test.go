package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/client"
)

// TestEveryTypeIsMadeChangedAndDeleted deploys testdata/types.yaml in two editions and asks the services what they have.
func TestEveryTypeIsMadeChangedAndDeleted(t *testing.T) {
	c := serve(t)
	text, err := os.ReadFile("testdata/types.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "types.yaml")
	edition := func(word, number string) *Result {
		t.Helper()
		edited := strings.NewReplacer("TEXT", word, "NUMBER", number).Replace(string(text))
		if err := os.WriteFile(file, []byte(edited), 0o644); err != nil {
			t.Fatal(err)
		}
		var said log
		r, err := Deploy(context.Background(), Options{Client: c, Path: file, Progress: said.add})
		if err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(said.lines, "\n"))
		}
		if again, err := Deploy(context.Background(), Options{Client: c, Path: file}); err != nil || again.Changed {
			t.Errorf("deployed again: %+v, %v", again, err)
		}
		return r
	}
	first := edition("one", "3")
	typesAre(t, c, first, "one", 3, "1")
	second := edition("two", "5")
	typesAre(t, c, second, "two", 5, "2")
	if first.Output("Function") != second.Output("Function") || first.Output("Key") != second.Output("Key") {
		t.Error("what can be changed in place was replaced")
	}
	if err := Destroy(context.Background(), Options{Client: c, Path: file}); err != nil {
		t.Fatal(err)
	}
	for what, call := range map[string]func(out any) error{
		"machine": func(out any) error {
			return c.States(context.Background(), "DescribeActivity", map[string]string{"activityArn": "arn:aws:states:us-east-1:000000000000:activity:work"}, out)
		},
		"parameter": func(out any) error {
			return c.JSON(context.Background(), "ssm", "1.1", "AmazonSSM.GetParameter", map[string]string{"Name": "/types/parameter"}, out)
		},
		"function": func(out any) error {
			return c.REST(context.Background(), "lambda", "GET", "/2015-03-31/functions/"+first.Output("Function"), nil, nil, out)
		},
	} {
		var out map[string]any
		if err := call(&out); err == nil {
			t.Errorf("after destroy the %s is still there: %v", what, out)
		}
	}
}

// typesAre checks that an edition is what the services have.
func typesAre(t *testing.T, c *client.Client, r *Result, word string, number int, version string) {
	t.Helper()
	ctx := context.Background()
	if r.Output("Version") != version || r.Output("Parameter") != word || r.Output("Bucket") != "arn:aws:s3:::types-bucket" {
		t.Errorf("the outputs are %+v", r.Outputs)
	}
	var f struct {
		Configuration struct {
			Description string
			Timeout     int
			MemorySize  int
			Environment struct{ Variables map[string]string }
		}
		Concurrency struct{ ReservedConcurrentExecutions int }
		Tags        map[string]string
	}
	if err := c.REST(ctx, "lambda", "GET", "/2015-03-31/functions/"+r.Output("Function"), nil, nil, &f); err != nil {
		t.Fatal(err)
	}
	if f.Configuration.Description != word || f.Configuration.Timeout != number || f.Configuration.MemorySize != 256 ||
		f.Configuration.Environment.Variables["FLAG"] != "true" || f.Concurrency.ReservedConcurrentExecutions != number ||
		f.Tags[word] != "v" || len(f.Tags) != 1 {
		t.Errorf("the function is %+v", f)
	}
	var a struct{ FunctionVersion, Description string }
	if err := c.REST(ctx, "lambda", "GET", "/2015-03-31/functions/"+r.Output("Function")+"/aliases/live", nil, nil, &a); err != nil ||
		a.FunctionVersion != version || a.Description != word {
		t.Errorf("the alias is %+v, %v", a, err)
	}
	var p struct{ Policy string }
	if err := c.REST(ctx, "lambda", "GET", "/2015-03-31/functions/"+r.Output("Function")+"/policy", nil, nil, &p); err != nil ||
		strings.Count(p.Policy, "amazonaws.com") != 1 || !strings.Contains(p.Policy, word+".amazonaws.com") {
		t.Errorf("the function's policy is %+v, %v", p, err)
	}
	var m struct{ Definition string }
	if err := c.States(ctx, "DescribeStateMachine", map[string]string{"stateMachineArn": r.Output("Machine")}, &m); err != nil ||
		!strings.Contains(m.Definition, `"Comment":"`+word+`"`) {
		t.Errorf("the machine is %+v, %v", m, err)
	}
	var v struct{ Description string }
	if err := c.States(ctx, "DescribeStateMachineAlias", map[string]string{"stateMachineAliasArn": r.Output("Machine") + ":live"}, &v); err != nil || v.Description != word {
		t.Errorf("the machine's alias is %+v, %v", v, err)
	}
	var g struct {
		LogGroups []struct{ RetentionInDays int }
	}
	if err := c.JSON(ctx, "logs", "1.1", "Logs_20140328.DescribeLogGroups", map[string]string{"logGroupNamePrefix": "/aws/lambda/" + r.Output("Function")}, &g); err != nil ||
		len(g.LogGroups) != 1 || g.LogGroups[0].RetentionInDays != number {
		t.Errorf("the log group is %+v, %v", g, err)
	}
}

// TestServerlessTemplateDeploysWithItsLocalCode deploys a template whose function is a Go package beside it.
func TestServerlessTemplateDeploysWithItsLocalCode(t *testing.T) {
	c := serve(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module example.com/hello\n\ngo 1.24\n",
		"hi/main.go":  "package main\n\nfunc main() { println(\"one\") }\n",
		"other/x.txt": "x",
		"template.yaml": `
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 7}}
Resources:
  Hi:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ./hi, Handler: bootstrap, Runtime: provided.al2023, AutoPublishAlias: live}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: other/, Handler: x.y, Runtime: python3.13}
Outputs:
  Alias: {Value: !Ref Hi.Alias}
`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Deploy(context.Background(), Options{Client: c, Path: dir, StackName: "sam"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(r.Output("Alias"), ":live") || len(functions(t, c)) != 2 {
		t.Errorf("deployed %+v, functions %v", r, functions(t, c))
	}
	again, err := Deploy(context.Background(), Options{Client: c, Path: dir, StackName: "sam"})
	if err != nil || again.Changed {
		t.Errorf("deployed again: %+v, %v", again, err)
	}
}
