package main

import (
	"context"
	"time"
)

// startup times the process from start to ready, on an empty store and again with executions asleep in it, and the first
// (cold) and second (warm) invoke of a function.
func (b *bench) startup(ctx context.Context) error {
	b.stop()
	if err := b.start(ctx, ""); err != nil {
		return err
	}
	b.print(startupResult("process start to ready, empty store", b.server.ready))
	if err := b.createFunctions(ctx); err != nil {
		return err
	}
	for _, note := range []string{"first invoke, starts a process", "second invoke, warm"} {
		began := time.Now()
		if _, _, err := b.invoke(ctx, "bench", `{"steps":1}`, false); err != nil {
			return err
		}
		b.print(startupResult(note, time.Since(began)))
	}
	if b.asleep == "" {
		if _, err := b.startMany(ctx, b.config.sleepers, func(int) string { return `{"sleep":3600}` }); err != nil {
			return err
		}
		if err := b.suspended(ctx); err != nil {
			return err
		}
		b.asleep = b.server.data
	}
	b.stop()
	if err := b.start(ctx, b.asleep); err != nil {
		return err
	}
	r := startupResult("process start to ready, executions asleep", b.server.ready)
	r.Ops = b.config.sleepers
	b.print(r)
	return nil
}

func startupResult(note string, d time.Duration) result {
	return result{Workload: "startup", P50: float64(d.Microseconds()) / 1000, Note: note}
}
