package engine

import (
	"bytes"
	"context"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// againKey is the timer under which Tx.Again survives a crash. Behaviours do not see it.
const againKey = "engine.again"

// txn is the Tx of one commit, which may settle several messages. Changes go straight into the entity; what changed is
// noted here. If the commit fails, the entity is loaded anew.
type txn struct {
	e   *Engine
	n   *entity
	now time.Time

	exists  bool
	removed bool
	again   bool
	changes int   // calls that change something, see Engine.settle
	item    *item // the message under way

	parts   dirty
	lazies  map[string][]byte // lazy parts that were put or, nil, deleted
	timers  dirty
	effects dirty
	asked   map[string]store.Effect // effects to run after the commit
	history [][]byte
	outbox  []store.Message
	used    []uint64
	after   []func()
}

// dirty is a set of keys in the order they were first touched.
type dirty struct {
	keys []string
	seen map[string]struct{} // only once there are many
}

func (d *dirty) add(key string) {
	const many = 16
	if d.seen == nil {
		for _, k := range d.keys {
			if k == key {
				return
			}
		}
		if len(d.keys) == many {
			d.seen = make(map[string]struct{}, 2*many)
			for _, k := range d.keys {
				d.seen[k] = struct{}{}
			}
		}
	}
	if d.seen != nil {
		if _, ok := d.seen[key]; ok {
			return
		}
		d.seen[key] = struct{}{}
	}
	d.keys = append(d.keys, key)
}

func (t *txn) ID() store.ID      { return t.n.id }
func (t *txn) Exists() bool      { return t.exists }
func (t *txn) Head() *store.Head { return &t.n.head }

func (t *txn) State() any { return t.n.state }

func (t *txn) SetState(s any, size int) { t.n.state, t.n.states = s, max(size, 0) }

func (t *txn) Parts(each func(key string, value []byte)) {
	for _, k := range sortedKeys(t.n.parts) {
		each(k, t.n.parts[k])
	}
}

func (t *txn) Part(key string) []byte {
	if lazy(key) {
		v, err := t.Lazy(key)
		if err != nil {
			return nil
		}
		return v
	}
	return t.n.parts[key]
}

func (t *txn) Lazy(key string) ([]byte, error) {
	if !lazy(key) {
		if v, ok := t.n.parts[key]; ok {
			return v, nil
		}
		return nil, store.ErrNotFound
	}
	if v, ok := t.lazies[key]; ok {
		if v == nil {
			return nil, store.ErrNotFound
		}
		return v, nil
	}
	return t.e.storeOf(t.n.id).ReadPart(context.Background(), t.n.id, key)
}

func (t *txn) Put(key string, value []byte) {
	t.changes++
	t.parts.add(key)
	if value == nil {
		value = []byte{}
	}
	if lazy(key) {
		t.putLazy(key, value)
		return
	}
	if old, ok := t.n.parts[key]; ok {
		t.n.bytes -= len(old)
	} else {
		t.n.bytes += rowBytes + len(key)
	}
	t.n.bytes += len(value)
	t.n.parts[key] = value
}

func (t *txn) Delete(key string) {
	t.changes++
	t.parts.add(key)
	if lazy(key) {
		t.putLazy(key, nil)
		return
	}
	if old, ok := t.n.parts[key]; ok {
		t.n.bytes -= rowBytes + len(key) + len(old)
		delete(t.n.parts, key)
	}
}

func (t *txn) putLazy(key string, value []byte) {
	if t.lazies == nil {
		t.lazies = map[string][]byte{}
	}
	t.lazies[key] = value
}

func (t *txn) NextEvent() uint64 { return t.n.head.Events + 1 }

func (t *txn) Append(event []byte) {
	t.changes++
	t.n.head.Events++
	t.history = append(t.history, event)
}

func (t *txn) SetTimer(key string, due time.Time) {
	ms := store.Millis(due)
	if due.After(time.UnixMilli(ms)) {
		ms++ // never early
	}
	t.setTimer(key, max(ms, 1))
}

func (t *txn) setTimer(key string, ms int64) {
	t.changes++
	t.timers.add(key)
	if _, ok := t.n.timers[key]; !ok {
		t.n.bytes += rowBytes
	}
	t.n.timers[key] = ms
}

func (t *txn) ClearTimer(key string) {
	if _, ok := t.n.timers[key]; !ok {
		return
	}
	t.changes++
	t.timers.add(key)
	t.n.bytes -= rowBytes
	delete(t.n.timers, key)
}

func (t *txn) Timer(key string) (time.Time, bool) {
	due, ok := t.n.timers[key]
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMilli(due).UTC(), true
}

func (t *txn) Effect(key, kind string, data []byte) {
	t.changes++
	t.effects.add(key)
	if t.asked == nil {
		t.asked = map[string]store.Effect{}
	}
	if _, ok := t.n.effects[key]; !ok {
		t.n.bytes += rowBytes
		t.n.effects[key] = struct{}{}
	}
	t.asked[key] = store.Effect{ID: t.n.id, Key: key, Kind: kind, Data: data}
}

func (t *txn) CancelEffect(key string) {
	if _, ok := t.n.effects[key]; !ok {
		return
	}
	t.changes++
	t.effects.add(key)
	t.n.bytes -= rowBytes
	delete(t.n.effects, key)
	delete(t.asked, key)
}

func (t *txn) EffectOpen(key string) bool {
	_, ok := t.n.effects[key]
	return ok
}

func (t *txn) Send(target store.ID, typ, key string, body []byte) {
	t.changes++
	t.outbox = append(t.outbox, store.Message{Target: target, Type: typ, Key: key, Body: body})
}

func (t *txn) Again() {
	t.again = true
	t.setTimer(againKey, max(store.Millis(t.now), 1)) // 0 would clear it
}

func (t *txn) Reply(v any) { t.item.reply = v }

func (t *txn) AfterCommit(f func()) { t.after = append(t.after, f) }

func (t *txn) Remove() {
	t.changes++
	t.removed = true
}

func (t *txn) Now() time.Time  { return t.now }
func (t *txn) NewID() string   { return t.e.cfg.NewID() }
func (t *txn) Random() float64 { return t.e.cfg.Random() }

// lives tells whether the turn leaves the entity existing: it did, or something of it was written.
func (t *txn) lives() bool {
	h := &t.n.head
	return !t.removed && (t.n.was.Version > 0 || h.Status != "" || h.Events > 0 ||
		len(t.parts.keys)+len(t.timers.keys)+len(t.effects.keys) > 0)
}

// record is the turn for the store; nil if there is nothing to commit.
func (t *txn) record() *store.Turn {
	n := t.n
	r := &store.Turn{Read: n.was.Version, Outbox: t.outbox, Consumed: t.used}
	if !t.lives() {
		if n.was.Version == 0 && len(r.Outbox)+len(r.Consumed) == 0 {
			return nil
		}
		r.Delete, r.Head.ID = true, n.id
		return r
	}
	n.head.ID, n.head.Version = n.id, n.was.Version+1
	r.Head, r.History = n.head, t.history
	if len(t.parts.keys)+len(t.timers.keys)+len(t.effects.keys)+len(r.History)+len(r.Outbox)+len(r.Consumed) == 0 &&
		n.was.Version > 0 && !headChanged(&n.head, &n.was) {
		n.head.Version = n.was.Version
		return nil
	}
	for _, k := range t.parts.keys {
		v := n.parts[k]
		if lazy(k) {
			v = t.lazies[k]
		}
		r.Parts = append(r.Parts, store.Part{Key: k, Value: v})
	}
	for _, k := range t.timers.keys {
		r.Timers = append(r.Timers, store.Timer{ID: n.id, Key: k, Due: n.timers[k]})
	}
	for _, k := range t.effects.keys {
		if f, ok := t.asked[k]; ok {
			r.Effects = append(r.Effects, f)
		} else {
			r.Effects = append(r.Effects, store.Effect{ID: n.id, Key: k})
		}
	}
	return r
}

// headChanged compares what behaviours may change.
func headChanged(a, b *store.Head) bool {
	return a.Owner != b.Owner || a.Name != b.Name || a.Status != b.Status || a.Started != b.Started || a.Ended != b.Ended ||
		!bytes.Equal(a.Data, b.Data)
}
