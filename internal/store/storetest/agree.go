package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/perdure/perdure/internal/store"
)

// Agree plays random sequences on two stores, which must give the same answers all along. Message numbers may differ:
// they are compared by the order in which they were given.
func Agree(t *testing.T, a, b Open) {
	rapid.Check(t, func(r *rapid.T) {
		p := &pair{r: r, t: t, stores: [2]store.Store{a(t), b(t)}, versions: map[store.ID]uint64{}, events: map[store.ID]uint64{}}
		defer p.close()
		r.Repeat(map[string]func(*rapid.T){
			"commit": func(*rapid.T) { p.commit() },
			"remove": func(*rapid.T) { p.remove() },
			"docs":   func(*rapid.T) { p.docs() },
			"blob":   func(*rapid.T) { p.blob() },
			"lists":  func(*rapid.T) { p.lists() },
			"reads":  func(*rapid.T) { p.reads() },
			"":       func(*rapid.T) { p.overall() },
		})
	})
}

// pair is two stores and what a sensible caller knows of them.
type pair struct {
	r        *rapid.T
	t        *testing.T
	stores   [2]store.Store
	versions map[store.ID]uint64
	events   map[store.ID]uint64
	numbers  [2][]uint64 // of messages, in the order they were sent
}

func (p *pair) close() {
	for _, s := range p.stores {
		if err := s.Close(); err != nil {
			p.r.Error(err)
		}
	}
}

// both asks both stores and compares.
func (p *pair) both(what string, ask func(i int, s store.Store) (string, error)) (ok bool) {
	p.r.Helper()
	var answers [2]string
	var errs [2]error
	for i, s := range p.stores {
		answers[i], errs[i] = ask(i, s)
		for _, known := range []error{store.ErrConflict, store.ErrNotFound, store.ErrCursor} {
			if errors.Is(errs[i], known) {
				errs[i] = known
			}
		}
	}
	if answers[0] != answers[1] || fmt.Sprint(errs[0]) != fmt.Sprint(errs[1]) {
		p.r.Fatalf("%s: the stores differ\n%s (%v)\n%s (%v)", what, answers[0], errs[0], answers[1], errs[1])
	}
	return errs[0] == nil
}

func (p *pair) id() store.ID {
	return rapid.SampledFrom([]store.ID{"m/a", "m/a/b", "m/b", "x/a", "m/\x01"}).Draw(p.r, "id")
}

func (p *pair) key() string {
	return rapid.SampledFrom([]string{"", "a", "ab", "b", "~a", "~", "\xff", "\xff\xff"}).Draw(p.r, "key")
}

func (p *pair) bytes() []byte { return rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(p.r, "bytes") }

func (p *pair) small(name string) int64 { return rapid.Int64Range(-3, 12).Draw(p.r, name) }

// read is usually the right version.
func (p *pair) read(id store.ID) uint64 {
	if rapid.IntRange(0, 9).Draw(p.r, "wrong version") == 0 {
		return uint64(rapid.IntRange(0, 3).Draw(p.r, "version"))
	}
	return p.versions[id]
}

// some draws up to n distinct keys.
func (p *pair) some(n int) []string {
	return rapid.SliceOfNDistinct(rapid.Custom(func(r *rapid.T) string {
		return rapid.SampledFrom([]string{"", "a", "ab", "b", "~a", "~", "\xff"}).Draw(r, "key")
	}), 0, n, rapid.ID[string]).Draw(p.r, "keys")
}

func (p *pair) turn(id store.ID) *store.Turn {
	read := p.read(id)
	t := &store.Turn{Read: read, Head: store.Head{
		ID: id, Owner: rapid.SampledFrom([]string{"", "o", "p"}).Draw(p.r, "owner"), Name: rapid.SampledFrom([]string{"", "n", "nn"}).Draw(p.r, "name"),
		Status:  rapid.SampledFrom([]string{"", "RUNNING", "DONE"}).Draw(p.r, "status"),
		Started: p.small("started"), Ended: p.small("ended"), Data: p.bytes(), Version: read + 1, Events: p.events[id],
	}}
	for range rapid.IntRange(0, 3).Draw(p.r, "events") {
		t.Head.Events++
		t.History = append(t.History, p.bytes())
	}
	for _, k := range p.some(3) {
		part := store.Part{Key: k, Value: p.bytes()}
		if rapid.Bool().Draw(p.r, "delete part") {
			part.Value = nil
		}
		t.Parts = append(t.Parts, part)
	}
	for _, k := range p.some(3) {
		t.Timers = append(t.Timers, store.Timer{Key: k, Due: p.small("due")})
	}
	for _, k := range p.some(2) {
		t.Effects = append(t.Effects, store.Effect{Key: k, Kind: rapid.SampledFrom([]string{"", "k"}).Draw(p.r, "kind"), Data: p.bytes()})
	}
	return t
}

func (p *pair) commit() {
	id := p.id()
	t := p.turn(id)
	if p.send(t) {
		p.versions[id], p.events[id] = t.Head.Version, t.Head.Events
	}
}

func (p *pair) remove() {
	id := p.id()
	if p.send(&store.Turn{Read: p.read(id), Head: store.Head{ID: id}, Delete: true}) {
		delete(p.versions, id)
		delete(p.events, id)
	}
}

// send adds messages to and from inboxes and commits.
func (p *pair) send(t *store.Turn) bool {
	for range rapid.IntRange(0, 2).Draw(p.r, "messages") {
		t.Outbox = append(t.Outbox, store.Message{Target: p.id(), Type: p.key(), Key: p.key(), Body: p.bytes()})
	}
	var used []int // positions in p.numbers
	if snap, err := p.stores[0].Load(context.Background(), t.Head.ID); err == nil {
		for _, m := range snap.Inbox {
			if rapid.Bool().Draw(p.r, "consume") {
				used = append(used, p.position(0, m.Seq))
			}
		}
	}
	if len(p.numbers[0]) > 0 && rapid.IntRange(0, 9).Draw(p.r, "consume another's") == 0 {
		used = append(used, rapid.IntRange(0, len(p.numbers[0])-1).Draw(p.r, "message"))
	}
	return p.both("commit", func(i int, s store.Store) (string, error) {
		c := *t
		c.Outbox = append([]store.Message{}, t.Outbox...)
		c.Consumed = nil
		for _, n := range used {
			c.Consumed = append(c.Consumed, p.numbers[i][n])
		}
		err := s.Commit(context.Background(), &c)
		if err == nil {
			for _, m := range c.Outbox {
				p.numbers[i] = append(p.numbers[i], m.Seq)
			}
		}
		return "", err
	})
}

func (p *pair) position(i int, seq uint64) int {
	for n, s := range p.numbers[i] {
		if s == seq {
			return n
		}
	}
	p.r.Fatalf("a message has number %d, which was not given", seq)
	return 0
}

func (p *pair) docs() {
	var ds []store.Doc
	for _, k := range p.some(3) {
		d := store.Doc{Space: rapid.SampledFrom([]string{"s", "t"}).Draw(p.r, "space"), Key: k, Value: p.bytes(), Version: uint64(rapid.IntRange(0, 2).Draw(p.r, "version"))}
		if have, err := p.stores[0].Doc(context.Background(), d.Space, d.Key); err == nil && rapid.Bool().Draw(p.r, "right version") {
			d.Version = have.Version
		}
		if rapid.IntRange(0, 3).Draw(p.r, "delete") == 0 {
			d.Value = nil
		}
		ds = append(ds, d)
	}
	p.both("documents", func(_ int, s store.Store) (string, error) { return "", s.CommitDocs(context.Background(), ds...) })
}

func (p *pair) blob() {
	name, data, op := p.key(), p.bytes(), rapid.IntRange(0, 2).Draw(p.r, "op")
	p.both("blob", func(_ int, s store.Store) (string, error) {
		switch op {
		case 0:
			return "", s.PutBlob(context.Background(), name, data)
		case 1:
			return "", s.DeleteBlob(context.Background(), name)
		}
		b, err := s.Blob(context.Background(), name)
		return show(b), err
	})
}

func (p *pair) lists() {
	f := store.Filter{
		Kind: rapid.SampledFrom([]byte("mx")).Draw(p.r, "kind"), Owner: rapid.SampledFrom([]string{"", "o", "p"}).Draw(p.r, "owner"),
		Status: rapid.SampledFrom([]string{"", "RUNNING", "DONE"}).Draw(p.r, "status"), Name: rapid.SampledFrom([]string{"", "n"}).Draw(p.r, "name"),
		StartedAfter: p.small("after"), StartedBefore: p.small("before"), Reverse: rapid.Bool().Draw(p.r, "reverse"),
		Limit: rapid.IntRange(1, 3).Draw(p.r, "limit"),
	}
	if rapid.Bool().Draw(p.r, "cursor") {
		h := store.Head{ID: p.id(), Started: p.small("started")}
		f.After = h.Cursor()
	}
	p.both(fmt.Sprintf("list %+v", f), func(_ int, s store.Store) (string, error) {
		hs, next, err := s.Heads(context.Background(), f)
		return show(hs) + next, err
	})
	space, prefix, after, limit := rapid.SampledFrom([]string{"s", "t"}).Draw(p.r, "space"), p.key(), p.key(), rapid.IntRange(0, 3).Draw(p.r, "limit")
	p.both("documents", func(_ int, s store.Store) (string, error) {
		ds, err := s.Docs(context.Background(), space, prefix, after, limit)
		return show(ds), err
	})
	due := p.small("due")
	p.both("timers", func(_ int, s store.Store) (string, error) {
		ts, err := s.Timers(context.Background(), due, limit)
		return fmt.Sprint(ts), err
	})
}

func (p *pair) reads() {
	id, key := p.id(), p.key()
	from, limit, reverse := uint64(rapid.IntRange(0, 9).Draw(p.r, "from")), rapid.IntRange(0, 5).Draw(p.r, "limit"), rapid.Bool().Draw(p.r, "reverse")
	p.both("part", func(_ int, s store.Store) (string, error) {
		v, err := s.ReadPart(context.Background(), id, key)
		return show(v), err
	})
	p.both("history", func(_ int, s store.Store) (string, error) {
		events, err := s.History(context.Background(), id, from, limit, reverse)
		return show(events), err
	})
	p.both("snapshot", func(i int, s store.Store) (string, error) {
		snap, err := s.Load(context.Background(), id)
		if err != nil {
			return "", err
		}
		for n := range snap.Inbox {
			snap.Inbox[n].Seq = uint64(p.position(i, snap.Inbox[n].Seq))
		}
		return show(snap), nil
	})
}

// overall compares what is cheap to compare after every step.
func (p *pair) overall() {
	p.both("first timer", func(_ int, s store.Store) (string, error) {
		m, ok, err := s.NextTimer(context.Background())
		return fmt.Sprint(m, ok), err
	})
	p.both("effects", func(_ int, s store.Store) (string, error) {
		out := ""
		err := s.Effects(context.Background(), func(f store.Effect) error { out += show([]store.Effect{f}); return nil })
		return out, err
	})
	p.both("inboxes", func(_ int, s store.Store) (string, error) {
		out := ""
		err := s.Inboxes(context.Background(), func(id store.ID) error { out += string(id) + " "; return nil })
		return out, err
	})
}
