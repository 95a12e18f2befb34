package deploy

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// requires skips a test for want of something, which is a failure where everything is required.
func requires(t *testing.T, missing string) {
	t.Helper()
	if os.Getenv("PERDURE_TEST_REQUIRE") == "all" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// originalAssembly copies the assembly of the original pattern, which has no code, and puts handlers where its assets were.
func originalAssembly(t *testing.T) string {
	t.Helper()
	from := os.Getenv("PERDURE_PATTERN")
	if from == "" {
		from = filepath.Join("..", "..", "..", "shared", "pattern")
	}
	from = filepath.Join(from, "original-js-cdk-2.276.0")
	if _, err := os.Stat(from); err != nil {
		requires(t, "needs the pattern's original assembly: put it at ../shared/pattern, or name its folder in PERDURE_PATTERN")
	}
	dir := filepath.Join(t.TempDir(), "assembly")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties json.RawMessage
			Metadata   map[string]any
		}
	}
	if err := readJSON(filepath.Join(dir, "CdkStepfunctionDurableLambdaFunctionStack.template.json"), &template); err != nil {
		t.Fatal(err)
	}
	for _, r := range template.Resources {
		if r.Type != functionType {
			continue
		}
		var p struct{ Handler string }
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			t.Fatal(err)
		}
		file, _, _ := strings.Cut(p.Handler, ".")
		source := "synchronous.py"
		if strings.HasPrefix(file, "async") {
			source = "asynchronous.py"
		}
		asset := filepath.Join(dir, r.Metadata["aws:asset:path"].(string))
		if err := os.MkdirAll(asset, 0o700); err != nil {
			t.Fatal(err)
		}
		for as, name := range map[string]string{file + ".py": source, "checkpoints.py": "checkpoints.py"} {
			b, err := os.ReadFile(filepath.Join("testdata", "python", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(asset, as), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// TestTheOriginalPatternRunsOnPythonHandlers deploys the template as its authors' app makes it.
func TestTheOriginalPatternRunsOnPythonHandlers(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		requires(t, "needs Python: put python3 on PATH")
	}
	dir := originalAssembly(t)
	c := serve(t)
	r, err := Deploy(context.Background(), Options{Client: c, Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	runs(t, c, r.Output("StepFunctionDFArn"))
	if err := Destroy(context.Background(), Options{Client: c, Path: dir}); err != nil {
		t.Fatal(err)
	}
}
