package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestTheDemoEndsSucceededAfterTwentyVirtualMinutes(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(built.perdure, "demo", "--json")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got struct {
		Status         string
		Output         struct{ StatusCode int }
		VirtualSeconds float64 `json:"virtual_seconds"`
		Invocations    int
		Events         []struct{ Source, Type string }
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.Status != "SUCCEEDED" || got.Output.StatusCode != 200 {
		t.Errorf("status %s, output %v", got.Status, got.Output)
	}
	if got.VirtualSeconds < 20*60+10 {
		t.Errorf("%g virtual seconds, want at least 20 minutes and 10 seconds: both waits", got.VirtualSeconds)
	}
	if got.Invocations != 4 {
		t.Errorf("%d invocations, want 4: each function before and after its wait", got.Invocations)
	}
	sources := map[string]bool{}
	for _, e := range got.Events {
		sources[e.Source] = true
	}
	if len(sources) != 3 {
		t.Errorf("the timeline tells of %v, want the state machine and both functions", sources)
	}
}
