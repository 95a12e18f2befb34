package pebble

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perdure/perdure/internal/store"
)

// slowDisk holds syncs back while its gate is locked.
type slowDisk struct {
	vfs.FS
	gate *sync.RWMutex
}

func (d slowDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return slowFile{f, d.gate}, err
}

type slowFile struct {
	vfs.File
	gate *sync.RWMutex
}

func (f slowFile) held(do func() error) error {
	f.gate.RLock()
	defer f.gate.RUnlock()
	return do()
}

func (f slowFile) Sync() error     { return f.held(f.File.Sync) }
func (f slowFile) SyncData() error { return f.held(f.File.SyncData) }

// TestReadersAreToldNothingThatACrashCouldTakeBack commits while nothing can be synced, waits until the database shows it,
// and reads: no reader may come back before the sync.
func TestReadersAreToldNothingThatACrashCouldTakeBack(t *testing.T) {
	ctx := t.Context()
	turn := &store.Turn{Head: store.Head{ID: "k/1", Version: 1, Events: 1, Status: "RUNNING"}, History: [][]byte{[]byte("e")}}
	docs := func(s *Store) error { return s.CommitDocs(ctx, store.Doc{Space: "d", Key: "k", Value: []byte("v")}) }
	turns := func(s *Store) error { return s.Commit(ctx, turn) }
	for _, c := range []struct {
		name   string
		commit func(*Store) error
		key    []byte // of a row that shows the commit
		read   func(*Store) (int, error)
	}{
		{"document", docs, docKey(nil, "d", "k"), func(s *Store) (int, error) {
			d, err := s.Doc(ctx, "d", "k")
			return int(d.Version), err
		}},
		{"documents", docs, docKey(nil, "d", "k"), func(s *Store) (int, error) {
			d, err := s.Docs(ctx, "d", "", "", 10)
			return len(d), err
		}},
		{"head", turns, headKey(nil, "k/1"), func(s *Store) (int, error) {
			h, err := s.Head(ctx, "k/1")
			return int(h.Version), err
		}},
		{"heads", turns, headKey(nil, "k/1"), func(s *Store) (int, error) {
			h, _, err := s.Heads(ctx, store.Filter{Kind: 'k', Limit: 10})
			return len(h), err
		}},
		{"history", turns, headKey(nil, "k/1"), func(s *Store) (int, error) {
			e, err := s.History(ctx, "k/1", 1, 10, false)
			return len(e), err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			gate := &sync.RWMutex{}
			s := open(t, slowDisk{vfs.NewMem(), gate}, Options{})
			gate.Lock()
			committed := make(chan error, 1)
			go func() { committed <- c.commit(s) }()
			for {
				_, done, err := s.get(s.db, c.key)
				if err == nil {
					done()
					break
				}
				if !errors.Is(err, store.ErrNotFound) {
					t.Fatal(err)
				}
			}
			var opened atomic.Bool
			told := make(chan error, 1)
			go func() {
				n, err := c.read(s)
				if err == nil && (n != 1 || !opened.Load()) {
					err = fmt.Errorf("read %d of 1, disk reached: %v", n, opened.Load())
				}
				told <- err
			}()
			for range 10_000 { // time for a reader that does not wait
				runtime.Gosched()
			}
			opened.Store(true)
			gate.Unlock()
			if err := errors.Join(<-told, <-committed); err != nil {
				t.Error(err)
			}
		})
	}
}
