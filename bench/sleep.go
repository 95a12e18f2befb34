package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// watch is how long the sleepers are watched, in real time.
const watch = time.Minute

// sleepers fills a store with executions that wait for an hour and looks at what each costs while nothing happens: in the
// server that has just started them, whose caches are as full as they get, and in one that has been restarted since.
func (b *bench) sleepers(ctx context.Context) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	empty := b.server.usage()
	disk, err := diskBytes(b.server.data)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := b.startMany(ctx, b.config.sleepers, func(int) string { return `{"steps":1,"sleep":3600}` }); err != nil {
		return err
	}
	if err := b.suspended(ctx); err != nil {
		return err
	}
	r := result{Workload: "sleepers", Ops: b.config.sleepers, Seconds: time.Since(began).Seconds()}
	r.OpsPerSec = float64(r.Ops) / r.Seconds
	if err := b.idle(ctx, &r, empty.rss); err != nil {
		return err
	}
	full, err := diskBytes(b.server.data)
	if err != nil {
		return err
	}
	r.BytesEach = (full - disk) / float64(r.Ops)
	r.Note = "a minute of sleep, caches full from starting them"
	b.print(r)
	b.asleep = b.server.data
	b.stop()
	if err := b.start(ctx, b.asleep); err != nil {
		return err
	}
	r = result{Workload: "sleepers", Ops: b.config.sleepers, Note: "a minute of sleep after a restart"}
	if err := b.idle(ctx, &r, empty.rss); err != nil {
		return err
	}
	b.print(r)
	return nil
}

// idle watches a server in which everything sleeps. empty is what it takes without them, in bytes.
func (b *bench) idle(ctx context.Context, r *result, empty float64) error {
	before := b.server.usage()
	select {
	case <-time.After(watch):
	case <-ctx.Done():
		return ctx.Err()
	}
	after := b.server.usage()
	r.IdleCPU = (after.server - before.server) / watch.Seconds() * 100
	r.RSSMB = after.rss / (1 << 20)
	r.MemEach = max(0, (after.rss-empty)/float64(r.Ops))
	return nil
}

// startMany starts n executions of the sleeper from 64 clients and returns their ARNs.
func (b *bench) startMany(ctx context.Context, n int, payload func(i int) string) ([]string, error) {
	arns := make([]string, n)
	var next atomic.Int64
	s := load(ctx, min(64, n), time.Hour, func(ctx context.Context, _, _ int) error {
		i := int(next.Add(1)) - 1
		if i >= n {
			return errStop
		}
		arn, _, err := b.invoke(ctx, "sleeper", payload(i), true)
		arns[i] = arn
		return err
	})
	if len(s.took) != n {
		return nil, fmt.Errorf("%d of %d executions started: %w", len(s.took), n, s.err)
	}
	return arns, nil
}

// suspended waits until no function is running: until its processes use no more CPU.
func (b *bench) suspended(ctx context.Context) error {
	last, still := -1.0, 0
	for range 600 {
		u := b.server.usage()
		if u.functions+u.server == last {
			if still++; still == 3 {
				return nil
			}
		} else {
			still = 0
		}
		last = u.functions + u.server
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("the functions were still busy after five minutes")
}

// timers lets many executions wake in the same second and tells how late each wait ended.
func (b *bench) timers(ctx context.Context) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	lead, err := b.lead(ctx)
	if err != nil {
		return err
	}
	due := time.Now().Add(lead)
	arns, err := b.startMany(ctx, b.config.sleepers, func(int) string {
		return fmt.Sprintf(`{"sleep":%d}`, max(1, int(time.Until(due).Seconds())))
	})
	if err != nil {
		return err
	}
	spare := time.Until(due)
	if spare < 0 {
		return fmt.Errorf("starting %d executions took %s longer than the %s planned for it", len(arns), -spare, lead)
	}
	select {
	case <-time.After(spare):
	case <-ctx.Done():
		return ctx.Err()
	}
	var late []time.Duration
	for i := 0; i < len(arns); i += max(1, len(arns)/500) {
		if err := b.follow(ctx, func(ctx context.Context) (string, error) { return b.executionStatus(ctx, arns[i]) }); err != nil {
			return err
		}
		d, err := b.lateness(ctx, arns[i])
		if err != nil {
			return err
		}
		late = append(late, d)
	}
	slices.Sort(late)
	s := sample{took: late, elapsed: time.Second}
	r := s.result("timers", 0, 0)
	r.OpsPerSec, r.StepsPerSec, r.Seconds = 0, 0, 0
	r.Ops = len(arns)
	r.Note = fmt.Sprintf("lateness of %d sampled waits", len(late))
	b.print(r)
	return nil
}

// lead is how long starting all the sleepers will take at most, judged by a few hundred.
func (b *bench) lead(ctx context.Context) (time.Duration, error) {
	few := min(300, b.config.sleepers)
	began := time.Now()
	if _, err := b.startMany(ctx, few, func(int) string { return `{"sleep":3600}` }); err != nil {
		return 0, err
	}
	return 10*time.Second + 2*time.Since(began)*time.Duration(b.config.sleepers)/time.Duration(few), nil
}

// lateness is how long after its scheduled end a wait succeeded.
func (b *bench) lateness(ctx context.Context, arn string) (time.Duration, error) {
	events, err := b.history(ctx, arn)
	if err != nil {
		return 0, err
	}
	var scheduled float64
	for _, e := range events {
		switch e.EventType {
		case "WaitStarted":
			scheduled = e.WaitStartedDetails.ScheduledEndTimestamp
		case "WaitSucceeded":
			return time.Duration((e.EventTimestamp - scheduled) * float64(time.Second)), nil
		}
	}
	return 0, fmt.Errorf("%s: no WaitSucceeded in the history", arn)
}

// event is what the load generator reads of a history event.
type historyEvent struct {
	EventType              string
	EventTimestamp         float64
	WaitStartedDetails     struct{ ScheduledEndTimestamp float64 }
	CallbackStartedDetails struct{ CallbackId string }
}

func (b *bench) history(ctx context.Context, arn string) ([]historyEvent, error) {
	answer, _, err := b.call(ctx, "lambda", "GET", "/2025-12-01/durable-executions/"+url.PathEscape(arn)+"/history", "", nil)
	if err != nil {
		return nil, err
	}
	var out struct{ Events []historyEvent }
	err = decode("the history", answer, &out)
	return out.Events, err
}
