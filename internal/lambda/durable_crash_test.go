package lambda

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// recorder keeps what the store would hold after a crash right after each commit.
type recorder struct {
	*mem.Store
	mu    sync.Mutex
	after []*mem.Store
}

func (r *recorder) Commit(ctx context.Context, t *store.Turn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.Store.Commit(ctx, t)
	if err == nil {
		r.after = append(r.after, r.Store.Crash(0))
	}
	return err
}

// journey is a program that uses everything: steps with a retry, a wait, a poll, a child context, a callback that times
// out, chained invokes of a durable and of a plain function.
func journey(p *program) (string, error) {
	a, err := p.step(times(3), func() (string, error) {
		if p.root.ops["1"] == nil || p.root.ops["1"].StepDetails.Attempt == 0 {
			return boom()
		}
		return "a", nil
	})
	if err != nil {
		return "", err
	}
	p.wait(30)
	b, _ := p.poll("", func(s string) (string, bool, error) { return s + "b", len(s) == 2, nil })
	c, err := p.child(func(c *program) (string, error) {
		r, _ := c.step(never, func() (string, error) { return "c", nil })
		c.wait(1)
		return r, nil
	})
	if err != nil {
		return "", err
	}
	_, await := p.callback(10, 0)
	_, timedOut := await()
	d, err := p.invoke("child:$LATEST", `"d"`, "")
	if err != nil {
		return "", err
	}
	e, err := p.invoke("echo", `"e"`, "")
	if err != nil {
		return "", err
	}
	return fmt.Sprint(a, b, c, timedOut, d, e), nil
}

// TestCrashAfterEveryCommit runs a program undisturbed, and then, from what the store held after each of its commits, as a
// restarted server would: the result is the same and the history gapless every time.
func TestCrashAfterEveryCommit(t *testing.T) {
	code := newScripted()
	addTargets(code)
	code.durable["f"] = durableFunc(journey)
	rec := &recorder{}
	w := newWorld(t, code, plan{wrap: func(s *mem.Store) store.Store {
		rec.Store = s
		return rec
	}})
	arn := w.start("f", "once", `{"in":1}`)
	w.play(arn)
	want, sequence := w.get(arn)["Result"], w.sequence(arn)
	if want == nil {
		t.Fatalf("undisturbed: %v: %s", w.get(arn), sequence)
	}
	if len(rec.after) < 30 {
		t.Fatalf("only %d commits", len(rec.after))
	}
	for i, held := range rec.after {
		t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			code := newScripted()
			addTargets(code)
			code.durable["f"] = durableFunc(journey)
			w := newWorld(t, code, plan{store: held, ids: uint64(1000 * (i + 1))})
			w.play(arn)
			if got := w.get(arn)["Result"]; got != want {
				t.Errorf("result %v, undisturbed %v\n%s", got, want, w.sequence(arn))
			}
			if got := w.sequence(arn); got != sequence {
				t.Errorf("history\n got %s\nwant %s", got, sequence)
			}
		})
	}
}

// TestCrashDuringEveryInvocation lets the code die right after each of its checkpoints: every time the execution goes on
// with a fresh token and ends with the same result.
func TestCrashDuringEveryInvocation(t *testing.T) {
	var want any
	for crashAt := 0; ; crashAt++ {
		code := newScripted()
		addTargets(code)
		w := newWorld(t, code, plan{})
		checkpoints, crashed := 0, false
		code.durable["f"] = durableFunc(func(p *program) (string, error) {
			p.root.after = func() {
				if checkpoints++; checkpoints == crashAt {
					crashed = true
					panicCrash()
				}
			}
			return journey(p)
		})
		arn := w.start("f", "once", `{"in":1}`)
		w.play(arn)
		got := w.get(arn)["Result"]
		if crashAt == 0 {
			want = got
			continue
		}
		if got != want {
			t.Errorf("crash at checkpoint %d: result %v, want %v\n%s", crashAt, got, want, w.sequence(arn))
		}
		if !crashed {
			if crashAt < 10 {
				t.Fatalf("only %d checkpoints", crashAt)
			}
			return
		}
	}
}

func panicCrash() { panic(crashed{failed{"Runtime.ExitError", "died"}}) }
