package engine

import (
	"maps"
	"runtime/debug"
	"time"
)

// ageing sees to it that what sleeps leaves the cache although nothing else wants its place. One alarm serves all entities,
// and none is set while none is cached.
type ageing struct {
	timer *time.Timer
	set   bool
	bytes int // evicted since memory was last given back
}

// manyAged is how many entities are evicted before others get the lock, muchAged the bytes for which it is worth a garbage
// collection to give them back: the runtime would in minutes.
const (
	manyAged = 256
	muchAged = 4 << 20
)

// watchAge sets the alarm if there is need of one. Engine.mu is held.
func (e *Engine) watchAge() {
	if e.ageing.set || e.clock.after == nil || e.phase >= closing {
		return
	}
	e.ageing.set = true
	e.ageing.timer = e.clock.after(idlePeriod, e.age)
}

// age evicts the entities that came to rest before the period that ends now, and begins another period.
func (e *Engine) age() {
	e.mu.Lock()
	defer e.mu.Unlock()
	ending := e.idle.period
	e.idle.period++
	for n := 1; e.idle.back != nil && e.idle.back.period < ending; n++ {
		e.ageing.bytes += e.evict()
		if n%manyAged == 0 {
			e.mu.Unlock()
			e.mu.Lock()
		}
	}
	e.ageing.set = false
	if e.idle.count > 0 {
		e.watchAge()
	}
	if e.ageing.bytes < muchAged || e.ageing.bytes < 2*e.idle.bytes {
		return
	}
	e.ageing.bytes = 0
	e.entities, e.runs = shrunk(e.entities), shrunk(e.runs)
	e.mu.Unlock()
	debug.FreeOSMemory()
	e.mu.Lock()
}

// shrunk is a copy of a map, which would never give up the room it once needed.
func shrunk[K comparable, V any](m map[K]V) map[K]V {
	c := make(map[K]V, len(m))
	maps.Copy(c, m)
	return c
}

// evict drops the entity that was used longest ago and tells what it took.
func (e *Engine) evict() (bytes int) {
	old := e.idle.back
	bytes = old.size()
	e.idle.remove(old)
	delete(e.entities, old.id)
	e.stats.Evicted++
	return bytes
}
