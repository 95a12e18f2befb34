package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

func TestTheCacheStaysWithinItsBytesAndForgetsNothing(t *testing.T) {
	const limit = 20_000
	e := New(Config{
		Store: mem.New(), Clock: NewManualClock(time.UnixMilli(1)), CacheBytes: limit,
		Behaviours: map[byte]Behaviour{'k': script{turn: func(tx Tx, m Message) error {
			if tx.State() == nil {
				tx.SetState(new(int), 300)
			}
			return counter(tx, m)
		}}},
	})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for round := range 3 {
		for i := range 100 {
			if n := mustCall(t, e, store.ID(fmt.Sprint("k/", i)), Message{Type: "good"}); n != round+1 {
				t.Fatalf("entity %d counted %v in round %d", i, n, round)
			}
			if err := e.Settled(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s := e.Stats(); s.CacheBytes > limit {
				t.Fatalf("the cache holds %d bytes, at most %d are allowed", s.CacheBytes, limit)
			}
		}
	}
	s := e.Stats()
	if s.Evicted < 200 || s.Cached == 0 || s.Cached > limit/800 {
		t.Errorf("evicted %d, cached %d in %d bytes", s.Evicted, s.Cached, s.CacheBytes)
	}
	before := s.Loads
	mustCall(t, e, "k/99", Message{Type: "good"})
	if after := e.Stats().Loads; after != before {
		t.Error("the entity used last was read anew")
	}
}

func TestAfterARemovalTheRestOfTheBatchFindsNothing(t *testing.T) {
	s := mem.New()
	e := start(t, "", s, script{turn: func(tx Tx, m Message) error {
		tx.Reply(tx.Exists())
		if m.Type == "remove" {
			tx.Remove()
			return nil
		}
		tx.Head().Status = "OPEN"
		tx.Put(m.Type, nil)
		tx.SetTimer("t", tx.Now().Add(time.Hour))
		return nil
	}})
	mustCall(t, e, "k/1", Message{Type: "old"})
	s.HoldSyncs(false)
	answers := make(chan string, 4)
	post := func(typ string) {
		v, err := e.Call(context.Background(), "k/1", Message{Type: typ})
		answers <- fmt.Sprintln(typ, v, err)
	}
	queued := e.Stats().Queued
	for i, typ := range []string{"first", "remove", "new"} { // the last two make one batch while the first is synced
		go post(typ)
		until(func() bool { return e.Stats().Queued == queued+uint64(i)+1 })
		if i == 0 {
			until(func() bool { return s.Unsynced() == 1 })
		}
	}
	s.ReleaseSyncs()
	got := map[string]bool{<-answers: true, <-answers: true, <-answers: true}
	for _, want := range []string{"first true <nil>", "remove true <nil>", "new false <nil>"} {
		if !got[want+"\n"] {
			t.Errorf("answers %v lack %s", got, want)
		}
	}
	snap, err := s.Load(t.Context(), "k/1")
	if err != nil || len(snap.Parts) != 1 || snap.Parts[0].Key != "new" || snap.Head.Version != 1 {
		t.Errorf("left: %+v (%v), want what came after the removal", snap, err)
	}
}

func TestCloseLetsATurnUnderWayEndAndRefusesMore(t *testing.T) {
	s := mem.New()
	e := start(t, "", s, script{turn: counter})
	s.HoldSyncs(false)
	under, waiting, closed := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	post := func(c chan error) {
		_, err := e.Call(context.Background(), "k/1", Message{Type: "good"})
		c <- err
	}
	go post(under)
	until(func() bool { return s.Unsynced() == 1 })
	go post(waiting)
	until(func() bool { return e.Stats().Queued == 2 })
	go func() { closed <- e.Close() }()
	until(func() bool { e.mu.Lock(); defer e.mu.Unlock(); return e.phase == closing })
	if _, err := e.Call(t.Context(), "k/2", Message{Type: "good"}); !errors.Is(err, ErrClosed) {
		t.Errorf("a call to a closing engine: %v", err)
	}
	select {
	case err := <-closed:
		t.Fatalf("closed with %v while a commit was under way", err)
	default:
	}
	s.ReleaseSyncs()
	if err := errors.Join(<-under, <-closed); err != nil {
		t.Errorf("the turn under way, and Close: %v", err)
	}
	err := <-waiting
	n, _ := s.ReadPart(t.Context(), "k/1", "n")
	want := "2"
	if errors.Is(err, ErrClosed) {
		want = "1"
	}
	if string(n) != want {
		t.Errorf("the waiting call got %v and the count is %s", err, n)
	}
	if err := e.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if _, err := e.Closed(t.Context(), "k/1"); !errors.Is(err, ErrClosed) {
		t.Errorf("Closed: %v", err)
	}
	if err := e.Start(t.Context()); err == nil {
		t.Error("a closed engine started")
	}
}

func TestCloseBeforeStartAnswersThoseWhoWait(t *testing.T) {
	e := New(Config{Store: mem.New(), Clock: NewManualClock(time.UnixMilli(1)), Behaviours: map[byte]Behaviour{'k': script{turn: counter}}})
	got := make(chan error, 1)
	go func() {
		_, err := e.Call(context.Background(), "k/1", Message{Type: "good"})
		got <- err
	}()
	until(func() bool { return e.Stats().Queued == 1 })
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; !errors.Is(err, ErrClosed) {
		t.Errorf("the call got %v", err)
	}
}

// flaky refuses its first commits.
type flaky struct {
	*mem.Store
	left int
}

func (f *flaky) Commit(ctx context.Context, t *store.Turn) error {
	if f.left > 0 {
		f.left--
		return errors.New("the disk is full")
	}
	return f.Store.Commit(ctx, t)
}

func TestARefusedCommitIsTheCallersErrorAndAPostIsTriedAgain(t *testing.T) {
	s := &flaky{Store: mem.New(), left: 3}
	e := start(t, "", s, script{turn: counter})
	e.spawn(func() { e.Post("k/1", Message{Type: "good"}) })
	until(func() bool { return e.Stats().Failures == 3 })
	if err := e.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.left = 1
	if _, err := e.Call(t.Context(), "k/1", Message{Type: "good"}); err == nil {
		t.Error("a refused commit was acknowledged")
	}
	if n := mustCall(t, e, "k/1", Message{Type: "good"}); n != 2 {
		t.Errorf("counted %v, want the post and the last call", n)
	}
}

func TestAMessageToAKindThatIsNotThereIsRefused(t *testing.T) {
	e := start(t, "", mem.New(), script{turn: counter})
	for _, id := range []store.ID{"", "z/1"} {
		if _, err := e.Call(t.Context(), id, Message{Type: "good"}); err == nil {
			t.Errorf("a call to %q was answered", id)
		}
	}
}

func TestAnEndlessLoopOfAgainLetsOthersHaveTheirTurns(t *testing.T) {
	e := New(Config{
		Store: mem.New(), Clock: NewManualClock(time.UnixMilli(1)), MaxTurns: 1,
		Behaviours: map[byte]Behaviour{'k': script{turn: func(tx Tx, m Message) error {
			tx.Head().Status = "OPEN"
			n, _ := strconv.Atoi(string(tx.Part("n")))
			tx.Put("n", strconv.AppendInt(nil, int64(n+1), 10))
			if tx.ID() == "k/loop" && m.Type != "stop" && tx.Part("stop") == nil {
				tx.Again()
			}
			if m.Type == "stop" {
				tx.Put("stop", nil)
				tx.Reply(n)
			}
			return nil
		}}},
	})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	mustCall(t, e, "k/loop", Message{Type: "go"})
	for i := range 20 {
		mustCall(t, e, store.ID(fmt.Sprint("k/", i)), Message{Type: "go"})
	}
	if n := mustCall(t, e, "k/loop", Message{Type: "stop"}).(int); n < 20 {
		t.Errorf("the loop had %d turns beside 20 others", n)
	}
	if err := e.Settled(t.Context()); err != nil {
		t.Error(err)
	}
}
