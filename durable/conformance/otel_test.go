package conformance_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/durable/conformance"
)

var update = flag.Bool("update", false, "rewrite the expected span trees")

// TestTracesOnTheServer plays the scenarios of the public OpenTelemetry suites as functions on a perdure process, over
// HTTP, in both views, and compares the trees of the spans that were exported with those in testdata.
func TestTracesOnTheServer(t *testing.T) {
	srv := deployed(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code := zipped(t, self)
	for _, view := range []string{"execution", "invocation"} {
		t.Run(view, func(t *testing.T) {
			spans := filepath.Join(t.TempDir(), "spans")
			env := map[string]string{"TRACED_SPANS": spans, "TRACED_VIEW": view, "TARGET_FUNCTION_NAME": "traced-" + view + "-target:$LATEST"}
			for _, name := range []string{"traced-" + view, "traced-" + view + "-target"} {
				create(t, srv.api, name, code, nil, env)
				if _, err := srv.api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &name,
					DurableConfig: &types.DurableConfig{ExecutionTimeout: aws.Int32(24 * 3600)}}); err != nil {
					t.Fatal(err)
				}
			}
			golden := filepath.Join("testdata", "otel-"+view+".txt")
			want, got := sections(t, golden), &strings.Builder{}
			for _, s := range scenarios {
				t.Run(s.id, func(t *testing.T) {
					tree := s.play(t, srv, view, spans)
					got.WriteString("== otel-" + view + "-" + s.id + "\n" + tree + "\n")
					if tree != want[s.id] && !*update {
						t.Errorf("spans\n%swant\n%s", tree, want[s.id])
					}
				})
			}
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// sections reads the expected trees by scenario.
func sections(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, part := range strings.Split(string(data), "== otel-")[min(1, len(data)):] {
		head, body, _ := strings.Cut(part, "\n")
		_, id, _ := strings.Cut(head, "-")
		out[id] = strings.TrimSuffix(body, "\n")
	}
	return out
}

// play runs a scenario to its end and draws its spans.
func (s *traced) play(t *testing.T, srv server, view, spans string) string {
	r := conformance.Requirement{ID: "otel-" + view + "-" + s.id, Async: true, End: s.end, Events: strings.Fields(s.events)}
	p := &player{t: t, server: srv, to: "traced-" + view, header: s.header, r: r, actions: s.actions, due: map[string]planned{}}
	p.play()
	events, _ := p.history()
	arns, known := []string{p.arn}, map[string]bool{}
	for _, e := range events {
		known[aws.ToString(e.Id)] = true
		if d := e.ChainedInvokeStartedDetails; d != nil && d.DurableExecutionArn != nil {
			arns = append(arns, *d.DurableExecutionArn)
		}
	}
	lines := spansOf(t, spans, arns...)
	traces, ids := map[string]string{}, map[string]bool{}
	for _, l := range lines {
		arn := l.Facts["execution.arn"]
		if arn != "" && traces[arn] == "" {
			traces[arn] = l.Trace
		}
		if arn != "" && traces[arn] != l.Trace {
			t.Errorf("%s is not on the trace of its execution", l.Name)
		}
		if ids[l.ID] {
			t.Errorf("two spans have the id of %s", l.Name)
		}
		ids[l.ID] = true
		if id := l.Facts["operation.id"]; arn == p.arn && id != "" && !known[id] && !isVirtual(&l) {
			t.Errorf("%s has the operation id %s, which the history does not know", l.Name, id)
		}
		if l.Backwards {
			t.Errorf("%s ends before it starts", l.Name)
		}
	}
	if s.header != "" {
		for _, l := range lines {
			if l.Trace != "5759e988bd862e3fe1be46a994272793" || l.Name == "Workflow" && l.Parent != "53995c3f42cd8ad8" {
				t.Errorf("%s is not on the caller's trace", l.Name)
			}
		}
	}
	return forest(lines)
}

// isVirtual reports whether a span is of a context without a record.
func isVirtual(l *spanLine) bool {
	return l.Facts["operation.name"] == "virtual" || l.Facts["operation.name"] == "first" || l.Facts["operation.name"] == "second"
}
