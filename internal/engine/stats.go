package engine

// Stats are counters since New and gauges as of now.
type Stats struct {
	Queued    uint64 // messages queued
	Turns     uint64 // messages settled
	Commits   uint64 // turns committed; one settles up to 64 messages
	Conflicts uint64 // commits repeated because the entity had moved on
	Failures  uint64 // commits that the store refused
	Loads     uint64 // entities read from the store
	Evicted   uint64 // entities dropped from the cache
	Effects   uint64 // effects started
	Fired     uint64 // timers fired
	Skips     uint64 // jumps in time

	Active       int // entities that are ready or have a turn under way
	Ready        int // of these, waiting for a worker
	EffectsOpen  int // effects being run
	TimersLoaded int // timers in memory
	Cached       int // idle entities in memory
	CacheBytes   int // estimate of their size
	Busy         int // what holds up skipping time
}

// Stats tells what the engine has done and is doing.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Active, s.Ready, s.EffectsOpen, s.Busy = e.active, e.ready.len(), e.running, e.busy
	s.Cached, s.CacheBytes = e.idle.count, e.idle.bytes
	for _, ts := range e.timers {
		s.TimersLoaded += len(ts.known)
	}
	return s
}
