package asl_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl"
)

// corpusCase is a recorded case of the Step Functions conformance corpus; see its README for the members.
type corpusCase struct {
	ID, Group, Kind     string
	Needs               []string
	Functions           []function
	Workers, Background []any
	SetupSteps          json.RawMessage `json:"setup"`
	APICalls            json.RawMessage
	corpusRow
	Rows         []corpusRow
	LaterMembers []string
	Unordered    []string
	Placeholders []mark
}

type corpusRow struct {
	MachineName, MachineType, RoleArn, Definition string
	Input                                         *string
	ExecutionName                                 string
	EventOrder                                    string
	Expected                                      struct {
		Status        string
		Output        any
		Error, Cause  any
		Events        []map[string]any
		StartedFirst  any
		CreateAnswer  any
		DescribeExecs any
	}
}

// conformance finds the corpus: $PERDURE_CONFORMANCE, or beside the repository.
func conformance(t testing.TB) string {
	t.Helper()
	root := os.Getenv("PERDURE_CONFORMANCE")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared", "conformance")
	}
	root = filepath.Join(root, "stepfunctions")
	if _, err := os.Stat(root); err != nil {
		if os.Getenv("PERDURE_TEST_REQUIRE") == "all" {
			t.Fatalf("needs the conformance corpus: set PERDURE_CONFORMANCE to its folder: %v", err)
		}
		t.Skip("needs the conformance corpus: set PERDURE_CONFORMANCE to its folder")
	}
	return root
}

func corpus(t testing.TB) []*corpusCase {
	root := conformance(t)
	var cases []*corpusCase
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c := &corpusCase{}
		if err := json.Unmarshal(data, c); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		cases = append(cases, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Slice(cases, func(i, j int) bool { return cases[i].ID < cases[j].ID })
	return cases
}

// playable tells whether a case can be replayed without a server: what it calls are functions only.
func (c *corpusCase) playable() bool {
	if c.Kind != "execution" && c.Kind != "table" || len(c.Needs)+len(c.Workers)+len(c.Background)+len(c.SetupSteps) > 0 {
		return false
	}
	rows := c.Rows
	if len(rows) == 0 {
		rows = []corpusRow{c.corpusRow}
	}
	for _, r := range rows {
		d := r.Definition
		if d == "" {
			d = c.Definition
		}
		for _, part := range strings.Split(d, "arn:aws:states:::")[1:] {
			if !strings.HasPrefix(part, "lambda:invoke\"") {
				return false
			}
		}
	}
	return true
}

// knownToDiffer reads testdata/corpus-known.txt: cases that do not go as recorded, with the reason.
func knownToDiffer(t *testing.T) map[string]bool {
	data, err := os.ReadFile("testdata/corpus-known.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, line := range strings.Split(string(data), "\n") {
		if id, _, _ := strings.Cut(line, "\t"); id != "" {
			known[id] = true
		}
	}
	return known
}

// TestExecutionsRunAsRecorded replays the recorded executions that need nothing but functions, and compares outcomes
// and histories. testdata/corpus-known.txt names those that are known to differ.
func TestExecutionsRunAsRecorded(t *testing.T) {
	known := knownToDiffer(t)
	passed, total := map[string]int{}, map[string]int{}
	all, ok := 0, 0
	for _, c := range corpus(t) {
		if !c.playable() {
			continue
		}
		all++
		total[c.Group]++
		d := c.replay(t, false)
		if d == "" {
			if again := c.replay(t, true); again != "" {
				d = "loaded before every step: " + again
			}
		}
		switch {
		case d == "":
			ok++
			passed[c.Group]++
			if known[c.ID] {
				t.Errorf("%s passes now: take it out of testdata/corpus-known.txt", c.ID)
			}
		case !known[c.ID]:
			t.Errorf("%s: %s", c.ID, d)
		}
	}
	for _, g := range sorted(total) {
		t.Logf("%-24s %d/%d", g, passed[g], total[g])
	}
	t.Logf("%d of %d", ok, all)
}

func (c *corpusCase) replay(t *testing.T, reload bool) string {
	if len(c.Rows) == 0 {
		return c.replayRow(t, c.corpusRow, reload)
	}
	for i, r := range c.Rows {
		if r.Definition == "" {
			r.Definition = c.Definition
		}
		if d := c.replayRow(t, r, reload); d != "" {
			return fmt.Sprintf("row %d: %s", i, d)
		}
	}
	return ""
}

func (c *corpusCase) replayRow(t *testing.T, r corpusRow, reload bool) string {
	m := newMatcher(c, playStart)
	machine, ds := asl.Parse([]byte(m.fill(r.Definition)), asl.Options{Express: r.MachineType == "EXPRESS"})
	if machine == nil {
		return asl.Invalid(ds)
	}
	input := "{}"
	if r.Input != nil {
		input = m.fill(*r.Input)
	}
	p := newPlay(t, machine, input)
	name := m.fill(r.MachineName)
	exec := r.ExecutionName
	if exec == "" {
		exec = "run"
	}
	p.exec = asl.New(machine, asl.Info{
		ID: "arn:aws:states:us-east-1:123456789012:execution:" + name + ":" + exec, Name: m.fill(exec), Role: m.fill(r.RoleArn),
		Machine:     "arn:aws:states:us-east-1:123456789012:stateMachine:" + name,
		MachineName: name, Region: testRegion, Account: testAccount, Input: []byte(input), Start: p.now,
	}, p.limits)
	p.reload = reload
	for _, f := range c.Functions {
		f.Name = m.fill(f.Name)
		p.functions[f.Name] = f
	}
	p.run()
	if r.Expected.Status == "RUNNING" {
		if p.finish != nil {
			return "it ended " + string(p.finish.Status)
		}
		return m.history(r.Expected.Events, p.events[:min(len(p.events), len(r.Expected.Events))], r.EventOrder != "")
	}
	if p.finish == nil {
		return "it does not end:\n" + outline(r.Expected.Events, p.events)
	}
	var last any = map[string]any{}
	if n := len(p.events); n > 0 {
		last = p.events[n-1]
	}
	if string(p.finish.Status) != r.Expected.Status {
		return fmt.Sprintf("want %s, got %s: %s", r.Expected.Status, p.finish.Status, brief(last))
	}
	if r.Expected.Events != nil {
		if d := m.history(r.Expected.Events, p.events, r.EventOrder != ""); d != "" {
			return d
		}
	}
	if r.Expected.Output != nil {
		if d := m.diff("output", r.Expected.Output, string(p.finish.Output)); d != "" {
			return d
		}
	}
	if r.Expected.Error != nil && (p.finish.Error == nil || m.diff("error", r.Expected.Error, *p.finish.Error) != "") {
		return fmt.Sprintf("error: want %v", r.Expected.Error)
	}
	if r.Expected.Cause != nil {
		if p.finish.Cause == nil {
			return fmt.Sprintf("cause: want %v", r.Expected.Cause)
		}
		return m.diff("cause", r.Expected.Cause, *p.finish.Cause)
	}
	return ""
}
