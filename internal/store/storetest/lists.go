package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

// heads lists sixty executions by every filter in pages of several sizes, and compares with a plain sort.
func heads(t *testing.T, s store.Store) {
	var all []store.Head
	for i := range 60 {
		h := store.Head{
			ID:      store.ID(fmt.Sprintf("%c/%02d", "mmx"[i%3], (i*37)%60)),
			Owner:   []string{"one", "two", "tw", ""}[i%4],
			Name:    fmt.Sprintf("n%d", i%7),
			Status:  []string{"RUNNING", "FAILED"}[i%5/4],
			Started: int64(1000 + i/3*10), // three at a time
			Version: 1,
		}
		all = append(all, h)
		commit(t, s, &store.Turn{Head: h})
	}
	for _, f := range []store.Filter{
		{Kind: 'm'}, {Kind: 'x'}, {Kind: 'q'},
		{Kind: 'm', Owner: "one"}, {Kind: 'm', Owner: "tw"}, {Kind: 'x', Owner: "two"}, {Kind: 'm', Owner: "t"},
		{Kind: 'm', Status: "FAILED"}, {Kind: 'm', Status: "RUN"}, {Kind: 'm', Owner: "two", Status: "RUNNING"},
		{Kind: 'm', Name: "n3"}, {Kind: 'm', Name: "n3", Owner: "one"},
		{Kind: 'm', StartedAfter: 1050}, {Kind: 'm', StartedBefore: 1050}, {Kind: 'm', StartedAfter: 1040, StartedBefore: 1060},
		{Kind: 'm', StartedAfter: 1060, StartedBefore: 1040},
		{Kind: 'x', Owner: "two", Status: "FAILED", StartedAfter: 1000, Name: "n0"},
	} {
		for _, reverse := range []bool{false, true} {
			for _, limit := range []int{1, 7, 1000} {
				f.Reverse, f.Limit, f.After = reverse, limit, ""
				list(t, s, f, all)
			}
		}
	}
	for _, bad := range []string{"x", "1", "/", "a/b", "1/"} {
		_, _, err := s.Heads(t.Context(), store.Filter{Kind: 'm', Limit: 1, After: bad})
		wantErr(t, "cursor "+bad, err, store.ErrCursor)
	}
}

// list reads all pages and compares.
func list(t *testing.T, s store.Store, f store.Filter, all []store.Head) {
	t.Helper()
	var wanted []store.Head
	for _, h := range all {
		if h.ID.Kind() == f.Kind && f.Wants(&h) {
			wanted = append(wanted, h)
		}
	}
	slices.SortFunc(wanted, func(a, b store.Head) int {
		return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(a.ID, b.ID))
	})
	if f.Reverse {
		slices.Reverse(wanted)
	}
	var got []store.Head
	page := f
	for {
		hs, next, err := s.Heads(t.Context(), page)
		if err != nil {
			t.Fatalf("%+v: %v", page, err)
		}
		got = append(got, hs...)
		if next == "" {
			break
		}
		if len(hs) != f.Limit || len(got) >= len(wanted) || next != hs[len(hs)-1].Cursor() {
			t.Fatalf("%+v: %d heads and cursor %q with %d of %d listed", page, len(hs), next, len(got), len(wanted))
		}
		page.After = next
	}
	want(t, fmt.Sprintf("%+v", f), got, wanted)
}

func headMoves(t *testing.T, s store.Store) {
	h := store.Head{ID: "m/a", Owner: "one", Name: "n", Status: "RUNNING", Started: 10, Version: 1}
	commit(t, s, &store.Turn{Head: h})
	count := func(f store.Filter) int {
		t.Helper()
		f.Kind, f.Limit = 'm', 10
		hs, _, err := s.Heads(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return len(hs)
	}
	h.Status, h.Ended, h.Version = "SUCCEEDED", 20, 2
	commit(t, s, &store.Turn{Read: 1, Head: h})
	for f, n := range map[store.Filter]int{
		{}: 1, {Owner: "one"}: 1, {Status: "RUNNING"}: 0, {Owner: "one", Status: "RUNNING"}: 0,
		{Status: "SUCCEEDED"}: 1, {Owner: "one", Status: "SUCCEEDED"}: 1,
	} {
		if got := count(f); got != n {
			t.Errorf("%+v lists %d, want %d", f, got, n)
		}
	}
	h.Owner, h.Name, h.Started, h.Version = "two", "other", 5, 3
	commit(t, s, &store.Turn{Read: 2, Head: h})
	for f, n := range map[store.Filter]int{
		{}: 1, {Owner: "one"}: 0, {Owner: "two"}: 1, {Name: "n"}: 0, {Name: "other"}: 1, {Owner: "two", Status: "SUCCEEDED"}: 1,
		{StartedAfter: 5}: 0, {StartedBefore: 6}: 1,
	} {
		if got := count(f); got != n {
			t.Errorf("%+v lists %d, want %d", f, got, n)
		}
	}
}
