package engine

import (
	"context"
	"fmt"

	"github.com/perdure/perdure/internal/store"
)

// Start delivers inboxes, runs again the effects whose result was not committed, fires overdue timers, and lets turns
// begin. ctx is for this call alone.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.restoreClock(ctx); err != nil {
		return err
	}
	for _, ts := range e.timers {
		if err := ts.store.Effects(ctx, func(f store.Effect) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.startRun(f)
			return nil
		}); err != nil {
			return fmt.Errorf("open effects cannot be read: %w", err)
		}
		if err := ts.store.Inboxes(ctx, func(id store.ID) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.entities[id] == nil {
				e.entities[id] = &entity{id: id}
			}
			e.wake(e.entities[id])
			return nil
		}); err != nil {
			return fmt.Errorf("inboxes cannot be read: %w", err)
		}
	}
	e.mu.Lock()
	if e.phase != starting {
		e.mu.Unlock()
		return ErrClosed
	}
	e.phase = started
	for range e.ready.len() {
		e.hire()
	}
	e.alarm.ticking = true
	e.mu.Unlock()
	e.tick()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.quiet()
	return nil
}

// Close ends the effects' contexts and waits for them and for turns under way, at most 10 seconds. What did not end is an
// error; nothing committed is lost by it. The stores stay open.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.phase >= closing {
		e.mu.Unlock()
		<-e.done
		return nil
	}
	began := e.phase == started
	e.phase = closing
	if e.alarm.timer != nil {
		e.alarm.timer.Stop()
	}
	if e.ageing.timer != nil {
		e.ageing.timer.Stop()
	}
	if !began {
		for _, n := range e.entities {
			n.abandon()
		}
		e.active = 0
	}
	e.quiet()
	e.mu.Unlock()
	e.cancel()
	if e.clock.after != nil {
		t := e.clock.after(closeWait, e.giveUp)
		defer t.Stop()
	}
	<-e.done
	e.ticks.Lock() // nobody reads timers any more
	defer e.ticks.Unlock()
	return e.closed(began)
}

// closed tells how Close ended, and keeps the clock for the next start.
func (e *Engine) closed(began bool) error {
	e.mu.Lock()
	for _, n := range e.entities {
		n.abandon()
	}
	active, running := e.active, e.running
	e.mu.Unlock()
	if active+running > 0 {
		return fmt.Errorf("closed with %d turns and %d effects still under way", active, running)
	}
	if began && e.clock.mode != Real {
		return e.saveClock(context.Background(), e.clock.Now())
	}
	return nil
}

// abandon answers callers whose message was never looked at.
func (n *entity) abandon() {
	for i := range n.queue {
		n.queue[i].fail(ErrClosed)
	}
	n.queue = nil
}

func (e *Engine) giveUp() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase == closing {
		e.phase = closed
		close(e.done)
	}
}
