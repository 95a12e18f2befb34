package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

func timers(t *testing.T, s store.Store) {
	if _, ok, err := s.NextTimer(t.Context()); ok || err != nil {
		t.Fatalf("a first timer in an empty store (%v)", err)
	}
	set := func(id store.ID, read uint64, timers ...store.Timer) {
		commit(t, s, turn(id, read, func(t *store.Turn) { t.Timers = timers }))
	}
	due := func(at int64, limit int) string {
		t.Helper()
		ts, err := s.Timers(t.Context(), at, limit)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, m := range ts {
			out += fmt.Sprintf("%s.%s@%d ", m.ID, m.Key, m.Due)
		}
		return out
	}
	set("m/b", 0, store.Timer{Key: "x", Due: 30}, store.Timer{Key: "y", Due: 10})
	set("m/a", 0, store.Timer{Key: "x", Due: 10}, store.Timer{Key: "z", Due: -5}, store.Timer{Key: "far", Due: 1 << 60})
	check := func(got, wanted string) {
		t.Helper()
		if got != wanted {
			t.Errorf("got %q, want %q", got, wanted)
		}
	}
	check(due(-6, 10), "")
	check(due(10, 10), "m/a.z@-5 m/a.x@10 m/b.y@10 ")
	check(due(10, 2), "m/a.z@-5 m/a.x@10 ")
	check(due(1<<62, 10), "m/a.z@-5 m/a.x@10 m/b.y@10 m/b.x@30 m/a.far@1152921504606846976 ")
	set("m/a", 1, store.Timer{Key: "z"}, store.Timer{Key: "x", Due: 40}, store.Timer{Key: "none"})
	check(due(100, 10), "m/b.y@10 m/b.x@30 m/a.x@40 ")
	set("m/b", 1, store.Timer{Key: "x", Due: 5}, store.Timer{Key: "y", Due: 10})
	check(due(100, 10), "m/b.x@5 m/b.y@10 m/a.x@40 ")
	next, ok, err := s.NextTimer(t.Context())
	if !ok || err != nil || next != (store.Timer{ID: "m/b", Key: "x", Due: 5}) {
		t.Errorf("first timer %+v %v %v", next, ok, err)
	}
	want(t, "timers of m/a", load(t, s, "m/a").Timers, []store.Timer{{ID: "m/a", Key: "far", Due: 1 << 60}, {ID: "m/a", Key: "x", Due: 40}})
}

// timersRace sets and clears timers in several entities while looking for the first one, as a busy engine does. The one
// that is set last and below all others must be found.
func timersRace(t *testing.T, s store.Store) {
	const entities, rounds = 4, 60
	done := make(chan struct{})
	var looking sync.WaitGroup
	for range 2 {
		looking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, _, err := s.NextTimer(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var setting sync.WaitGroup
	for n := range entities {
		setting.Go(func() {
			id := store.ID(fmt.Sprintf("m/%d", n))
			for i := range uint64(rounds) {
				due := int64(1000 - i*10)
				commit(t, s, turn(id, i*2, func(t *store.Turn) { t.Timers = []store.Timer{{Key: "t", Due: due}} }))
				ts, err := s.Timers(t.Context(), due, 1000)
				found := false
				for _, m := range ts {
					found = found || m.ID == id
				}
				if err != nil || !found {
					t.Errorf("%s at %d is not among %v (%v)", id, due, ts, err)
				}
				commit(t, s, turn(id, i*2+1, func(t *store.Turn) { t.Timers = []store.Timer{{Key: "t"}} }))
			}
		})
	}
	setting.Wait()
	close(done)
	looking.Wait()
	if m, ok, err := s.NextTimer(t.Context()); ok || err != nil {
		t.Errorf("left: %+v (%v)", m, err)
	}
}
