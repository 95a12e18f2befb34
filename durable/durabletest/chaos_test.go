package durabletest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/durop"
)

// programs is how many; the race detector makes each some ten times slower.
var programs = flag.Int("programs", map[bool]int{false: 2000, true: 200}[racing], "random programs to run")

// fault is what happens to one checkpoint call of an execution.
type fault int

const (
	none    fault = iota
	crash         // the process dies before the call
	unheard       // the process dies after the call, before its answer
	lost          // the call is made, its answer is an error of the network
	unsent        // the call is not made, the answer is an error of the network
	doubled       // the call arrives twice, and its answer lists everything twice
	kinds         // how many there are
)

// world is one execution of a program and the trouble it gets into.
type world struct {
	*service
	kind fault
	at   int // the call it happens to, from 1

	mu       sync.Mutex
	calls    int
	over     chan struct{} // closed when the world ends: what is left of dead processes goes home
	begun    map[string]bool
	mistakes []string
}

// process is one invocation's.
type process struct {
	isDead bool // belongs to world.mu
	dead   chan struct{}
}

type processKey struct{}

func processOf(ctx context.Context) *process { return ctx.Value(processKey{}).(*process) }

var errNetwork = errors.New("connection reset by peer")

// Checkpoint is the service's, with the fault. A call of a dead process gets no answer while the world lasts.
func (w *world) Checkpoint(ctx context.Context, in durable.CheckpointInput) (out durable.CheckpointOutput, err error) {
	p := processOf(ctx)
	kind := w.strike(p)
	if kind == crash {
		return out, w.die(p)
	}
	if kind == unsent {
		return out, errNetwork
	}
	out, err = w.service.Checkpoint(ctx, in)
	switch kind {
	case unheard:
		return out, w.die(p)
	case lost:
		return durable.CheckpointOutput{}, errNetwork
	case doubled:
		if _, again := w.service.Checkpoint(ctx, in); again == nil {
			w.wrong("a call was accepted twice")
		}
		out.NewExecutionState = append(slices.Clone(out.NewExecutionState), out.NewExecutionState...)
	}
	return out, err
}

// strike says what happens to the next call of p.
func (w *world) strike(p *process) fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.isDead {
		return crash
	}
	if w.calls++; w.calls == w.at {
		return w.kind
	}
	return none
}

func (w *world) die(p *process) error {
	w.mu.Lock()
	if !p.isDead {
		p.isDead = true
		close(p.dead)
	}
	w.mu.Unlock()
	<-w.over
	return errNetwork
}

func (w *world) wrong(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mistakes = append(w.mistakes, fmt.Sprintf(format, args...))
}

// ran judges a step body that begins: not after the step's end, and an at-most-once attempt not a second time.
func (w *world) ran(ctx context.Context, name string, attempt int, once bool) error {
	p := processOf(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.isDead {
		return errNetwork // this never happened
	}
	key := fmt.Sprint(name, " attempt ", attempt)
	if once && w.begun[key] {
		w.mistakes = append(w.mistakes, key+" ran twice, at most once was asked for")
	}
	w.begun[key] = true
	w.service.mu.Lock()
	defer w.service.mu.Unlock()
	for _, o := range w.state.Ops {
		if o.Name == name && o.Terminal() {
			w.mistakes = append(w.mistakes, key+" ran after the step had ended")
		}
	}
	return nil
}

// run plays a program to its end and says what it gave and what is on record.
func run(nodes []node, kind fault, at int) (w *world, err error) {
	w = &world{service: newService("00000000-0000-4000-8000-000000000001", nil, 1_800_000_000_000, maxResult),
		kind: kind, at: at, over: make(chan struct{}), begun: map[string]bool{}}
	defer close(w.over)
	a := &actor{ran: w.ran}
	fn := durable.Wrap(func(ctx durable.Context, _ any) (string, error) { return a.play(ctx, "", nodes) },
		durable.WithExecutionClient(w), durable.WithLogHandler(slog.DiscardHandler), durable.WithStackTraces(false))
	targets := map[string]Function{"echo": PlainFunction(func(_ context.Context, in string) (string, error) {
		if in == "refuse" {
			return "", errors.New("refused")
		}
		return in, nil
	})}
	for range 300 {
		if err := w.invoke(context.Background(), mortal(fn)); err != nil {
			if kind == none || kind == doubled {
				return w, err
			}
			continue
		}
		if w.closed != nil {
			return w, nil
		}
		if more, err := w.proceed(targets); err != nil || !more {
			return w, errors.Join(err, fmt.Errorf("nothing will ever happen:\n%s", (w.result()).FormatTree()))
		}
	}
	return w, errors.New("it never ends")
}

// mortal lets the process of an invocation die.
func mortal(fn func(context.Context, []byte) ([]byte, error)) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		p := &process{dead: make(chan struct{})}
		answered := make(chan struct{})
		var out []byte
		var err error
		go func() {
			defer close(answered)
			out, err = fn(context.WithValue(ctx, processKey{}, p), payload)
		}()
		select {
		case <-answered:
			return out, err
		case <-p.dead:
			return nil, errors.New("Runtime exited with error: exit status 1")
		}
	}
}

// proceed brings about what the program waits for: targets, answers to callbacks, time.
func (w *world) proceed(targets map[string]Function) (bool, error) {
	if _, ready := w.state.Suspends(); ready || w.state.Unseen() {
		return true, nil
	}
	if ran, err := w.runTargets(context.Background(), targets, 0); err != nil || ran {
		return ran, err
	}
	answered := false
	for _, o := range w.state.Ops {
		if o.Type != durop.Callback || o.Status != durop.Started {
			continue
		}
		var result durop.Text
		failure := durop.NewError("no", "External")
		if !strings.HasPrefix(o.Name, "rejected") {
			result, failure = durop.Quote("answer to "+o.Name), nil
		}
		e, _ := w.state.Answer(o, result, failure, w.now)
		w.append(e)
		answered = true
	}
	return answered || w.pass(), nil
}

// record is what is kept of an execution, without times, attempts and what depends on the order of branches.
func (w *world) record() map[string]string {
	out := map[string]string{"result": w.closed.status + " " + w.closed.result.String()}
	for _, o := range w.state.Ops {
		var e struct{ ErrorType, ErrorMessage string }
		_ = json.Unmarshal(o.Error, &e)
		out[o.ID] = fmt.Sprintln(o.Type, o.SubType, o.Name, o.ParentID, o.Status, o.Result, e)
	}
	return out
}

// TestRandomProgramsSurviveEveryCrash runs random programs undisturbed, and once more for every checkpoint call with a
// fault at it: the result and the record must be the same, and no step may run that must not.
func TestRandomProgramsSurviveEveryCrash(t *testing.T) {
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			for seed := lane; seed < *programs && !t.Failed(); seed += lanes {
				survive(t, uint64(seed))
				if seed/lanes%1000 == 999 {
					t.Logf("%d programs of this lane survived, the last is %d", seed/lanes+1, seed) // a long run is watched with -v
				}
			}
		})
	}
}

func survive(t *testing.T, seed uint64) {
	depth := 1
	if seed%5 == 0 {
		depth = 2
	}
	nodes := program(rand.New(rand.NewPCG(seed, 5)), "", depth)
	calm, err := run(nodes, none, 0)
	if err != nil {
		t.Fatalf("program %d %v: %v", seed, nodes, err)
	}
	want := calm.record()
	for at := 1; at <= calm.calls; at++ {
		kind := fault(1 + (int(seed)+at)%int(kinds-1))
		w, err := run(nodes, kind, at)
		if err != nil {
			t.Fatalf("program %d %v, fault %d at call %d: %v", seed, nodes, kind, at, err)
		}
		got := w.record()
		for id := range want {
			if got[id] != want[id] {
				t.Errorf("program %d, fault %d at call %d:\n got %s\nwant %s", seed, kind, at, got[id], want[id])
			}
		}
		if len(got) != len(want) || len(calm.mistakes)+len(w.mistakes) > 0 {
			t.Errorf("program %d %v, fault %d at call %d: %d operations, want %d; %q", seed, nodes, kind, at, len(got), len(want), append(calm.mistakes, w.mistakes...))
		}
	}
}
