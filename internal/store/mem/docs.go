package mem

import (
	"context"
	"fmt"
	"strings"

	"github.com/perdure/perdure/internal/store"
)

// CommitDocs implements store.Store.
func (s *Store) CommitDocs(ctx context.Context, docs ...store.Doc) error {
	kept := make([]store.Doc, len(docs))
	for i, d := range docs {
		kept[i] = d
		if d.Value != nil {
			kept[i].Value = append([]byte{}, d.Value...)
		}
		for _, o := range docs[:i] {
			if o.Space == d.Space && o.Key == d.Key {
				return fmt.Errorf("document %q of %q is changed twice in one commit", d.Key, d.Space)
			}
		}
	}
	return s.change(ctx, func(now *state) error {
		for _, d := range kept {
			if now.doc(d.Space, d.Key).Version != d.Version {
				return store.ErrConflict
			}
		}
		now.applyDocs(kept)
		return nil
	}, func() func(*state) { return func(d *state) { d.applyDocs(kept) } })
}

// doc finds a document; its Version is 0 if there is none.
func (s *state) doc(space, key string) store.Doc {
	if o := s.docs[space]; o != nil {
		if c, i, found := o.find(store.Doc{Key: key}); found {
			return o.chunks[c][i]
		}
	}
	return store.Doc{}
}

func (s *state) applyDocs(docs []store.Doc) {
	for _, d := range docs {
		o := s.docs[d.Space]
		if o == nil {
			o = &ordered[store.Doc]{cmp: byKey}
			s.docs[d.Space] = o
		}
		o.remove(d)
		if d.Value != nil {
			d.Version++
			o.insert(d)
		}
	}
}

// Doc implements store.Store.
func (s *Store) Doc(_ context.Context, space, key string) (d store.Doc, err error) {
	err = s.read(func(now *state) error {
		if d = now.doc(space, key); d.Version == 0 {
			return store.ErrNotFound
		}
		return nil
	})
	return d, err
}

// Docs implements store.Store.
func (s *Store) Docs(_ context.Context, space, prefix, after string, limit int) (docs []store.Doc, err error) {
	err = s.read(func(now *state) error {
		o := now.docs[space]
		if o == nil {
			return nil
		}
		o.from(store.Doc{Key: max(prefix, after)}, func(d store.Doc) bool {
			if !strings.HasPrefix(d.Key, prefix) || len(docs) == limit {
				return false
			}
			if after == "" || d.Key > after {
				docs = append(docs, d)
			}
			return true
		})
		return nil
	})
	return docs, err
}

// PutBlob implements store.Store.
func (s *Store) PutBlob(ctx context.Context, name string, data []byte) error {
	kept := append([]byte{}, data...)
	put := func(now *state) { now.blobs[name] = kept }
	return s.change(ctx, func(now *state) error { put(now); return nil }, func() func(*state) { return put })
}

// Blob implements store.Store.
func (s *Store) Blob(_ context.Context, name string) (data []byte, err error) {
	err = s.read(func(now *state) error {
		b, ok := now.blobs[name]
		if !ok {
			return store.ErrNotFound
		}
		data = b
		return nil
	})
	return data, err
}

// DeleteBlob implements store.Store; deleting what is not there is no error.
func (s *Store) DeleteBlob(ctx context.Context, name string) error {
	del := func(now *state) { delete(now.blobs, name) }
	return s.change(ctx, func(now *state) error { del(now); return nil }, func() func(*state) { return del })
}
