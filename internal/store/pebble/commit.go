package pebble

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

var seed = maphash.MakeSeed()

// Commit implements store.Store. The turn is checked and applied under the entity's lock; the wait for the sync is
// outside of it, so that any number of turns share one.
func (s *Store) Commit(_ context.Context, t *store.Turn) error {
	if err := t.Check(); err != nil {
		return err
	}
	for i := range t.Outbox {
		t.Outbox[i].Seq = s.seq.Add(1)
	}
	w := writers.Get().(*writer)
	defer writers.Put(w)
	w.reset(s)
	defer w.batch.Close()

	l := &s.stripes[maphash.String(seed, string(t.Head.ID))%stripes]
	l.Lock()
	err := w.turn(t, l)
	var synced func() error
	if err == nil {
		done := s.low.lower(t.Timers)
		synced, err = s.apply(w.batch, &s.turns, t.Head.ID)
		done()
		l.remember(&t.Head, t.Delete || err != nil)
	}
	l.Unlock()
	if err != nil {
		return err
	}
	s.commits.Add(1)
	s.bytes.Add(uint64(w.batch.Len()))
	return synced()
}

// apply makes a batch visible, and under strict durability asks for a sync, for which synced waits. It must be called.
func (s *Store) apply(b *lsm.Batch, u *unsynced, id store.ID) (synced func() error, err error) {
	if !s.wait {
		return func() error { return nil }, s.db.Apply(b, s.sync)
	}
	c := u.begin(id)
	if err := s.db.ApplyNoSyncWait(b, s.sync); err != nil {
		u.end(id, c)
		return nil, err
	}
	return func() error {
		defer u.end(id, c)
		return b.SyncWait()
	}, nil
}

// writer writes one turn. Its buffers are used again.
type writer struct {
	s     *Store
	batch *lsm.Batch
	key   []byte
	value []byte
	err   error // of the batch, once
}

var writers = sync.Pool{New: func() any { return &writer{} }}

func (w *writer) reset(s *Store) { w.s, w.batch, w.err = s, s.db.NewBatch(), nil }

func (w *writer) set(key, value []byte) {
	w.key, w.value = key[:0], value[:0]
	if err := w.batch.Set(key, value, nil); err != nil && w.err == nil {
		w.err = err
	}
}

func (w *writer) del(key []byte) {
	w.key = key[:0]
	if err := w.batch.Delete(key, nil); err != nil && w.err == nil {
		w.err = err
	}
}

// turn checks a turn against what is there and writes its changes.
func (w *writer) turn(t *store.Turn, l *stripe) error {
	was, ok := l.heads[t.Head.ID]
	if !ok {
		var err error
		if was, err = w.was(&t.Head); err != nil {
			return err
		}
	}
	if err := t.Follows(was); err != nil {
		return err
	}
	if err := w.consume(t); err != nil {
		return err
	}
	var err error
	if t.Delete {
		err = w.remove(&was)
	} else {
		w.head(&was, &t.Head)
		w.parts(t)
		err = w.timers(t)
		w.effects(t)
	}
	if err != nil {
		return err
	}
	for i := range t.Outbox {
		m := &t.Outbox[i]
		w.set(numberKey(w.key, tabInbox, m.Target, m.Seq), encodeMessage(w.value, m))
	}
	return w.err
}

// was reads the head that a turn replaces, without Data; it is zero if there is none.
func (w *writer) was(h *store.Head) (store.Head, error) {
	key := headKey(w.key, h.ID)
	w.key = key[:0]
	v, c, err := w.s.db.Get(key)
	if errors.Is(err, lsm.ErrNotFound) {
		return store.Head{}, nil
	}
	if err != nil {
		return store.Head{}, err
	}
	defer c.Close()
	b, err := body(v)
	if err == nil {
		var was store.Head
		if was, err = decodeWas(h, b); err == nil {
			return was, nil
		}
	}
	return store.Head{}, fmt.Errorf("record %q: %w", key, err)
}

// consume deletes inbox messages that must be there.
func (w *writer) consume(t *store.Turn) error {
	for i, seq := range t.Consumed {
		key := numberKey(w.key, tabInbox, t.Head.ID, seq)
		w.key = key[:0]
		_, c, err := w.s.db.Get(key)
		if errors.Is(err, lsm.ErrNotFound) {
			return store.ErrConflict
		}
		if err != nil {
			return err
		}
		if err := c.Close(); err != nil {
			return err
		}
		if slices.Contains(t.Consumed[:i], seq) {
			return store.ErrConflict
		}
		w.del(key)
	}
	return nil
}

// head writes the head, and its place in the lists if that has changed.
func (w *writer) head(was, h *store.Head) {
	w.set(headKey(w.key, h.ID), encodeHead(w.value, h))
	same := was.Version > 0 && was.Started == h.Started && was.Owner == h.Owner && was.Name == h.Name
	if same && was.Status == h.Status {
		return
	}
	if was.Version > 0 {
		for _, l := range listsOf(was) {
			if !same || l == listStatus || l == listOwnerStatus {
				w.del(listKey(w.key, l, was))
			}
		}
	}
	for _, l := range listsOf(h) {
		if !same || l == listStatus || l == listOwnerStatus {
			w.set(listKey(w.key, l, h), append(append(w.value, format), h.Name...))
		}
	}
}

// parts writes parts and history.
func (w *writer) parts(t *store.Turn) {
	id := t.Head.ID
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.Value == nil {
			w.del(partKey(w.key, id, p.Key))
		} else {
			w.set(partKey(w.key, id, p.Key), append(append(w.value, format), p.Value...))
		}
	}
	n := t.Head.Events - uint64(len(t.History))
	for _, e := range t.History {
		n++
		w.set(numberKey(w.key, tabHistory, id, n), append(append(w.value, format), e...))
	}
}

// timers writes timers where the entity finds them and where the clock does.
func (w *writer) timers(t *store.Turn) error {
	id := t.Head.ID
	for i := range t.Timers {
		m := store.Timer{ID: id, Key: t.Timers[i].Key, Due: t.Timers[i].Due}
		if t.Read > 0 {
			due, err := w.due(id, m.Key)
			if err != nil {
				return err
			}
			if due == m.Due {
				continue
			}
			if due != 0 {
				w.del(dueKey(w.key, store.Timer{ID: id, Key: m.Key, Due: due}))
			}
		}
		if m.Due == 0 {
			w.del(timerKey(w.key, id, m.Key))
			continue
		}
		w.set(timerKey(w.key, id, m.Key), encodeTime(w.value, m.Due))
		w.set(dueKey(w.key, m), append(w.value, format))
	}
	return nil
}

// due is when a timer is set to; 0 if it is not.
func (w *writer) due(id store.ID, key string) (int64, error) {
	k := timerKey(w.key, id, key)
	w.key = k[:0]
	v, done, err := w.s.get(w.s.db, k)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer done()
	return decodeTime(v)
}

func (w *writer) effects(t *store.Turn) {
	for i := range t.Effects {
		f := &t.Effects[i]
		if f.Kind == "" {
			w.del(effectKey(w.key, t.Head.ID, f.Key))
		} else {
			w.set(effectKey(w.key, t.Head.ID, f.Key), encodeEffect(w.value, f))
		}
	}
}

// manyEvents is how long a history must be to be removed by one range tombstone rather than by one tombstone each: a
// few of those are cheaper to read past, many of the others are cheaper to write.
const manyEvents = 256

// remove deletes all rows of an entity but its inbox.
func (w *writer) remove(h *store.Head) error {
	if h.Version == 0 {
		return nil
	}
	for _, l := range listsOf(h) {
		w.del(listKey(w.key, l, h))
	}
	prefix := append(entityKey(nil, tabEntity, h.ID), rowTimer)
	if err := w.s.scan(w.s.db, prefix, nil, func(key, v []byte) error {
		due, err := decodeTime(v)
		w.del(dueKey(w.key, store.Timer{ID: h.ID, Key: string(key[len(prefix):]), Due: due}))
		return err
	}); err != nil {
		return err
	}
	for _, table := range []byte{tabEntity, tabLazy, tabEffect, tabHistory} {
		prefix := entityKey(nil, table, h.ID)
		if table == tabHistory && h.Events > manyEvents {
			if err := w.batch.DeleteRange(prefix, after(prefix), nil); err != nil {
				return err
			}
			continue
		}
		if err := w.s.scan(w.s.db, prefix, nil, func(key, _ []byte) error {
			w.del(append(w.key, key...))
			return nil
		}); err != nil {
			return err
		}
	}
	return w.err
}
