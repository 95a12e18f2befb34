package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/store"
)

// entity is one in memory: its queue of messages, and, while it is worth keeping, its parts. The queue, the state and
// the list links belong to Engine.mu, everything else to the worker that has its turn.
type entity struct {
	id         store.ID
	queue      []item
	active     bool // ready or having a turn
	prev, next *entity
	listed     bool
	period     uint64 // in which it came to rest
	failures   int    // commits failed in a row

	loaded  bool
	head    store.Head // as changed by the turn under way
	was     store.Head // as committed
	parts   map[string][]byte
	timers  map[string]int64
	effects map[string]struct{}
	state   any
	states  int // bytes of state, as its behaviour estimates
	bytes   int // of all else
}

// Estimates of what a map entry or an entity costs beside its bytes.
const (
	rowBytes    = 64
	entityBytes = 512
)

// item is a queued message.
type item struct {
	m    Message
	seq  uint64 // in the inbox; 0 if it did not come through it
	due  int64  // of a timer
	run  *run   // of an effect
	call *call  // who waits; nil if nobody does

	reply  any
	err    error // what the turn returned
	broken bool  // its turn panicked or changed things before it failed: leave it out
}

// call waits for one message. The channel holds one, so that an answer nobody waits for any more blocks no one.
type call struct{ answer chan answer }

type answer struct {
	v   any
	err error
}

func (i *item) fail(err error) {
	if i.call != nil {
		i.call.answer <- answer{nil, err}
		i.call = nil
	}
}

// size is what keeping it costs.
func (n *entity) size() int { return entityBytes + n.bytes + n.states }

// unload forgets everything but the queue.
func (n *entity) unload() {
	n.loaded, n.state, n.states, n.bytes = false, nil, 0, 0
	n.parts, n.timers, n.effects = nil, nil, nil
	n.head, n.was = store.Head{}, store.Head{}
}

// load reads an entity and tells what is in its inbox and neither in the batch nor in the queue. An entity that does not
// exist loads as Version 0.
func (e *Engine) load(n *entity, batch []item) (older []item, err error) {
	s, err := e.storeOf(n.id).Load(context.Background(), n.id)
	if errors.Is(err, store.ErrNotFound) {
		s, err = &store.Snapshot{Head: store.Head{ID: n.id}}, nil
	}
	if err != nil {
		return nil, err
	}
	n.unload()
	n.loaded, n.head = true, s.Head
	n.head.ID = n.id
	n.was = n.head
	n.parts = make(map[string][]byte, len(s.Parts))
	for _, p := range s.Parts {
		n.parts[p.Key] = p.Value
		n.bytes += rowBytes + len(p.Key) + len(p.Value)
	}
	n.timers = make(map[string]int64, len(s.Timers))
	for _, t := range s.Timers {
		n.timers[t.Key] = t.Due
	}
	n.effects = make(map[string]struct{}, len(s.Effects))
	for _, f := range s.Effects {
		n.effects[f.Key] = struct{}{}
	}
	n.bytes += rowBytes * (len(s.Timers) + len(s.Effects))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Loads++
	return missing(s.Inbox, batch, n.queue), nil
}

// missing are the messages of an inbox that are not queued yet.
func missing(inbox []store.Message, queues ...[]item) []item {
	if len(inbox) == 0 {
		return nil
	}
	known := map[uint64]bool{}
	for _, q := range queues {
		for i := range q {
			known[q[i].seq] = true
		}
	}
	var items []item
	for i := range inbox {
		if m := &inbox[i]; !known[m.Seq] {
			items = append(items, inboxItem(m))
		}
	}
	return items
}

func inboxItem(m *store.Message) item {
	return item{m: Message{Type: m.Type, Key: m.Key, Body: m.Body}, seq: m.Seq}
}

// dropInbox takes inbox messages out of a queue: the store is about to be asked for them anew.
func dropInbox(q []item) []item {
	return slices.DeleteFunc(q, func(i item) bool { return i.seq != 0 })
}

// lazy parts are read when asked for.
func lazy(key string) bool { return strings.HasPrefix(key, "~") }
