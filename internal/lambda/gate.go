package lambda

import (
	"context"
	"slices"
	"sync"
)

// longestLine is how many invocations of one function may wait for a place; more are throttled.
const longestLine = 10_000

// gate counts the invocations of functions that are under way on this node, and lets those wait that may. While somebody
// waits somebody is inside, so there is always a leave to come that lets the next one in.
type gate struct {
	mu    sync.Mutex
	doors map[string]*door // of functions with somebody inside
}

// door is the gate of one function.
type door struct {
	most   *int // concurrency as last heard of; nil: no limit
	inside int
	line   []chan bool // first come first served; false: nothing is admitted any more
}

func (d *door) free() bool { return d.most == nil || d.inside < *d.most }

// admit lets in who can come in, or sends all away if nobody ever can.
func (d *door) admit() {
	for len(d.line) > 0 && d.free() {
		d.inside++
		d.line[0] <- true
		d.line = d.line[1:]
	}
	if d.most != nil && *d.most <= 0 {
		for _, c := range d.line {
			c <- false
		}
		d.line = nil
	}
}

// enter admits an invocation of a function with at most most at once, or returns nil.
func (g *gate) enter(_ context.Context, key string, most *int) (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.try(key, most) {
		return nil
	}
	return func() { g.leave(key) }
}

// wait is enter for those who have time: until a place is free. It returns nil if ctx ends first, or there will be none.
func (g *gate) wait(ctx context.Context, key string, most *int) (leave func()) {
	leave = func() { g.leave(key) }
	g.mu.Lock()
	if g.try(key, most) {
		g.mu.Unlock()
		return leave
	}
	d := g.doors[key]
	if d == nil || *most <= 0 || len(d.line) >= longestLine {
		g.mu.Unlock()
		return nil
	}
	turn := make(chan bool, 1)
	d.line = append(d.line, turn)
	g.mu.Unlock()
	select {
	case in := <-turn:
		if in {
			return leave
		}
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	n := slices.Index(d.line, turn)
	if n >= 0 {
		d.line = slices.Delete(d.line, n, n+1)
	}
	g.mu.Unlock()
	if n < 0 && <-turn { // let in meanwhile
		leave()
	}
	return nil
}

// try comes in if there is a place. The lock is held.
func (g *gate) try(key string, most *int) bool {
	d := g.doors[key]
	if d == nil {
		d = &door{}
	}
	d.most = most
	d.admit()
	if !d.free() {
		return false
	}
	d.inside++
	if g.doors == nil {
		g.doors = map[string]*door{}
	}
	g.doors[key] = d
	return true
}

func (g *gate) leave(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.doors[key]
	d.inside--
	d.admit()
	if d.inside == 0 {
		delete(g.doors, key)
	}
}

// limit tells of a change of a function's concurrency.
func (g *gate) limit(key string, most *int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := g.doors[key]; d != nil {
		d.most = most
		d.admit()
	}
}
