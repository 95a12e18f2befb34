package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// TestThePatternsGoAppLivesThroughTheCDKCLI goes through a stack's life as a developer would, with the real CLI. Time stands
// still unless it is moved, so that an execution can wait meanwhile.
func TestThePatternsGoAppLivesThroughTheCDKCLI(t *testing.T) {
	c := serveTime(t, "manual")
	a := &patternApp{t: t, c: c, cli: newCDK(t, c.Endpoint(), currentCDK), dist: t.TempDir()}
	a.build()
	a.cli.env = append(a.cli.env, "PATTERN_DIST="+a.dist)

	first := a.synth("first")
	a.cli.want(first, 0, []string{"ls"}, "SfnDurableGoStack")
	a.cli.want(first, 0, []string{"bootstrap"}, "bootstrapped")
	a.cli.want(first, 0, []string{"diff"}, "[+] AWS::StepFunctions::StateMachine")
	before := spent(t, c)
	a.cli.want(first, 0, unasked, "StepFunctionDFArn = "+patternMachine)
	t.Logf("the server worked %.2f s on that deployment", spent(t, c)-before)
	a.executes(patternMessage)

	made := calls(t, c, "CreateChangeSet")
	a.cli.want(first, 0, unasked, "(no changes)")
	if now := calls(t, c, "CreateChangeSet"); now != made {
		t.Errorf("deploying what is deployed made %d change sets", now-made)
	}

	a.functions(patternMessage + " again") // a new asset, so a new version of the function
	second := a.synth("second")
	a.cli.want(second, 0, unasked, "StepFunctionDFArn = "+patternMachine)
	a.executes(patternMessage + " again")

	open := a.start()
	was := a.latest()
	a.functions(patternMessage + " once more")
	third := a.synth("third")
	a.cli.want(third, 0, append(unasked, "--hotswap"), "hotswapped!")
	if a.latest() == was {
		t.Error("the hotswap left the function's code as it was")
	}
	a.ends(open, patternMessage+" again")
	a.executes(patternMessage + " again") // the machine calls the version of the last full deployment
	unswapped := a.variant(third, "unswapped", "", "")
	a.cli.want(unswapped, 0, append(unasked, "--hotswap-fallback"), "StepFunctionDFArn = "+patternMachine)
	a.executes(patternMessage + " once more")

	swapped := a.variant(third, "swapped", `\"TimeoutSeconds\":7200`, `\"TimeoutSeconds\":7100`)
	a.cli.want(swapped, 0, append(unasked, "--hotswap"), "hotswapped!")
	if got := definition(t, c); !strings.Contains(got, `"TimeoutSeconds":7100`) {
		t.Errorf("after the hotswap the definition is %s", got)
	}
	a.watch(patternMessage + " once more")

	broken := a.variant(third, "broken", `"Timeout": 900`, `"Timeout": 9000`)
	a.cli.want(broken, 1, unasked, "Member must have value less than or equal to 900", "UPDATE_ROLLBACK_COMPLET ")
	a.executes(patternMessage + " once more")
	a.cli.want(third, 0, []string{"destroy", "--force"}, "destroyed")
	if left := functions(t, c); len(left) > 0 {
		t.Errorf("after destroy there are still %v", left)
	}
	a.withoutCLI()
}

// withoutCLI deploys the app by running it, where its log groups were retained.
func (a *patternApp) withoutCLI() {
	a.t.Helper()
	dir := a.t.TempDir()
	settings, err := json.Marshal(object{"app": a.program})
	if err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, appFile), settings, 0o600); err != nil {
		a.t.Fatal(err)
	}
	a.t.Setenv("PATTERN_DIST", a.dist)
	r, err := Deploy(context.Background(), Options{Client: a.c, Path: dir})
	if err != nil || r.Output("StepFunctionDFArn") != patternMachine {
		a.t.Fatalf("deployed %+v, %v", r, err)
	}
	a.executes("changed while watched")
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
	a.cli.want(a.program, 0, []string{"synth", "--output", dir}, "AWS::StepFunctions::StateMachine")
	return dir
}

// variant is an assembly with a text of its template replaced, and the template's own key with it. The CLI does not know it
// as one that it has swapped.
func (a *patternApp) variant(from, name, old, text string) string {
	a.t.Helper()
	dir := filepath.Join(a.t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		a.t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".hotswap-cache")); err != nil {
		a.t.Fatal(err)
	}
	const stack = "SfnDurableGoStack"
	template, err := os.ReadFile(filepath.Join(dir, stack+".template.json"))
	if err != nil || !bytes.Contains(template, []byte(old)) {
		a.t.Fatalf("the template has no %s: %v", old, err)
	}
	changed := template
	if old != text {
		changed = bytes.ReplaceAll(template, []byte(old), []byte(text))
	}
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

// start begins an execution, which waits for twenty minutes.
func (a *patternApp) start() (execution string) {
	a.t.Helper()
	var started struct{ ExecutionArn string }
	if err := a.c.States(context.Background(), "StartExecution", map[string]string{"stateMachineArn": patternMachine, "input": `{"minutes_to_wait": 20}`}, &started); err != nil {
		a.t.Fatal(err)
	}
	return started.ExecutionArn
}

// ends lets time pass until the execution has ended, and looks for what the code says.
func (a *patternApp) ends(execution, message string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var e struct{ Status, Output, Cause string }
	for {
		if err := a.c.States(ctx, "DescribeExecution", map[string]string{"executionArn": execution}, &e); err != nil {
			a.t.Fatal(err)
		}
		if e.Status != "RUNNING" {
			break
		}
		if err := a.c.REST(ctx, "perdure", "POST", "/_perdure/time", nil, object{"by": "1m"}, nil); err != nil {
			a.t.Fatal(err)
		}
	}
	if e.Status != "SUCCEEDED" || !strings.Contains(e.Output, `"`+message+`"`) {
		a.t.Errorf("the execution ended %s with %s %s, want %q", e.Status, e.Output, e.Cause, message)
	}
}

// executes runs the state machine and looks for what the deployed code says.
func (a *patternApp) executes(message string) {
	a.t.Helper()
	a.ends(a.start(), message)
}

// watch changes a function while cdk watch looks on, and lets the functions log something.
func (a *patternApp) watch(message string) {
	a.t.Helper()
	setting := object{"watch": object{"include": []string{"touched"}}}
	b, err := json.Marshal(setting)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.cli.dir, "cdk.json"), b, 0o600); err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := a.cli.command(ctx, a.program, "watch")
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = w, w, 5*time.Second
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); w.Close() }()
	var said bytes.Buffer
	until := func(texts ...string) bool {
		chunk := make([]byte, 4096)
		for _, text := range texts {
			for !bytes.Contains(said.Bytes(), []byte(text)) {
				n, err := r.Read(chunk)
				said.Write(chunk[:n])
				if err != nil {
					a.t.Errorf("cdk watch ended without %q: %v\n%s", text, err, said.Bytes())
					return false
				}
			}
		}
		return true
	}
	was := a.latest()
	if until("hotswap-deployment time") {
		a.functions("changed while watched")
		said.Reset()
		if err := os.WriteFile(filepath.Join(a.cli.dir, "touched"), []byte("now"), 0o600); err != nil {
			a.t.Error(err)
		}
		until("hotswapped!")
		a.executes(message)
		until("[/aws/lambda/sfn-dfn-async-durable-fn]", "notification sent", "[/aws/lambda/sfn-dfn-sync-durable-fn]")
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
