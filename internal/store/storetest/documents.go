package storetest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

func docs(t *testing.T, s store.Store) {
	doc := func(key string) store.Doc {
		t.Helper()
		d, err := s.Doc(t.Context(), "space", key)
		if err != nil {
			t.Fatalf("document %s: %v", key, err)
		}
		return d
	}
	_, err := s.Doc(t.Context(), "space", "a")
	wantErr(t, "before", err, store.ErrNotFound)
	if err := s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "a", Value: []byte("1")}, store.Doc{Space: "space", Key: "b", Value: []byte{}}); err != nil {
		t.Fatal(err)
	}
	want(t, "made", []store.Doc{doc("a"), doc("b")}, []store.Doc{{Space: "space", Key: "a", Value: []byte("1"), Version: 1}, {Space: "space", Key: "b", Version: 1}})
	wantErr(t, "must not exist", s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "a", Value: []byte("2")}), store.ErrConflict)
	wantErr(t, "must exist", s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "c", Value: []byte("2"), Version: 1}), store.ErrConflict)
	wantErr(t, "one of two", s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "a", Value: []byte("2"), Version: 1},
		store.Doc{Space: "space", Key: "b", Value: []byte("2"), Version: 2}), store.ErrConflict)
	want(t, "unchanged", doc("a").Value, []byte("1"))
	if s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "a", Version: 1}, store.Doc{Space: "space", Key: "a", Value: []byte("x"), Version: 1}) == nil {
		t.Error("a document was changed twice in one commit")
	}
	if err := s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "a", Value: []byte("2"), Version: 1}, store.Doc{Space: "space", Key: "b", Version: 1}); err != nil {
		t.Fatal(err)
	}
	want(t, "changed", []store.Doc{doc("a")}, []store.Doc{{Space: "space", Key: "a", Value: []byte("2"), Version: 2}})
	_, err = s.Doc(t.Context(), "space", "b")
	wantErr(t, "deleted", err, store.ErrNotFound)
	if err := s.CommitDocs(t.Context(), store.Doc{Space: "space", Key: "b", Value: []byte("new")}); err != nil || doc("b").Version != 1 {
		t.Errorf("made again: %v, version %d", err, doc("b").Version)
	}
}

func docList(t *testing.T, s store.Store) {
	for _, d := range []string{"s/b", "s/ba", "s/a", "s/bb", "s/c", "t/b", "s2/b"} {
		space, key, _ := strings.Cut(d, "/")
		if err := s.CommitDocs(t.Context(), store.Doc{Space: space, Key: key, Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		space, prefix, after string
		limit                int
		want                 string
	}{
		{"s", "", "", 10, "a b ba bb c"},
		{"s", "b", "", 10, "b ba bb"},
		{"s", "b", "", 2, "b ba"},
		{"s", "b", "b", 10, "ba bb"},
		{"s", "b", "ab", 10, "b ba bb"},
		{"s", "b", "bab", 10, "bb"},
		{"s", "b", "c", 10, ""},
		{"s", "", "bb", 10, "c"},
		{"s", "", "", 0, ""},
		{"t", "", "", 10, "b"},
		{"none", "", "", 10, ""},
	} {
		ds, err := s.Docs(t.Context(), c.space, c.prefix, c.after, c.limit)
		var keys []string
		for _, d := range ds {
			keys = append(keys, d.Key)
			if d.Space != c.space || d.Version != 1 || string(d.Value) != "v" {
				t.Errorf("listed %+v", d)
			}
		}
		if got := strings.Join(keys, " "); err != nil || got != c.want {
			t.Errorf("%+v: %q (%v)", c, got, err)
		}
	}
}

func blobs(t *testing.T, s store.Store) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for _, name := range []string{"code/abc", "../..", "", strings.Repeat("long/", 300), "ünïcode\x00"} {
		_, err := s.Blob(t.Context(), name)
		wantErr(t, "before", err, store.ErrNotFound)
		for _, data := range [][]byte{large, {}, []byte("small")} {
			if err := s.PutBlob(t.Context(), name, data); err != nil {
				t.Fatal(err)
			}
			got, err := s.Blob(t.Context(), name)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%.20q: %d bytes of %d, %v", name, len(got), len(data), err)
			}
		}
	}
	for range 2 {
		if err := s.DeleteBlob(t.Context(), "code/abc"); err != nil {
			t.Error(err)
		}
	}
	_, err := s.Blob(t.Context(), "code/abc")
	wantErr(t, "deleted", err, store.ErrNotFound)
	if _, err := s.Blob(t.Context(), "../.."); err != nil {
		t.Errorf("another blob went with it: %v", err)
	}
}

// bytesAreCopied changes bytes after they were given to the store.
func bytesAreCopied(t *testing.T, s store.Store) {
	mine := []byte("mine")
	b := func() []byte { return mine }
	commit(t, s, turn("m/a", 0, func(t *store.Turn) {
		t.Head.Data, t.Head.Events = b(), 1
		t.Parts, t.History = []store.Part{{Key: "p", Value: b()}}, [][]byte{b()}
		t.Effects, t.Outbox = []store.Effect{{Key: "f", Kind: "k", Data: b()}}, []store.Message{{Target: "m/a", Body: b()}}
	}))
	if err := s.CommitDocs(t.Context(), store.Doc{Space: "s", Key: "d", Value: b()}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutBlob(t.Context(), "b", b()); err != nil {
		t.Fatal(err)
	}
	copy(mine, "your")
	snap := load(t, s, "m/a")
	events, err := s.History(t.Context(), "m/a", 1, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Doc(t.Context(), "s", "d")
	if err != nil {
		t.Fatal(err)
	}
	blob, err := s.Blob(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range [][]byte{snap.Head.Data, snap.Parts[0].Value, snap.Effects[0].Data, snap.Inbox[0].Body, events[0], d.Value, blob} {
		if string(got) != "mine" {
			t.Errorf("kept bytes have become %q", got)
		}
	}
}
