package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cdkTemplate is what an app makes of a function with a version and a machine that calls it. TIMEOUT is put in.
const cdkTemplate = `{
 "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}},
 "Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}},
  "Fn": {"Type": "AWS::Lambda::Function", "Properties": {
   "Code": {"S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "code.zip"},
   "Handler": "main.handler", "Runtime": "python3.13", "Timeout": TIMEOUT, "Role": {"Fn::GetAtt": ["Role", "Arn"]}},
   "Metadata": {"aws:cdk:path": "App/Fn/Resource"}},
  "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
   "DefinitionString": {"Fn::Join": ["", ["{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"End\":true,\"Resource\":\"", {"Fn::GetAtt": ["Fn", "Arn"]}, "\"}}}"]]}}}
 },
 "Outputs": {"Name": {"Value": {"Ref": "Fn"}}}
}`

type object = map[string]any

// synthesise writes the assembly of cdkTemplate.
func synthesise(t *testing.T, dir, timeout string) {
	t.Helper()
	text := []byte(strings.Replace(cdkTemplate, "TIMEOUT", timeout, 1))
	sum := sha256.Sum256(text)
	key := hex.EncodeToString(sum[:]) + ".json"
	const bucket = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
	role := func(name string) string {
		return "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-" + name + "-role-${AWS::AccountId}-${AWS::Region}"
	}
	to := func(key string) object {
		return object{"here": object{"bucketName": bucket, "objectKey": key, "assumeRoleArn": role("file-publishing")}}
	}
	files := map[string]any{
		"manifest.json": object{"version": "53.0.0", "artifacts": object{
			"App.assets": object{"type": "cdk:asset-manifest", "properties": object{"file": "App.assets.json"}},
			"App": object{"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region", "displayName": "App",
				"dependencies": []string{"App.assets"}, "properties": object{
					"templateFile": "App.template.json", "assumeRoleArn": role("deploy"), "cloudFormationExecutionRoleArn": role("cfn-exec"),
					"stackTemplateAssetObjectUrl": "s3://" + bucket + "/" + key, "requiresBootstrapStackVersion": 6,
					"bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version"}},
		}},
		"App.assets.json": object{"version": "53.0.0", "dockerImages": object{}, "files": object{
			"code": object{"source": object{"path": "asset.code", "packaging": "zip"}, "destinations": to("code.zip")},
			"text": object{"source": object{"path": "App.template.json", "packaging": "file"}, "destinations": to(key)},
		}},
		"App.template.json": json.RawMessage(text),
	}
	if err := os.MkdirAll(filepath.Join(dir, "asset.code"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "asset.code", "main.py"), []byte("def handler(event, context): return event\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, v := range files {
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(v); err != nil {
			t.Fatal(err)
		}
		if raw, ok := v.(json.RawMessage); ok {
			b.Reset()
			b.Write(raw)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// cdkCLI runs the real CLI against one server.
type cdkCLI struct {
	t        *testing.T
	file     string // the CLI itself
	dir      string // where it works
	env      []string
	endpoint string
}

// newCDK finds the CLI, or skips the test.
func newCDK(t *testing.T, endpoint string) *cdkCLI {
	t.Helper()
	cli := filepath.Join(os.Getenv("PERDURE_TEST_NODE_MODULES"), "aws-cdk", "bin", "cdk")
	if _, err := os.Stat(cli); err != nil || os.Getenv("PERDURE_TEST_NODE_MODULES") == "" {
		requires(t, "needs Node: and the npm package aws-cdk in PERDURE_TEST_NODE_MODULES")
	}
	cli, err := filepath.Abs(cli)
	if err != nil {
		t.Fatal(err)
	}
	return &cdkCLI{t: t, file: cli, dir: t.TempDir(), endpoint: endpoint, env: append(os.Environ(), "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "CDK_HOME="+t.TempDir(), "CDK_DISABLE_CLI_TELEMETRY=true",
		"NO_PROXY=127.0.0.1,localhost", "CI=1")}
}

// command is the CLI on an app: an executable, or an assembly.
func (c *cdkCLI) command(ctx context.Context, app string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "node", append([]string{c.file, "--app", app, "--no-notices"}, args...)...)
	cmd.Dir, cmd.Env = c.dir, append(c.env, "AWS_ENDPOINT_URL="+c.endpoint)
	return cmd
}

func (c *cdkCLI) run(app string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := c.command(ctx, app, args...).CombinedOutput()
	return string(out), err
}

// TestUnmodifiedCDKDeploysAndDestroys runs the real CLI against a server that was never bootstrapped.
func TestUnmodifiedCDKDeploysAndDestroys(t *testing.T) {
	c := serve(t)
	cli, dir := newCDK(t, c.Endpoint()), t.TempDir()
	for _, step := range []struct {
		timeout string
		args    []string
		want    string
		fails   bool
	}{
		{"30", []string{"deploy", "--require-approval", "never"}, "App.Name = App-Fn-", false},
		{"30", []string{"deploy", "--require-approval", "never"}, "(no changes)", false},
		{"40", []string{"diff"}, "[+] 40", false},
		{"9000", []string{"deploy", "--require-approval", "never"}, "Member must have value less than or equal to 900", true},
		{"40", []string{"deploy", "--require-approval", "never", "--method", "direct"}, "App.Name = App-Fn-", false},
		{"40", []string{"destroy", "--force"}, "destroyed", false},
	} {
		synthesise(t, dir, step.timeout)
		out, err := cli.run(dir, step.args...)
		if !strings.Contains(out, step.want) || (err != nil) != step.fails {
			t.Fatalf("cdk %s: %v, without %q:\n%s", strings.Join(step.args, " "), err, step.want, out)
		}
	}
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("after destroy there are still %v", left)
	}
}
