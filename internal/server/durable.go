package server

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/store"
)

// durableChanges is where changes of durable executions show: counted, under the names of Lambda's own metrics, and as the
// events that AWS would send to EventBridge, in the log at debug.
type durableChanges struct {
	log      *slog.Logger
	store    store.Store
	newID    func() string
	counts   map[string]prometheus.Counter // by status
	duration prometheus.Histogram
	work     prometheus.Counter // operations
	written  prometheus.Counter

	begun   atomic.Int64 // on this node, less those that ended
	counted sync.Once
	before  int64 // open ones that this node did not see begin
}

func newDurableChanges(l *slog.Logger, s store.Store, newID func() string) *durableChanges {
	c := &durableChanges{log: l, store: s, newID: newID, counts: map[string]prometheus.Counter{}, duration: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "perdure_durable_execution_seconds", Help: "DurableExecutionDuration: time from a durable execution's start to its end.",
		Buckets: prometheus.ExponentialBuckets(.01, 4, 13), // 10 ms to 46 hours
	})}
	for status, words := range map[string][2]string{
		"RUNNING": {"started", "Started"}, durop.Succeeded: {"succeeded", "Succeeded"}, durop.Failed: {"failed", "Failed"},
		durop.Stopped: {"stopped", "Stopped"}, durop.TimedOut: {"timed_out", "TimedOut"},
	} {
		c.counts[status] = prometheus.NewCounter(prometheus.CounterOpts{
			Name: "perdure_durable_executions_" + words[0] + "_total", Help: "DurableExecution" + words[1] + ": durable executions that have " + words[0] + " on this node.",
		})
	}
	c.work = prometheus.NewCounter(prometheus.CounterOpts{Name: "perdure_durable_execution_operations_total",
		Help: "DurableExecutionOperations: operations of the durable executions that have ended on this node."})
	c.written = prometheus.NewCounter(prometheus.CounterOpts{Name: "perdure_durable_execution_storage_written_bytes_total",
		Help: "DurableExecutionStorageWrittenBytes: data written by the durable executions that have ended on this node."})
	return c
}

// register makes the figures part of the metrics page.
func (c *durableChanges) register(r *prometheus.Registry) {
	r.MustRegister(c.duration, c.work, c.written, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "perdure_durable_executions_running", Help: "ApproximateRunningDurableExecutions: durable executions that have not ended.",
	}, c.running))
	for _, n := range c.counts {
		r.MustRegister(n)
	}
}

// running counts in the store when somebody first asks, and from then on what this node sees. Changes during the count make
// it approximate, as AWS calls it too.
func (c *durableChanges) running() float64 {
	c.counted.Do(func() { c.before = c.stored() - c.begun.Load() })
	return float64(max(0, c.before+c.begun.Load()))
}

// stored is how many open executions the store holds, up to a million.
func (c *durableChanges) stored() (n int64) {
	f := store.Filter{Kind: lambda.DurableKind, Status: "RUNNING", Limit: 1000}
	for range 1000 {
		heads, next, err := c.store.Heads(context.Background(), f)
		if err != nil {
			c.log.Warn("open durable executions could not be counted", "error", err)
			return n
		}
		n += int64(len(heads))
		if next == "" || len(heads) == 0 {
			return n
		}
		f.After = next
	}
	return n
}

// changed is told after the commit.
func (c *durableChanges) changed(s lambda.StatusChange) {
	if n := c.counts[s.Status]; n != nil {
		n.Inc()
	}
	if s.Ended.IsZero() {
		c.begun.Add(1)
	} else {
		c.begun.Add(-1)
		c.duration.Observe(s.Ended.Sub(s.Started).Seconds())
		c.work.Add(float64(s.Operations))
		c.written.Add(float64(s.Written))
	}
	if c.log.Enabled(context.Background(), slog.LevelDebug) {
		c.log.Debug("event", "event", string(s.Event(c.newID())), "operations", s.Operations, "bytes", s.Written)
	}
}
