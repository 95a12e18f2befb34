package main

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// pages fills one execution with far more than fits into an invocation's event, and has it read back. The quotas are
// lifted for it: the service's own stop at 100 MB.
func (b *bench) pages(ctx context.Context) error {
	const steps, size, again = 3000, 250_000, 3
	if err := b.fresh(ctx, "--lift-quotas"); err != nil {
		return err
	}
	before := b.server.usage()
	arn, _, err := b.invoke(ctx, "bench", fmt.Sprintf(`{"steps":%d,"bytes":%d,"again":%d}`, steps, size, again), true)
	if err != nil {
		return err
	}
	for status := "RUNNING"; status == "RUNNING"; {
		time.Sleep(100 * time.Millisecond)
		if status, err = b.executionStatus(ctx, arn); err != nil {
			return err
		}
		if status != "RUNNING" && status != "SUCCEEDED" {
			return fmt.Errorf("the execution ended %s", status)
		}
	}
	took, err := b.invocations(ctx, arn)
	if err != nil {
		return err
	}
	if len(took) != again+1 {
		return fmt.Errorf("%d invocations, want %d", len(took), again+1)
	}
	r := result{Workload: "pages", Clients: 1, Ops: 1, Seconds: took[0], StepsPerSec: steps / took[0],
		PeakMB: b.server.peak() / (1 << 20), FnPeakMB: b.server.functionPeak() / (1 << 20),
		Note: fmt.Sprintf("%d results of %d bytes; seconds of the invocations that read them back: %.1f", steps, size, took[1:])}
	r.since(before, b.server.usage(), steps)
	b.print(r)
	return nil
}

// invocations is how many seconds each invocation of an execution took, by its history.
func (b *bench) invocations(ctx context.Context, arn string) (took []float64, err error) {
	for marker := ""; ; {
		q := url.Values{"IncludeExecutionData": {"false"}, "MaxItems": {"1000"}}
		if marker != "" {
			q.Set("Marker", marker)
		}
		answer, _, err := b.call(ctx, "lambda", "GET", "/2025-12-01/durable-executions/"+url.PathEscape(arn)+"/history?"+q.Encode(), "", nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Events []struct {
				InvocationCompletedDetails *struct{ StartTimestamp, EndTimestamp float64 }
			}
			NextMarker string
		}
		if err := decode("the history", answer, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			if d := e.InvocationCompletedDetails; d != nil {
				took = append(took, d.EndTimestamp-d.StartTimestamp)
			}
		}
		if marker = page.NextMarker; marker == "" {
			return took, nil
		}
	}
}
