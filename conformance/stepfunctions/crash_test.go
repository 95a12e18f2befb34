package stepfunctions

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// fragile is a store whose machine dies after so many commits: later ones fail, and what is left is what was durable.
type fragile struct {
	*mem.Store
	mu   sync.Mutex
	left int // commits until it dies; 0: it does not
	died chan *mem.Store
	dead bool
}

var errDead = errors.New("the machine has died")

func (f *fragile) Commit(ctx context.Context, t *store.Turn) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return errDead
	}
	err := f.Store.Commit(ctx, t)
	if err != nil || f.left == 0 {
		return err
	}
	if f.left--; f.left == 0 {
		f.dead = true
		f.died <- f.Store.Crash(0)
	}
	return nil
}

func (f *fragile) arm(commits int) {
	f.mu.Lock()
	f.left = commits
	f.mu.Unlock()
}

// crashing replays a case on a server that dies up to three times while its execution runs; it tells how often.
func crashing(t *testing.T, c *Case) (crashes int, err error) {
	died := make(chan *mem.Store, 1)
	now := &fragile{Store: mem.New(), died: died}
	w := newWorld(t, 1, now)
	h := fnv.New32a()
	h.Write([]byte(c.ID))
	seed := int(h.Sum32() >> 1)
	var mu sync.Mutex
	w.Starting = func() {
		mu.Lock()
		defer mu.Unlock()
		now.arm(1 + seed%3)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case held := <-died:
				mu.Lock()
				crashes++
				next := &fragile{Store: held, died: died}
				if crashes < 3 {
					next.arm(1 + seed/7%3)
				}
				now = next
				mu.Unlock()
				old := w.stop
				if err := w.boot(t.Context(), next); err != nil {
					t.Error(err)
					return
				}
				_ = old() // its store refuses everything
			case <-over:
				return
			}
		}
	})
	err = w.Run(ctx, c)
	close(over)
	group.Wait()
	return crashes, err
}

// TestRecordedExecutionsSurviveCrashes kills the server in the middle of the recorded executions: outcome and history are
// the recorded ones all the same, ids included.
func TestRecordedExecutionsSurviveCrashes(t *testing.T) {
	t.Parallel()
	root, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	listed := read(t, "testdata/baseline.txt")
	var mu sync.Mutex
	crashed, total := 0, 0
	next := make(chan *Case)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for c := range next {
				begin := time.Now()
				n, err := crashing(t, c)
				if err != nil {
					t.Errorf("%s, after %d crashes in %.1fs:\n    %v", c.ID, n, time.Since(begin).Seconds(), err)
				}
				mu.Lock()
				total++
				if n > 0 {
					crashed++
				}
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		if c.Kind == "execution" && listed[c.ID] && len(c.Workers) == 0 && c.Expected["status"] != "RUNNING" && strings.Contains(c.ID, *only) {
			next <- c
		}
	}
	close(next)
	group.Wait()
	t.Logf("%d of %d executions saw a crash", crashed, total)
	if *only == "" && crashed < 80 {
		t.Errorf("only %d executions saw a crash", crashed)
	}
}
