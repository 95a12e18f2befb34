package pebble

import (
	"sync"

	"github.com/perdure/perdure/internal/store"
)

// stripes share out the entities; maxHeads is how many heads each remembers. Together they are some 16,000 entities, a
// few megabytes.
const (
	stripes  = 256
	maxHeads = 64
)

// stripe is held while a turn of one of its entities is checked and applied. It remembers heads of entities that had a
// turn lately, without Data, because looking one up in the database costs a quarter of a commit.
type stripe struct {
	sync.Mutex
	heads map[store.ID]store.Head
}

// remember follows a turn that was applied.
func (l *stripe) remember(h *store.Head, deleted bool) {
	if deleted {
		delete(l.heads, h.ID)
		return
	}
	if l.heads == nil {
		l.heads = make(map[store.ID]store.Head, 1)
	}
	if _, known := l.heads[h.ID]; !known && len(l.heads) == maxHeads {
		for id := range l.heads { // any one: what is needed comes back soon
			delete(l.heads, id)
			break
		}
	}
	kept := *h
	kept.Data = nil
	l.heads[h.ID] = kept
}
