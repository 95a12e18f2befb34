package engine

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// script is a behaviour made of two functions.
type script struct {
	turn func(tx Tx, m Message) error
	run  func(ctx context.Context, f store.Effect) ([]byte, error)
}

func (s script) Turn(tx Tx, m Message) error { return s.turn(tx, m) }

func (s script) Run(ctx context.Context, f store.Effect) ([]byte, error) { return s.run(ctx, f) }

var ids atomic.Int64

// start starts an engine with a behaviour for kind 'k'; mode "" is a manual clock at the epoch.
func start(t *testing.T, mode string, s store.Store, b script) *Engine {
	t.Helper()
	c := NewManualClock(time.UnixMilli(0))
	if mode != "" {
		var err error
		if c, err = NewClock(mode, time.Now, time.AfterFunc); err != nil {
			t.Fatal(err)
		}
	}
	e := New(Config{
		Store: s, Clock: c, Behaviours: map[byte]Behaviour{'k': b},
		NewID:  func() string { return strconv.FormatInt(ids.Add(1), 10) },
		Random: func() float64 { return 0.5 },
	})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// until lets other goroutines go on until a condition holds.
func until(holds func() bool) {
	for !holds() {
		runtime.Gosched()
	}
}

func TestCallReturnsTheReplyAfterTheCommit(t *testing.T) {
	s := mem.New()
	e := start(t, "", s, script{turn: func(tx Tx, m Message) error {
		tx.Head().Status = "OPEN"
		tx.Put("p", []byte(m.Key))
		tx.Append([]byte(`{"n":1}`))
		tx.Reply("done")
		return nil
	}})
	s.HoldSyncs(false)
	got := make(chan any, 1)
	go func() {
		v, err := e.Call(context.Background(), "k/1", Message{Type: "go", Key: "x"})
		if err != nil {
			v = err
		}
		got <- v
	}()
	until(func() bool { return s.Unsynced() == 1 })
	select {
	case v := <-got:
		t.Fatalf("answered %v before the commit was durable", v)
	default:
	}
	if _, err := s.Crash(0).Head(t.Context(), "k/1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a crash before the sync left %v", err)
	}
	s.ReleaseSyncs()
	if v := <-got; v != "done" {
		t.Fatalf("Call returned %v", v)
	}
	h, err := s.Head(t.Context(), "k/1")
	if err != nil || h.Version != 1 || h.Events != 1 || h.Status != "OPEN" {
		t.Fatalf("head %+v, %v", h, err)
	}
}

// counter counts messages in a part, one "n" at a time.
func counter(tx Tx, m Message) error {
	if m.Type == "bad" {
		return errors.New("bad message")
	}
	if m.Type == "panic" {
		tx.Put("n", []byte("garbage"))
		panic("as asked")
	}
	n, _ := strconv.Atoi(string(tx.Part("n")))
	tx.Head().Status = "OPEN"
	tx.Put("n", strconv.AppendInt(nil, int64(n+1), 10))
	tx.Reply(n + 1)
	return nil
}

func TestMessagesThatQueueUpShareACommitAndFailAlone(t *testing.T) {
	s := mem.New()
	e := start(t, "", s, script{turn: counter})
	s.HoldSyncs(false)
	type answer struct {
		v   any
		err error
	}
	answers := make(chan answer, 31)
	call := func(typ string) {
		v, err := e.Call(context.Background(), "k/1", Message{Type: typ})
		answers <- answer{v, err}
	}
	go call("good")
	until(func() bool { return s.Unsynced() == 1 })
	for i := range 30 {
		go call([]string{"good", "bad", "panic"}[i%3])
	}
	until(func() bool { return e.Stats().Queued == 31 })
	s.ReleaseSyncs()
	failed := 0
	for range 31 {
		if a := <-answers; a.err != nil {
			failed++
		}
	}
	if failed != 20 {
		t.Errorf("%d messages failed, want 20", failed)
	}
	v, err := e.Call(t.Context(), "k/1", Message{Type: "good"})
	if err != nil || v != 12 {
		t.Errorf("counted %v (%v), want 12", v, err)
	}
	if c := s.Stats().Commits; c != 3 {
		t.Errorf("%d commits, want 3: one alone, one for thirty messages, one at the end", c)
	}
}

func TestSkipRunsAYearOfTimersAtOnceButWaitsForEffects(t *testing.T) {
	const months = 12
	e := start(t, "skip", mem.New(), script{
		turn: func(tx Tx, m Message) error {
			n, _ := strconv.Atoi(string(tx.Part("n")))
			switch m.Type {
			case TypeEffect:
				if _, ok := tx.Timer("timeout"); !ok {
					return errors.New("time skipped past a running effect")
				}
				tx.ClearTimer("timeout")
				if n == months {
					tx.Head().Ended = tx.Now().UnixMilli()
					return nil
				}
				tx.SetTimer("month", tx.Now().Add(30*24*time.Hour))
			default:
				tx.Head().Status = "OPEN"
				tx.Put("n", strconv.AppendInt(nil, int64(n+1), 10))
				tx.SetTimer("timeout", tx.Now().Add(time.Hour))
				tx.Effect("work", "w", nil)
			}
			return nil
		},
		run: func(ctx context.Context, f store.Effect) ([]byte, error) {
			for range 100 { // long enough for a skip that should not be
				runtime.Gosched()
			}
			return nil, nil
		},
	})
	began := e.Now()
	if _, err := e.Call(t.Context(), "k/1", Message{Type: "start"}); err != nil {
		t.Fatal(err)
	}
	h, err := e.Closed(t.Context(), "k/1")
	if err != nil {
		t.Fatal(err)
	}
	if d := time.UnixMilli(h.Ended).Sub(began); d < 11*30*24*time.Hour || d > 11*30*24*time.Hour+time.Hour {
		t.Errorf("took %s of engine time", d)
	}
}

func TestMessagesBetweenEntitiesSurviveARestart(t *testing.T) {
	s := mem.New()
	left := store.Turn{Head: store.Head{ID: "k/1", Status: "OPEN", Version: 1}}
	for range 5 { // as a node leaves it that dies right after its commit
		left.Outbox = append(left.Outbox, store.Message{Target: "k/target", Type: "hello"})
	}
	if err := s.Commit(t.Context(), &left); err != nil {
		t.Fatal(err)
	}
	e := start(t, "", s, script{turn: counter})
	if err := e.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v, err := s.ReadPart(t.Context(), "k/target", "n"); err != nil || string(v) != "5" {
		t.Errorf("target counted %s (%v), want 5", v, err)
	}
	if snap, err := s.Load(t.Context(), "k/target"); err != nil || len(snap.Inbox) > 0 {
		t.Errorf("left in the inbox: %v (%v)", snap.Inbox, err)
	}
}
