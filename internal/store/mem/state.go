package mem

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/store"
)

// state is all that a store holds. It knows no locks and no syncs.
type state struct {
	seq      uint64 // last inbox message
	entities map[store.ID]*entity
	lists    map[list]*ordered[entry]
	timers   ordered[store.Timer]
	docs     map[string]*ordered[store.Doc] // by space
	blobs    map[string][]byte
}

// entity may have an inbox without existing (head.Version 0).
type entity struct {
	head    store.Head
	parts   map[string][]byte
	history [][]byte
	timers  map[string]int64
	effects map[string]store.Effect
	inbox   []store.Message // ordered by Seq
}

// list names an index of heads: all of a kind (owner empty) or those of an owner.
type list struct {
	kind  byte
	owner string
}

// entry is where a head stands in its lists.
type entry struct {
	started int64
	id      store.ID
}

func newState() *state {
	return &state{
		entities: map[store.ID]*entity{},
		lists:    map[list]*ordered[entry]{},
		timers:   ordered[store.Timer]{cmp: byDue},
		docs:     map[string]*ordered[store.Doc]{},
		blobs:    map[string][]byte{},
	}
}

func byDue(a, b store.Timer) int {
	return cmp.Or(cmp.Compare(a.Due, b.Due), strings.Compare(string(a.ID), string(b.ID)), strings.Compare(a.Key, b.Key))
}

func newestFirst(a, b entry) int {
	return cmp.Or(cmp.Compare(b.started, a.started), strings.Compare(string(a.id), string(b.id)))
}

func byKey(a, b store.Doc) int { return strings.Compare(a.Key, b.Key) }

// check tells whether apply may be called.
func (s *state) check(t *store.Turn) error {
	if err := t.Check(); err != nil {
		return err
	}
	e := s.entities[t.Head.ID]
	if e == nil {
		e = &entity{}
	}
	if err := t.Follows(e.head); err != nil {
		return err
	}
	for i, seq := range t.Consumed {
		if _, ok := e.message(seq); !ok || slices.Contains(t.Consumed[:i], seq) {
			return store.ErrConflict
		}
	}
	return nil
}

func (e *entity) message(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(e.inbox, seq, func(m store.Message, seq uint64) int { return cmp.Compare(m.Seq, seq) })
}

// apply changes the state by a turn that was checked, and numbers its outbox.
func (s *state) apply(t *store.Turn) {
	id := t.Head.ID
	e := s.entity(id)
	for _, seq := range t.Consumed {
		i, _ := e.message(seq)
		e.inbox = slices.Delete(e.inbox, i, i+1)
	}
	s.unlist(&e.head)
	if t.Delete {
		for k, due := range e.timers {
			s.timers.remove(store.Timer{ID: id, Key: k, Due: due})
		}
		*e = entity{inbox: e.inbox}
	} else {
		e.head = t.Head
		e.head.Data = bytes.Clone(t.Head.Data)
		s.enlist(&e.head)
		e.change(t)
		s.setTimers(e, t)
	}
	if e.head.Version == 0 && len(e.inbox) == 0 {
		delete(s.entities, id)
	}
	for i := range t.Outbox {
		m := &t.Outbox[i]
		s.seq++
		m.Seq = s.seq
		kept := *m
		kept.Body = bytes.Clone(m.Body)
		to := s.entity(m.Target)
		to.inbox = append(to.inbox, kept)
	}
}

// entity finds one or makes room for it.
func (s *state) entity(id store.ID) *entity {
	e := s.entities[id]
	if e == nil {
		e = &entity{}
		s.entities[id] = e
	}
	return e
}

// change applies what concerns the entity alone.
func (e *entity) change(t *store.Turn) {
	for _, p := range t.Parts {
		if p.Value == nil {
			delete(e.parts, p.Key)
			continue
		}
		if e.parts == nil {
			e.parts = map[string][]byte{}
		}
		e.parts[p.Key] = append([]byte{}, p.Value...)
	}
	for _, h := range t.History {
		e.history = append(e.history, append([]byte{}, h...))
	}
	for _, f := range t.Effects {
		if f.Kind == "" {
			delete(e.effects, f.Key)
			continue
		}
		if e.effects == nil {
			e.effects = map[string]store.Effect{}
		}
		e.effects[f.Key] = store.Effect{ID: t.Head.ID, Key: f.Key, Kind: f.Kind, Data: append([]byte{}, f.Data...)}
	}
}

func (s *state) setTimers(e *entity, t *store.Turn) {
	for _, m := range t.Timers {
		if due, ok := e.timers[m.Key]; ok {
			s.timers.remove(store.Timer{ID: t.Head.ID, Key: m.Key, Due: due})
			delete(e.timers, m.Key)
		}
		if m.Due == 0 {
			continue
		}
		if e.timers == nil {
			e.timers = map[string]int64{}
		}
		e.timers[m.Key] = m.Due
		s.timers.insert(store.Timer{ID: t.Head.ID, Key: m.Key, Due: m.Due})
	}
}

// listsOf names the lists a head is in.
func listsOf(h *store.Head) []list {
	k := h.ID.Kind()
	if h.Owner == "" {
		return []list{{kind: k}}
	}
	return []list{{kind: k}, {kind: k, owner: h.Owner}}
}

func (s *state) enlist(h *store.Head) {
	for _, l := range listsOf(h) {
		o := s.lists[l]
		if o == nil {
			o = &ordered[entry]{cmp: newestFirst}
			s.lists[l] = o
		}
		o.insert(entry{h.Started, h.ID})
	}
}

func (s *state) unlist(h *store.Head) {
	if h.Version == 0 {
		return
	}
	for _, l := range listsOf(h) {
		o := s.lists[l]
		o.remove(entry{h.Started, h.ID})
		if o.empty() {
			delete(s.lists, l)
		}
	}
}

// clone copies everything that can change; byte slices never do.
func (s *state) clone() *state {
	n := newState()
	n.seq, n.timers, n.blobs = s.seq, s.timers.clone(), maps.Clone(s.blobs)
	for id, e := range s.entities {
		n.entities[id] = &entity{
			head: e.head, parts: maps.Clone(e.parts), history: slices.Clone(e.history), timers: maps.Clone(e.timers),
			effects: maps.Clone(e.effects), inbox: slices.Clone(e.inbox),
		}
	}
	for l, o := range s.lists {
		c := o.clone()
		n.lists[l] = &c
	}
	for space, o := range s.docs {
		c := o.clone()
		n.docs[space] = &c
	}
	return n
}
