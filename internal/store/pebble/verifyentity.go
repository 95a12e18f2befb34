package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// follower walks a table whose rows belong to entities, beside the walk over the entities.
type follower struct {
	v     *verifier
	table byte
	it    *lsm.Iterator
	ok    bool
}

func (v *verifier) follow(table byte) *follower {
	f := &follower{v: v, table: table}
	if f.it, v.err = v.now.NewIter(&lsm.IterOptions{LowerBound: []byte{table}, UpperBound: []byte{table + 1}}); v.err == nil {
		f.ok = f.it.First()
	}
	return f
}

// next takes the row that the walk is at.
func (f *follower) next() (r anyRow, key []byte, err error) {
	key = bytes.Clone(f.it.Key())
	value, err := f.it.ValueAndErr()
	if err == nil {
		r, err = parseRow(key, value)
	}
	f.ok = f.it.Next()
	return r, key, err
}

// to reports rows before an entity's: they belong to nobody. With a nil prefix it goes to the end.
func (f *follower) to(prefix []byte) {
	for f.ok && f.v.err == nil && (prefix == nil || bytes.Compare(f.it.Key(), prefix) < 0) {
		r, key, err := f.next()
		f.v.problem(r.id, rowName(key), "the entity does not exist")
		f.v.check(err, r.id, string(key))
	}
}

// of calls each for an entity's rows, those that cannot be read excepted.
func (f *follower) of(id store.ID, each func(r *anyRow, key []byte)) {
	prefix := entityKey(nil, f.table, id)
	f.to(prefix)
	for f.ok && f.v.err == nil && bytes.HasPrefix(f.it.Key(), prefix) {
		r, key, err := f.next()
		if err != nil {
			f.v.check(err, id, string(key))
		}
		if err == nil || f.table == tabHistory && !errors.Is(err, errKey) { // a damaged event is there all the same
			each(&r, key)
		}
	}
}

func (f *follower) end() {
	if f.it != nil {
		f.to(nil)
		f.v.unreadable(f.it, []byte{f.table})
	}
}

// entities walks the entities and, beside them, what belongs to them.
func (v *verifier) entities() {
	if v.err != nil {
		return
	}
	rows := v.follow(tabEntity)
	history, lazies, effects := v.follow(tabHistory), v.follow(tabLazy), v.follow(tabEffect)
	var id store.ID // of the head met last
	for rows.ok && v.err == nil {
		r, key, err := rows.next()
		v.check(err, r.id, string(key))
		switch {
		case r.head != nil:
			id = r.head.ID
			if err == nil {
				v.head(r.head, key)
			}
			v.history(history, r.head, err == nil)
			lazies.of(id, func(*anyRow, []byte) { v.report.Parts++ })
			effects.of(id, func(*anyRow, []byte) { v.report.Effects++ })
		case r.id != id && err == nil:
			v.problem(r.id, rowName(key), "the entity has no head")
		case r.part != nil:
			v.report.Parts++
		case r.timer != nil && err == nil:
			v.timer(r.timer, key)
		}
	}
	for _, f := range []*follower{rows, history, lazies, effects} {
		f.end()
	}
}

// head finds a head in the lists it should be in.
func (v *verifier) head(h *store.Head, key []byte) {
	v.report.Entities++
	for _, l := range listsOf(h) {
		at := listKey(nil, l, h)
		name, done, err := v.s.get(v.now, at)
		switch {
		case errors.Is(err, store.ErrNotFound):
			v.problem(h.ID, rowName(key), fmt.Sprintf("the head is missing from list %q, row %q", l, at))
		case err == nil && string(name) != h.Name:
			v.problem(h.ID, rowName(at), fmt.Sprintf("the list has the name %q, the head %q", name, h.Name))
		}
		if err == nil {
			done()
		}
	}
}

// history wants an entity's events numbered from 1 to what its head says. A head that cannot be read says nothing.
func (v *verifier) history(f *follower, h *store.Head, known bool) {
	last := uint64(0)
	f.of(h.ID, func(r *anyRow, key []byte) {
		v.report.Events++
		if r.number != last+1 {
			v.problem(h.ID, rowName(key), fmt.Sprintf("event %d follows event %d", r.number, last))
		}
		last = r.number
	})
	if known && last != h.Events && v.err == nil {
		v.problem(h.ID, rowName(headKey(nil, h.ID)), fmt.Sprintf("the head counts %d events, the history ends with number %d", h.Events, last))
	}
}

// timer finds a timer in the order of time.
func (v *verifier) timer(t *store.Timer, key []byte) {
	v.report.Timers++
	_, done, err := v.s.get(v.now, dueKey(nil, *t))
	if errors.Is(err, store.ErrNotFound) {
		v.problem(t.ID, rowName(key), fmt.Sprintf("the timer is due at %d but would never fire: row %q is missing", t.Due, dueKey(nil, *t)))
	}
	if err == nil {
		done()
	}
}

// due finds the timer behind a row in the order of time.
func (v *verifier) due(r *anyRow, key []byte) {
	value, done, err := v.s.get(v.now, timerKey(nil, r.id, r.timer.Key))
	if err != nil {
		v.problem(r.id, rowName(key), fmt.Sprintf("the entity has no such timer %q: %v", r.timer.Key, err))
		return
	}
	defer done()
	if at, err := decodeTime(value); err == nil && at != r.timer.Due {
		v.problem(r.id, rowName(key), fmt.Sprintf("the entity's timer %q is due at %d, not at %d", r.timer.Key, at, r.timer.Due))
	}
}

// listed finds the head behind a row of a list.
func (v *verifier) listed(r *anyRow, key []byte) {
	h, err := v.s.head(v.now, r.id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		v.problem(r.id, rowName(key), "the list names an entity that does not exist")
	case err == nil && (!slices.Contains(listsOf(&h), r.list) || !bytes.Equal(listKey(nil, r.list, &h), key)):
		v.problem(r.id, rowName(key), fmt.Sprintf("the head belongs elsewhere: owner %q, status %q, started %d", h.Owner, h.Status, h.Started))
	}
}
