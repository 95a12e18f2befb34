package storetest

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

func roundTrip(t *testing.T, s store.Store) {
	_, err := s.Load(t.Context(), "m/a")
	wantErr(t, "load before", err, store.ErrNotFound)
	_, err = s.Head(t.Context(), "m/a")
	wantErr(t, "head before", err, store.ErrNotFound)
	commit(t, s, &store.Turn{
		Head: store.Head{ID: "m/a", Owner: "machine", Name: "a", Status: "RUNNING", Started: 5, Ended: -7, Version: 1, Events: 2,
			Data: []byte("head data")},
		Parts:   []store.Part{{Key: "y", Value: []byte("2")}, {Key: "x", Value: []byte{}}, {Key: "~z", Value: []byte("lazy")}},
		History: [][]byte{[]byte("one"), {}},
		Timers:  []store.Timer{{Key: "late", Due: 20}, {Key: "early", Due: 10}},
		Effects: []store.Effect{{Key: "f2", Kind: "call", Data: []byte("d")}, {Key: "f1", Kind: "call"}},
		Outbox:  []store.Message{{Target: "m/a", Type: "self", Key: "k", Body: []byte("b")}},
	})
	snap := load(t, s, "m/a")
	if len(snap.Inbox) != 1 || snap.Inbox[0].Seq == 0 {
		t.Fatalf("inbox %+v", snap.Inbox)
	}
	want(t, "snapshot", snap, &store.Snapshot{
		Head: store.Head{ID: "m/a", Owner: "machine", Name: "a", Status: "RUNNING", Started: 5, Ended: -7, Version: 1, Events: 2,
			Data: []byte("head data")},
		Parts:   []store.Part{{Key: "x"}, {Key: "y", Value: []byte("2")}},
		Timers:  []store.Timer{{ID: "m/a", Key: "early", Due: 10}, {ID: "m/a", Key: "late", Due: 20}},
		Effects: []store.Effect{{ID: "m/a", Key: "f1", Kind: "call"}, {ID: "m/a", Key: "f2", Kind: "call", Data: []byte("d")}},
		Inbox:   []store.Message{{Target: "m/a", Seq: snap.Inbox[0].Seq, Type: "self", Key: "k", Body: []byte("b")}},
	})
	if snap.Parts[0].Value == nil {
		t.Error("an empty part came back as nil")
	}
	h, err := s.Head(t.Context(), "m/a")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "head", h, snap.Head)
}

func conflict(t *testing.T, s store.Store) {
	commit(t, s, turn("m/a", 0))
	commit(t, s, turn("m/a", 1))
	for _, read := range []uint64{0, 1, 3} {
		bad := turn("m/a", read, func(t *store.Turn) {
			t.Parts = []store.Part{{Key: "p", Value: []byte("x")}}
			t.Timers = []store.Timer{{Key: "t", Due: 1}}
			t.Outbox = []store.Message{{Target: "m/b", Type: "hello"}}
		})
		wantErr(t, "read "+strconv.FormatUint(read, 10), s.Commit(t.Context(), bad), store.ErrConflict)
	}
	wantErr(t, "nobody at version 1", s.Commit(t.Context(), turn("m/c", 1)), store.ErrConflict)
	wantErr(t, "removal", s.Commit(t.Context(), &store.Turn{Read: 1, Head: store.Head{ID: "m/a"}, Delete: true}), store.ErrConflict)
	snap := load(t, s, "m/a")
	if snap.Head.Version != 2 || len(snap.Parts)+len(snap.Timers) != 0 {
		t.Errorf("a refused turn left %s", show(snap))
	}
	_, err := s.Load(t.Context(), "m/b")
	wantErr(t, "target of a refused turn", err, store.ErrNotFound)
}

func nonsense(t *testing.T, s store.Store) {
	for what, bad := range map[string]*store.Turn{
		"no id":                  turn("", 0),
		"a NUL in the id":        turn("m/\x00", 0),
		"a long id":              turn(store.ID(strings.Repeat("x", store.MaxID+1)), 0),
		"a version left out":     {Head: store.Head{ID: "m/a", Version: 2}},
		"too few events counted": turn("m/a", 0, func(t *store.Turn) { t.History = [][]byte{{1}} }),
		"too many":               turn("m/a", 0, func(t *store.Turn) { t.Head.Events = 1 }),
		"a message to nobody":    turn("m/a", 0, func(t *store.Turn) { t.Outbox = []store.Message{{Type: "x"}} }),
	} {
		if err := s.Commit(t.Context(), bad); err == nil || errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	commit(t, s, turn("m/a", 0, func(t *store.Turn) { t.History, t.Head.Events = [][]byte{{1}}, 1 }))
	for _, n := range []uint64{1, 3} {
		bad := turn("m/a", 1, func(t *store.Turn) { t.History, t.Head.Events = [][]byte{{2}}, n })
		if err := s.Commit(t.Context(), bad); err == nil {
			t.Errorf("a second event was counted as number %d", n)
		}
	}
	if n := load(t, s, "m/a").Head.Version; n != 1 {
		t.Errorf("version %d after refused turns", n)
	}
}

func race(t *testing.T, s store.Store) {
	const workers, each = 8, 25
	var wins atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for n := 0; n < each; {
				var read uint64
				if h, err := s.Head(t.Context(), "m/a"); err == nil {
					read = h.Version
				}
				err := s.Commit(t.Context(), turn("m/a", read, func(t *store.Turn) {
					t.Head.Events, t.History = read+1, [][]byte{strconv.AppendUint(nil, read+1, 10)}
				}))
				if err == nil {
					n++
					wins.Add(1)
				} else if !errors.Is(err, store.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	h, err := s.Head(t.Context(), "m/a")
	if err != nil || h.Version != uint64(wins.Load()) || h.Version != workers*each {
		t.Fatalf("%d turns won, version %d (%v)", wins.Load(), h.Version, err)
	}
	events, err := s.History(t.Context(), "m/a", 1, 1000, false)
	if err != nil || len(events) != workers*each {
		t.Fatalf("%d events (%v)", len(events), err)
	}
	for i, e := range events {
		if string(e) != strconv.Itoa(i+1) {
			t.Fatalf("event %d says %s", i+1, e)
		}
	}
}

func parts(t *testing.T, s store.Store) {
	put := func(read uint64, parts ...store.Part) {
		commit(t, s, turn("m/a", read, func(t *store.Turn) { t.Parts = parts }))
	}
	put(0, store.Part{Key: "a", Value: []byte("1")}, store.Part{Key: "b", Value: []byte("1")}, store.Part{Key: "~c", Value: []byte("1")})
	put(1, store.Part{Key: "a", Value: []byte("2")}, store.Part{Key: "b"}, store.Part{Key: "nothing"}, store.Part{Key: "", Value: []byte("empty key")})
	want(t, "parts", load(t, s, "m/a").Parts, []store.Part{{Key: "", Value: []byte("empty key")}, {Key: "a", Value: []byte("2")}})
	for key, value := range map[string]string{"a": "2", "~c": "1", "": "empty key"} {
		v, err := s.ReadPart(t.Context(), "m/a", key)
		if err != nil || string(v) != value {
			t.Errorf("part %q: %q, %v", key, v, err)
		}
	}
	put(2, store.Part{Key: "~c"})
	for _, key := range []string{"b", "~c"} {
		_, err := s.ReadPart(t.Context(), "m/a", key)
		wantErr(t, "part "+key, err, store.ErrNotFound)
	}
	_, err := s.ReadPart(t.Context(), "m/", "a")
	wantErr(t, "part of nobody", err, store.ErrNotFound)
}

func effects(t *testing.T, s store.Store) {
	all := func() (fs []store.Effect) {
		if err := s.Effects(t.Context(), func(f store.Effect) error { fs = append(fs, f); return nil }); err != nil {
			t.Fatal(err)
		}
		return fs
	}
	want(t, "at first", all(), []store.Effect{})
	for _, id := range []store.ID{"m/b", "m/a"} {
		commit(t, s, turn(id, 0, func(t *store.Turn) {
			t.Effects = []store.Effect{{Key: "1", Kind: "call", Data: []byte("x")}, {Key: "2", Kind: "call"}}
		}))
	}
	commit(t, s, turn("m/b", 1, func(t *store.Turn) {
		t.Effects = []store.Effect{{Key: "1"}, {Key: "2", Kind: "other", Data: []byte("y")}, {Key: "3"}}
	}))
	want(t, "effects", all(), []store.Effect{{ID: "m/a", Key: "1", Kind: "call", Data: []byte("x")}, {ID: "m/a", Key: "2", Kind: "call"},
		{ID: "m/b", Key: "2", Kind: "other", Data: []byte("y")}})
	stop := errors.New("enough")
	wantErr(t, "stopped by the caller", s.Effects(t.Context(), func(store.Effect) error { return stop }), stop)
}

func inbox(t *testing.T, s store.Store) {
	send := turn("m/a", 0, func(t *store.Turn) {
		t.Outbox = []store.Message{{Target: "m/b", Type: "1"}, {Target: "m/c", Type: "2"}, {Target: "m/b", Type: "3", Key: "k", Body: []byte("x")}}
	})
	commit(t, s, send)
	if send.Outbox[0].Seq == 0 || send.Outbox[2].Seq <= send.Outbox[0].Seq {
		t.Fatalf("numbers %+v", send.Outbox)
	}
	commit(t, s, turn("m/b", 0))
	want(t, "inbox", load(t, s, "m/b").Inbox, []store.Message{send.Outbox[0], send.Outbox[2]})
	var ids []store.ID
	if err := s.Inboxes(t.Context(), func(id store.ID) error { ids = append(ids, id); return nil }); err != nil {
		t.Fatal(err)
	}
	want(t, "inboxes", ids, []store.ID{"m/b", "m/c"})
	consume := func(read uint64, seq ...uint64) error {
		return s.Commit(t.Context(), turn("m/b", read, func(t *store.Turn) { t.Consumed = seq }))
	}
	first, second := send.Outbox[0].Seq, send.Outbox[2].Seq
	wantErr(t, "the same twice", consume(1, first, first), store.ErrConflict)
	if err := consume(1, first); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "once more", consume(2, second, first), store.ErrConflict)
	wantErr(t, "another's", consume(2, send.Outbox[1].Seq), store.ErrConflict)
	want(t, "left", load(t, s, "m/b").Inbox, []store.Message{send.Outbox[2]})
	if err := consume(2, second); err != nil {
		t.Fatal(err)
	}
	want(t, "in the end", load(t, s, "m/b").Inbox, []store.Message{})
}

func inboxOfNobody(t *testing.T, s store.Store) {
	send := turn("m/a", 0, func(t *store.Turn) {
		t.Outbox = []store.Message{{Target: "m/b", Type: "1"}, {Target: "m/b", Type: "2"}}
	})
	commit(t, s, send)
	snap := load(t, s, "m/b")
	if snap.Head.Version != 0 || snap.Head.ID != "m/b" || len(snap.Inbox) != 2 {
		t.Fatalf("loaded %s", show(snap))
	}
	_, err := s.Head(t.Context(), "m/b")
	wantErr(t, "head", err, store.ErrNotFound)
	commit(t, s, &store.Turn{Head: store.Head{ID: "m/b"}, Delete: true, Consumed: []uint64{send.Outbox[0].Seq},
		Outbox: []store.Message{{Target: "m/a", Type: "nobody here"}}})
	want(t, "inbox", load(t, s, "m/b").Inbox, []store.Message{send.Outbox[1]})
	want(t, "answer", len(load(t, s, "m/a").Inbox), 1)
	commit(t, s, &store.Turn{Head: store.Head{ID: "m/b"}, Delete: true, Consumed: []uint64{send.Outbox[1].Seq}})
	_, err = s.Load(t.Context(), "m/b")
	wantErr(t, "when all is consumed", err, store.ErrNotFound)
}
