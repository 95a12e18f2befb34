package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

// Disk is what a store lies on, and what of it is left when the power goes.
type Disk interface {
	// Open opens the store on it.
	Open(t testing.TB) store.Store
	// Crash gives the disk as it would be if the power went now; seed chooses among the possibilities. The store that is
	// open goes on.
	Crash(seed uint64) Disk
}

// Crash pulls the plug at a random moment while turns of several entities are under way, again and again, each time on
// what the last one left. Whatever was acknowledged must be there; what was not is there whole or not at all.
func Crash(t *testing.T, disk Disk, seed uint64, rounds int) {
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, seed))
	acked := make([]atomic.Uint64, 6)
	for round := range rounds {
		s := disk.Open(t)
		versions := inspect(t, s, acked)
		if t.Failed() {
			t.Fatalf("after %d crashes", round)
		}
		disk = crashUnder(t, s, disk, versions, acked, rng)
	}
	inspect(t, disk.Open(t), acked)
}

// crashUnder lets every entity commit turns and crashes in the middle. acked is left as of the moment of the crash.
func crashUnder(t *testing.T, s store.Store, disk Disk, from []uint64, acked []atomic.Uint64, rng *rand.Rand) Disk {
	var wg sync.WaitGroup
	var stop atomic.Bool
	progress := make(chan struct{}, 1)
	for i := range acked {
		wg.Go(func() {
			for v := from[i]; !stop.Load(); v++ {
				if err := s.Commit(t.Context(), crashTurn(i, v)); err != nil {
					t.Errorf("entity %d at version %d: %v", i, v, err)
					return
				}
				acked[i].Store(v + 1)
				select {
				case progress <- struct{}{}:
				default:
				}
			}
		})
	}
	for range rng.IntN(40) {
		<-progress
	}
	promised := make([]uint64, len(acked))
	for i := range acked {
		promised[i] = acked[i].Load() // before the crash: a lower bound of what must survive it
	}
	left := disk.Crash(rng.Uint64())
	stop.Store(true)
	wg.Wait()
	for i := range acked {
		acked[i].Store(promised[i])
	}
	return left
}

func crashID(i int) store.ID { return store.ID(fmt.Sprintf("m/%d", i)) }

// crashTurn says the version in everything it writes, so that a half-written turn shows. It sends itself a message and
// consumes none, so that the inbox counts turns.
func crashTurn(i int, read uint64) *store.Turn {
	id, v := crashID(i), fmt.Appendf(nil, "%d", read+1)
	return &store.Turn{
		Read:    read,
		Head:    store.Head{ID: id, Owner: "owner", Status: string(v), Started: 7, Version: read + 1, Events: read + 1, Data: v},
		Parts:   []store.Part{{Key: "v", Value: v}, {Key: "~v", Value: v}},
		History: [][]byte{v},
		Timers:  []store.Timer{{Key: "t", Due: int64(read + 1)}},
		Effects: []store.Effect{{Key: "f", Kind: "k", Data: v}},
		Outbox:  []store.Message{{Target: "m/sink/" + id, Type: string(v)}},
	}
}

// inspect finds which version each entity has and whether all of it is of that version.
func inspect(t *testing.T, s store.Store, acked []atomic.Uint64) []uint64 {
	t.Helper()
	versions := make([]uint64, len(acked))
	effects := map[store.ID]string{}
	if err := s.Effects(t.Context(), func(f store.Effect) error { effects[f.ID] = string(f.Data); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range acked {
		id := crashID(i)
		h, err := s.Head(t.Context(), id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		versions[i] = h.Version
		if h.Version < acked[i].Load() {
			t.Errorf("entity %d is back at version %d, %d was acknowledged", i, h.Version, acked[i].Load())
		}
		if h.Version > 0 {
			whole(t, s, h, effects[id])
		}
	}
	ts, err := s.Timers(t.Context(), 1<<62, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ts {
		if h, err := s.Head(t.Context(), m.ID); err != nil || uint64(m.Due) != h.Version {
			t.Errorf("timer %+v of version %d (%v)", m, h.Version, err)
		}
	}
	return versions
}

func whole(t *testing.T, s store.Store, h store.Head, effect string) {
	t.Helper()
	v := fmt.Sprint(h.Version)
	snap := load(t, s, h.ID)
	lazy, err := s.ReadPart(t.Context(), h.ID, "~v")
	events, err2 := s.History(t.Context(), h.ID, 1, 1<<20, false)
	heads, _, err3 := s.Heads(t.Context(), store.Filter{Kind: 'm', Owner: "owner", Status: v, Limit: 100})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	listed := false
	for _, l := range heads {
		listed = listed || l.ID == h.ID
	}
	if h.Status != v || string(h.Data) != v || len(snap.Parts) != 1 || string(snap.Parts[0].Value) != v || string(lazy) != v ||
		len(snap.Timers) != 1 || len(snap.Effects) != 1 || effect != v || !listed || uint64(len(events)) != h.Version {
		t.Errorf("version %s is not whole: %s\nlazy %q, effect %q, listed %v, %d events", v, show(snap), lazy, effect, listed, len(events))
	}
	for i, e := range events {
		if string(e) != fmt.Sprint(i+1) {
			t.Errorf("event %d of %s says %s", i+1, h.ID, e)
		}
	}
	box := load(t, s, "m/sink/"+h.ID).Inbox
	if uint64(len(box)) != h.Version {
		t.Errorf("%s has sent %d messages in %s turns", h.ID, len(box), v)
	}
	for i, m := range box {
		if m.Type != fmt.Sprint(i+1) {
			t.Errorf("message %d of %s is that of turn %s", i+1, h.ID, m.Type)
		}
	}
}
