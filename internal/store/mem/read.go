package mem

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/store"
)

// read calls f with the state, which f must not change.
func (s *Store) read(f func(*state) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	return f(s.now)
}

// Load implements store.Store.
func (s *Store) Load(_ context.Context, id store.ID) (snap *store.Snapshot, err error) {
	err = s.read(func(now *state) error {
		e := now.entities[id]
		if e == nil {
			return store.ErrNotFound
		}
		snap = &store.Snapshot{Head: e.head, Inbox: slices.Clone(e.inbox)}
		snap.Head.ID = id
		for k, v := range e.parts {
			if !strings.HasPrefix(k, "~") {
				snap.Parts = append(snap.Parts, store.Part{Key: k, Value: v})
			}
		}
		slices.SortFunc(snap.Parts, func(a, b store.Part) int { return strings.Compare(a.Key, b.Key) })
		for k, due := range e.timers {
			snap.Timers = append(snap.Timers, store.Timer{ID: id, Key: k, Due: due})
		}
		slices.SortFunc(snap.Timers, func(a, b store.Timer) int { return strings.Compare(a.Key, b.Key) })
		for _, f := range e.effects {
			snap.Effects = append(snap.Effects, f)
		}
		slices.SortFunc(snap.Effects, func(a, b store.Effect) int { return strings.Compare(a.Key, b.Key) })
		return nil
	})
	return snap, err
}

// existing finds an entity that has a head.
func (now *state) existing(id store.ID) (*entity, error) {
	if e := now.entities[id]; e != nil && e.head.Version > 0 {
		return e, nil
	}
	return nil, store.ErrNotFound
}

// Head implements store.Store.
func (s *Store) Head(_ context.Context, id store.ID) (h store.Head, err error) {
	err = s.read(func(now *state) error {
		e, err := now.existing(id)
		if err == nil {
			h = e.head
		}
		return err
	})
	return h, err
}

// ReadPart implements store.Store.
func (s *Store) ReadPart(_ context.Context, id store.ID, key string) (value []byte, err error) {
	err = s.read(func(now *state) error {
		e, err := now.existing(id)
		if err != nil {
			return err
		}
		v, ok := e.parts[key]
		if !ok {
			return store.ErrNotFound
		}
		value = v
		return nil
	})
	return value, err
}

// History implements store.Store.
func (s *Store) History(_ context.Context, id store.ID, from uint64, limit int, reverse bool) (events [][]byte, err error) {
	err = s.read(func(now *state) error {
		e, err := now.existing(id)
		if err != nil {
			return err
		}
		n := uint64(len(e.history))
		if reverse {
			for i := min(from, n); i > 0 && len(events) < limit; i-- {
				events = append(events, e.history[i-1])
			}
			return nil
		}
		for i := max(from, 1); i <= n && len(events) < limit; i++ {
			events = append(events, e.history[i-1])
		}
		return nil
	})
	return events, err
}

// Heads implements store.Store.
func (s *Store) Heads(_ context.Context, f store.Filter) (heads []store.Head, next string, err error) {
	var after entry
	if f.After != "" {
		if after.started, after.id, err = store.ParseCursor(f.After); err != nil {
			return nil, "", err
		}
	}
	err = s.read(func(now *state) error {
		l := now.lists[list{f.Kind, f.Owner}]
		if l == nil {
			return nil
		}
		each := func(at entry) bool {
			h := &now.entities[at.id].head
			if f.After != "" && at == after || !f.Wants(h) {
				return true
			}
			if len(heads) == f.Limit {
				next = heads[f.Limit-1].Cursor()
				return false
			}
			heads = append(heads, *h)
			return true
		}
		switch {
		case f.After == "" && f.Reverse:
			l.backwards(each)
		case f.After == "":
			l.all(each)
		case f.Reverse:
			l.down(after, each)
		default:
			l.from(after, each)
		}
		return nil
	})
	return heads, next, err
}

// Timers implements store.Store.
func (s *Store) Timers(_ context.Context, due int64, limit int) (timers []store.Timer, err error) {
	err = s.read(func(now *state) error {
		now.timers.all(func(t store.Timer) bool {
			if t.Due > due || len(timers) == limit {
				return false
			}
			timers = append(timers, t)
			return true
		})
		return nil
	})
	return timers, err
}

// NextTimer implements store.Store.
func (s *Store) NextTimer(ctx context.Context) (store.Timer, bool, error) {
	t, err := s.Timers(ctx, math.MaxInt64, 1)
	if err != nil || len(t) == 0 {
		return store.Timer{}, false, err
	}
	return t[0], true, nil
}

// Effects implements store.Store, in the order of id and key.
func (s *Store) Effects(_ context.Context, each func(store.Effect) error) error {
	var all []store.Effect
	err := s.read(func(now *state) error {
		for _, e := range now.entities {
			for _, f := range e.effects {
				all = append(all, f)
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.Effect) int {
		if c := strings.Compare(string(a.ID), string(b.ID)); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	for _, f := range all {
		if err == nil {
			err = each(f)
		}
	}
	return err
}

// Inboxes implements store.Store, in the order of id.
func (s *Store) Inboxes(_ context.Context, each func(store.ID) error) error {
	var all []store.ID
	err := s.read(func(now *state) error {
		for id, e := range now.entities {
			if len(e.inbox) > 0 {
				all = append(all, id)
			}
		}
		return nil
	})
	slices.Sort(all)
	for _, id := range all {
		if err == nil {
			err = each(id)
		}
	}
	return err
}
