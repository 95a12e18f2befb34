package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// outside is an outside clock that a test moves. It keeps the alarms set by it.
type outside struct {
	now    time.Time
	alarms []alarmCall
	ages   []func() // ends of periods of rest; see Engine.age
}

type alarmCall struct {
	in time.Duration
	f  func()
}

func (o *outside) clock(t *testing.T, mode string) *Clock {
	t.Helper()
	c, err := NewClock(mode, func() time.Time { return o.now }, func(d time.Duration, f func()) *time.Timer {
		if d == idlePeriod {
			o.ages = append(o.ages, f)
		} else {
			o.alarms = append(o.alarms, alarmCall{d, f})
		}
		return time.NewTimer(time.Hour) // for Stop alone
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClockModesAreCheckedWhenNamed(t *testing.T) {
	for _, mode := range []string{"", "fast", "scale", "scale=", "scale=0", "scale=-1", "scale=NaN", "scale=Inf", "scale=1e7", "Real", "real=2"} {
		if _, err := NewClock(mode, time.Now, time.AfterFunc); err == nil || !strings.Contains(err.Error(), "time mode") {
			t.Errorf("mode %q: %v", mode, err)
		}
	}
}

func TestEachModePassesTimeInItsOwnWay(t *testing.T) {
	for mode, want := range map[string]time.Duration{"real": time.Minute, "skip": time.Minute, "scale=60": time.Hour, "scale=0.5": 30 * time.Second, "manual": 0} {
		o := &outside{now: time.Unix(1000, 0)}
		c := o.clock(t, mode)
		began := c.Now()
		o.now = o.now.Add(time.Minute)
		if passed := c.Now().Sub(began); passed != want {
			t.Errorf("%s: %s passed in a minute, want %s", mode, passed, want)
		}
		o.now = o.now.Add(-time.Hour)
		if passed := c.Now().Sub(began); passed != want {
			t.Errorf("%s: went back to %s when the clock outside did", mode, passed)
		}
	}
}

func TestTheAlarmIsSetForTheScaledTimeAndNotWithoutOne(t *testing.T) {
	for mode, want := range map[string]time.Duration{"real": time.Minute, "scale=60": time.Second + 1, "scale=0.5": 2*time.Minute + 1} {
		o := &outside{now: time.Unix(1000, 0)}
		c := o.clock(t, mode)
		if d, ok := c.wait(c.Now().Add(time.Minute)); !ok || d != want {
			t.Errorf("%s: a minute is %s away (%v), want %s", mode, d, ok, want)
		}
	}
	o := &outside{now: time.Unix(1000, 0)}
	if c := o.clock(t, "manual"); true {
		if d, ok := c.wait(c.Now().Add(1)); ok {
			t.Errorf("manual: comes by itself in %s", d)
		}
	}
}

// sleeper notes when its timers fire.
func sleeper(fired map[string]time.Time) script {
	return script{turn: func(tx Tx, m Message) error {
		tx.Head().Status = "OPEN"
		switch m.Type {
		case TypeTimer:
			fired[m.Key] = tx.Now()
		case "set":
			d, err := time.ParseDuration(m.Key)
			if err != nil {
				return err
			}
			tx.SetTimer(m.Key, tx.Now().Add(d))
		case "clear":
			tx.ClearTimer(m.Key)
		}
		return nil
	}}
}

func mustCall(t *testing.T, e *Engine, id store.ID, m Message) any {
	t.Helper()
	v, err := e.Call(t.Context(), id, m)
	if err != nil {
		t.Fatalf("%s %s: %v", m.Type, m.Key, err)
	}
	return v
}

func TestManualTimeStopsAtEveryTimerOnTheWay(t *testing.T) {
	fired := map[string]time.Time{}
	e := start(t, "", mem.New(), sleeper(fired))
	for _, d := range []string{"10s", "1m", "90m", "2h"} {
		mustCall(t, e, "k/1", Message{Type: "set", Key: d})
	}
	mustCall(t, e, "k/1", Message{Type: "clear", Key: "1m"})
	if len(fired) > 0 {
		t.Fatalf("without being told time came to %v", fired)
	}
	if err := e.Advance(t.Context(), 9*time.Second+999*time.Millisecond); err != nil || len(fired) > 0 {
		t.Fatalf("a millisecond early: %v (%v)", fired, err)
	}
	if err := e.Advance(t.Context(), time.Hour+29*time.Minute+51*time.Second); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"10s", "90m"} {
		due, _ := time.ParseDuration(d)
		if at := fired[d]; !at.Equal(time.UnixMilli(0).Add(due)) {
			t.Errorf("the timer of %s fired at %s", d, at)
		}
	}
	if len(fired) != 2 {
		t.Errorf("fired: %v", fired)
	}
	if st, err := e.Time(t.Context()); err != nil || st.Mode != Manual || st.Next.Sub(time.UnixMilli(0)) != 2*time.Hour {
		t.Errorf("time stands at %+v (%v)", st, err)
	}
	if some, err := e.AdvanceToNext(t.Context()); !some || err != nil || len(fired) != 3 {
		t.Errorf("next: %v %v, fired %v", some, err, fired)
	}
	if some, err := e.AdvanceToNext(t.Context()); some || err != nil {
		t.Errorf("after the last: %v %v", some, err)
	}
	if err := e.Advance(t.Context(), -1); err == nil {
		t.Error("time went back")
	}
}

func TestManualTimeGoesOnAfterARestartWhereItStood(t *testing.T) {
	s, fired := mem.New(), map[string]time.Time{}
	e := start(t, "", s, sleeper(fired))
	mustCall(t, e, "k/1", Message{Type: "set", Key: "2h"})
	if err := e.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = start(t, "", s, sleeper(fired))
	if at := e.Now().Sub(time.UnixMilli(0)); at != time.Hour {
		t.Errorf("after a restart it is %s", at)
	}
	if err := e.Advance(t.Context(), time.Hour); err != nil || len(fired) != 1 {
		t.Errorf("fired %v (%v)", fired, err)
	}
}

func TestRealTimeCannotBeMoved(t *testing.T) {
	e := start(t, "real", mem.New(), sleeper(nil))
	if err := e.Advance(t.Context(), time.Second); err == nil || !strings.Contains(err.Error(), "real time cannot be moved") {
		t.Errorf("Advance: %v", err)
	}
}

func TestScaledTimeFiresByTheAlarmAndNeverEarly(t *testing.T) {
	o, fired := &outside{now: time.Unix(1000, 0)}, map[string]time.Time{}
	e := New(Config{Store: mem.New(), Clock: o.clock(t, "scale=60"), Behaviours: map[byte]Behaviour{'k': sleeper(fired)}})
	o.alarms = nil
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	mustCall(t, e, "k/1", Message{Type: "set", Key: "10m"})
	last := func() alarmCall {
		e.mu.Lock()
		defer e.mu.Unlock()
		return o.alarms[len(o.alarms)-1]
	}
	until(func() bool { e.mu.Lock(); defer e.mu.Unlock(); return e.alarm.at != 0 && !e.alarm.ticking })
	ring := last()
	if ring.in < 10*time.Second || ring.in > 10*time.Second+2*time.Millisecond {
		t.Fatalf("the alarm is set in %s, want 10 s", ring.in)
	}
	ring.f() // too early: the clock outside has not moved
	if err := e.Settled(t.Context()); err != nil || len(fired) > 0 {
		t.Fatalf("fired early: %v (%v)", fired, err)
	}
	o.now = o.now.Add(10 * time.Second)
	last().f()
	if err := e.Settled(t.Context()); err != nil || len(fired) != 1 {
		t.Errorf("fired %v (%v)", fired, err)
	}
}
