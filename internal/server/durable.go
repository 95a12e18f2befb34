package server

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/lambda"
)

// durableChanges counts what Lambda tells of durable executions, under the names of its own metrics, and logs it at debug.
type durableChanges struct {
	log      *slog.Logger
	counts   map[string]prometheus.Counter // by status
	duration prometheus.Histogram
}

func newDurableChanges(l *slog.Logger) *durableChanges {
	c := &durableChanges{log: l, counts: map[string]prometheus.Counter{}, duration: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "perdure_durable_execution_seconds", Help: "Time from a durable execution's start to its end.",
		Buckets: prometheus.ExponentialBuckets(.01, 4, 13), // 10 ms to 46 hours
	})}
	for status, word := range map[string]string{
		"RUNNING": "started", durop.Succeeded: "succeeded", durop.Failed: "failed", durop.Stopped: "stopped", durop.TimedOut: "timed_out",
	} {
		c.counts[status] = prometheus.NewCounter(prometheus.CounterOpts{
			Name: "perdure_durable_executions_" + word + "_total", Help: "Durable executions that have " + word + " on this node.",
		})
	}
	return c
}

// register makes the figures part of the metrics page.
func (c *durableChanges) register(r *prometheus.Registry) {
	r.MustRegister(c.duration)
	for _, n := range c.counts {
		r.MustRegister(n)
	}
}

// changed is told after the commit.
func (c *durableChanges) changed(s lambda.StatusChange) {
	if n := c.counts[s.Status]; n != nil {
		n.Inc()
	}
	if !s.Ended.IsZero() {
		c.duration.Observe(s.Ended.Sub(s.Started).Seconds())
	}
	c.log.Debug("durable execution", "arn", s.ExecutionARN, "status", s.Status, "operations", s.Operations, "bytes", s.Written)
}
