package engine

import (
	"container/heap"
	"context"
	"math"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// What of the timers is in memory: those due within the horizon, and not many more than timerBatch of them.
const (
	horizon    = int64(60_000) // milliseconds
	timerBatch = 4096
	longestNap = 30 * time.Second // outside; a laptop that slept may have missed its alarm
)

// timers are those of one store. All due at or before until are in memory: in the heap, or fired and waiting for the turn
// that clears them. Guarded by Engine.mu.
type timers struct {
	store  store.Store
	known  map[rowKey]*timer
	heap   timerHeap
	firing int
	until  int64
	// touched notes what commits changed while the store was being read.
	touched map[rowKey]struct{}
}

type timer struct {
	rowKey
	due   int64
	index int // in the heap; -1 once fired
}

func newTimers(s store.Store) *timers {
	return &timers{store: s, known: map[rowKey]*timer{}, until: math.MinInt64}
}

// set follows a commit; due 0 clears.
func (ts *timers) set(k rowKey, due int64) {
	if ts.touched != nil {
		ts.touched[k] = struct{}{}
	}
	t := ts.known[k]
	if due == 0 || due > ts.until {
		if t != nil {
			ts.drop(t)
		}
		return
	}
	ts.add(t, k, due)
}

func (ts *timers) add(t *timer, k rowKey, due int64) {
	switch {
	case t == nil:
		t = &timer{rowKey: k, due: due}
		ts.known[k] = t
		heap.Push(&ts.heap, t)
	case t.index < 0:
		ts.firing--
		t.due = due
		heap.Push(&ts.heap, t)
	default:
		t.due = due
		heap.Fix(&ts.heap, t.index)
	}
}

func (ts *timers) drop(t *timer) {
	delete(ts.known, t.rowKey)
	if t.index < 0 {
		ts.firing--
	} else {
		heap.Remove(&ts.heap, t.index)
	}
}

// fire takes a timer from the heap because its message is queued.
func (ts *timers) fire(k rowKey) {
	if t := ts.known[k]; t != nil && t.index >= 0 {
		heap.Remove(&ts.heap, t.index)
		ts.firing++
	}
}

// hungry tells whether the store should be asked for more.
func (ts *timers) hungry(now int64) bool {
	return now+horizon/2 >= ts.until && len(ts.heap) < timerBatch/2 && ts.firing < timerBatch
}

// tick fires what is due. It reads ahead in the store first.
func (e *Engine) tick() {
	e.ticks.Lock()
	defer e.ticks.Unlock()
	e.mu.Lock()
	over := e.phase != started
	e.mu.Unlock()
	if over {
		return
	}
	if err := e.fire(); err != nil {
		e.log.Error("timers could not be read", "error", err)
	}
}

// fire is tick with Engine.ticks held.
func (e *Engine) fire() error {
	for _, ts := range e.timers {
		for more := true; more; {
			if err := e.refill(ts); err != nil {
				e.mu.Lock()
				e.alarm.ticking = false
				e.armIn(time.Second)
				e.mu.Unlock()
				return err
			}
			e.mu.Lock()
			now := store.Millis(e.clock.Now())
			for len(ts.heap) > 0 && ts.heap[0].due <= now && e.phase == started {
				t := ts.heap[0]
				ts.fire(t.rowKey)
				e.stats.Fired++
				i := item{m: Message{Type: TypeTimer, Key: t.key}, due: t.due}
				if t.key == againKey {
					i = againItem(t.due)
				}
				e.deliver(t.id, i)
			}
			more = ts.hungry(now) && e.phase == started
			e.mu.Unlock()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.alarm.ticking, e.alarm.at = false, 0 // time may have jumped since it was set
	e.arm()
	return nil
}

// refill reads ahead until the horizon.
func (e *Engine) refill(ts *timers) error {
	e.mu.Lock()
	now := store.Millis(e.clock.Now())
	if !ts.hungry(now) {
		e.mu.Unlock()
		return nil
	}
	// Raise the limit first: what commits set while we read lands in memory then.
	was, limit := ts.until, len(ts.known)+timerBatch
	ts.until = now + int64(float64(horizon)*max(1, e.clock.factor))
	ts.touched = map[rowKey]struct{}{}
	until := ts.until
	e.mu.Unlock()

	found, err := ts.store.Timers(context.Background(), until, limit)

	e.mu.Lock()
	defer e.mu.Unlock()
	touched := ts.touched
	ts.touched = nil
	if err != nil {
		ts.until = was
		return err
	}
	for _, t := range found {
		k := rowKey{t.ID, t.Key}
		if _, ok := touched[k]; !ok && ts.known[k] == nil {
			ts.add(nil, k, t.Due)
		}
	}
	if len(found) == limit {
		ts.until = found[limit-1].Due - 1
	}
	return nil
}

// alarm is what will call tick.
type alarm struct {
	timer   *time.Timer
	at      int64 // engine time for which timer is set; 0 if it is not
	ticking bool  // tick is under way or about to be
}

// arm sees to it that tick is called when the next timer is due or reading ahead is. Engine.mu is held.
func (e *Engine) arm() {
	if e.phase != started || e.alarm.ticking {
		return
	}
	now := store.Millis(e.clock.Now())
	next := int64(math.MaxInt64)
	for _, ts := range e.timers {
		if ts.hungry(now) {
			next = now
		}
		if ts.firing < timerBatch && len(ts.heap) < timerBatch/2 {
			next = min(next, max(ts.until-horizon/2, now))
		}
		if len(ts.heap) > 0 {
			next = min(next, ts.heap[0].due)
		}
	}
	if e.alarm.at != 0 && e.alarm.at <= next && next > now {
		return
	}
	if next <= now {
		e.alarm.ticking = true
		e.spawn(e.tick)
		return
	}
	d, ok := e.clock.wait(time.UnixMilli(next))
	if !ok {
		return
	}
	e.armIn(min(d, longestNap))
	e.alarm.at = next
}

func (e *Engine) armIn(d time.Duration) {
	if e.clock.after == nil {
		return
	}
	if e.alarm.timer != nil {
		e.alarm.timer.Stop()
	}
	e.alarm.at = 0
	e.alarm.timer = e.clock.after(d, func() {
		e.mu.Lock()
		e.alarm.at = 0
		e.mu.Unlock()
		e.tick()
	})
}

// timerHeap has the timer due first on top; ties go by entity and key, so that equal runs are equal.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.due != b.due {
		return a.due < b.due
	}
	if a.id != b.id {
		return a.id < b.id
	}
	return strings.Compare(a.key, b.key) < 0
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
