package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/perdure/perdure/internal/store"
)

// run is one attempt at an effect. It is current while it is in Engine.runs: a result of another one is dropped.
type run struct {
	effect  store.Effect
	engine  *Engine
	cancel  context.CancelFunc
	waiting bool // not counted as busy, see Idle
	ended   bool
}

type runContext struct{}

// startRun runs an effect whose row is committed. Engine.mu is held.
func (e *Engine) startRun(f store.Effect) {
	r := &run{effect: f, engine: e}
	ctx, cancel := context.WithCancel(context.WithValue(e.ctx, runContext{}, r))
	r.cancel = cancel
	e.runs[rowKey{f.ID, f.Key}] = r
	e.running++
	e.addBusy()
	e.stats.Effects++
	e.spawn(func() { e.perform(ctx, r) })
}

// cancelRun ends a run whose row is gone: because its result was taken, or nobody wants it. Engine.mu is held.
func (e *Engine) cancelRun(k rowKey) {
	if r := e.runs[k]; r != nil {
		delete(e.runs, k)
		r.cancel()
	}
}

func (e *Engine) current(r *run) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.runs[rowKey{r.effect.ID, r.effect.Key}] == r
}

// perform runs an effect and queues its result.
func (e *Engine) perform(ctx context.Context, r *run) {
	m := Message{Type: TypeEffect, Key: r.effect.Key}
	if b, err := e.behaviour(r.effect.ID); err != nil {
		m.Err = err
	} else {
		m.Body, m.Err = e.guardRun(ctx, b, r.effect)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running--
	// What Close interrupted is run again by the next start; what it did not is a result like any other.
	interrupted := e.phase >= closing && m.Err != nil
	if e.runs[rowKey{r.effect.ID, r.effect.Key}] == r && !interrupted {
		e.deliver(r.effect.ID, item{m: m, run: r})
	}
	r.ended = true
	if r.waiting {
		e.quiet()
	} else {
		e.unbusy()
	}
}

// guardRun makes a panic the effect's error.
func (e *Engine) guardRun(ctx context.Context, b Behaviour, f store.Effect) (body []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error while running effect %s", f.Kind)
			e.log.Error("panic in an effect", "entity", string(f.ID), "kind", f.Kind, "key", f.Key,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	return b.Run(ctx, f)
}

// Idle says that the effect to which ctx belongs does nothing from here on but wait for another entity, so that skipping
// time need not wait for it. Call resume before going on; whoever ends the wait from a turn's AfterCommit should call it
// there, so that time cannot skip in between. It may be called more than once. With a ctx of no effect nothing happens.
// Closed does this by itself.
func Idle(ctx context.Context) (resume func()) {
	r, _ := ctx.Value(runContext{}).(*run)
	if r == nil {
		return func() {}
	}
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.idleRun(r) {
		return func() {}
	}
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.resumeRun(r)
	})
}

// idleRun takes a run from what skipping waits for; false if it is not among that. Engine.mu is held.
func (e *Engine) idleRun(r *run) bool {
	if r == nil || r.waiting || r.ended {
		return false
	}
	r.waiting = true
	e.unbusy()
	return true
}

func (e *Engine) resumeRun(r *run) {
	if r != nil && r.waiting && !r.ended {
		r.waiting = false
		e.addBusy()
	}
}
