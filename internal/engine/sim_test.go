package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

var (
	simSeed  = flag.Uint64("sim.seed", 0, "simulate this seed alone and tell how it went")
	simSeeds = flag.Int("sim.seeds", 0, "how many seeds to simulate (0: 1000, with -short 200)")
)

// sim is one simulation: an engine on a store, crashed and started anew again and again, until nothing is left to do.
type sim struct {
	*sched
	world   *simWorld
	disk    *mem.Store
	store   *simStore
	engine  *Engine
	mode    Mode
	cache   int
	tokens  []string // that clients start
	acked   map[string]bool
	crashes int // still to come
	faults  bool
	did     Stats // of all engines together
	jumps   int
}

func newSim(seed uint64) *sim {
	m := &sim{sched: newSched(seed), disk: mem.New(), acked: map[string]bool{}}
	m.world = &simWorld{s: m.sched, plans: map[string][]simStep{}}
	m.mode = []Mode{Manual, Skip}[m.rng.IntN(2)]
	m.cache = []int{1, 3000, 1 << 20}[m.rng.IntN(3)]
	m.crashes, m.faults = m.rng.IntN(6), m.odds(2)
	for i := range 1 + m.rng.IntN(6) {
		token := strconv.Itoa(i)
		m.tokens = append(m.tokens, token)
		m.world.plan(token, 0)
	}
	return m
}

// boot starts an engine on what the disk holds, and the clients that have no answer yet.
func (m *sim) boot() error {
	m.store = newSimStore(m.sched, m.disk, m.faults)
	start := time.UnixMilli(0)
	c := &Clock{mode: m.mode, source: func() time.Time { return start }}
	if m.mode == Skip {
		c.factor = 1
	}
	c.anchor(start)
	ids := 0
	m.engine = New(Config{
		Store: m.store, Clock: c, Behaviours: map[byte]Behaviour{'k': m.world}, CacheBytes: m.cache, MaxTurns: 1 + m.rng.IntN(8),
		NewID: func() string { ids++; return strconv.Itoa(ids) }, Random: m.rng.Float64,
	})
	m.engine.spawn, m.engine.oneTurn = m.spawn, true
	m.world.store, m.world.engine = m.store, m.engine
	for token := range maps.Keys(m.acked) {
		if _, err := m.disk.ReadPart(context.Background(), m.world.of(token), "start/"+token); err != nil {
			m.fail("the start of token %s was acknowledged and is lost: %v", token, err)
		}
	}
	for _, token := range m.tokens {
		if !m.acked[token] {
			m.spawn(func() { m.client(token) })
		}
	}
	return m.engine.Start(context.Background())
}

// client starts a token and insists on an answer.
func (m *sim) client(token string) {
	for {
		c := &call{make(chan answer, 1)}
		mine, err := m.engine.submit(m.world.of(token), item{m: Message{Type: "start", Key: token}, call: c}, m.odds(2))
		if err != nil {
			m.fail("start of %s: %v", token, err)
			return
		}
		if mine != nil {
			m.engine.workOn(mine)
		}
		for len(c.answer) == 0 {
			m.yield(false)
		}
		a := <-c.answer
		if a.err == nil {
			if a.v != token {
				m.fail("the start of %s was answered with %v", token, a.v)
			}
			m.acked[token] = true
			return
		}
		if !errors.Is(a.err, errSim) {
			m.fail("the start of %s was answered with %v", token, a.err)
			return
		}
	}
}

// crash loses what the store has not synced, or some of it, and all that was in memory.
func (m *sim) crash() error {
	m.crashes--
	m.disk = m.disk.Crash(m.rng.IntN(m.store.Unsynced() + 1))
	m.end()
	return m.boot()
}

// end drops the engine.
func (m *sim) end() {
	m.kill()
	m.engine.cancel()
	st := m.engine.Stats()
	m.did.Commits += st.Commits
	m.did.Turns += st.Turns
	m.did.Fired += st.Fired
	m.did.Effects += st.Effects
	m.did.Evicted += st.Evicted
	m.did.Conflicts += st.Conflicts
	m.did.Failures += st.Failures
	m.did.Skips += st.Skips
}

// tooLong is how many steps no simulation should need.
const tooLong = 200_000

// play goes on until nothing is left to do.
func (m *sim) play() error {
	if err := m.boot(); err != nil {
		return err
	}
	for steps := 0; len(m.wrong) == 0; steps++ {
		if steps == tooLong {
			return fmt.Errorf("no end after %d steps", steps)
		}
		switch {
		case m.crashes > 0 && m.odds(150):
			if err := m.crash(); err != nil {
				return err
			}
		case len(m.parked) > 0 && (len(m.ready) == 0 || m.odds(8)):
			m.store.sync()
		case m.odds(60):
			m.disturb()
		case m.mode == Manual && (len(m.ready) == 0 || m.odds(100)):
			if some, err := m.advance(); err != nil || !some && len(m.ready) == 0 {
				return err
			}
		case len(m.ready) == 0:
			return nil
		default:
			m.step()
		}
	}
	return nil
}

// disturb empties the cache, or posts a message that fails or one that moves a timer.
func (m *sim) disturb() {
	if m.odds(7) {
		m.engine.age()
		return
	}
	m.engine.Post(m.world.home(), Message{Type: []string{"bad", "dirty", "panic", "extend", "extend", "extend"}[m.rng.IntN(6)]})
}

// advance lets time pass to the next timer, or past it, whether or not anything is running.
func (m *sim) advance() (some bool, err error) {
	_, err = m.engine.advance(context.Background(), func(due time.Time, ok bool) (time.Time, bool) {
		if some = ok; !ok {
			return m.engine.Now(), true
		}
		if m.odds(4) {
			due = due.Add(time.Duration(m.rng.IntN(100)) * time.Second)
		}
		m.jumps++
		return due, true
	})
	return some, err
}

// check looks at what is left at the end.
func (m *sim) check() {
	ctx := context.Background()
	m.store.sync()
	if s := m.engine.Stats(); s.Busy != 0 || s.Active != 0 || s.EffectsOpen != 0 {
		m.fail("at the end something is still running: %+v", s)
	}
	if runs, timers := len(m.engine.runs), len(m.engine.timers[0].known); runs+timers > 0 {
		m.fail("at the end %d effects and %d timers are still in memory", runs, timers)
	}
	due, err := m.disk.Timers(ctx, math.MaxInt64, 100)
	if err != nil || len(due) > 0 {
		m.fail("timers are left: %v (%v)", due, err)
	}
	if err := errors.Join(
		m.disk.Effects(ctx, func(f store.Effect) error { m.fail("effect %s of %s is left", f.Key, f.ID); return nil }),
		m.disk.Inboxes(ctx, func(id store.ID) error { m.fail("messages to %s are left", id); return nil }),
	); err != nil {
		m.fail("%v", err)
	}
	for _, token := range slices.Sorted(maps.Keys(m.world.plans)) {
		sum, err := m.disk.ReadPart(ctx, simEnd, "sum/"+token)
		if want := m.world.expected(token); err != nil || number(sum) != want {
			m.fail("token %s ended with %s, want %d (%v)", token, sum, want, err)
		}
	}
	heads, _, err := m.disk.Heads(ctx, store.Filter{Kind: 'k', Limit: 1000})
	if err != nil {
		m.fail("%v", err)
	}
	for _, h := range heads {
		m.entity(h)
	}
}

func (m *sim) entity(h store.Head) {
	if strings.HasPrefix(string(h.ID), "k/visit/") {
		m.fail("%s should have been removed", h.ID)
	}
	events, err := m.disk.History(context.Background(), h.ID, 1, 1<<20, false)
	if err != nil || uint64(len(events)) != h.Events {
		m.fail("%s has %d events, its head says %d (%v)", h.ID, len(events), h.Events, err)
	}
	for i, e := range events {
		if number(e) != uint64(i+1) {
			m.fail("event %d of %s was appended as %s", i+1, h.ID, e)
		}
	}
	if wrong, err := m.disk.ReadPart(context.Background(), h.ID, "wrong"); err == nil {
		m.fail("in %s: %s", h.ID, wrong)
	}
	if _, err := m.disk.ReadPart(context.Background(), h.ID, "evil"); err == nil {
		m.fail("%s kept what a failed message did", h.ID)
	}
}

// simulate plays a seed.
func simulate(seed uint64) *sim {
	m := newSim(seed)
	if err := m.play(); err != nil {
		m.fail("%v", err)
	}
	if len(m.wrong) == 0 {
		m.check()
	}
	m.end()
	return m
}

func TestSimulationLosesNothingAndDoesNothingTwice(t *testing.T) {
	first, n := uint64(1), *simSeeds
	switch {
	case *simSeed != 0:
		first, n = *simSeed, 1
	case n == 0 && testing.Short():
		n = 200
	case n == 0:
		n = 1000
	}
	var all Stats
	jumps := 0
	for seed := first; seed < first+uint64(n); seed++ {
		m := simulate(seed)
		if len(m.wrong) > 0 {
			t.Fatalf("seed %d (%s clock, cache %d, faults %v): %s\nrepeat with: go test ./internal/engine -run Simulation -sim.seed=%d",
				seed, m.mode, m.cache, m.faults, strings.Join(m.wrong[:min(len(m.wrong), 10)], "\n"), seed)
		}
		all.Commits += m.did.Commits
		all.Turns += m.did.Turns
		all.Fired += m.did.Fired
		all.Effects += m.did.Effects
		all.Evicted += m.did.Evicted
		all.Conflicts += m.did.Conflicts
		all.Failures += m.did.Failures
		jumps += m.jumps + int(m.did.Skips)
	}
	t.Logf("%d seeds: %d messages, %d commits, %d timers, %d effects, %d evictions, %d conflicts, %d failed commits, %d jumps in time",
		n, all.Turns, all.Commits, all.Fired, all.Effects, all.Evicted, all.Conflicts, all.Failures, jumps)
	if n >= 200 && (all.Evicted == 0 || all.Conflicts == 0 || all.Failures == 0 || all.Fired == 0 || jumps == 0) {
		t.Error("the simulation no longer reaches what it is for")
	}
}

func TestASeedIsPlayedTheSameWayEachTime(t *testing.T) {
	for range 20 {
		seed := rand.Uint64()
		if a, b := simulate(seed), simulate(seed); a.trace != b.trace {
			t.Errorf("seed %d took different ways", seed)
		}
	}
}
