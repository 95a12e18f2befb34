package process

import (
	"context"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// patience is how long an invocation waits for a busy instance of its function before another one is started for it. Short
// handlers answer within it, so a burst of them does not fork a process per request on a machine with two cores.
const patience = 10 * time.Millisecond

// pool is the instances of one Spec.Key and those who wait for one. Guarded by Host.mu.
type pool struct {
	key      string
	spec     *host.Spec
	idle     []*instance // most recently used last
	live     int         // starting, idle, busy, and killed but not gone yet
	starting int
	busy     int       // handed out
	line     []*waiter // first come first served
	retired  bool
}

type waiter struct {
	ctx   context.Context
	in    *host.Invocation
	grant chan grant // capacity 1
	stop  func() bool
}

// grant is an instance to run on, or the answer if none could be made.
type grant struct {
	inst *instance
	res  *host.Result
	err  error
}

// acquire finds an instance for one invocation.
func (h *Host) acquire(ctx context.Context, s *host.Spec, in *host.Invocation) (*instance, *host.Result, error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, nil, errClosed
	}
	p := h.pools[s.Key]
	if p == nil {
		p = &pool{key: s.Key, spec: s}
		h.pools[s.Key] = p
	}
	for n := len(p.idle) - 1; n >= 0; n-- {
		i := p.idle[n]
		p.idle = p.idle[:n]
		if i.dead() {
			continue
		}
		p.lend(i)
		h.mu.Unlock()
		return i, nil, nil
	}
	if (s.Concurrency > 0 && p.busy+len(p.line) >= s.Concurrency) || h.waiting >= h.cfg.MaxWaiting {
		h.mu.Unlock()
		return nil, nil, host.ErrThrottled
	}
	w := &waiter{ctx: ctx, in: in, grant: make(chan grant, 1)}
	p.line = append(p.line, w)
	h.waiting++
	if p.live == 0 {
		h.grow(p)
	} else {
		w.stop = h.cfg.AfterFunc(patience, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.grow(p)
		})
	}
	h.mu.Unlock()
	return h.await(ctx, p, w)
}

// lend marks an instance as handed out.
func (p *pool) lend(i *instance) {
	i.lent = true
	p.busy++
}

func (p *pool) unlend(i *instance) {
	if i.lent {
		i.lent = false
		p.busy--
	}
}

func (h *Host) await(ctx context.Context, p *pool, w *waiter) (*instance, *host.Result, error) {
	select {
	case g := <-w.grant:
		return g.inst, g.res, g.err
	case <-ctx.Done():
	case <-h.closing:
	}
	h.mu.Lock()
	for n, o := range p.line {
		if o == w {
			h.leave(p, n)
			break
		}
	}
	h.mu.Unlock()
	select {
	case g := <-w.grant: // granted meanwhile: hand it on
		if g.inst != nil {
			h.release(g.inst)
		}
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return nil, nil, errClosed
}

// leave takes waiter n out of the line.
func (h *Host) leave(p *pool, n int) *waiter {
	w := p.line[n]
	if n == 0 { // as it nearly always is, however long the line
		p.line[0], p.line = nil, p.line[1:]
	} else {
		p.line = append(p.line[:n], p.line[n+1:]...)
	}
	h.waiting--
	if w.stop != nil {
		w.stop()
	}
	return w
}

// grow starts an instance for p if more wait than are being started, and there is room or an idle one of another
// function can make room.
func (h *Host) grow(p *pool) {
	if h.closed || p.starting >= len(p.line) {
		return
	}
	if c := p.spec.Concurrency; c > 0 && p.live >= c {
		return
	}
	if h.live >= h.cfg.MaxInstances {
		h.evict()
		return // feed is called when it has gone
	}
	p.starting++
	p.live++
	h.live++
	h.running.Add(1)
	go h.boot(p)
}

// evict ends the instance that was idle longest.
func (h *Host) evict() {
	var oldest *pool
	for _, p := range h.pools {
		if len(p.idle) > 0 && (oldest == nil || p.idle[0].idleSince.Before(oldest.idle[0].idleSince)) {
			oldest = p
		}
	}
	if oldest != nil {
		i := oldest.idle[0]
		oldest.idle = append(oldest.idle[:0], oldest.idle[1:]...)
		i.kill()
	}
}

// feed looks for a function that waits and has nothing running, after room may have been made.
func (h *Host) feed() {
	for _, p := range h.pools {
		if len(p.line) > 0 && p.live == 0 {
			h.grow(p)
		}
	}
	for _, p := range h.pools {
		if h.live < h.cfg.MaxInstances && len(p.line) > p.starting {
			h.grow(p)
		}
	}
}

// starving tells whether some function waits without any instance of its own.
func (h *Host) starving() bool {
	if h.waiting == 0 || h.live < h.cfg.MaxInstances {
		return false
	}
	for _, p := range h.pools {
		if len(p.line) > 0 && p.live == 0 {
			return true
		}
	}
	return false
}

// release takes an instance back after an invocation, or in for the first time.
func (h *Host) release(i *instance) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := i.pool
	p.unlend(i)
	if i.dead() {
		return
	}
	if p.retired && len(p.line) == 0 || h.closed || h.starving() {
		i.kill()
		return
	}
	if len(p.line) > 0 {
		p.lend(i)
		h.leave(p, 0).grant <- grant{inst: i}
		return
	}
	i.idleSince = h.cfg.Now()
	p.idle = append(p.idle, i)
	if !h.sweeping {
		h.sweeping = true
		h.cfg.AfterFunc(h.cfg.Idle, h.sweep)
	}
}

// sweep ends instances that were idle for Config.Idle, and comes again while any are left.
func (h *Host) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweeping = false
	if h.closed {
		return
	}
	now, next := h.cfg.Now(), time.Duration(0)
	for _, p := range h.pools {
		for len(p.idle) > 0 && now.Sub(p.idle[0].idleSince) >= h.cfg.Idle {
			p.idle[0].kill()
			p.idle = append(p.idle[:0], p.idle[1:]...)
		}
		if len(p.idle) > 0 {
			if d := h.cfg.Idle - now.Sub(p.idle[0].idleSince); next == 0 || d < next {
				next = d
			}
		}
	}
	if next > 0 {
		h.sweeping = true
		h.cfg.AfterFunc(next, h.sweep)
	}
}

// gone accounts for an instance that has exited, or could not be started; wasStarting if it never became ready.
func (h *Host) gone(p *pool, i *instance, wasStarting bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i != nil {
		p.unlend(i)
		delete(h.all, i)
		for n, o := range p.idle {
			if o == i {
				p.idle = append(p.idle[:n], p.idle[n+1:]...)
				break
			}
		}
	}
	if wasStarting {
		p.starting--
	}
	p.live--
	h.live--
	h.forget(p)
	h.feed()
}

// forget drops an empty pool.
func (h *Host) forget(p *pool) {
	if p.live == 0 && len(p.line) == 0 && h.pools[p.key] == p {
		delete(h.pools, p.key)
	}
}
