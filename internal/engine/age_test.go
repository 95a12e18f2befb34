package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

func TestAnEntityLeavesTheCacheAfterAWholePeriodOfRest(t *testing.T) {
	var alarms []func() // set for the end of a period, not gone off yet
	c, err := NewClock("real", func() time.Time { return time.Unix(1000, 0) }, func(d time.Duration, f func()) *time.Timer {
		if d == idlePeriod {
			alarms = append(alarms, f)
		}
		return time.AfterFunc(time.Hour, func() {})
	})
	if err != nil {
		t.Fatal(err)
	}
	e := New(Config{Store: mem.New(), Clock: c, Behaviours: map[byte]Behaviour{'k': script{turn: func(tx Tx, m Message) error {
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
		if len(alarms) != 1 {
			t.Fatalf("%d alarms are set for the end of the period", len(alarms))
		}
		ring := alarms[0]
		alarms = nil
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
	if len(alarms) != 0 {
		t.Error("an alarm is set although nothing is cached")
	}
	turns(1, 10, 3)
	turns(11, 1000, 2)
	if s := e.Stats(); s.Cached != 1000 || s.Evicted != 1000 {
		t.Errorf("cached %d, evicted %d", s.Cached, s.Evicted)
	}
}
