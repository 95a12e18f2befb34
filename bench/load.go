package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// sample is what a closed loop of clients saw.
type sample struct {
	took    []time.Duration // of successful operations, sorted
	failed  int
	elapsed time.Duration
	err     error // the first failure
}

// errStop, returned by an operation, ends its client's loop.
var errStop = errors.New("nothing left to do")

// load runs op from n clients until the duration has passed; each starts its next operation when the last was answered.
func load(ctx context.Context, n int, d time.Duration, op func(ctx context.Context, client, i int) error) sample {
	var mu sync.Mutex
	var s sample
	var wg sync.WaitGroup
	start := time.Now()
	end := start.Add(d)
	for c := range n {
		wg.Go(func() {
			var took []time.Duration
			failed := 0
			var first error
			for i := 0; time.Now().Before(end) && ctx.Err() == nil; i++ {
				t := time.Now()
				err := op(ctx, c, i)
				if errors.Is(err, errStop) {
					break
				}
				if err != nil {
					failed++
					if first == nil {
						first = err
					}
					continue
				}
				took = append(took, time.Since(t))
			}
			mu.Lock()
			defer mu.Unlock()
			s.took = append(s.took, took...)
			s.failed += failed
			if s.err == nil {
				s.err = first
			}
		})
	}
	wg.Wait()
	s.elapsed = time.Since(start)
	slices.Sort(s.took)
	return s
}

// result fills the members that every loaded workload has. steps is the number of durable steps in one operation.
func (s sample) result(workload string, clients, steps int) result {
	rate := float64(len(s.took)) / s.elapsed.Seconds()
	r := result{
		Workload: workload, Clients: clients, Seconds: s.elapsed.Seconds(), Ops: len(s.took), Failed: s.failed,
		OpsPerSec: rate, StepsPerSec: rate * float64(steps),
		P50: s.percentile(50), P95: s.percentile(95), P99: s.percentile(99),
	}
	if s.err != nil {
		r.Note = s.err.Error()
	}
	return r
}

// percentile is in milliseconds.
func (s sample) percentile(p int) float64 {
	if len(s.took) == 0 {
		return 0
	}
	i := min(len(s.took)*p/100, len(s.took)-1)
	return float64(s.took[i].Microseconds()) / 1000
}
