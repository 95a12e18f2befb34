package pebble

import (
	"sync"

	"github.com/perdure/perdure/internal/store"
)

// unsynced knows what can be read although no sync has followed it yet: the database shows a batch before the log that has
// it is on disk. Readers from outside wait for that, so that no crash takes back what somebody was told.
type unsynced struct {
	mu sync.Mutex
	of map[store.ID]chan struct{} // the latest of each entity; a sync of that one covers those before it
}

// begin is called before a batch can be read, by one caller at a time for an id.
func (u *unsynced) begin(id store.ID) chan struct{} {
	c := make(chan struct{})
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of == nil {
		u.of = map[store.ID]chan struct{}{}
	}
	u.of[id] = c
	return c
}

// end is called when the batch is on disk, or has failed.
func (u *unsynced) end(id store.ID, c chan struct{}) {
	u.mu.Lock()
	if u.of[id] == c {
		delete(u.of, id)
	}
	u.mu.Unlock()
	close(c)
}

// wait returns when all of an id that could be read when it was called is on disk.
func (u *unsynced) wait(id store.ID) {
	u.mu.Lock()
	c := u.of[id]
	u.mu.Unlock()
	if c != nil {
		<-c
	}
}

// waitAll is wait for every id.
func (u *unsynced) waitAll() {
	u.mu.Lock()
	all := make([]chan struct{}, 0, len(u.of))
	for _, c := range u.of {
		all = append(all, c)
	}
	u.mu.Unlock()
	for _, c := range all {
		<-c
	}
}
