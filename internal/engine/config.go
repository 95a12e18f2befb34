package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// ErrClosed: the engine is closing or closed; what was asked did not happen.
var ErrClosed = errors.New("the engine is closed")

// Config is what an engine is made of. Only Store, Clock, NewID and Random are needed.
type Config struct {
	Store store.Store
	// Ephemeral keeps the entities whose kind is in Forgets, such as express executions. A message between an entity of
	// one store and one of the other is as forgetful as the latter: it is delivered after the commit, at most once.
	Ephemeral store.Store
	Forgets   string // kinds, one byte each; "x"

	Behaviours map[byte]Behaviour // by kind; see Register
	Clock      *Clock
	NewID      func() string  // random UUIDs
	Random     func() float64 // in [0,1)
	CacheBytes int            // of idle entities kept decoded for half a minute at most; 0 means 64 MiB
	MaxTurns   int            // turns under way at once, most of them waiting for a sync; 0 means 1024
	Log        *slog.Logger   // nil discards
}

// Limits of the engine's own making.
const (
	defaultCache = 64 << 20
	defaultTurns = 1024             // as many as a slow sync needs to be shared; each costs some 20 KB of memory
	maxBatch     = 64               // messages that one commit may settle
	closeWait    = 10 * time.Second // for effects and turns under way at Close
	idlePeriod   = 15 * time.Second // outside; an entity idle for one to two of them leaves the cache
)

// Engine runs turns. See the package comment for what it promises.
type Engine struct {
	cfg   Config
	store store.Store
	clock *Clock
	log   *slog.Logger

	// spawn starts a goroutine, oneTurn makes a worker stop after each turn; the simulation sets them to choose the order
	// of everything by seed.
	spawn   func(func())
	oneTurn bool

	ctx    context.Context // of effects
	cancel context.CancelFunc
	done   chan struct{} // closed when the engine is closed

	ticks      sync.Mutex // held while timers are read and fired, or time jumps; before mu
	mu         sync.Mutex
	behaviours map[byte]Behaviour
	phase      phase
	entities   map[store.ID]*entity
	idle       lru // idle entities with their bytes
	ageing     ageing
	ready      fifo
	workers    int
	active     int // entities that are ready or have a turn under way
	runs       map[rowKey]*run
	running    int    // runs whose goroutine has not ended, cancelled ones too
	busy       int    // what skipping time waits for: active entities, effects that are not waiting, Busy
	begun      uint64 // counts what was ever added to busy
	settled    []chan struct{}
	timers     []*timers // one per store
	alarm      alarm
	mark       mark // what the store knows of the clock
	skipping   bool
	watch      watchers
	stats      Stats
}

type phase int

const (
	starting phase = iota // messages gather
	started
	closing // turns and effects under way end, new ones do not begin
	closed
)

// rowKey names a timer or an effect of an entity.
type rowKey struct {
	id  store.ID
	key string
}

var _ API = (*Engine)(nil)

// New makes an engine that gathers messages but does nothing until Start.
func New(cfg Config) *Engine {
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = defaultCache
	}
	if cfg.MaxTurns == 0 {
		cfg.MaxTurns = defaultTurns
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		cfg: cfg, store: cfg.Store, clock: cfg.Clock, log: cfg.Log,
		spawn:      func(f func()) { go f() },
		done:       make(chan struct{}),
		behaviours: map[byte]Behaviour{},
		entities:   map[store.ID]*entity{},
		runs:       map[rowKey]*run{},
		watch:      newWatchers(),
		timers:     []*timers{newTimers(cfg.Store)},
	}
	if cfg.Ephemeral != nil {
		e.timers = append(e.timers, newTimers(cfg.Ephemeral))
	}
	for kind, b := range cfg.Behaviours {
		e.behaviours[kind] = b
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// Register gives the entities of a kind their behaviour. Call it before Start.
func (e *Engine) Register(kind byte, b Behaviour) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.behaviours[kind] = b
}

func (e *Engine) behaviour(id store.ID) (Behaviour, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(id) > 0 {
		if b := e.behaviours[id.Kind()]; b != nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("no behaviour is registered for the kind of entity %q", id)
}

// forgets tells whether the entity lives in the ephemeral store.
func (e *Engine) forgets(id store.ID) bool {
	if e.cfg.Ephemeral == nil {
		return false
	}
	for i := range len(e.cfg.Forgets) {
		if e.cfg.Forgets[i] == id.Kind() {
			return true
		}
	}
	return false
}

// timersOf finds the timers, and with them the store, of an entity.
func (e *Engine) timersOf(id store.ID) *timers {
	if e.forgets(id) {
		return e.timers[1]
	}
	return e.timers[0]
}

func (e *Engine) storeOf(id store.ID) store.Store { return e.timersOf(id).store }

// Store, Now, NewID and Random implement API.
func (e *Engine) Store() store.Store { return e.store }
func (e *Engine) Now() time.Time     { return e.clock.Now() }
func (e *Engine) NewID() string      { return e.cfg.NewID() }
func (e *Engine) Random() float64    { return e.cfg.Random() }
