package pebble

import (
	"sync"
	"testing"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// compacting is a database with compactions that wait for permission.
type compacting struct {
	mu      sync.Mutex
	allowed int
	waiting int
	started chan lsm.CompactionGrantHandle
}

func (d *compacting) GetAllowedWithoutPermission() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.allowed
}

func (d *compacting) GetWaitingCompaction() (bool, lsm.WaitingCompaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting > 0, lsm.WaitingCompaction{}
}

func (d *compacting) Schedule(h lsm.CompactionGrantHandle) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == 0 {
		return false
	}
	d.waiting--
	d.started <- h
	return true
}

func TestCompactionsStartWhenThereIsRoomForThem(t *testing.T) {
	d := &compacting{allowed: 1, waiting: 4, started: make(chan lsm.CompactionGrantHandle, 10)}
	c := newCompactions()
	c.Register(2, d)
	ok, first := c.TrySchedule()
	if again, _ := c.TrySchedule(); !ok || again {
		t.Fatalf("scheduled %v, and a second one %v, where one is allowed", ok, again)
	}
	first.Done() // makes room for one that waits
	second := <-d.started
	c.UpdateGetAllowedWithoutPermission() // nothing has changed
	d.mu.Lock()
	d.allowed = 3
	d.mu.Unlock()
	c.UpdateGetAllowedWithoutPermission()
	third, fourth := <-d.started, <-d.started
	second.Done()
	<-d.started
	third.Done()
	fourth.Done()
	c.Unregister()
	if ok, _ := c.TrySchedule(); ok || d.waiting != 0 || len(d.started) != 0 {
		t.Errorf("after the end: scheduled %v, %d wait, %d started", ok, d.waiting, len(d.started))
	}
}

func TestAStoreCompactsByItself(t *testing.T) {
	s, err := Open(t.TempDir(), Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range uint64(20) {
		if err := s.Commit(t.Context(), &store.Turn{Read: n, Head: store.Head{ID: "k/1", Version: n + 1, Events: n + 1}, History: [][]byte{{'1'}}}); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	// Closing waits for compactions under way; 20 flushed tables would be 20 deep if none had been.
	if m := s.db.Metrics(); m.Compact.Count == 0 && m.Compact.NumInProgress == 0 {
		t.Errorf("20 flushes and no compaction: %s", m)
	}
}
