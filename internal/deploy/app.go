package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	appFile     = "cdk.json"
	contextFile = "cdk.context.json"
	// maxVariable is how long the context may be to go into an environment variable, bytes; the system's limit is 128 KiB.
	maxVariable = 100_000
	maxSaid     = 16 << 10 // bytes of an app's output in an error
)

// app is what cdk.json says.
type app struct {
	App     command        `json:"app"`
	Build   command        `json:"build"` // run before the app
	Context map[string]any `json:"context"`
	Watch   struct {
		Include, Exclude globs
	} `json:"watch"`

	PathMetadata     *bool `json:"pathMetadata"`
	AssetMetadata    *bool `json:"assetMetadata"`
	VersionReporting *bool `json:"versionReporting"`
	Staging          *bool `json:"staging"`
}

// command is a line for the shell, or its words.
type command string

// UnmarshalJSON makes command a json.Unmarshaler.
func (c *command) UnmarshalJSON(b []byte) error {
	var words []string
	if json.Unmarshal(b, &words) == nil {
		*c = command(strings.Join(words, " "))
		return nil
	}
	var line string
	err := json.Unmarshal(b, &line)
	*c = command(line)
	return err
}

// readApp reads cdk.json, with the context that cdk.context.json keeps of earlier look-ups.
func readApp(dir string) (*app, error) {
	var a app
	if err := readJSON(filepath.Join(dir, appFile), &a); err != nil {
		return nil, err
	}
	known := map[string]any{}
	if err := readJSON(filepath.Join(dir, contextFile), &known); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	maps.Copy(known, a.Context)
	a.Context = known
	return &a, nil
}

// loadApp runs the app of a directory as the CDK's own CLI does, and takes the assembly that it writes.
func loadApp(ctx context.Context, o *Options, dir, work string) (*Project, error) {
	a, err := readApp(dir)
	if err != nil {
		return nil, err
	}
	if a.App == "" {
		return nil, fmt.Errorf("%s names no app: say how to run it, as in {\"app\": \"go run .\"}", filepath.Join(dir, appFile))
	}
	if exists(filepath.Join(dir, string(a.App)), "manifest.json") { // it is synthesised already
		return loadAssembly(filepath.Join(dir, string(a.App)), o.StackName)
	}
	u, err := newUploads(ctx, o)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(work, "cdk.out")
	if err := os.MkdirAll(out, 0o700); err != nil {
		return nil, err
	}
	env, err := a.environment(work)
	if err != nil {
		return nil, err
	}
	env = append(env, "CDK_OUTDIR="+out, "CDK_DEFAULT_ACCOUNT="+u.account, "CDK_DEFAULT_REGION="+o.Client.Region())
	for _, line := range []command{a.Build, a.App} {
		if line == "" {
			continue
		}
		if err := line.run(ctx, o, dir, env); err != nil {
			return nil, err
		}
	}
	if !exists(out, "manifest.json") {
		return nil, fmt.Errorf("the app (%s) ended well but wrote no assembly; does it call Synth?", a.App)
	}
	return loadAssembly(out, o.StackName)
}

// environment passes the context on, in a file if it is long.
func (a *app) environment(work string) ([]string, error) {
	with := maps.Clone(a.Context)
	for key, flag := range map[string]*bool{
		"aws:cdk:enable-path-metadata": a.PathMetadata, "aws:cdk:enable-asset-metadata": a.AssetMetadata, "aws:cdk:version-reporting": a.VersionReporting,
	} {
		if flag == nil || *flag {
			with[key] = true
		}
	}
	if a.VersionReporting != nil && !*a.VersionReporting {
		with["aws:cdk:disable-version-reporting"] = true
	}
	if a.Staging != nil && !*a.Staging {
		with["aws:cdk:disable-asset-staging"] = true
	}
	with["aws:cdk:bundling-stacks"] = []string{"**"}
	text, err := json.Marshal(with)
	if err != nil {
		return nil, err
	}
	if len(text) <= maxVariable {
		return append(os.Environ(), "CDK_CONTEXT_JSON="+string(text)), nil
	}
	file := filepath.Join(work, "context.json")
	return append(os.Environ(), "CDK_CONTEXT_JSON={}", "CONTEXT_OVERFLOW_LOCATION_ENV="+file), os.WriteFile(file, text, 0o600)
}

// run has the shell run the line; its processes end with ctx.
func (c command) run(ctx context.Context, o *Options, dir string, env []string) error {
	o.say("run      %s", c)
	cmd := exec.CommandContext(ctx, "sh", "-c", string(c))
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if ctx.Err() != nil {
		if cmd.Process != nil {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // those that would not end
		}
		return ctx.Err()
	}
	text := bytes.TrimSpace(said.Bytes())
	if err != nil {
		return fmt.Errorf("the app of %s (%s) failed: %w; run it there to see more\n%s", filepath.Join(dir, appFile), c, err, text[max(0, len(text)-maxSaid):])
	}
	for line := range strings.Lines(string(text)) {
		o.say("         %s", strings.TrimRight(line, "\r\n"))
	}
	return nil
}
