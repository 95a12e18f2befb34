package pebble

import (
	"math"
	"sync"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// lowMark is a due time before which there is no timer, so that looking for the first one need not step over the
// tombstones of all that have fired.
type lowMark struct {
	scan sync.Mutex   // one scan at a time
	gate sync.RWMutex // held shared from lowering until the timers are visible; a scan begins when nobody is in between

	mu    sync.Mutex
	known bool
	due   int64
	since int64 // lowest due that was set since the scan under way began
}

func nothing() {}

// lower is called before timers become visible, what it returns after.
func (l *lowMark) lower(timers []store.Timer) (done func()) {
	first := int64(math.MaxInt64)
	for i := range timers {
		if due := timers[i].Due; due != 0 {
			first = min(first, due)
		}
	}
	if first == math.MaxInt64 {
		return nothing
	}
	l.gate.RLock()
	l.mu.Lock()
	l.due, l.since = min(l.due, first), min(l.since, first)
	l.mu.Unlock()
	return l.gate.RUnlock
}

// begin gives a moment of the database and the time from which it has timers. end must follow, with the first timer
// found (math.MaxInt64 if there is none).
func (l *lowMark) begin(db *lsm.DB) (now *lsm.Snapshot, from int64) {
	l.scan.Lock()
	l.gate.Lock()
	defer l.gate.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = math.MaxInt64
	if !l.known {
		l.due = math.MinInt64
	}
	return db.NewSnapshot(), l.due
}

// end is told ok false if the scan failed.
func (l *lowMark) end(first int64, ok bool) {
	l.mu.Lock()
	if ok {
		l.due, l.known = min(first, l.since), true
	}
	l.mu.Unlock()
	l.scan.Unlock()
}
