package deploy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

// awsCLI runs the unmodified AWS CLI with nothing but environment variables set.
func awsCLI(t *testing.T, c *client.Client) func(args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		requires(t, "needs the AWS CLI: put aws on PATH")
	}
	home := t.TempDir()
	return func(args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+c.Endpoint(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1",
			"AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=", "HOME="+home, "AWS_CONFIG_FILE="+filepath.Join(home, "config"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

// TestTheAWSCLIPackagesAndDeploysATemplate goes from a template with local code to a stack and back, as without perdure.
func TestTheAWSCLIPackagesAndDeploysATemplate(t *testing.T) {
	c, dir := serve(t), t.TempDir()
	aws := awsCLI(t, c)
	for name, text := range map[string]string{
		"code/index.py": "def handler(event, context):\n    return event\n",
		"template.yaml": `
Parameters:
  Seconds: {Type: Number, Default: 5}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: []}}
  Echo:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: echo, Runtime: python3.13, Handler: index.handler, Code: ./code, Timeout: !Ref Seconds, Role: !GetAtt Role.Arn}
Outputs:
  Name: {Value: !Ref Echo}
`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	packed := filepath.Join(dir, "packed.yaml")
	deploy := []string{"cloudformation", "deploy", "--stack-name", "echo", "--template-file", packed, "--capabilities", "CAPABILITY_IAM", "--s3-bucket", "artifacts"}
	for _, step := range []struct {
		args  []string
		want  string
		fails bool
	}{
		{[]string{"s3", "mb", "s3://artifacts"}, "make_bucket: artifacts", false},
		{[]string{"cloudformation", "package", "--template-file", filepath.Join(dir, "template.yaml"), "--s3-bucket", "artifacts", "--output-template-file", packed},
			"Successfully packaged artifacts", false},
		{deploy, "Successfully created/updated stack - echo", false},
		{append(deploy, "--no-fail-on-empty-changeset"), "No changes to deploy. Stack echo is up to date", false},
		{append(deploy, "--fail-on-empty-changeset"), "No changes to deploy", true},
		{append(deploy, "--parameter-overrides", "Seconds=7"), "Successfully created/updated stack - echo", false},
		{[]string{"lambda", "get-function-configuration", "--function-name", "echo", "--query", "Timeout"}, "7", false},
		{append(deploy, "--parameter-overrides", "Seconds=7000"), "Failed to create/update the stack", true},
		{[]string{"cloudformation", "describe-stacks", "--stack-name", "echo", "--query", "Stacks[0].[StackStatus,Outputs[0].OutputValue]", "--output", "text"},
			"UPDATE_ROLLBACK_COMPLETE\techo", false},
		{[]string{"cloudformation", "delete-stack", "--stack-name", "echo"}, "", false},
		{[]string{"cloudformation", "wait", "stack-delete-complete", "--stack-name", "echo"}, "", false},
	} {
		out, err := aws(step.args...)
		for strings.Contains(out, "ChangeSet [") && strings.Contains(out, "already exists") {
			out, err = aws(step.args...) // the AWS CLI names change sets after the second, and this was the same one
		}
		if !strings.Contains(out, step.want) || (err != nil) != step.fails {
			t.Fatalf("aws %s: %v, without %q:\n%s", strings.Join(step.args, " "), err, step.want, out)
		}
	}
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("after all that there are still %v", left)
	}
}
