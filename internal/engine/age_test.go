package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

func TestAnEntityLeavesTheCacheAfterAWholePeriodOfRest(t *testing.T) {
	o := &outside{now: time.Unix(1000, 0)}
	e := New(Config{Store: mem.New(), Clock: o.clock(t, "real"), Behaviours: map[byte]Behaviour{'k': script{turn: func(tx Tx, m Message) error {
		if tx.State() == nil {
			tx.SetState(new(int), muchAged/100)
		}
		return counter(tx, m)
	}}}})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	turns := func(first, last, want int) {
		t.Helper()
		for i := first; i <= last; i++ {
			if n := mustCall(t, e, store.ID(fmt.Sprint("k/", i)), Message{Type: "good"}); n != want {
				t.Fatalf("entity %d counted %v, want %d", i, n, want)
			}
		}
		if err := e.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	period := func(cached int) {
		t.Helper()
		if len(o.ages) != 1 {
			t.Fatalf("%d alarms are set for the end of the period", len(o.ages))
		}
		ring := o.ages[0]
		o.ages = nil
		ring()
		if s := e.Stats(); s.Cached != cached {
			t.Fatalf("%d entities are cached, want %d", s.Cached, cached)
		}
	}
	turns(1, 1000, 1)
	period(1000)
	turns(1, 10, 2)
	period(10)
	period(0)
	if len(o.ages) != 0 {
		t.Error("an alarm is set although nothing is cached")
	}
	turns(1, 10, 3)
	turns(11, 1000, 2)
	if s := e.Stats(); s.Cached != 1000 || s.Evicted != 1000 {
		t.Errorf("cached %d, evicted %d", s.Cached, s.Evicted)
	}
}
