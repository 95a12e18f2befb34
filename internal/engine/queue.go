package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// Call implements API. If nothing else is under way for the entity, the turn runs on the caller's goroutine: that saves
// a new one, with a stack that has to grow, and waking the caller.
func (e *Engine) Call(ctx context.Context, id store.ID, m Message) (any, error) {
	c := calls.Get().(*call)
	n, err := e.submit(id, item{m: m, call: c}, true)
	if err != nil {
		return nil, err
	}
	if n != nil {
		e.workOn(n)
	}
	select {
	case a := <-c.answer:
		calls.Put(c)
		return a.v, a.err
	default:
	}
	select {
	case a := <-c.answer:
		calls.Put(c)
		return a.v, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var calls = sync.Pool{New: func() any { return &call{make(chan answer, 1)} }}

// Post implements API.
func (e *Engine) Post(id store.ID, m Message) {
	if _, err := e.submit(id, item{m: m}, false); err != nil {
		e.log.Debug("message dropped", "entity", string(id), "type", m.Type, "error", err)
	}
}

// submit queues a message from outside. With hands the caller is ready to do the work itself: it must run the turn of the
// entity that comes back, if one does.
func (e *Engine) submit(id store.ID, i item, hands bool) (mine *entity, err error) {
	if _, err := e.behaviour(id); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase >= closing {
		return nil, ErrClosed
	}
	n := e.enqueue(id, i)
	if n.active {
		return nil, nil
	}
	e.rouse(n)
	if hands && e.phase == started && e.workers < e.cfg.MaxTurns {
		e.workers++
		return n, nil
	}
	e.ready.push(n)
	e.hire()
	return nil, nil
}

// deliver queues a message and makes its entity ready. Engine.mu is held.
func (e *Engine) deliver(id store.ID, i item) {
	if e.phase == closed {
		i.fail(ErrClosed)
		return
	}
	e.wake(e.enqueue(id, i))
}

// enqueue queues a message and leaves it at that.
func (e *Engine) enqueue(id store.ID, i item) *entity {
	n := e.entities[id]
	if n == nil {
		n = &entity{id: id}
		e.entities[id] = n
	}
	n.queue = append(n.queue, i)
	e.stats.Queued++
	return n
}

// wake makes an idle entity ready.
func (e *Engine) wake(n *entity) {
	if n.active {
		return
	}
	e.rouse(n)
	e.ready.push(n)
	e.hire()
}

// rouse makes an idle entity active.
func (e *Engine) rouse(n *entity) {
	n.active = true
	e.active++
	e.addBusy()
	e.idle.remove(n)
}

// hire sees to it that somebody works on what is ready.
func (e *Engine) hire() {
	if e.phase == starting || e.workers >= e.cfg.MaxTurns || e.workers >= e.active {
		return
	}
	e.workers++
	e.spawn(e.work)
}

// work runs turns until nothing is ready. A worker that waits for a sync is one of up to MaxTurns, so that thousands of
// entities share it; which of them get a processor is the scheduler's business.
func (e *Engine) work() {
	e.mu.Lock()
	for e.ready.len() > 0 {
		n := e.ready.pop()
		batch := n.take()
		e.mu.Unlock()
		again := e.turn(n, batch)
		e.mu.Lock()
		e.rest(n, again)
		if e.oneTurn {
			break
		}
	}
	e.workers--
	if e.oneTurn && e.ready.len() > 0 {
		e.hire()
	}
	e.mu.Unlock()
}

// workOn runs one turn of an active entity, as a worker whom submit has counted.
func (e *Engine) workOn(n *entity) {
	e.mu.Lock()
	batch := n.take()
	e.mu.Unlock()
	again := e.turn(n, batch)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.workers--
	e.rest(n, again)
	if e.ready.len() > 0 {
		e.hire()
	}
}

// take gets the messages of the next turn.
func (n *entity) take() []item {
	if len(n.queue) <= maxBatch {
		batch := n.queue
		n.queue = nil
		return batch
	}
	batch := slices.Clone(n.queue[:maxBatch])
	n.queue = slices.Delete(n.queue, 0, maxBatch)
	return batch
}

// rest ends a turn: the entity goes to the end of the line, or to sleep. After a failed commit it waits outside the line.
func (e *Engine) rest(n *entity, failed bool) {
	if failed && e.phase < closing {
		e.later(n)
		return
	}
	if len(n.queue) > 0 && !failed {
		e.ready.push(n)
		return
	}
	n.active = false
	e.active--
	if n.loaded && n.head.Version > 0 && n.head.Ended == 0 { // who asks for one that has ended mostly reads the store
		e.idle.push(n)
		e.watchAge()
	} else if len(n.queue) == 0 {
		delete(e.entities, n.id)
	}
	for e.idle.bytes > e.cfg.CacheBytes && e.idle.back != nil {
		e.evict()
	}
	e.unbusy()
}

// later makes an entity ready after a pause, which grows with each failure in a row.
func (e *Engine) later(n *entity) {
	n.failures++
	back := func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.ready.push(n)
		e.hire()
	}
	if e.clock.after == nil {
		e.spawn(back)
		return
	}
	e.clock.after(min(100*time.Millisecond<<min(n.failures, 6), 5*time.Second), back)
}

// addBusy adds one to what skipping time waits for. Engine.mu is held.
func (e *Engine) addBusy() {
	e.busy++
	e.begun++
}

// unbusy takes one from what skipping time waits for. Engine.mu is held.
func (e *Engine) unbusy() {
	e.busy--
	e.quiet()
}

// quiet tells those who wait for quiet if it is.
func (e *Engine) quiet() {
	if e.busy == 0 {
		for _, c := range e.settled {
			close(c)
		}
		e.settled = nil
		if e.clock.mode == Skip && e.phase == started && !e.skipping {
			e.skipping = true
			e.spawn(e.skip)
		}
	}
	if e.phase == closing && e.active == 0 && e.running == 0 {
		e.phase = closed
		close(e.done)
	}
}

// Busy implements API.
func (e *Engine) Busy() (done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.addBusy()
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.unbusy()
	})
}
