package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// errStop ends a scan early.
var errStop = errors.New("stop")

// scan calls each for the rows whose key has the prefix, from the key from on if that is not nil. key and value are valid
// during the call.
func (s *Store) scan(r reader, prefix, from []byte, each func(key, value []byte) error) error {
	if from == nil {
		from = prefix
	}
	it, err := r.NewIter(&lsm.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	for ok := it.SeekGE(from); ok && err == nil; ok = it.Next() {
		err = row(it, each)
	}
	if errors.Is(err, errStop) {
		err = nil
	}
	return errors.Join(err, it.Error(), it.Close())
}

func row(it *lsm.Iterator, each func(key, value []byte) error) error {
	v, err := it.ValueAndErr()
	if err != nil {
		return err
	}
	b, err := body(v)
	if err == nil {
		err = each(it.Key(), b)
	}
	if err != nil && !errors.Is(err, errStop) {
		return fmt.Errorf("record %q: %w", it.Key(), err)
	}
	return err
}

func copied(v []byte) []byte { return append(make([]byte, 0, len(v)), v...) }

// head reads a head.
func (s *Store) head(r reader, id store.ID) (store.Head, error) {
	v, done, err := s.get(r, headKey(make([]byte, 0, 128), id))
	if err != nil {
		return store.Head{}, err
	}
	defer done()
	return decodeHead(id, v)
}

// Head implements store.Store.
func (s *Store) Head(_ context.Context, id store.ID) (store.Head, error) {
	defer s.turns.wait(id)
	return s.head(s.db, id)
}

// Load implements store.Store: one iterator, which sees one moment, over the three tables it needs.
func (s *Store) Load(_ context.Context, id store.ID) (snap *store.Snapshot, err error) {
	it, err := s.db.NewIter(&lsm.IterOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	snap = &store.Snapshot{Head: store.Head{ID: id}}
	for _, table := range []byte{tabEntity, tabEffect, tabInbox} {
		if table == tabEffect && snap.Head.Version == 0 {
			continue // what does not exist has none
		}
		prefix := entityKey(nil, table, id)
		it.SetBounds(prefix, after(prefix))
		for ok := it.First(); ok; ok = it.Next() {
			if err := row(it, func(key, v []byte) error { return snapRow(snap, table, key[len(prefix):], v) }); err != nil {
				return nil, err
			}
		}
		if err := it.Error(); err != nil {
			return nil, err
		}
	}
	if snap.Head.Version == 0 && len(snap.Inbox) == 0 {
		return nil, store.ErrNotFound
	}
	return snap, nil
}

// snapRow adds a row to a snapshot.
func snapRow(snap *store.Snapshot, table byte, key, v []byte) (err error) {
	id := snap.Head.ID
	switch {
	case table == tabEffect:
		var f store.Effect
		f, err = decodeEffect(id, string(key), v)
		snap.Effects = append(snap.Effects, f)
	case table == tabInbox && len(key) == 8:
		var m store.Message
		m, err = decodeMessage(id, binary.BigEndian.Uint64(key), v)
		snap.Inbox = append(snap.Inbox, m)
	case table == tabEntity && len(key) == 1 && key[0] == rowHead:
		snap.Head, err = decodeHead(id, v)
	case table == tabEntity && len(key) > 0 && key[0] == rowPart:
		snap.Parts = append(snap.Parts, store.Part{Key: string(key[1:]), Value: copied(v)})
	case table == tabEntity && len(key) > 0 && key[0] == rowTimer:
		t := store.Timer{ID: id, Key: string(key[1:])}
		t.Due, err = decodeTime(v)
		snap.Timers = append(snap.Timers, t)
	default:
		err = errRecord
	}
	return err
}

// ReadPart implements store.Store.
func (s *Store) ReadPart(_ context.Context, id store.ID, key string) ([]byte, error) {
	v, done, err := s.get(s.db, partKey(make([]byte, 0, 128), id, key))
	if err != nil {
		return nil, err
	}
	defer done()
	return copied(v), nil
}

// History implements store.Store.
func (s *Store) History(_ context.Context, id store.ID, from uint64, limit int, reverse bool) (events [][]byte, err error) {
	defer s.turns.wait(id)
	if _, err := s.head(s.db, id); err != nil {
		return nil, err
	}
	prefix := entityKey(nil, tabHistory, id)
	it, err := s.db.NewIter(&lsm.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	ok, step := false, it.Next
	switch {
	case !reverse:
		ok = it.SeekGE(binary.BigEndian.AppendUint64(prefix, from))
	case from == math.MaxUint64:
		ok, step = it.Last(), it.Prev
	default:
		ok, step = it.SeekLT(binary.BigEndian.AppendUint64(prefix, from+1)), it.Prev
	}
	for ; ok && len(events) < limit; ok = step() {
		if err := row(it, func(_, v []byte) error {
			events = append(events, copied(v))
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return events, it.Error()
}

// Timers implements store.Store.
func (s *Store) Timers(_ context.Context, due int64, limit int) (timers []store.Timer, err error) {
	if limit <= 0 {
		return nil, nil
	}
	now, low := s.low.begin(s.db)
	first := int64(math.MaxInt64)
	defer func() {
		s.low.end(first, err == nil)
		err = errors.Join(err, now.Close())
	}()
	from := binary.BigEndian.AppendUint64([]byte{tabDue}, ordered(low))
	err = s.scan(now, []byte{tabDue}, from, func(key, _ []byte) error {
		t, ok := parseDue(key)
		if !ok {
			return errRecord
		}
		first = min(first, t.Due)
		if t.Due > due || len(timers) == limit {
			return errStop
		}
		timers = append(timers, t)
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
	return s.scan(s.db, []byte{tabEffect}, nil, func(key, v []byte) error {
		id, rest, ok := splitEntity(key)
		if !ok {
			return errRecord
		}
		f, err := decodeEffect(id, string(rest), v)
		if err != nil {
			return err
		}
		return each(f)
	})
}

// Inboxes implements store.Store, in the order of id.
func (s *Store) Inboxes(_ context.Context, each func(store.ID) error) error {
	var last store.ID
	return s.scan(s.db, []byte{tabInbox}, nil, func(key, _ []byte) error {
		id, _, ok := splitEntity(key)
		if !ok {
			return errRecord
		}
		if id == last {
			return nil
		}
		last = id
		return each(id)
	})
}
