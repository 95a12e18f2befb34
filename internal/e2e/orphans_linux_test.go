package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// process is a line of the process table.
type process struct {
	pid, parent, group int
	name               string
	zombie             bool
}

// processes reads /proc.
func processes(t *testing.T) []process {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes in /proc: %v", err)
	}
	var all []process
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended meanwhile
		}
		head, rest, ok := strings.Cut(string(b), ") ")
		pid, name, _ := strings.Cut(head, " (")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 3 {
			continue
		}
		p := process{name: name, zombie: fields[0] == "Z"}
		p.pid, _ = strconv.Atoi(pid)
		p.parent, _ = strconv.Atoi(fields[1])
		p.group, _ = strconv.Atoi(fields[2])
		all = append(all, p)
	}
	return all
}

// living are the processes of some groups that have not ended.
func living(t *testing.T, groups map[int]bool) (out []process) {
	t.Helper()
	for _, p := range processes(t) {
		if groups[p.group] && !p.zombie {
			out = append(out, p)
		}
	}
	return out
}

func TestKillingTheServerLeavesNoProcessOfAFunctionBehind(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	control := newControl(t)
	ctx := context.Background()
	err := s.REST(ctx, "lambda", "POST", "/2015-03-31/functions", nil, map[string]any{
		"FunctionName": "parent", "Role": role, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 60,
		"Code":          map[string]string{"ZipFile": base64.StdEncoding.EncodeToString(bootstrapZip(t, built.fn))},
		"DurableConfig": map[string]int{"ExecutionTimeout": 900},
		"Environment":   map[string]any{"Variables": map[string]string{"CONTROL": control.url, "CHILD": "sleep 3600"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	held := control.hold("order") // and never let go
	failed := make(chan error, 1)
	go func() {
		failed <- s.REST(ctx, "lambda", "POST", "/2015-03-31/functions/parent/invocations?Qualifier=$LATEST", nil, map[string]string{"name": "one"}, nil)
	}()
	select {
	case <-held:
	case err := <-failed:
		t.Fatalf("the function ended with %v instead of waiting", err)
	case <-time.After(30 * time.Second):
		t.Fatal("the function did not reach its step in 30 s")
	}

	groups, names := map[int]bool{}, map[string]int{}
	for _, p := range processes(t) {
		if p.parent == s.cmd.Process.Pid {
			groups[p.group] = true
		}
	}
	for _, p := range living(t, groups) {
		names[p.name]++
	}
	if groups[s.cmd.Process.Pid] || names["bootstrap"] != 1 || names["sleep"] != 1 {
		t.Fatalf("groups %v of the server's children have %v, want the function and what it has started", groups, names)
	}
	s.kill(t)
	eventually(t, 20*time.Second, func() (bool, string) {
		left := living(t, groups)
		return len(left) == 0, fmt.Sprintf("left behind: %+v", left)
	})
}
