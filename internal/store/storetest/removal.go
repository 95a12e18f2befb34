package storetest

import (
	"strconv"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

// full makes an entity that has everything, with n events.
func full(t testing.TB, s store.Store, id store.ID, n int) {
	commit(t, s, turn(id, 0, func(t *store.Turn) {
		t.Head.Owner, t.Head.Name, t.Head.Events = "owner", "name", uint64(n)
		t.Parts = []store.Part{{Key: "p", Value: []byte("v")}, {Key: "~p", Value: []byte("v")}}
		for i := range n {
			t.History = append(t.History, strconv.AppendInt(nil, int64(i+1), 10))
		}
		t.Timers = []store.Timer{{Key: "t", Due: 10}, {Key: "u", Due: 20}}
		t.Effects = []store.Effect{{Key: "f", Kind: "call"}}
		t.Outbox = []store.Message{{Target: id, Type: "early"}, {Target: id, Type: "late"}}
	}))
}

func remove(t *testing.T, s store.Store) {
	for _, n := range []int{3, 1000} {
		full(t, s, "m/a", n)
		full(t, s, "m/aa", n)
		box := load(t, s, "m/a").Inbox
		commit(t, s, &store.Turn{Read: 1, Head: store.Head{ID: "m/a"}, Delete: true, Consumed: []uint64{box[0].Seq}})
		want(t, "left", load(t, s, "m/a"), &store.Snapshot{Head: store.Head{ID: "m/a"}, Inbox: box[1:]})
		_, err := s.Head(t.Context(), "m/a")
		wantErr(t, "head", err, store.ErrNotFound)
		_, err = s.ReadPart(t.Context(), "m/a", "~p")
		wantErr(t, "lazy part", err, store.ErrNotFound)
		_, err = s.History(t.Context(), "m/a", 1, 10, false)
		wantErr(t, "history", err, store.ErrNotFound)
		timers, err := s.Timers(t.Context(), 100, 10)
		want(t, "timers", timers, []store.Timer{{ID: "m/aa", Key: "t", Due: 10}, {ID: "m/aa", Key: "u", Due: 20}})
		if err != nil {
			t.Error(err)
		}
		for _, f := range []store.Filter{{}, {Owner: "owner"}, {Status: "RUNNING"}, {Owner: "owner", Status: "RUNNING"}} {
			f.Kind, f.Limit = 'm', 10
			hs, _, err := s.Heads(t.Context(), f)
			if err != nil || len(hs) != 1 || hs[0].ID != "m/aa" {
				t.Errorf("list %+v has %s (%v)", f, show(hs), err)
			}
		}
		count := 0
		if err := s.Effects(t.Context(), func(store.Effect) error { count++; return nil }); err != nil || count != 1 {
			t.Errorf("%d effects are open (%v)", count, err)
		}
		commit(t, s, &store.Turn{Head: store.Head{ID: "m/a"}, Delete: true, Consumed: []uint64{box[1].Seq}})
		box = load(t, s, "m/aa").Inbox
		commit(t, s, &store.Turn{Read: 1, Head: store.Head{ID: "m/aa"}, Delete: true, Consumed: []uint64{box[0].Seq, box[1].Seq}})
		_, err = s.Load(t.Context(), "m/aa")
		wantErr(t, "all gone", err, store.ErrNotFound)
	}
}

func again(t *testing.T, s store.Store) {
	for range 3 {
		full(t, s, "m/a", 400)
		events, err := s.History(t.Context(), "m/a", 1, 1000, false)
		if err != nil || len(events) != 400 {
			t.Fatalf("%d events (%v)", len(events), err)
		}
		snap := load(t, s, "m/a")
		if snap.Head.Version != 1 || len(snap.Parts) != 1 || len(snap.Timers) != 2 || len(snap.Inbox) != 2 {
			t.Fatalf("made again: %s", show(snap))
		}
		commit(t, s, &store.Turn{Read: 1, Head: store.Head{ID: "m/a"}, Delete: true,
			Consumed: []uint64{snap.Inbox[0].Seq, snap.Inbox[1].Seq}})
	}
}

func history(t *testing.T, s store.Store) {
	full(t, s, "m/a", 300)
	read := func(from uint64, limit int, reverse bool) string {
		t.Helper()
		events, err := s.History(t.Context(), "m/a", from, limit, reverse)
		if err != nil {
			t.Fatal(err)
		}
		return show(events)
	}
	for _, c := range []struct {
		from    uint64
		limit   int
		reverse bool
		want    string
	}{
		{1, 3, false, `["1" "2" "3"]`},
		{0, 2, false, `["1" "2"]`},
		{299, 10, false, `["299" "300"]`},
		{301, 10, false, `[]`},
		{300, 2, true, `["300" "299"]`},
		{1 << 63, 2, true, `["300" "299"]`},
		{1<<64 - 1, 2, true, `["300" "299"]`},
		{2, 10, true, `["2" "1"]`},
		{0, 10, true, `[]`},
		{1, 0, false, `[]`},
	} {
		if got := read(c.from, c.limit, c.reverse); got != c.want {
			t.Errorf("from %d, limit %d, reverse %v: %s, want %s", c.from, c.limit, c.reverse, got, c.want)
		}
	}
	_, err := s.History(t.Context(), "m/b", 1, 10, false)
	wantErr(t, "history of nobody", err, store.ErrNotFound)
}
