package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/store"
)

// The clock's anchor is kept in the store, so that time does not go backwards over a restart.
const (
	clockSpace = "engine/clock"
	clockKey   = "clock"
)

// mark is the kept form of an anchor.
type mark struct {
	Mode    Mode    `json:"mode"`
	Factor  float64 `json:"factor"`
	Outside int64   `json:"outside"` // Unix milliseconds
	Virtual int64   `json:"virtual"`
	version uint64
}

// restoreClock continues the time of an earlier run: what its anchor means by now, or outside time if that is later. A
// real clock stays what it is.
func (e *Engine) restoreClock(ctx context.Context) error {
	d, err := e.store.Doc(ctx, clockSpace, clockKey)
	if errors.Is(err, store.ErrNotFound) {
		if e.clock.mode == Real {
			return nil
		}
		return e.saveClock(ctx, e.clock.Now())
	}
	if err != nil {
		return err
	}
	var m mark
	if err := json.Unmarshal(d.Value, &m); err != nil {
		return fmt.Errorf("the clock kept in the store cannot be read: %w", err)
	}
	m.version = d.Version
	e.mark = m
	at := project(time.UnixMilli(m.Outside), time.UnixMilli(m.Virtual), m.Factor, e.clock.source())
	now := e.clock.Now()
	if e.clock.mode == Real {
		if at.After(now) {
			e.log.Warn("this store has been ahead of real time; timers set then fire that much later", "ahead", at.Sub(now).Round(time.Second))
		}
		return nil
	}
	if e.clock.mode == Manual || at.After(now) {
		e.clock.restore(at)
	}
	return e.saveClock(ctx, e.clock.Now())
}

// restore makes it the given time, earlier than now or not. Only before Start.
func (c *Clock) restore(virtual time.Time) {
	c.mu.Lock()
	c.last = time.Time{}
	c.mu.Unlock()
	c.anchor(virtual)
}

// saveClock keeps an anchor at the given time before anybody sees it.
func (e *Engine) saveClock(ctx context.Context, virtual time.Time) error {
	m := mark{e.clock.mode, e.clock.factor, store.Millis(e.clock.source()), store.Millis(virtual), e.mark.version}
	value, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := e.store.CommitDocs(ctx, store.Doc{Space: clockSpace, Key: clockKey, Value: value, Version: m.version}); err != nil {
		return fmt.Errorf("the clock could not be kept in the store: %w", err)
	}
	m.version++
	e.mark = m
	return nil
}

// next tells when the next timer is due that has not fired, patient ones left out. Engine.ticks is held.
func (e *Engine) next(ctx context.Context) (due time.Time, ok bool, err error) {
	for _, ts := range e.timers {
		at := e.nextInMemory(ts)
		if at == 0 {
			if at, err = nextInStore(ctx, ts.store); err != nil {
				return due, false, err
			}
		}
		if t := time.UnixMilli(at).UTC(); at != 0 && (!ok || t.Before(due)) {
			due, ok = t, true
		}
	}
	return due, ok, nil
}

func (e *Engine) nextInMemory(ts *timers) (at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range ts.heap {
		if !patient(t.key) && (at == 0 || t.due < at) {
			at = t.due
		}
	}
	return at
}

// nextInStore reads on until it finds one that is not patient. Those are what closed entities leave behind, so there may
// be many in front.
func nextInStore(ctx context.Context, s store.Store) (int64, error) {
	t, ok, err := s.NextTimer(ctx)
	if err != nil || !ok {
		return 0, err
	}
	if !patient(t.Key) {
		return t.Due, nil
	}
	for limit := 256; ; limit *= 4 {
		found, err := s.Timers(ctx, math.MaxInt64, limit)
		if err != nil {
			return 0, err
		}
		for _, t := range found {
			if !patient(t.Key) {
				return t.Due, nil
			}
		}
		if len(found) < limit {
			return 0, nil
		}
	}
}

// patient tells whether a timer waits for time to pass rather than making it pass; see Tx.SetTimer.
func patient(key string) bool { return strings.HasPrefix(key, "~") }

// skip jumps to the next timer, and on, as long as nothing is running.
func (e *Engine) skip() {
	e.ticks.Lock()
	defer e.ticks.Unlock()
	for {
		e.mu.Lock()
		seen := e.begun
		if e.busy > 0 || e.phase != started {
			e.skipping = false
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()

		due, ok, err := e.next(e.ctx)
		if ok && err == nil && due.After(e.clock.Now()) {
			err = e.saveClock(e.ctx, due)
		}

		e.mu.Lock()
		if e.begun != seen && err == nil { // something has happened meanwhile: look again
			e.mu.Unlock()
			continue
		}
		if !ok || err != nil {
			e.skipping = false
			e.mu.Unlock()
			if err != nil && e.ctx.Err() == nil {
				e.log.Error("time could not be skipped", "error", err)
			}
			return
		}
		e.clock.anchor(due)
		e.stats.Skips++
		e.mu.Unlock()
		if err := e.fire(); err != nil {
			e.log.Error("timers could not be read", "error", err)
		}
		e.mu.Lock()
		stuck := e.begun == seen // a due timer that nobody wants
		if stuck {
			e.skipping = false
		}
		e.mu.Unlock()
		if stuck {
			return
		}
	}
}

// Advance moves a clock that is not real by d, stopping at each timer on the way until all that it set off has settled.
func (e *Engine) Advance(ctx context.Context, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("time cannot be moved back (by %s)", d)
	}
	target := e.clock.Now().Add(d)
	for {
		if err := e.Settled(ctx); err != nil {
			return err
		}
		there, err := e.advance(ctx, func(due time.Time, ok bool) (time.Time, bool) {
			if ok && !due.After(target) {
				return due, false
			}
			return target, true
		})
		if err != nil {
			return err
		}
		if there {
			return e.Settled(ctx)
		}
	}
}

// AdvanceToNext moves a clock that is not real to the next timer and waits until all that it set off has settled. It is
// false if there is no timer.
func (e *Engine) AdvanceToNext(ctx context.Context) (bool, error) {
	if err := e.Settled(ctx); err != nil {
		return false, err
	}
	var some bool
	if _, err := e.advance(ctx, func(due time.Time, ok bool) (time.Time, bool) {
		if some = ok; !ok {
			due = e.clock.Now()
		}
		return due, true
	}); err != nil {
		return false, err
	}
	return some, e.Settled(ctx)
}

// advance asks where to go, given the next timer, and goes there.
func (e *Engine) advance(ctx context.Context, choose func(due time.Time, ok bool) (to time.Time, last bool)) (last bool, err error) {
	if e.clock.mode == Real {
		return false, errors.New("real time cannot be moved; start with another time mode to do so")
	}
	e.ticks.Lock()
	defer e.ticks.Unlock()
	due, ok, err := e.next(ctx)
	if err != nil {
		return false, err
	}
	to, last := choose(due, ok)
	if to.After(e.clock.Now()) {
		if err := e.saveClock(ctx, to); err != nil {
			return false, err
		}
		e.clock.anchor(to)
	}
	return last, e.fire()
}

// Settled waits until nothing is running: no turn, no effect that is not waiting, nothing marked Busy.
func (e *Engine) Settled(ctx context.Context) error {
	e.mu.Lock()
	if e.busy == 0 {
		e.mu.Unlock()
		return ctx.Err()
	}
	c := make(chan struct{})
	e.settled = append(e.settled, c)
	e.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-e.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TimeStatus is for people who look at the clock.
type TimeStatus struct {
	Mode    Mode
	Factor  float64
	Now     time.Time
	Next    time.Time // when the next timer is due; zero if there is none
	Running int       // what is running and holds up skipping
}

// Time tells how time stands.
func (e *Engine) Time(ctx context.Context) (TimeStatus, error) {
	e.ticks.Lock()
	next, _, err := e.next(ctx)
	e.ticks.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	return TimeStatus{Mode: e.clock.mode, Factor: e.clock.factor, Now: e.clock.Now(), Next: next, Running: e.busy}, err
}
