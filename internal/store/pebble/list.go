package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// Heads implements store.Store. It reads one moment.
func (s *Store) Heads(_ context.Context, f store.Filter) (heads []store.Head, next string, err error) {
	prefix := listPrefix(nil, listFor(&f), f.Kind, f.Owner, f.Status)
	o := &lsm.IterOptions{LowerBound: prefix, UpperBound: after(prefix)}
	if f.StartedBefore != 0 {
		o.LowerBound = binary.BigEndian.AppendUint64(prefix[:len(prefix):len(prefix)], ^ordered(f.StartedBefore-1))
	}
	if f.StartedAfter != 0 && f.StartedAfter != math.MaxInt64 {
		o.UpperBound = binary.BigEndian.AppendUint64(prefix[:len(prefix):len(prefix)], ^ordered(f.StartedAfter))
	}
	var cursor []byte
	if f.After != "" {
		started, id, err := store.ParseCursor(f.After)
		if err != nil {
			return nil, "", err
		}
		cursor = append(binary.BigEndian.AppendUint64(prefix[:len(prefix):len(prefix)], ^ordered(started)), id...)
	}
	if bytes.Compare(o.LowerBound, o.UpperBound) >= 0 { // no time is both after and before
		return nil, "", nil
	}
	defer s.turns.waitAll()
	now := s.db.NewSnapshot()
	defer func() { err = errors.Join(err, now.Close()) }()
	it, err := now.NewIter(o)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	skip := len(prefix) + 8
	for ok := seek(it, cursor, f.Reverse); ok; ok = step(it, f.Reverse) {
		err := row(it, func(key, name []byte) error {
			if len(key) <= skip {
				return errRecord
			}
			if f.Name != "" && f.Name != string(name) {
				return nil
			}
			h, err := s.head(now, store.ID(key[skip:]))
			if err != nil || !f.Wants(&h) {
				return err
			}
			if len(heads) == f.Limit {
				next = heads[f.Limit-1].Cursor()
				return errStop
			}
			heads = append(heads, h)
			return nil
		})
		if errors.Is(err, errStop) {
			break
		}
		if err != nil {
			return nil, "", err
		}
	}
	return heads, next, it.Error()
}

// listFor picks the list that has least beside what the filter wants.
func listFor(f *store.Filter) byte {
	switch {
	case f.Owner != "" && f.Status != "":
		return listOwnerStatus
	case f.Owner != "":
		return listOwner
	case f.Status != "":
		return listStatus
	}
	return listAll
}

// seek goes to the first row behind the cursor.
func seek(it *lsm.Iterator, cursor []byte, reverse bool) bool {
	switch {
	case cursor == nil && reverse:
		return it.Last()
	case cursor == nil:
		return it.First()
	case reverse:
		return it.SeekLT(cursor)
	}
	return it.SeekGE(append(cursor, 0))
}

func step(it *lsm.Iterator, reverse bool) bool {
	if reverse {
		return it.Prev()
	}
	return it.Next()
}
