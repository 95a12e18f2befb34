package stepfunctions

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/store/pebble"
)

var (
	update = flag.Bool("update", false, "write the baselines in testdata")
	only   = flag.String("case", "", "run cases whose id contains this, and say what differs")
)

const (
	limit   = 40 * time.Second // of a case; the slowest takes seven on an idle machine
	workers = 24               // cases at once
)

type result struct {
	c    *Case
	err  error
	took time.Duration
}

func TestExecutionsAndAnswersAreThoseThatAWSGave(t *testing.T) {
	t.Parallel()
	hold(t, mem.New(), "testdata/baseline.txt")
}

// TestExecutionsAreTheSameOnDisk does it again on the store that a server has in its data directory.
func TestExecutionsAreTheSameOnDisk(t *testing.T) {
	if *update {
		return // the run in memory writes the baseline
	}
	t.Parallel()
	st, err := pebble.Open(t.TempDir(), pebble.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	hold(t, st, "testdata/baseline.txt")
}

func TestMapsReadAndWriteObjectsAsOnAWS(t *testing.T) {
	t.Parallel()
	hold(t, mem.New(), "testdata/baseline-s3.txt", "s3")
}

func TestExecutionsAreLoggedAsOnAWS(t *testing.T) {
	t.Parallel()
	hold(t, mem.New(), "testdata/baseline-logs.txt", "logs")
}

// hold replays the cases that need the services, and holds the results to the baseline.
func hold(t *testing.T, st store.Store, baseline string, needs ...string) {
	root, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Load(root, needs...)
	if err != nil {
		t.Fatal(err)
	}
	if *only != "" {
		cases = slices.DeleteFunc(cases, func(c *Case) bool { return !strings.Contains(c.ID, *only) })
	}
	w := newWorld(t, 1, st)
	results := replay(t, w, cases)
	report(t, results)
	check(t, baseline, results)
}

// replay runs the cases side by side, but for those that list all activities: they would see those of other cases.
func replay(t *testing.T, w *world, cases []*Case) []result {
	results := make([]result, len(cases))
	run := func(i int) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		begin := time.Now()
		err := w.Run(ctx, cases[i])
		results[i] = result{cases[i], err, time.Since(begin)}
	}
	alone := func(i int) bool { return slices.Contains(cases[i].Features, "op:states:ListActivities") }
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				run(i)
			}
		})
	}
	for i := range cases {
		if alone(i) {
			run(i)
		}
	}
	for i := range cases {
		if !alone(i) {
			next <- i
		}
	}
	close(next)
	group.Wait()
	return results
}

// report prints a table per group, and what differs of failed cases if asked.
func report(t *testing.T, results []result) {
	passed, total := map[string]int{}, map[string]int{}
	sum := 0
	for _, r := range results {
		total[r.c.Group]++
		if r.err == nil {
			passed[r.c.Group]++
			sum++
		} else if testing.Verbose() || *only != "" {
			t.Logf("%s (%.1fs)\n    %v", r.c.ID, r.took.Seconds(), r.err)
		}
		if r.took > 4*time.Second {
			t.Logf("slow: %s %.1fs", r.c.ID, r.took.Seconds())
		}
	}
	var groups []string
	for g := range total {
		groups = append(groups, g)
	}
	sort.Strings(groups)
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "%-28s %3d of %3d\n", g, passed[g], total[g])
	}
	t.Logf("\n%s%-28s %3d of %3d", b.String(), "all", sum, len(results))
}

// check holds the results to the baseline.
func check(t *testing.T, baseline string, results []result) {
	if *update {
		write(t, baseline, results)
		return
	}
	listed := read(t, baseline)
	for _, r := range results {
		switch {
		case r.err != nil && listed[r.c.ID]:
			t.Errorf("%s passed before:\n    %v", r.c.ID, r.err)
		case r.err == nil && !listed[r.c.ID]:
			t.Errorf("%s passes and is not in %s: run with -update", r.c.ID, baseline)
		}
	}
}

func read(t *testing.T, baseline string) map[string]bool {
	f, err := os.Open(baseline)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	listed := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		listed[s.Text()] = true
	}
	return listed
}

func write(t *testing.T, baseline string, results []result) {
	var ids []string
	for _, r := range results {
		if r.err == nil {
			ids = append(ids, r.c.ID)
		}
	}
	sort.Strings(ids)
	if err := os.MkdirAll(filepath.Dir(baseline), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(baseline, []byte(strings.Join(ids, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
