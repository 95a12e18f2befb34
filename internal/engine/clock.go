package engine

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mode is how time passes.
type Mode string

// The modes. Scale has a factor with it, see NewClock.
const (
	Real   Mode = "real"   // as outside
	Skip   Mode = "skip"   // as outside, but when nothing is running, on to the next timer at once
	Scale  Mode = "scale"  // so many times faster
	Manual Mode = "manual" // only by Advance and AdvanceToNext
)

// maxFactor bounds Scale: a year in half a minute.
const maxFactor = 1e6

// Clock is the engine's time: outside time plus what was skipped. Apart from Real mode it stands on an anchor, a pair of
// outside time and engine time, from which it runs with a factor. It never goes backwards.
type Clock struct {
	mode   Mode
	factor float64
	source func() time.Time
	after  func(time.Duration, func()) *time.Timer

	mu      sync.Mutex
	outside time.Time // anchor
	virtual time.Time
	last    time.Time // latest time given out
}

// NewClock makes a clock of a mode: "real", "skip", "scale=60" or "manual". The sources are time.Now and time.AfterFunc,
// which only the assembly may name.
func NewClock(mode string, now func() time.Time, after func(time.Duration, func()) *time.Timer) (*Clock, error) {
	c := &Clock{mode: Mode(mode), factor: 1, source: now, after: after}
	word, number, scaled := strings.Cut(mode, "=")
	switch {
	case scaled && word == string(Scale):
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || !(f > 0 && f <= maxFactor) {
			return nil, fmt.Errorf("time mode %q: the factor must be a number above 0 and at most %d", mode, int(maxFactor))
		}
		c.mode, c.factor = Scale, f
	case mode == string(Manual):
		c.factor = 0
	case mode != string(Real) && mode != string(Skip):
		return nil, fmt.Errorf("time mode %q is none of real, skip, scale=N, manual", mode)
	}
	c.anchor(now())
	return c, nil
}

// NewManualClock makes a clock in Manual mode that starts at a given time and knows no outside; for tests.
func NewManualClock(start time.Time) *Clock {
	c := &Clock{mode: Manual, source: func() time.Time { return start }}
	c.anchor(start)
	return c
}

// Mode tells how time passes, Factor how fast it does by itself.
func (c *Clock) Mode() Mode      { return c.mode }
func (c *Clock) Factor() float64 { return c.factor }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	// The wall clock, not the monotonic one: that one stands still while a laptop sleeps.
	t := c.source().Round(0).UTC()
	if c.mode != Real {
		t = project(c.outside, c.virtual, c.factor, t)
	}
	if t.Before(c.last) {
		return c.last
	}
	c.last = t
	return t
}

// project tells which time an anchor means at an outside time.
func project(outside, virtual time.Time, factor float64, at time.Time) time.Time {
	passed := max(at.Sub(outside), 0)
	if factor == 1 {
		return virtual.Add(passed)
	}
	return virtual.Add(time.Duration(float64(passed) * factor))
}

// anchor makes it the given time now, unless it is later already.
func (c *Clock) anchor(virtual time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outside = c.source().Round(0).UTC()
	if virtual = virtual.Round(0).UTC(); virtual.Before(c.last) {
		virtual = c.last
	}
	c.virtual, c.last = virtual, virtual
}

// wait tells how long outside until the engine's time is due; false if it never will be by itself.
func (c *Clock) wait(due time.Time) (time.Duration, bool) {
	d := due.Sub(c.Now())
	switch {
	case d <= 0:
		return 0, true
	case c.factor == 0:
		return 0, false
	case c.factor == 1:
		return d, true
	}
	return time.Duration(float64(d)/c.factor) + 1, true
}
