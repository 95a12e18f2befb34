package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// sched runs tasks one at a time and chooses by seed which goes on: what an engine would do on many threads, again and
// again in the same way.
type sched struct {
	rng     *rand.Rand
	ready   []*simTask
	parked  []*simTask // waiting for a sync
	running *simTask
	back    chan struct{} // the running task has given way or ended
	wrong   []string      // what went wrong, first things first
	trace   uint64        // a hash of all choices
}

type simTask struct {
	f       func()
	resume  chan bool // false: end
	started bool
	over    bool
	park    bool
}

func newSched(seed uint64) *sched {
	return &sched{rng: rand.New(rand.NewPCG(seed, 1)), back: make(chan struct{})}
}

// fail notes what went wrong.
func (s *sched) fail(format string, a ...any) { s.wrong = append(s.wrong, fmt.Sprintf(format, a...)) }

// odds is true once in n times.
func (s *sched) odds(n int) bool { return s.rng.IntN(n) == 0 }

// spawn stands in for the go statement.
func (s *sched) spawn(f func()) {
	s.ready = append(s.ready, &simTask{f: f, resume: make(chan bool)})
}

// step lets one task go on until it gives way.
func (s *sched) step() {
	i := s.rng.IntN(len(s.ready))
	s.trace = s.trace*1099511628211 + uint64(i)*31 + uint64(len(s.ready))
	t := s.ready[i]
	s.ready = slices.Delete(s.ready, i, i+1)
	s.running = t
	if !t.started {
		t.started = true
		go s.run(t)
	} else {
		t.resume <- true
	}
	<-s.back
	switch {
	case t.over:
	case t.park:
		s.parked = append(s.parked, t)
	default:
		s.ready = append(s.ready, t)
	}
}

func (s *sched) run(t *simTask) {
	defer func() {
		if p := recover(); p != nil {
			s.fail("panic: %v\n%s", p, debug.Stack())
		}
		t.over = true
		s.back <- struct{}{}
	}()
	t.f()
}

// yield lets others go on; with park until the next sync. The task holds no lock.
func (s *sched) yield(park bool) {
	t := s.running
	t.park = park
	s.back <- struct{}{}
	if !<-t.resume {
		runtime.Goexit()
	}
}

// unpark follows a sync.
func (s *sched) unpark() {
	s.ready = append(s.ready, s.parked...)
	s.parked = nil
}

// kill ends every task where it stands.
func (s *sched) kill() {
	for _, t := range append(s.ready, s.parked...) {
		if t.started {
			t.resume <- false
			<-s.back
		}
	}
	s.ready, s.parked = nil, nil
}

// simStore is a memory store whose commits wait for a sync that the seed times, and which fails now and then.
type simStore struct {
	*mem.Store
	s *sched
	// unsynced are effects whose commit may still be lost.
	unsynced map[rowKey]int
	faults   bool
}

var errSim = errors.New("a fault of the simulation")

func newSimStore(s *sched, m *mem.Store, faults bool) *simStore {
	m.HoldSyncs(true)
	return &simStore{Store: m, s: s, unsynced: map[rowKey]int{}, faults: faults}
}

func (w *simStore) sync() {
	w.Store.Sync()
	w.s.unpark()
}

func (w *simStore) Commit(ctx context.Context, t *store.Turn) error {
	w.s.yield(false)
	if w.faults {
		switch w.s.rng.IntN(30) {
		case 0:
			return errSim
		case 1:
			return store.ErrConflict
		}
	}
	if err := w.Store.Commit(ctx, t); err != nil {
		return err
	}
	w.mark(t, 1)
	w.s.yield(true)
	w.mark(t, -1)
	return nil
}

// mark counts the commits under way that ask for an effect.
func (w *simStore) mark(t *store.Turn, n int) {
	for _, f := range t.Effects {
		if f.Kind != "" {
			w.unsynced[rowKey{t.Head.ID, f.Key}] += n
		}
	}
}

func (w *simStore) CommitDocs(ctx context.Context, docs ...store.Doc) error {
	err := w.Store.CommitDocs(ctx, docs...)
	w.sync()
	return err
}
