package engine

import (
	"context"

	"github.com/perdure/perdure/internal/store"
)

// watchers are told of commits. Guarded by Engine.mu.
type watchers struct {
	byID   map[store.ID]map[chan struct{}]struct{}
	all    map[chan store.Head]struct{}
	closed map[store.ID]map[*closeWaiter]struct{}
}

// closeWaiter is one call of Closed. run is the effect it waits in, if any.
type closeWaiter struct {
	told chan struct{}
	done bool
	run  *run
	idle bool
}

func newWatchers() watchers {
	return watchers{
		byID: map[store.ID]map[chan struct{}]struct{}{}, all: map[chan store.Head]struct{}{},
		closed: map[store.ID]map[*closeWaiter]struct{}{},
	}
}

// tell follows a commit.
func (w *watchers) tell(e *Engine, h *store.Head, removed bool) {
	for c := range w.byID[h.ID] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	for c := range w.all {
		if removed {
			break
		}
		select {
		case c <- *h:
		default:
		}
	}
	if h.Ended == 0 && !removed {
		return
	}
	for c := range w.closed[h.ID] {
		c.done = true
		if c.idle { // before the turn is over, so that time cannot skip in between
			c.idle = false
			e.resumeRun(c.run)
		}
		close(c.told)
	}
	delete(w.closed, h.ID)
}

// Watch implements API.
func (e *Engine) Watch(id store.ID) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.watch.byID[id] == nil {
		e.watch.byID[id] = map[chan struct{}]struct{}{}
	}
	e.watch.byID[id][c] = struct{}{}
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.watch.byID[id], c)
		if len(e.watch.byID[id]) == 0 {
			delete(e.watch.byID, id)
		}
	}
}

// watchDepth is how many heads a reader of WatchAll may fall behind before it loses some.
const watchDepth = 256

// WatchAll implements API. The heads of removed entities are not told.
func (e *Engine) WatchAll() (changed <-chan store.Head, stop func()) {
	c := make(chan store.Head, watchDepth)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watch.all[c] = struct{}{}
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.watch.all, c)
	}
}

// Closed implements API. If ctx is that of an effect, the effect is Idle while it waits here. An entity that does not
// exist, or is removed meanwhile, is store.ErrNotFound.
func (e *Engine) Closed(ctx context.Context, id store.ID) (store.Head, error) {
	r, _ := ctx.Value(runContext{}).(*run)
	w := &closeWaiter{told: make(chan struct{}), run: r}
	e.mu.Lock()
	if e.watch.closed[id] == nil {
		e.watch.closed[id] = map[*closeWaiter]struct{}{}
	}
	e.watch.closed[id][w] = struct{}{}
	e.mu.Unlock()
	defer e.unwait(id, w)

	for {
		h, err := e.storeOf(id).Head(ctx, id)
		if err != nil || h.Ended != 0 || w.over(e) {
			return h, err
		}
		e.mu.Lock()
		w.idle = !w.done && e.idleRun(r)
		e.mu.Unlock()
		select {
		case <-w.told:
		case <-e.done:
			return h, ErrClosed
		case <-ctx.Done():
			return h, ctx.Err()
		}
	}
}

func (w *closeWaiter) over(e *Engine) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return w.done
}

func (e *Engine) unwait(id store.ID, w *closeWaiter) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.idle {
		w.idle = false
		e.resumeRun(w.run)
	}
	delete(e.watch.closed[id], w)
	if len(e.watch.closed[id]) == 0 {
		delete(e.watch.closed, id)
	}
}
