package stepfunctions

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/states"
)

const parity = "../../docs/parity.md"

// operations are those of the API.
var operations = strings.Fields(`CreateActivity CreateStateMachine CreateStateMachineAlias DeleteActivity DeleteStateMachine
	DeleteStateMachineAlias DeleteStateMachineVersion DescribeActivity DescribeExecution DescribeMapRun DescribeStateMachine
	DescribeStateMachineAlias DescribeStateMachineForExecution GetActivityTask GetExecutionHistory ListActivities ListExecutions
	ListMapRuns ListStateMachineAliases ListStateMachineVersions ListStateMachines ListTagsForResource PublishStateMachineVersion
	RedriveExecution SendTaskFailure SendTaskHeartbeat SendTaskSuccess StartExecution StartSyncExecution StopExecution TagResource
	TestState UntagResource UpdateMapRun UpdateStateMachine UpdateStateMachineAlias ValidateStateMachineDefinition`)

// TestParityTableSaysWhatTheRunsHaveShown holds docs/parity.md to the baselines, which the runs are held to; -update
// writes it.
func TestParityTableSaysWhatTheRunsHaveShown(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Parity with AWS Step Functions

This page is made by the tests in ` + "`conformance/stepfunctions`" + ` (` + "`go test ./conformance/stepfunctions -update`" + `) from what they
have seen. They replay what AWS answered, as it was recorded: definitions, inputs and calls are sent over HTTP, and statuses,
outputs, errors with their texts, and histories with their ids and details are compared.

`)
	reasons := differs(t)
	var later []string
	section(t, &b, "Step Functions and Lambda alone", "testdata/baseline.txt", reasons, &later)
	section(t, &b, "With S3", "testdata/baseline-s3.txt", reasons, &later, "s3")
	section(t, &b, "With CloudWatch Logs", "testdata/baseline-logs.txt", reasons, &later, "logs")
	for id := range reasons {
		t.Errorf("testdata/differs.txt has a reason for %s, which passes or does not exist", id)
	}
	fmt.Fprintf(&b, "Of the cases that pass, %d were recorded before AWS changed the event that MapStateExited of a Distributed Map "+
		"follows\n(November 2024), and are read as if they had been recorded after it. Members that AWS added to its answers after "+
		"a\nrecording may be there, in the API's spelling or, inside of data, with a capital (`redriveCount`, `RedriveCount`).\n"+
		"Cases that need other services of AWS are not replayed.\n\n", len(later))
	offered(&b)
	rest, err := os.ReadFile("testdata/decided.md")
	if err != nil {
		t.Fatal(err)
	}
	b.Write(rest)
	if *update {
		if err := os.WriteFile(parity, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(parity); err != nil || string(got) != b.String() {
		t.Errorf("docs/parity.md is not what the baselines say (%v): run with -update", err)
	}
}

// section is a table of groups, and the cases that do not pass.
func section(t *testing.T, b *strings.Builder, title, baseline string, reasons map[string]string, later *[]string, needs ...string) {
	root, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Load(root, needs...)
	if err != nil {
		t.Fatal(err)
	}
	listed := read(t, baseline)
	passed, total := map[string]int{}, map[string]int{}
	var failing []string
	sum := 0
	for _, c := range cases {
		total[c.Group]++
		if !listed[c.ID] {
			failing = append(failing, c.ID)
			continue
		}
		sum++
		passed[c.Group]++
		events, _ := c.Expected["events"].([]any)
		if _, changed := recordedLater(events, c.Source.Recorded); changed {
			*later = append(*later, c.ID)
		}
	}
	fmt.Fprintf(b, "## %s: %d of %d cases\n\n| group | passed | of |\n|---|---:|---:|\n", title, sum, len(cases))
	groups := make([]string, 0, len(total))
	for g := range total {
		groups = append(groups, g)
	}
	sort.Strings(groups)
	for _, g := range groups {
		fmt.Fprintf(b, "| `%s` | %d | %d |\n", g, passed[g], total[g])
	}
	b.WriteString("\nWhat does not go as recorded:\n\n")
	sort.Strings(failing)
	for _, id := range failing {
		if reasons[id] == "" {
			t.Errorf("%s does not pass, and testdata/differs.txt does not say why", id)
		}
		fmt.Fprintf(b, "* `%s`: %s\n", id, reasons[id])
		delete(reasons, id)
	}
	b.WriteByte('\n')
}

// differs reads why cases differ: an id, a tab, the reason.
func differs(t *testing.T) map[string]string {
	data, err := os.ReadFile("testdata/differs.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		id, why, _ := strings.Cut(strings.TrimSpace(line), "\t")
		out[id] = why
	}
	return out
}

// offered lists the operations of the API.
func offered(b *strings.Builder) {
	var here, missing []string
	names := map[string]bool{}
	for _, o := range states.New(states.Config{}).Operations() {
		names[o.Name] = true
	}
	for _, o := range slices.Sorted(slices.Values(operations)) {
		if names[o] {
			here = append(here, o)
		} else {
			missing = append(missing, o)
		}
	}
	fmt.Fprintf(b, "## Operations: %d of %d\n\n%s.\n\n", len(here), len(operations), wrapped(here))
	if len(missing) > 0 {
		fmt.Fprintf(b, "Not offered, and refused as unknown: %s.\n\n", wrapped(missing))
	}
}

// wrapped joins words in lines of at most 120 characters.
func wrapped(words []string) string {
	var b strings.Builder
	line := 0
	for i, w := range words {
		if i < len(words)-1 {
			w += ","
		}
		switch {
		case i > 0 && line+1+len(w) > 120:
			b.WriteByte('\n')
			line = 0
		case i > 0:
			b.WriteByte(' ')
			line++
		}
		b.WriteString(w)
		line += len(w)
	}
	return b.String()
}
