package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

// cdkTemplate is what an app makes of a function and a machine that calls it. TIMEOUT and REMARK are put in.
const cdkTemplate = `{
 "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}},
 "Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}},
  "Fn": {"Type": "AWS::Lambda::Function", "Properties": {
   "Code": {"S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "code.zip"},
   "Handler": "main.handler", "Runtime": "python3.13", "Timeout": TIMEOUT, "Role": {"Fn::GetAtt": ["Role", "Arn"]}},
   "Metadata": {"aws:cdk:path": "App/Fn/Resource"}},
  "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
   "DefinitionString": {"Fn::Join": ["", ["{\"Comment\":\"REMARK\",\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"End\":true,\"Resource\":\"", {"Fn::GetAtt": ["Fn", "Arn"]}, "\"}}}"]]}}}
 },
 "Outputs": {"Name": {"Value": {"Ref": "Fn"}}}
}`

type object = map[string]any

// synthesise writes the assembly of cdkTemplate.
func synthesise(t *testing.T, dir, timeout, remark string) {
	t.Helper()
	text := []byte(strings.NewReplacer("TIMEOUT", timeout, "REMARK", remark).Replace(cdkTemplate))
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

const (
	currentCDK = "aws-cdk"          // 2.1148.1
	olderCDK   = "aws-cdk-2.1108.0" // npm install aws-cdk-2.1108.0@npm:aws-cdk@2.1108.0
)

// newCDK finds the CLI in a package, or skips the test.
func newCDK(t *testing.T, endpoint, pkg string) *cdkCLI {
	t.Helper()
	cli := filepath.Join(os.Getenv("PERDURE_TEST_NODE_MODULES"), pkg, "bin", "cdk")
	if _, err := os.Stat(cli); err != nil || os.Getenv("PERDURE_TEST_NODE_MODULES") == "" {
		requires(t, "needs Node: and the npm package "+pkg+" in PERDURE_TEST_NODE_MODULES")
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
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := c.command(ctx, app, args...).CombinedOutput()
	return string(out), err
}

// want runs a command that must end with a status and say some texts.
func (c *cdkCLI) want(app string, status int, args []string, texts ...string) {
	c.t.Helper()
	began := time.Now()
	out, err := c.run(app, args...)
	c.t.Logf("cdk %s: %.1f s", strings.Join(args, " "), time.Since(began).Seconds())
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got, err = exit.ExitCode(), nil
	}
	if err != nil || got != status {
		c.t.Fatalf("cdk %s: status %d, %v, want %d\n%s", strings.Join(args, " "), got, err, status, out)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			c.t.Fatalf("cdk %s does not say %q:\n%s", strings.Join(args, " "), text, out)
		}
	}
}

var unasked = []string{"deploy", "--require-approval", "never"}

// fill gives the function of an assembly so many bytes that cannot be compressed.
func fill(t *testing.T, dir string, size int) {
	t.Helper()
	b := make([]byte, size)
	if _, err := rand.NewChaCha8([32]byte{}).Read(b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "asset.code", "data"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// lastEvent is when a stack's newest event was.
func lastEvent(t *testing.T, c *client.Client, stack string) time.Time {
	t.Helper()
	var out struct {
		Times []time.Time `xml:"StackEvents>member>Timestamp"`
	}
	if err := c.Query(context.Background(), "cloudformation", cloudFormation, "DescribeStackEvents", url.Values{"StackName": {stack}}, &out); err != nil || len(out.Times) == 0 {
		t.Fatalf("the events are %v, %v", out.Times, err)
	}
	return out.Times[0]
}

// definition is that of the only state machine.
func definition(t *testing.T, c *client.Client) string {
	t.Helper()
	var list struct {
		StateMachines []struct{ StateMachineArn string }
	}
	if err := c.States(context.Background(), "ListStateMachines", object{}, &list); err != nil || len(list.StateMachines) != 1 {
		t.Fatalf("the machines are %+v, %v", list, err)
	}
	var machine struct{ Definition string }
	if err := c.States(context.Background(), "DescribeStateMachine", map[string]string{"stateMachineArn": list.StateMachines[0].StateMachineArn}, &machine); err != nil {
		t.Fatal(err)
	}
	return machine.Definition
}

// TestUnmodifiedCDKDeploysAndDestroys runs the real CLI by the name of localhost against a server that was never
// bootstrapped, beginning with a deployment that fails, with a function of 12 MB.
func TestUnmodifiedCDKDeploysAndDestroys(t *testing.T) {
	c := serve(t)
	cli, dir := newCDK(t, strings.Replace(c.Endpoint(), "127.0.0.1", "localhost", 1), currentCDK), t.TempDir()
	synthesise(t, dir, "9000", "one")
	fill(t, dir, 12<<20)
	cli.want(dir, 1, unasked, "App/Fn/Resource", "Member must have value less than or equal to 900", "ROLLBACK_COMPLETE")
	t.Logf("the command was over %.1f s after the rollback", time.Since(lastEvent(t, c, "App")).Seconds())
	if calls(t, c, "CreateMultipartUpload") != 1 {
		t.Error("the asset was not uploaded in parts")
	}
	synthesise(t, dir, "30", "one")
	cli.want(dir, 0, unasked, "App.Name = App-Fn-")
	cli.want(dir, 0, unasked, "(no changes)")
	synthesise(t, dir, "40", "one")
	cli.want(dir, 0, []string{"diff"}, "[-] 30", "[+] 40")
	cli.want(dir, 0, append(unasked, "--method", "direct"), "App.Name = App-Fn-")
	cli.want(dir, 0, []string{"destroy", "--force"}, "destroyed")
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("after destroy there are still %v", left)
	}
}

// TestAnOlderCDKSpeaksItsOwnWay runs a version that deploys in one phase and swaps definitions by Step Functions itself.
func TestAnOlderCDKSpeaksItsOwnWay(t *testing.T) {
	c := serve(t)
	cli, dir := newCDK(t, c.Endpoint(), olderCDK), t.TempDir()
	synthesise(t, dir, "30", "one")
	fill(t, dir, 30<<10)
	cli.want(dir, 0, []string{"bootstrap"}, "bootstrapped")
	cli.want(dir, 0, unasked, "App.Name = App-Fn-")
	synthesise(t, dir, "40", "one")
	cli.want(dir, 0, []string{"diff"}, "[-] 30", "[+] 40")
	synthesise(t, dir, "30", "one")
	cli.want(dir, 0, unasked, "(no changes)") // found by a change set, since this version takes parameters from SSM for changed
	synthesise(t, dir, "30", "two")
	cli.want(dir, 0, []string{"deploy", "--hotswap"}, "hotswapped!")
	if got := definition(t, c); !strings.Contains(got, `"Comment":"two"`) || calls(t, c, "UpdateStateMachine") != 1 {
		t.Errorf("after the hotswap the definition is %s", got)
	}
	cli.want(dir, 0, []string{"destroy", "--force"}, "destroyed")
}
