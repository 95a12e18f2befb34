// Package template_test checks that the kept template is what the CDK app makes.
package template_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

const kept = "SfnDurableGoStack.template.json"

// cliContext is what the CDK CLI adds to the context of an app it runs.
const cliContext = `{"aws:cdk:enable-path-metadata":true,"aws:cdk:enable-asset-metadata":true,"aws:cdk:version-reporting":true}`

// missing skips, unless everything is required to be there.
func missing(t *testing.T, sentence string) {
	t.Helper()
	if os.Getenv("PERDURE_TEST_REQUIRE") == "all" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

func TestKeptTemplateIsWhatTheAppMakes(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "needs Node: the CDK library runs in it")
	}
	app := filepath.Join("..", "cdk")
	env := append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	if os.Getenv("PERDURE_TEST_REQUIRE") != "all" {
		list := exec.Command("go", "list", "-deps", ".")
		list.Dir, list.Env = app, append(env, "GOPROXY=off")
		if out, err := list.CombinedOutput(); err != nil {
			missing(t, "needs Node: and the modules of the CDK app, which `go mod download` in ../cdk fetches: "+string(bytes.TrimSpace(out)))
		}
	}
	dist, out := t.TempDir(), t.TempDir()
	for _, f := range []string{"async", "sync"} {
		write(t, filepath.Join(dist, f, "bootstrap"), f)
	}
	run := exec.Command("go", "run", ".")
	run.Dir = app
	run.Env = append(env, "CDK_OUTDIR="+out, "PATTERN_DIST="+dist, "CDK_CONTEXT_JSON="+cliContext, "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION=1",
		"JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("the app failed: %v\n%s", err, said)
	}
	fresh, want := read(t, filepath.Join(out, kept)), read(t, kept)
	if !bytes.Equal(fresh, want) {
		t.Errorf("the app makes another template; look at the difference and keep the new one if it is right\n%s", fresh)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// read gives a template without what depends on the functions' code: asset hashes, and the versions named after them.
func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = regexp.MustCompile(`\b[0-9a-f]{64}\b`).ReplaceAll(b, []byte("HASH"))
	b = regexp.MustCompile(`(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}`).ReplaceAll(b, []byte("$1"))
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	b, err = json.MarshalIndent(tree, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMappingNamesFunctionsOfTheTemplate(t *testing.T) {
	var mapping struct {
		Template  string
		Functions map[string]struct{ Go string }
	}
	decode(t, filepath.Join("..", "perdure.json"), &mapping)
	var template struct {
		Resources map[string]struct{ Type string }
	}
	decode(t, filepath.Join("..", mapping.Template), &template)
	functions := 0
	for id, r := range template.Resources {
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		functions++
		dir := mapping.Functions[id].Go
		if _, err := os.Stat(filepath.Join("..", dir, "main.go")); dir == "" || err != nil {
			t.Errorf("function %s has no Go package: %q, %v", id, dir, err)
		}
	}
	if functions != len(mapping.Functions) {
		t.Errorf("%d functions in the template, %d mapped", functions, len(mapping.Functions))
	}
}

func decode(t *testing.T, path string, out any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
}
