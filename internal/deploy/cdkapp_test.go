package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

const (
	patternMachine = "arn:aws:states:us-east-1:000000000000:stateMachine:sfn-dfn-integration-pattern-cdk"
	patternMessage = "synchronous durable function finished"
)

// patternApp is the pattern's CDK app in Go, built, with the functions it deploys.
type patternApp struct {
	t       *testing.T
	cli     *cdkCLI
	c       *client.Client
	program string
	dist    string
}

// TestThePatternsGoAppLivesThroughTheCDKCLI goes through a stack's life as a developer would, with the real CLI.
func TestThePatternsGoAppLivesThroughTheCDKCLI(t *testing.T) {
	c := serve(t)
	a := &patternApp{t: t, c: c, cli: newCDK(t, c.Endpoint()), dist: t.TempDir()}
	a.build()
	a.cli.env = append(a.cli.env, "PATTERN_DIST="+a.dist)

	first := a.synth("first")
	a.want(first, "SfnDurableGoStack", "ls")
	a.cli.endpoint = strings.Replace(c.Endpoint(), "127.0.0.1", "localhost", 1)
	a.want(first, "bootstrapped", "bootstrap")
	a.cli.endpoint = c.Endpoint()
	a.want(first, "[+] AWS::StepFunctions::StateMachine", "diff")
	a.want(first, "StepFunctionDFArn = "+patternMachine, "deploy", "--require-approval", "never")
	a.executes(patternMessage)

	before := a.calls("CreateChangeSet")
	a.want(first, "(no changes)", "deploy", "--require-approval", "never")
	if after := a.calls("CreateChangeSet"); after != before {
		t.Errorf("deploying what is deployed made %d change sets", after-before)
	}

	a.functions(patternMessage + " again") // a new asset, so a new version of the function
	second := a.synth("second")
	a.want(second, "StepFunctionDFArn = "+patternMachine, "deploy", "--require-approval", "never")
	a.executes(patternMessage + " again")

	swapped := a.variant(second, "swapped", `\"TimeoutSeconds\":7200`, `\"TimeoutSeconds\":7100`)
	a.want(swapped, "hotswapped!", "deploy", "--hotswap")
	var machine struct{ Definition string }
	if err := c.States(context.Background(), "DescribeStateMachine", map[string]string{"stateMachineArn": patternMachine}, &machine); err != nil ||
		!strings.Contains(machine.Definition, `"TimeoutSeconds":7100`) {
		t.Errorf("after the hotswap the definition is %s, %v", machine.Definition, err)
	}
	a.watch()

	broken := a.variant(second, "broken", `"Timeout": 900`, `"Timeout": 9000`)
	out, err := a.cli.run(broken, "deploy", "--require-approval", "never")
	if err == nil || !strings.Contains(out, "Member must have value less than or equal to 900") || !strings.Contains(out, "UPDATE_ROLLBACK_COMPLET ") {
		t.Errorf("a deployment that fails: %v\n%s", err, out)
	}
	a.executes(patternMessage + " again")
	a.want(second, "destroyed", "destroy", "--force")
	if left := functions(t, c); len(left) > 0 {
		t.Errorf("after destroy there are still %v", left)
	}
	a.served()
}

// build makes the app and its functions.
func (a *patternApp) build() {
	a.program = filepath.Join(a.t.TempDir(), "app")
	a.goBuild(filepath.Join(patternDir, "cdk"), a.program, ".")
	a.goBuild(patternDir, filepath.Join(a.dist, "async", "bootstrap"), "./functions/async")
	a.functions(patternMessage)
}

// functions builds the synchronous function with another message.
func (a *patternApp) functions(message string) {
	a.t.Helper()
	file, err := filepath.Abs(filepath.Join(patternDir, "functions", "sync", "handler.go"))
	if err != nil {
		a.t.Fatal(err)
	}
	source, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	changed, overlay := filepath.Join(dir, "handler.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(object{"Replace": object{file: changed}})
	if err != nil {
		a.t.Fatal(err)
	}
	for name, content := range map[string][]byte{changed: bytes.Replace(source, []byte(patternMessage), []byte(message), 1), overlay: replace} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	a.goBuild(patternDir, filepath.Join(a.dist, "sync", "bootstrap"), "-overlay", overlay, "./functions/sync")
}

func (a *patternApp) goBuild(dir, out string, args ...string) {
	a.t.Helper()
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w -buildid=", "-o", out}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("building %v: %v\n%s", args, err, text)
	}
}

// synth runs the app through the CLI and returns the assembly.
func (a *patternApp) synth(name string) string {
	a.t.Helper()
	dir := filepath.Join(a.t.TempDir(), name)
	a.want(a.program, "AWS::StepFunctions::StateMachine", "synth", "--output", dir)
	return dir
}

// want runs a command that must succeed and say something.
func (a *patternApp) want(app, text string, args ...string) {
	a.t.Helper()
	began := time.Now()
	out, err := a.cli.run(app, args...)
	a.t.Logf("cdk %s: %.1f s", args[0], time.Since(began).Seconds())
	if err != nil || !strings.Contains(out, text) {
		a.t.Fatalf("cdk %s: %v, without %q:\n%s", strings.Join(args, " "), err, text, out)
	}
}

// variant is an assembly with a text of its template replaced, and the template's own key with it.
func (a *patternApp) variant(from, name, old, text string) string {
	a.t.Helper()
	dir := filepath.Join(a.t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		a.t.Fatal(err)
	}
	const stack = "SfnDurableGoStack"
	template, err := os.ReadFile(filepath.Join(dir, stack+".template.json"))
	if err != nil || !bytes.Contains(template, []byte(old)) {
		a.t.Fatalf("the template has no %s: %v", old, err)
	}
	changed := bytes.ReplaceAll(template, []byte(old), []byte(text))
	before, after := sha256.Sum256(template), sha256.Sum256(changed)
	for _, file := range []string{stack + ".template.json", stack + ".assets.json", "manifest.json"} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			a.t.Fatal(err)
		}
		if file == stack+".template.json" {
			b = changed
		}
		b = bytes.ReplaceAll(b, []byte(hex.EncodeToString(before[:])), []byte(hex.EncodeToString(after[:])))
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return dir
}

// executes runs the state machine and looks for what the deployed code says.
func (a *patternApp) executes(message string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var started struct{ ExecutionArn string }
	if err := a.c.States(ctx, "StartExecution", map[string]string{"stateMachineArn": patternMachine, "input": `{"minutes_to_wait": 20}`}, &started); err != nil {
		a.t.Fatal(err)
	}
	var e struct{ Status, Output, Cause string }
	for e.Status == "" || e.Status == "RUNNING" {
		if err := a.c.States(ctx, "DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &e); err != nil {
			a.t.Fatal(err)
		}
	}
	if e.Status != "SUCCEEDED" || !strings.Contains(e.Output, `"`+message+`"`) {
		a.t.Errorf("the execution ended %s with %s %s, want %q", e.Status, e.Output, e.Cause, message)
	}
}

// watch changes a function while cdk watch looks on.
func (a *patternApp) watch() {
	a.t.Helper()
	setting := object{"watch": object{"include": []string{"touched"}}}
	b, err := json.Marshal(setting)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.cli.dir, "cdk.json"), b, 0o600); err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := a.cli.command(ctx, a.program, "watch", "--no-logs")
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = w, w, 5*time.Second
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); w.Close() }()
	var said bytes.Buffer
	until := func(text string) bool {
		chunk := make([]byte, 4096)
		for {
			if i := bytes.Index(said.Bytes(), []byte(text)); i >= 0 {
				said.Next(i + len(text))
				return true
			}
			n, err := r.Read(chunk)
			said.Write(chunk[:n])
			if err != nil {
				a.t.Errorf("cdk watch ended without %q: %v\n%s", text, err, said.Bytes())
				return false
			}
		}
	}
	was := a.latest()
	if until("hotswap-deployment time") {
		a.functions("changed while watched")
		if err := os.WriteFile(filepath.Join(a.cli.dir, "touched"), []byte("now"), 0o600); err != nil {
			a.t.Error(err)
		}
		until("hotswapped!")
	}
	cancel()
	go io.Copy(io.Discard, r)
	<-ended
	if now := a.latest(); now == was {
		a.t.Error("cdk watch left the function's code as it was")
	}
}

// latest is the hash of the synchronous function's unpublished code.
func (a *patternApp) latest() string {
	a.t.Helper()
	var out struct{ CodeSha256 string }
	if err := a.c.REST(context.Background(), "lambda", "GET", "/2015-03-31/functions/sfn-dfn-sync-durable-fn/configuration", nil, nil, &out); err != nil {
		a.t.Fatal(err)
	}
	return out.CodeSha256
}

// metrics is the server's own account of what it was asked.
func (a *patternApp) metrics() string {
	a.t.Helper()
	resp, err := http.Get(a.c.Endpoint() + "/metrics")
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(b)
}

// calls counts an operation's requests.
func (a *patternApp) calls(operation string) (n int) {
	a.t.Helper()
	m := regexp.MustCompile(`perdure_request_seconds_count\{operation="` + operation + `"[^}]*\} (\d+)`).FindStringSubmatch(a.metrics())
	if m != nil {
		fmt.Sscan(m[1], &n)
	}
	return n
}

// served checks that no call was answered as the server's own failure.
func (a *patternApp) served() {
	a.t.Helper()
	if failed := regexp.MustCompile(`perdure_requests_total\{[^}]*status="5\d\d"\} \d+`).FindAllString(a.metrics(), -1); len(failed) > 0 {
		a.t.Errorf("calls failed in the server: %v", failed)
	}
}
