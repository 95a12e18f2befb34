package lint_test

import (
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/perdure/perdure/durable/lint"
)

// TestRules compares findings with the expectations in testdata, all rules at once: a finding of a rule that nobody
// expects on that line fails.
func TestRules(t *testing.T) {
	all := &analysis.Analyzer{Name: "all", Doc: "run every rule", Run: func(*analysis.Pass) (any, error) { return nil, nil }}
	all.Requires = append(all.Requires, lint.Analyzers()...)
	all.Requires = append(all.Requires, lint.Analyzers()[0].Requires...)
	all.Run = func(pass *analysis.Pass) (any, error) {
		seen := map[token.Pos]string{}
		for _, a := range lint.Analyzers() {
			p := *pass
			p.Analyzer = a
			p.Report = func(d analysis.Diagnostic) {
				if other := seen[d.Pos]; other != "" {
					t.Errorf("%s: both %s and %s", pass.Fset.Position(d.Pos), other, a.Name)
				}
				seen[d.Pos] = a.Name
				pass.Report(d)
			}
			if _, err := a.Run(&p); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	analysistest.Run(t, analysistest.TestData(), all, "handlers")
}

func TestRulesAreDocumentedAndWellFormed(t *testing.T) {
	if err := analysis.Validate(lint.Analyzers()); err != nil {
		t.Error(err)
	}
}

// TestVetToolFindsMistakesWithTheRealSDK runs the command under go vet on handlers that import the SDK itself: one
// with a mistake, and those of the example.
func TestVetToolFindsMistakesWithTheRealSDK(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(t.TempDir(), "perdurelint")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", tool, "./cmd/perdurelint")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command("go", "vet", "-vettool="+tool, "./durable/lint/testdata/real", "./examples/stepfunctions-durable/functions/...")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	var findings []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			findings = append(findings, line)
		}
	}
	if err == nil || len(findings) != 1 || !strings.Contains(findings[0], "real/main.go:12:15: time.Now in a durable handler") {
		t.Errorf("%v\n%s", err, out)
	}
}
