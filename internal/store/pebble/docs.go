package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/perdure/perdure/internal/store"
)

// CommitDocs implements store.Store.
func (s *Store) CommitDocs(_ context.Context, docs ...store.Doc) error {
	b := s.db.NewBatch()
	defer b.Close()
	var synced func() error
	s.docs.Lock()
	err := func() error {
		for i, d := range docs {
			if strings.IndexByte(d.Space, 0) >= 0 {
				return fmt.Errorf("document space %q contains a NUL", d.Space)
			}
			for _, o := range docs[:i] {
				if o.Space == d.Space && o.Key == d.Key {
					return fmt.Errorf("document %q of %q is changed twice in one commit", d.Key, d.Space)
				}
			}
			have, err := s.doc(d.Space, d.Key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if have.Version != d.Version {
				return store.ErrConflict
			}
			key := docKey(nil, d.Space, d.Key)
			if d.Value == nil {
				err = b.Delete(key, nil)
			} else {
				err = b.Set(key, encodeDoc(nil, d.Version+1, d.Value), nil)
			}
			if err != nil {
				return err
			}
		}
		var err error
		synced, err = s.apply(b, &s.written, allDocs)
		return err
	}()
	s.docs.Unlock()
	if err != nil {
		return err
	}
	return synced()
}

// allDocs stands for every document where [unsynced] wants an id: their commits are few.
const allDocs store.ID = ""

// Doc implements store.Store.
func (s *Store) Doc(_ context.Context, space, key string) (store.Doc, error) {
	defer s.written.wait(allDocs)
	return s.doc(space, key)
}

func (s *Store) doc(space, key string) (store.Doc, error) {
	v, done, err := s.get(s.db, docKey(nil, space, key))
	if err != nil {
		return store.Doc{}, err
	}
	defer done()
	return decodeDoc(space, key, v)
}

// Docs implements store.Store.
func (s *Store) Docs(_ context.Context, space, prefix, after string, limit int) (docs []store.Doc, err error) {
	if limit <= 0 {
		return nil, nil
	}
	defer s.written.wait(allDocs)
	from := docKey(nil, space, max(prefix, after))
	skip := len(docKey(nil, space, ""))
	err = s.scan(s.db, docKey(nil, space, prefix), from, func(key, v []byte) error {
		if after != "" && bytes.Equal(key[skip:], []byte(after)) {
			return nil
		}
		d, err := decodeDoc(space, string(key[skip:]), v)
		if err != nil {
			return err
		}
		docs = append(docs, d)
		if len(docs) == limit {
			return errStop
		}
		return nil
	})
	return docs, err
}
