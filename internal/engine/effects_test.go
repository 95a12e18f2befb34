package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// asker asks for an effect by "ask", forgets it by "cancel", and counts what comes back in a part.
type asker struct {
	run  func(ctx context.Context, f store.Effect) ([]byte, error)
	last atomic.Pointer[Message]
	got  atomic.Int32
}

func (a *asker) Turn(tx Tx, m Message) error {
	tx.Head().Status = "OPEN"
	switch m.Type {
	case "ask":
		tx.Effect("f", "work", []byte(m.Key))
	case "cancel":
		tx.CancelEffect("f")
	case "swap": // both in one turn
		tx.CancelEffect("f")
		tx.Effect("f", "work", []byte(m.Key))
	case TypeEffect:
		a.last.Store(&m)
		a.got.Add(1)
	}
	tx.Reply(tx.EffectOpen("f"))
	return nil
}

func (a *asker) Run(ctx context.Context, f store.Effect) ([]byte, error) { return a.run(ctx, f) }

func ask(t *testing.T, s store.Store, a *asker) *Engine {
	t.Helper()
	return start(t, "", s, script{turn: a.Turn, run: a.Run})
}

func TestACancelledEffectEndsAndItsResultIsDropped(t *testing.T) {
	ended, s := make(chan error, 1), mem.New()
	a := &asker{run: func(ctx context.Context, _ store.Effect) ([]byte, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return []byte("late"), nil
	}}
	e := ask(t, s, a)
	if open := mustCall(t, e, "k/1", Message{Type: "ask"}); open != true {
		t.Error("the effect is not open in its own turn")
	}
	if open := mustCall(t, e, "k/1", Message{Type: "cancel"}); open != false {
		t.Error("the effect is open after its cancellation")
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("its context ended with %v", err)
	}
	if err := e.Settled(t.Context()); err != nil || a.got.Load() != 0 {
		t.Errorf("%d results came (%v)", a.got.Load(), err)
	}
	if err := s.Effects(t.Context(), func(f store.Effect) error { t.Errorf("%+v is left", f); return nil }); err != nil {
		t.Error(err)
	}
}

func TestAnEffectAskedForAnewIsAnotherOne(t *testing.T) {
	a := &asker{run: func(ctx context.Context, f store.Effect) ([]byte, error) {
		if string(f.Data) == "old" {
			<-ctx.Done()
		}
		return f.Data, nil
	}}
	e := ask(t, mem.New(), a)
	mustCall(t, e, "k/1", Message{Type: "ask", Key: "old"})
	mustCall(t, e, "k/1", Message{Type: "swap", Key: "new"})
	if err := e.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := a.last.Load(); a.got.Load() != 1 || m == nil || string(m.Body) != "new" {
		t.Errorf("%d results, last %+v; want one, of the new one", a.got.Load(), m)
	}
}

func TestASecondResultIsDropped(t *testing.T) {
	for _, together := range []bool{true, false} {
		twice := make(chan *run, 1)
		a := &asker{run: func(ctx context.Context, f store.Effect) ([]byte, error) {
			twice <- ctx.Value(runContext{}).(*run)
			return f.Data, nil
		}}
		s := mem.New()
		e := ask(t, s, a)
		if together {
			s.HoldSyncs(false)
		}
		done := make(chan error, 1)
		go func() {
			_, err := e.Call(context.Background(), "k/1", Message{Type: "ask"})
			done <- err
		}()
		if together {
			until(func() bool { return s.Unsynced() == 1 })
			s.Sync()
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		r := <-twice
		if together {
			until(func() bool { return s.Unsynced() == 1 }) // the first result is being committed
		} else if err := e.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.mu.Lock()
		e.deliver("k/1", item{m: Message{Type: TypeEffect, Key: "f", Body: []byte("again")}, run: r})
		e.mu.Unlock()
		if together {
			s.ReleaseSyncs()
		}
		if err := e.Settled(t.Context()); err != nil || a.got.Load() != 1 {
			t.Errorf("together %v: %d results (%v), want 1", together, a.got.Load(), err)
		}
	}
}

func TestAnEffectThatPanicsOrFailsSaysSo(t *testing.T) {
	a := &asker{run: func(_ context.Context, f store.Effect) ([]byte, error) {
		if string(f.Data) == "panic" {
			panic("as asked")
		}
		return nil, errors.New("as asked")
	}}
	e := ask(t, mem.New(), a)
	for key, want := range map[string]string{"panic": "internal error while running effect work", "fail": "as asked"} {
		mustCall(t, e, "k/1", Message{Type: "ask", Key: key})
		if err := e.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m := a.last.Load(); m == nil || m.Err == nil || m.Err.Error() != want {
			t.Errorf("%s: %+v", key, m)
		}
	}
}

func TestAnEffectThatCloseInterruptsRunsAgain(t *testing.T) {
	s, started := mem.New(), make(chan struct{}, 2)
	hang := &asker{run: func(ctx context.Context, _ store.Effect) ([]byte, error) {
		started <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	e := ask(t, s, hang)
	mustCall(t, e, "k/1", Message{Type: "ask", Key: "x"})
	<-started
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if hang.got.Load() != 0 {
		t.Error("the interruption counted as a result")
	}
	good := &asker{run: func(_ context.Context, f store.Effect) ([]byte, error) { return f.Data, nil }}
	e = ask(t, s, good)
	if err := e.Settled(t.Context()); err != nil || good.got.Load() != 1 || string(good.last.Load().Body) != "x" {
		t.Errorf("after a restart: %d results (%v)", good.got.Load(), err)
	}
}
