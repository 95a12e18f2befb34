// Package storetest is what every store passes: the promises of package store as tests.
//
// [Run] holds one store to its contract. [Crash] pulls the plug on one that has a disk while many turns are under way and
// looks at what is left. [Agree] plays random sequences on two stores and wants equal answers.
package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

// Open makes an empty store, which the test need not close.
type Open func(t testing.TB) store.Store

// Run holds a store to its contract.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"a turn is loaded as it was committed", roundTrip},
		{"a turn that read another version changes nothing", conflict},
		{"a turn that contradicts itself is refused", nonsense},
		{"of turns that read the same version one wins", race},
		{"parts are replaced, deleted, and lazy ones stay out of snapshots", parts},
		{"timers come in the order they are due, moved and cleared", timers},
		{"timers set while others look for the first are found", timersRace},
		{"effects stay until deleted", effects},
		{"messages wait in the target's inbox until consumed, once", inbox},
		{"a message can be consumed by an entity that does not exist", inboxOfNobody},
		{"a removed entity leaves only unread messages", remove},
		{"a removed entity can be made again", again},
		{"history is read by number, forwards and backwards", history},
		{"heads are listed by every filter, page by page, both ways", heads},
		{"a head moves between lists with its status", headMoves},
		{"documents change by version, all or none", docs},
		{"documents are listed by prefix in key order", docList},
		{"blobs are kept under any name", blobs},
		{"bytes belong to whoever has them", bytesAreCopied},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// turn makes a turn of an entity that continues from the version read.
func turn(id store.ID, read uint64, change ...func(*store.Turn)) *store.Turn {
	t := &store.Turn{Read: read, Head: store.Head{ID: id, Status: "RUNNING", Started: 1000, Version: read + 1}}
	for _, f := range change {
		f(t)
	}
	return t
}

func commit(t testing.TB, s store.Store, turn *store.Turn) {
	t.Helper()
	if err := s.Commit(t.Context(), turn); err != nil {
		t.Fatalf("commit of %s at version %d: %v", turn.Head.ID, turn.Read, err)
	}
}

func load(t testing.TB, s store.Store, id store.ID) *store.Snapshot {
	t.Helper()
	snap, err := s.Load(t.Context(), id)
	if err != nil {
		t.Fatalf("load %s: %v", id, err)
	}
	return snap
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// want compares; nil and empty slices are the same.
func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if show(got) != show(want) {
		t.Errorf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

// show prints a value with its bytes as text.
func show(v any) string {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && !r.IsNil() {
		return show(r.Elem().Interface())
	}
	switch v := v.(type) {
	case [][]byte:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("%q", v)
	case []store.Part:
		out := ""
		for _, p := range v {
			out += fmt.Sprintf("{%s=%q}", p.Key, p.Value)
		}
		return out
	case []store.Effect:
		out := ""
		for _, f := range v {
			out += fmt.Sprintf("{%s %s %s %q}", f.ID, f.Key, f.Kind, f.Data)
		}
		return out
	case []store.Message:
		out := ""
		for _, m := range v {
			out += fmt.Sprintf("{%s %d %s %s %q}", m.Target, m.Seq, m.Type, m.Key, m.Body)
		}
		return out
	case store.Head:
		return fmt.Sprintf("{%s owner=%s name=%s %s %d-%d v%d e%d %q}", v.ID, v.Owner, v.Name, v.Status, v.Started, v.Ended,
			v.Version, v.Events, v.Data)
	case []store.Head:
		out := ""
		for _, h := range v {
			out += show(h)
		}
		return out
	case []store.Doc:
		out := ""
		for _, d := range v {
			out += fmt.Sprintf("{%s/%s v%d %q}", d.Space, d.Key, d.Version, d.Value)
		}
		return out
	case store.Snapshot:
		return fmt.Sprintf("head %s\nparts %s\ntimers %v\neffects %s\ninbox %s", show(v.Head), show(v.Parts), v.Timers,
			show(v.Effects), show(v.Inbox))
	}
	return fmt.Sprintf("%v", v)
}
