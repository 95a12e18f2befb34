package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perdure/perdure/internal/store"
)

// furnish puts something of everything into a store: entity m/a with three events, m/b with a timer that has moved and
// two statuses behind it, m/c that was removed, a message for one that does not exist, documents and a blob.
func furnish(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	event := func(n int) []byte { return fmt.Appendf(nil, `{"id":%d}`, n) }
	for i, turn := range []*store.Turn{
		{
			Head:    store.Head{ID: "m/a", Owner: "o", Name: "a", Status: "RUNNING", Started: 5, Version: 1, Events: 2, Data: []byte("{}")},
			Parts:   []store.Part{{Key: "p", Value: []byte{0xff, 1}}, {Key: "~big", Value: []byte("lazy")}},
			History: [][]byte{event(1), event(2)},
			Timers:  []store.Timer{{Key: "t", Due: 100}},
			Effects: []store.Effect{{Key: "f", Kind: "invoke", Data: []byte("x")}},
			Outbox:  []store.Message{{Target: "m/nobody", Type: "hello", Body: []byte("1")}},
		},
		{Read: 1, Head: store.Head{ID: "m/a", Owner: "o", Name: "a", Status: "DONE", Started: 5, Ended: 9, Version: 2, Events: 3}, History: [][]byte{event(3)}},
		{Head: store.Head{ID: "m/b", Name: "b", Status: "RUNNING", Started: 6, Version: 1, Events: 1}, History: [][]byte{event(1)}, Timers: []store.Timer{{Key: "t", Due: 200}}},
		{Read: 1, Head: store.Head{ID: "m/b", Name: "b", Status: "RUNNING", Started: 6, Version: 2, Events: 1}, Timers: []store.Timer{{Key: "t", Due: 300}}},
		{Head: store.Head{ID: "m/c", Owner: "o", Status: "RUNNING", Started: 7, Version: 1, Events: 1}, History: [][]byte{event(1)}, Timers: []store.Timer{{Key: "t", Due: 400}}},
		{Read: 1, Head: store.Head{ID: "m/c"}, Delete: true},
	} {
		if err := s.Commit(ctx, turn); err != nil {
			t.Fatalf("turn %d: %v", i, err)
		}
	}
	if err := s.CommitDocs(ctx, store.Doc{Space: "space", Key: "key", Value: []byte(`{"a":1}`)}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutBlob(ctx, "code/1", []byte("bytes")); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, s *Store) (Report, []Problem) {
	t.Helper()
	var found []Problem
	r, err := s.Verify(t.Context(), func(p Problem) error {
		found = append(found, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Problems != len(found) {
		t.Errorf("the report counts %d problems, %d were told", r.Problems, len(found))
	}
	return r, found
}

func TestVerifyFindsNothingWrongWithAHealthyStore(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs, Options{})
	furnish(t, s)
	r, found := verify(t, s)
	if len(found) > 0 {
		t.Errorf("found %v", found)
	}
	if want := (Report{Entities: 2, Events: 4, Parts: 2, Timers: 2, Effects: 1, Messages: 1, Documents: 1, Blobs: 1}); r != want {
		t.Errorf("looked at %+v, want %+v", r, want)
	}
}

func TestVerifyNamesTheDamage(t *testing.T) {
	a, b := store.Head{ID: "m/a", Owner: "o", Name: "a", Status: "DONE", Started: 5}, store.Head{ID: "m/b", Status: "RUNNING", Started: 6}
	set := func(key []byte, value string) func(*Store) error {
		return func(s *Store) error { return s.db.Set(key, []byte(value), nil) }
	}
	del := func(key []byte) func(*Store) error { return func(s *Store) error { return s.db.Delete(key, nil) } }
	old := a
	old.Status = "RUNNING"
	for _, c := range []struct {
		name   string
		damage func(*Store) error
		entity store.ID
		want   []string // each in some problem
	}{
		{"an event in the middle is gone", del(numberKey(nil, tabHistory, "m/a", 2)), "m/a", []string{"event 3 follows event 1"}},
		{"the last event is gone", del(numberKey(nil, tabHistory, "m/a", 3)), "m/a", []string{"counts 3 events, the history ends with number 2"}},
		{"all of a history is gone", del(numberKey(nil, tabHistory, "m/b", 1)), "m/b", []string{"counts 1 events, the history ends with number 0"}},
		{"an event too many", set(numberKey(nil, tabHistory, "m/b", 2), "\x01{}"), "m/b", []string{"ends with number 2"}},
		{"an event of no entity", set(numberKey(nil, tabHistory, "m/aa", 1), "\x01{}"), "m/aa", []string{"does not exist"}},
		{"an event of another format", set(numberKey(nil, tabHistory, "m/a", 2), "\x07{}"), "m/a", []string{"format 7"}},
		{"a head that is empty", set(headKey(nil, "m/a"), ""), "m/a", []string{"damaged"}},
		{"a head cut short", set(headKey(nil, "m/a"), "\x01\x02"), "m/a", []string{"damaged"}},
		{"a head that is gone", del(headKey(nil, "m/a")), "m/a", []string{"has no head", "names an entity that does not exist"}},
		{"a head missing from its list", del(listKey(nil, listAll, &b)), "m/b", []string{`missing from list 'a'`}},
		{"a list with a status of the past", set(listKey(nil, listStatus, &old), "\x01a"), "m/a", []string{`belongs elsewhere: owner "o", status "DONE"`}},
		{"a list of somebody who is not", set(listKey(nil, listAll, &store.Head{ID: "m/x", Started: 1}), "\x01"), "m/x", []string{"does not exist"}},
		{"a list with another name", set(listKey(nil, listOwner, &a), "\x01z"), "m/a", []string{`the name "z", the head "a"`}},
		{"a list row cut short", set([]byte("Oam123"), "\x01"), "", []string{"the key is damaged"}},
		{"a timer that time does not know", del(dueKey(nil, store.Timer{ID: "m/a", Key: "t", Due: 100})), "m/a", []string{"would never fire"}},
		{"a due time that moved", set(dueKey(nil, store.Timer{ID: "m/b", Key: "t", Due: 200}), "\x01"), "m/b", []string{"due at 300, not at 200"}},
		{"a due time of no timer", set(dueKey(nil, store.Timer{ID: "m/b", Key: "u", Due: 200}), "\x01"), "m/b", []string{"no such timer"}},
		{"a timer that cannot be read", set(timerKey(nil, "m/a", "t"), "\x01"), "m/a", []string{"damaged"}},
		{"an effect of no entity", set(effectKey(nil, "m/z", "f"), "\x01\x01kdata"), "m/z", []string{"does not exist"}},
		{"an effect without a kind", set(effectKey(nil, "m/a", "g"), "\x01\x00data"), "m/a", []string{"no kind"}},
		{"a lazy part of no entity", set(partKey(nil, "m/z", "~p"), "\x01data"), "m/z", []string{"does not exist"}},
		{"an eager part of no entity", set(partKey(nil, "m/z", "p"), "\x01data"), "m/z", []string{"has no head"}},
		{"a message from the future", set(numberKey(nil, tabInbox, "m/a", 99<<seqBits), "\x01\x00\x00"), "m/a", []string{"epoch 99"}},
		{"a message that cannot be read", set(numberKey(nil, tabInbox, "m/a", 1<<seqBits), "\x01\x09x"), "m/a", []string{"damaged"}},
		{"a document without a version", set(docKey(nil, "space", "key"), "\x01\x00"), "", []string{"version 0"}},
		{"a row of an unknown table", set([]byte("Zebra"), "\x01"), "", []string{`no table 'Z'`}},
		{"a row with nothing but a table", set([]byte("H"), "\x01"), "", []string{"the key is damaged"}},
		{"a store from the future", set(metaKey(metaFormat), "\x01\x00\x00\x00\x00\x00\x00\x00\x09"), "", []string{"format 9"}},
		{"a blob with a flipped bit", func(s *Store) error {
			return s.writeFile(s.blobPath("code/1"), appendString([]byte{format}, "code/1"), make([]byte, 4), []byte("bytez"))
		}, "", []string{"code/1"}},
		{"a blob under another's name", func(s *Store) error {
			head := binary.BigEndian.AppendUint32(appendString([]byte{format}, "code/2"), 0)
			return s.writeFile(s.blobPath("code/1"), head)
		}, "", []string{`holds the blob "code/2"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, vfs.NewMem(), Options{})
			furnish(t, s)
			if err := c.damage(s); err != nil {
				t.Fatal(err)
			}
			_, found := verify(t, s)
			for _, want := range c.want {
				hit := false
				for _, p := range found {
					hit = hit || strings.Contains(p.String(), want) && p.Entity == c.entity
				}
				if !hit {
					t.Errorf("no problem of entity %q says %q; found %v", c.entity, want, found)
				}
			}
		})
	}
}

func TestVerifyStopsWhenToldTo(t *testing.T) {
	s := open(t, vfs.NewMem(), Options{})
	furnish(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Verify(ctx, func(Problem) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gave %v", err)
	}
	if err := s.db.Delete(headKey(nil, "m/a"), nil); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Verify(t.Context(), func(Problem) error { return lsm.ErrClosed }); !errors.Is(err, lsm.ErrClosed) || r.Problems != 1 {
		t.Errorf("after an error of the listener: %d problems, %v", r.Problems, err)
	}
}

func TestDumpWritesEveryRowAsALine(t *testing.T) {
	s := open(t, vfs.NewMem(), Options{})
	furnish(t, s)
	if err := s.db.Set(headKey(nil, "m/z"), []byte{9}, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.Dump(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, l := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
		if !json.Valid(l) {
			t.Errorf("not JSON: %s", l)
		}
	}
	for _, want := range []string{
		`{"table":"D","space":"space","key":"key","version":1,"json":{"a":1}}`,
		`{"table":"E","entity":"m/a","head":{"owner":"o","name":"a","status":"DONE","started":5,"ended":9,"version":2,"events":3}}`,
		`{"table":"E","entity":"m/a","part":"p","base64":"/wE="}`,
		`{"table":"E","entity":"m/a","timer":"t","due":100}`,
		`{"table":"E","entity":"m/z","key":"\"Em/z\\x00h\"","base64":"CQ==","damage":"the record has format 9, this program knows up to 1"}`,
		`{"table":"H","entity":"m/a","event":3,"json":{"id":3}}`,
		`{"table":"I","entity":"m/nobody","message":1099511627777,"type":"hello","json":1}`,
		`{"table":"L","entity":"m/a","part":"~big","text":"lazy"}`,
		`{"table":"M","meta":"epoch","number":1}`,
		`{"table":"O","entity":"m/b","kind":"m","list":"s","name":"b"}`,
		`{"table":"T","entity":"m/b","timer":"t","due":300}`,
		`{"table":"X","entity":"m/a","effect":"f","kind":"invoke","text":"x"}`,
		`{"table":"blob","blob":"code/1","size":5}`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Logf("dump:\n%s", out.String())
	}
}
