package engine

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// leaving is a behaviour that sets a patient timer and counts what fires.
func leaving(fired *atomic.Int32) script {
	return script{turn: func(tx Tx, m Message) error {
		if m.Type == TypeTimer {
			fired.Add(1)
			tx.Put("fired", []byte(m.Key))
			return nil
		}
		tx.Head().Status = "OPEN"
		tx.SetTimer("~keep", tx.Now().Add(14*24*time.Hour))
		if m.Key != "" {
			tx.SetTimer(m.Key, tx.Now().Add(30*24*time.Hour))
		}
		return nil
	}}
}

func TestPatientTimersDoNotMakeTimePass(t *testing.T) {
	var fired atomic.Int32
	e := start(t, "", mem.New(), leaving(&fired))
	for i := range 600 { // more than one reading ahead
		if _, err := e.Call(t.Context(), store.ID(fmt.Sprint("k/", i)), Message{Type: "go"}); err != nil {
			t.Fatal(err)
		}
	}
	began := e.Now()
	if some, err := e.AdvanceToNext(t.Context()); some || err != nil || !e.Now().Equal(began) {
		t.Errorf("went on to %s (%v)", e.Now(), err)
	}
	if _, err := e.Call(t.Context(), "k/last", Message{Type: "go", Key: "far"}); err != nil {
		t.Fatal(err)
	}
	if some, err := e.AdvanceToNext(t.Context()); !some || err != nil || e.Now().Sub(began) != 30*24*time.Hour {
		t.Errorf("went on to %s (%v)", e.Now(), err)
	}
	if n := fired.Load(); n != 602 {
		t.Errorf("%d timers fired on the way, want 601 patient ones and the one gone for", n)
	}
}

func TestPatientTimersAreNotSkippedTo(t *testing.T) {
	var fired atomic.Int32
	e := start(t, "skip", mem.New(), leaving(&fired))
	began := e.Now()
	for i := range 3 {
		if _, err := e.Call(t.Context(), store.ID(fmt.Sprint("k/", i)), Message{Type: "go"}); err != nil {
			t.Fatal(err)
		}
		if err := e.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if passed := e.Now().Sub(began); passed > time.Hour {
		t.Errorf("%s were skipped", passed)
	}
}
