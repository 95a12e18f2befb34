package lambda

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// node is a random program: what it does depends on the seed alone, so a replay does the same.
type node struct {
	kind     string
	children []node
	n        int
}

func randomNodes(r *rand.Rand, depth int) []node {
	kinds := []string{"step", "retry", "fail", "wait", "poll", "timeout", "beat", "echo", "child", "broken", "submit", "parallel"}
	var nodes []node
	for range 1 + r.IntN(4) {
		n := node{kind: kinds[r.IntN(len(kinds))], n: 1 + r.IntN(3)}
		if depth > 0 && r.IntN(3) == 0 {
			n.kind = "context"
			n.children = randomNodes(r, depth-1)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// play runs nodes one after the other and tells what came out.
func (n *node) play(p *program) string {
	var out string
	var err error
	switch n.kind {
	case "step":
		out, err = p.step(never, hello)
	case "fail":
		out, err = p.step(never, boom)
	case "retry":
		id := fmt.Sprintf("%s%d", p.parent, p.count+1)
		out, err = p.step(times(3), func() (string, error) {
			if o := p.root.ops[id]; o == nil || o.StepDetails.Attempt < n.n {
				return boom()
			}
			return hello()
		})
	case "wait":
		p.wait(n.n)
	case "poll":
		out, err = p.poll("", func(s string) (string, bool, error) { return s + "x", len(s) >= n.n, nil })
	case "timeout":
		_, await := p.callback(n.n, 0)
		out, err = await()
	case "beat":
		_, await := p.callback(60, n.n)
		out, err = await()
	case "echo":
		out, err = p.invoke("echo", `"e"`, "")
	case "child":
		out, err = p.invoke("child:$LATEST", `"c"`, "")
	case "broken":
		out, err = p.invoke("broken:live", "", "")
	case "submit":
		out, err = p.waitForCallback(n.n, 0, never, func(string) error { return nil })
	case "parallel":
		id, await := p.callback(0, n.n)
		p.wait(n.n + 1)
		out, err = await()
		if id == "" {
			err = errBoom
		}
	case "context":
		out, err = p.child(func(c *program) (string, error) { return playAll(c, n.children), nil })
	}
	return fmt.Sprint(n.kind, ":", out, ":", err)
}

func playAll(p *program, nodes []node) string {
	var out []string
	for i := range nodes {
		out = append(out, nodes[i].play(p))
	}
	return strings.Join(out, ",")
}

// TestRandomProgramsSurviveCrashes runs random programs undisturbed and then from what the store held after some of their
// commits, with every checkpoint sent twice: the same result and the same history.
func TestRandomProgramsSurviveCrashes(t *testing.T) {
	programs, crashes := 60, 6
	if testing.Short() {
		programs = 15
	}
	for seed := range programs {
		r := rand.New(rand.NewPCG(1, uint64(seed)))
		nodes := randomNodes(r, 2)
		code := func() *scripted {
			c := newScripted()
			addTargets(c)
			c.durable["f"] = durableFunc(func(p *program) (string, error) { return playAll(p, nodes), nil })
			return c
		}
		rec := &recorder{}
		w := newWorld(t, code(), plan{wrap: func(s *mem.Store) store.Store {
			rec.Store = s
			return rec
		}})
		arn := w.start("f", "once", "")
		w.play(arn)
		want, sequence := w.get(arn)["Result"], w.sequence(arn)
		if want == nil {
			t.Fatalf("seed %d: %v %s", seed, w.get(arn), sequence)
		}
		for range crashes {
			at := r.IntN(len(rec.after))
			w := newWorld(t, code(), plan{store: rec.after[at].Crash(0), ids: uint64(1000 * (at + 1)), doubled: true})
			w.play(arn)
			if got := w.get(arn)["Result"]; got != want {
				t.Errorf("seed %d, crash after commit %d: result\n got %v\nwant %v\n%s", seed, at, got, want, w.sequence(arn))
			}
			if got := w.sequence(arn); got != sequence {
				t.Errorf("seed %d, crash after commit %d: history\n got %s\nwant %s", seed, at, got, sequence)
			}
			w.eng.Close()
		}
		w.eng.Close()
	}
}
