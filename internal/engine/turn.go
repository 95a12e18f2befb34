package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/perdure/perdure/internal/store"
)

// turn settles a batch of messages in one commit. It tells whether that failed for a reason that may pass: messages with
// a caller were answered with the error then, the others are queued again.
func (e *Engine) turn(n *entity, batch []item) (failed bool) {
	b, err := e.behaviour(n.id)
	if err != nil { // an inbox or a timer of a kind that is not registered (any more)
		e.log.Error("messages cannot be handled", "entity", string(n.id), "error", err)
		return false
	}
	const conflicts = 20 // in a row; more than any number of nodes could cause
	for try := 0; ; try++ {
		err := e.prepare(n, &batch)
		if err == nil {
			t := &txn{e: e, n: n, now: e.clock.Now()}
			var again bool
			if batch, again = e.settle(t, b, batch); again {
				n.unload()
				continue
			}
			err = e.commit(t, batch)
		}
		switch {
		case err == nil:
			n.failures = 0
			return false
		case errors.Is(err, store.ErrConflict) && try < conflicts:
			// Moved on elsewhere, or a message was settled before it arrived here: look at the inbox anew.
			n.unload()
			batch = dropInbox(batch)
			e.mu.Lock()
			n.queue = dropInbox(n.queue)
			e.stats.Conflicts++
			e.mu.Unlock()
		default:
			e.fail(n, batch, err)
			return true
		}
	}
}

// prepare loads the entity if need be. What was in its inbox and not in memory, after a restart, comes before the batch: it
// was sent earlier.
func (e *Engine) prepare(n *entity, batch *[]item) error {
	if !n.loaded {
		older, err := e.load(n, *batch)
		if err != nil {
			return err
		}
		if len(older) > 0 {
			e.mu.Lock()
			n.queue = slices.Concat(older, *batch, n.queue)
			*batch = n.take()
			e.mu.Unlock()
		}
	}
	if len(*batch) == 0 {
		e.mu.Lock()
		*batch = n.take()
		e.mu.Unlock()
	}
	return nil
}

// fail answers callers with an error of the store and queues the rest again.
func (e *Engine) fail(n *entity, batch []item, err error) {
	e.log.Error("turn could not be committed", "entity", string(n.id), "error", err)
	n.unload()
	keep := batch[:0]
	for i := range batch {
		it := batch[i]
		if it.call != nil {
			it.fail(fmt.Errorf("the turn could not be committed: %w", err))
			continue
		}
		it.reply, it.err = nil, nil
		keep = append(keep, it)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Failures++
	n.queue = slices.Insert(n.queue, 0, keep...)
}

// settle shows each message to the behaviour. It returns those that belong to this commit (after a Remove the rest waits
// for the next), or again true if one must be left out and all others be shown anew.
func (e *Engine) settle(t *txn, b Behaviour, batch []item) (settled []item, again bool) {
	for i := range batch {
		it := &batch[i]
		if it.broken {
			it.reply = nil
			t.accept(it)
			continue
		}
		it.reply, it.err = nil, nil
		t.exists = t.lives()
		if !t.accept(it) {
			continue
		}
		head, changes := t.n.head, t.changes
		t.item = it
		if it.err = e.decide(t, b, it); it.err != nil {
			if it.broken || t.changes != changes {
				it.broken = true
				return batch, true
			}
			t.n.head = head
			if it.call == nil {
				e.log.Warn("message failed", "entity", string(t.n.id), "type", it.m.Type, "key", it.m.Key, "error", it.err)
			}
		}
		if t.removed && i+1 < len(batch) {
			e.mu.Lock()
			t.n.queue = slices.Insert(t.n.queue, 0, batch[i+1:]...)
			e.mu.Unlock()
			return batch[:i+1], false
		}
	}
	return batch, false
}

// decide calls the behaviour; a panic is the message's error.
func (e *Engine) decide(t *txn, b Behaviour, it *item) (err error) {
	defer func() {
		if p := recover(); p != nil {
			it.broken = true
			err = fmt.Errorf("internal error while handling %s", it.m.Type)
			e.log.Error("panic in a turn", "entity", string(t.n.id), "type", it.m.Type, "key", it.m.Key,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	return b.Turn(t, it.m)
}

// accept takes the engine's own part of a message: it consumes it from the inbox, clears the timer, closes the effect. It
// is false if the message means nothing any more.
func (t *txn) accept(it *item) bool {
	if it.seq != 0 {
		t.used = append(t.used, it.seq)
	}
	switch {
	case it.due != 0:
		due, ok := t.n.timers[it.m.Key]
		if !ok || due > store.Millis(t.now) && it.m.Key != againKey {
			return false
		}
		t.ClearTimer(it.m.Key)
	case it.run != nil:
		if !t.EffectOpen(it.m.Key) || !t.e.current(it.run) || t.asked[it.m.Key].Kind != "" {
			return false
		}
		t.CancelEffect(it.m.Key)
	}
	return true
}

// commit makes the turn durable and then does what it asked for.
func (e *Engine) commit(t *txn, batch []item) error {
	r := t.record()
	n := t.n
	var far []store.Message
	if r != nil {
		r.Outbox, far = e.splitOutbox(n.id, r.Outbox)
		if err := e.storeOf(n.id).Commit(context.Background(), r); err != nil {
			return err
		}
	}
	e.publish(t, r, batch)
	if t.lives() {
		n.was = n.head
	} else {
		n.unload()
		n.loaded, n.head.ID, n.was.ID = true, n.id, n.id
		n.parts, n.timers, n.effects = map[string][]byte{}, map[string]int64{}, map[string]struct{}{}
	}
	for i := range far {
		e.Post(far[i].Target, Message{Type: far[i].Type, Key: far[i].Key, Body: far[i].Body})
	}
	for _, f := range t.after {
		e.guard(n.id, f)
	}
	for i := range batch {
		if it := &batch[i]; it.call != nil {
			v := it.reply
			if it.err != nil {
				v = nil
			}
			it.call.answer <- answer{v, it.err}
		}
	}
	return nil
}

// splitOutbox parts messages that the commit writes from those to entities in another store.
func (e *Engine) splitOutbox(from store.ID, outbox []store.Message) (near, far []store.Message) {
	if e.cfg.Ephemeral == nil {
		return outbox, nil
	}
	for _, m := range outbox {
		if e.forgets(m.Target) == e.forgets(from) {
			near = append(near, m)
		} else {
			far = append(far, m)
		}
	}
	return near, far
}

// guard runs an AfterCommit; a panic is logged.
func (e *Engine) guard(id store.ID, f func()) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("panic after a commit", "entity", string(id), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	f()
}

// publish does, under one lock, what follows a commit: timers, effects, deliveries, watchers.
func (e *Engine) publish(t *txn, r *store.Turn, batch []item) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Turns += uint64(len(batch))
	if r == nil {
		return
	}
	e.stats.Commits++
	ts, n := e.timersOf(t.n.id), t.n
	if r.Delete {
		e.forget(ts, t)
	}
	for _, m := range r.Timers {
		ts.set(rowKey{n.id, m.Key}, m.Due)
	}
	for _, f := range r.Effects {
		e.cancelRun(rowKey{n.id, f.Key})
		if f.Kind != "" && e.phase < closing {
			e.startRun(f)
		}
	}
	if e.phase < closing { // otherwise the store keeps them for the next start
		for i := range r.Outbox {
			e.deliver(r.Outbox[i].Target, inboxItem(&r.Outbox[i]))
		}
		if due := n.timers[againKey]; t.again && due != 0 {
			ts.fire(rowKey{n.id, againKey})
			n.queue = append(n.queue, againItem(due))
		}
		e.arm()
	}
	e.watch.tell(e, &r.Head, r.Delete)
}

// forget drops the timers and effects of an entity that was removed.
func (e *Engine) forget(ts *timers, t *txn) {
	id := t.n.id
	for k := range t.n.timers {
		ts.set(rowKey{id, k}, 0)
	}
	for _, k := range t.timers.keys {
		ts.set(rowKey{id, k}, 0)
	}
	for k := range t.n.effects {
		e.cancelRun(rowKey{id, k})
	}
	for _, k := range t.effects.keys {
		e.cancelRun(rowKey{id, k})
	}
}

func againItem(due int64) item { return item{m: Message{Type: TypeAgain, Key: againKey}, due: due} }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
