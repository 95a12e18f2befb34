package durabletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/conformance"
	"github.com/perdure/perdure/internal/durop"
)

// stage plays one requirement against the in-memory service, with the clock of the story rather than that of a runner:
// time goes on to the next thing that happens, be it a timer or somebody's answer.
type stage struct {
	t       *testing.T
	s       *service
	fn      func(context.Context, []byte) ([]byte, error)
	actions []conformance.Action
	due     map[string]scheduled // by callback id
	journal []string
	mu      sync.Mutex
}

type scheduled struct {
	at     int64
	action conformance.Action
}

func (st *stage) note(line string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.journal = append(st.journal, line)
}

// crashable runs an invocation that may die: its goroutine then waits until the test is over, and nobody hears of it.
func (st *stage) crashable(fn func(context.Context, []byte) ([]byte, error)) func(context.Context, []byte) ([]byte, error) {
	over := make(chan struct{})
	st.t.Cleanup(func() { close(over) })
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		type answer struct {
			out []byte
			err error
		}
		answers, dead := make(chan answer, 1), make(chan struct{}, 1)
		go func() {
			out, err := fn(conformance.WithCrash(ctx, func() { dead <- struct{}{}; <-over }), payload)
			answers <- answer{out, err}
		}()
		select {
		case a := <-answers:
			return a.out, a.err
		case <-dead:
			return nil, errors.New("RequestId: 1 Error: Runtime exited with error: exit status 1")
		}
	}
}

// next brings the story on; false means that nothing will ever happen.
func (st *stage) next(targets map[string]Function) bool {
	s := st.s
	if _, ready := s.state.Suspends(); ready || s.state.Unseen() {
		return true
	}
	if ran, err := s.runTargets(context.Background(), targets, 0); err != nil {
		st.t.Fatal(err)
	} else if ran {
		return true
	}
	st.schedule()
	who, at := "", s.state.NextWake()
	for id, d := range st.due {
		if at == 0 || d.at <= at {
			who, at = id, d.at
		}
	}
	if at == 0 {
		return false
	}
	s.now = max(s.now, at)
	if who == "" {
		_, events := s.state.Due(s.now)
		s.append(events...)
		return true
	}
	return st.act(who) || st.next(targets)
}

// schedule picks an action for every open callback that has none.
func (st *stage) schedule() {
	for _, o := range st.s.state.Ops {
		if o.Type != durop.Callback || o.Status != durop.Started {
			delete(st.due, o.CallbackID)
			continue
		}
		if _, known := st.due[o.CallbackID]; known {
			continue
		}
		i := slices.IndexFunc(st.actions, func(a conformance.Action) bool { return a.Name == "*" || a.Name == o.Name })
		if i < 0 {
			continue
		}
		a := st.actions[i]
		st.actions = slices.Delete(slices.Clone(st.actions), i, i+1)
		st.due[o.CallbackID] = scheduled{st.s.now + int64(a.Delay)*1000, a}
	}
}

// act answers a callback; a heartbeat changes nothing the function is told of.
func (st *stage) act(id string) bool {
	s, d := st.s, st.due[id]
	delete(st.due, id)
	for _, o := range s.state.Ops {
		if o.CallbackID != id {
			continue
		}
		switch d.action.Kind {
		case "heartbeat":
			s.state.Beat(o, s.now)
			return false
		case "failure":
			e, _ := s.state.Answer(o, nil, durop.NewError(d.action.Payload, "External"), s.now)
			s.append(e)
		default:
			var result durop.Text
			if d.action.Payload != "" {
				result = durop.Quote(d.action.Payload)
			}
			e, _ := s.state.Answer(o, result, nil, s.now)
			s.append(e)
		}
	}
	return true
}

func (st *stage) letters() []string {
	return conformance.Letters((&TestResult{Events: events(st.s.events)}).EventTypes())
}

func play(t *testing.T, c conformance.Case, r conformance.Requirement) *stage {
	st := &stage{t: t, actions: c.Actions, due: map[string]scheduled{}}
	cl := &client{}
	opts := []durable.HandlerOption{durable.WithExecutionClient(cl), durable.WithLogHandler(slog.DiscardHandler)}
	if c.Options != nil {
		opts = append(opts, c.Options(st.note)...)
	}
	st.fn = st.crashable(durable.Wrap(c.Handler, opts...))
	var input durop.Text
	if c.Input != "" {
		input = durop.Quote(c.Input)
	}
	st.s = newService("00000000-0000-4000-8000-000000000001", input, 1_800_000_000_000, maxResult)
	cl.service = st.s
	targets := map[string]Function{}
	if c.Target != nil {
		targets["target:$LATEST"] = DurableFunction(c.Target)
	}
	for n := 0; st.s.closed == nil && n < 30; n++ {
		if err := st.s.invoke(context.Background(), st.fn); err != nil {
			continue // a crashed invocation is repeated
		}
		if r.End == "open" || st.s.closed != nil || !st.next(targets) {
			break
		}
	}
	return st
}

func TestRequirements(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	all, err := conformance.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		cases[c.ID] = c
	}
	if len(all) != 171 || len(cases) != len(all) {
		t.Errorf("%d requirements, %d handlers", len(all), len(cases))
	}
	for _, r := range all {
		t.Run(r.ID, func(t *testing.T) {
			c, ok := cases[r.ID]
			if !ok {
				t.Fatalf("no handler: %s", r.What)
			}
			check(t, c, r, play(t, c, r))
		})
	}
}

func check(t *testing.T, c conformance.Case, r conformance.Requirement, st *stage) {
	t.Helper()
	if got := st.letters(); !r.Fits(got) {
		t.Errorf("%s\n got %v\nwant %v", r.What, got, r.Events)
	}
	end := map[string]string{"ok": "SUCCEEDED", "fail": "FAILED", "open": ""}[r.End]
	switch {
	case st.s.closed == nil:
		if end != "" {
			t.Errorf("%s: the execution is open, want %s", r.What, end)
		}
		return
	case st.s.closed.status != end:
		t.Errorf("%s: the execution ended %s (%s), want %s", r.What, st.s.closed.status, st.s.closed.err, end)
	}
	if c.Result != "" && !sameJSON(st.s.closed.result.String(), c.Result) {
		t.Errorf("%s: result %s, want %s", r.What, st.s.closed.result.String(), c.Result)
	}
	if c.Journal != nil {
		said, wanted := slices.Sorted(slices.Values(st.journal)), slices.Sorted(slices.Values(c.Journal))
		if !slices.Equal(said, wanted) {
			t.Errorf("%s: plugins wrote\n%q\nwant\n%q", r.What, st.journal, c.Journal)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}
