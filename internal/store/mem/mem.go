// Package mem is a store in memory: for tests, for demonstrations, and for executions that may be forgotten.
//
// It keeps every promise of package store except surviving the process. For tests of crashes it can pretend to have a
// disk: after [Store.HoldSyncs] commits are visible but not durable until [Store.Sync], and their callers wait, as they
// would for a slow disk; [Store.Crash] gives the store as a restart would find it. Read next: state.go for what is held.
package mem

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/perdure/perdure/internal/store"
)

// errClosed: the store was used after Close.
var errClosed = errors.New("the memory store is closed")

// Store is a store in memory.
type Store struct {
	mu     sync.RWMutex
	now    *state
	closed bool
	stats  store.Stats

	held     bool
	relaxed  bool
	durable  *state         // what a crash leaves for certain; nil: all of now
	unsynced []func(*state) // changes of now that durable lacks, in order
	synced   chan struct{}  // closed by the next sync
}

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store { return &Store{now: newState(), synced: make(chan struct{})} }

// HoldSyncs makes commits wait for Sync from now on; with relaxed they return at once, durable or not.
func (s *Store) HoldSyncs(relaxed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held {
		s.durable = s.now.clone()
	}
	s.held, s.relaxed = true, relaxed
}

// Sync makes durable what was committed so far, and lets its callers go.
func (s *Store) Sync() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sync()
}

func (s *Store) sync() {
	for _, f := range s.unsynced {
		f(s.durable)
	}
	s.unsynced = nil
	s.stats.Syncs++
	close(s.synced)
	s.synced = make(chan struct{})
}

// ReleaseSyncs ends HoldSyncs.
func (s *Store) ReleaseSyncs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sync()
	s.held, s.durable = false, nil
}

// Unsynced counts changes that a crash may lose.
func (s *Store) Unsynced() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.unsynced)
}

// Crash returns the store as a restart finds it: all that is durable, and of the rest the first keep changes (a log is
// lost from its end). The receiver goes on unharmed.
func (s *Store) Crash(keep int) *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := New()
	if s.durable == nil {
		n.now = s.now.clone()
		return n
	}
	n.now = s.durable.clone()
	for _, f := range s.unsynced[:min(keep, len(s.unsynced))] {
		f(n.now)
	}
	return n
}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, t *store.Turn) error {
	size := 0
	for _, p := range t.Parts {
		size += len(p.Value)
	}
	for _, h := range t.History {
		size += len(h)
	}
	return s.change(ctx, func(now *state) error {
		if err := now.check(t); err != nil {
			return err
		}
		now.apply(t)
		s.stats.Commits++
		s.stats.Bytes += uint64(size)
		return nil
	}, func() func(*state) {
		kept := copyTurn(t)
		return func(d *state) { d.apply(kept) }
	})
}

// change makes a change now and waits until it is durable. again gives the change for durable; it is asked only if
// syncs are held.
func (s *Store) change(ctx context.Context, do func(*state) error, again func() func(*state)) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	if err := do(s.now); err != nil {
		s.mu.Unlock()
		return err
	}
	if !s.held {
		s.stats.Syncs++
		s.mu.Unlock()
		return nil
	}
	s.unsynced = append(s.unsynced, again())
	wait, relaxed := s.synced, s.relaxed
	s.mu.Unlock()
	if relaxed {
		return nil
	}
	select {
	case <-wait:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// copyTurn keeps a turn beyond its Commit.
func copyTurn(t *store.Turn) *store.Turn {
	n := *t
	n.Head.Data = bytes.Clone(t.Head.Data)
	n.Parts, n.History = slices.Clone(t.Parts), slices.Clone(t.History)
	n.Timers, n.Effects = slices.Clone(t.Timers), slices.Clone(t.Effects)
	n.Outbox, n.Consumed = slices.Clone(t.Outbox), slices.Clone(t.Consumed)
	for i := range n.Parts {
		n.Parts[i].Value = bytes.Clone(n.Parts[i].Value)
	}
	for i := range n.History {
		n.History[i] = bytes.Clone(n.History[i])
	}
	for i := range n.Effects {
		n.Effects[i].Data = bytes.Clone(n.Effects[i].Data)
	}
	for i := range n.Outbox {
		n.Outbox[i].Body = bytes.Clone(n.Outbox[i].Body)
	}
	return &n
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stats
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
