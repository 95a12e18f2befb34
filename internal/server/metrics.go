package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// metrics counts calls as they happen; what engine and store count themselves is read when somebody asks.
type metrics struct {
	calls *prometheus.CounterVec
	took  *prometheus.HistogramVec
	page  http.Handler
}

func newMetrics(e *engine.Engine, s store.Store, d *durableChanges) *metrics {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "perdure_requests_total", Help: "Answered calls by service, operation and HTTP status.",
		}, []string{"service", "operation", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "perdure_request_seconds", Help: "Time from a request's head to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30, 300},
		}, []string{"service", "operation"}),
	}
	r := prometheus.NewRegistry()
	r.MustRegister(m.calls, m.took, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), stats{e, s})
	d.register(r)
	m.page = promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) observe(service, operation string, status int, took time.Duration) {
	m.calls.WithLabelValues(service, operation, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(service, operation).Observe(took.Seconds())
}

// stats shows the engine's and the store's own figures.
type stats struct {
	engine *engine.Engine
	store  store.Store
}

type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(engine.Stats, store.Stats) float64
}

func counter(name, help string, read func(engine.Stats, store.Stats) float64) figure {
	return figure{prometheus.NewDesc("perdure_"+name+"_total", help, nil, nil), prometheus.CounterValue, read}
}

func gauge(name, help string, read func(engine.Stats, store.Stats) float64) figure {
	return figure{prometheus.NewDesc("perdure_"+name, help, nil, nil), prometheus.GaugeValue, read}
}

var figures = []figure{
	counter("turns", "Messages settled.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Turns) }),
	counter("conflicts", "Commits repeated because an entity had moved on.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Conflicts) }),
	counter("failures", "Commits that the store refused.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Failures) }),
	counter("loads", "Entities read from the store.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Loads) }),
	counter("evictions", "Entities dropped from the cache.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Evicted) }),
	counter("effects", "Effects started.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Effects) }),
	counter("timers_fired", "Timers fired.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Fired) }),
	counter("time_skips", "Jumps in time.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Skips) }),
	gauge("entities_active", "Entities with a turn ready or under way.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Active) }),
	gauge("effects_open", "Effects being run.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.EffectsOpen) }),
	gauge("timers_loaded", "Timers in memory.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.TimersLoaded) }),
	gauge("cache_entities", "Idle entities in memory.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.Cached) }),
	gauge("cache_bytes", "Estimate of what idle entities take.", func(e engine.Stats, _ store.Stats) float64 { return float64(e.CacheBytes) }),
	counter("store_commits", "Turns committed to the store.", func(_ engine.Stats, s store.Stats) float64 { return float64(s.Commits) }),
	counter("store_syncs", "Syncs to stable storage.", func(_ engine.Stats, s store.Stats) float64 { return float64(s.Syncs) }),
	counter("store_bytes", "Bytes written by turns.", func(_ engine.Stats, s store.Stats) float64 { return float64(s.Bytes) }),
}

// Describe implements prometheus.Collector.
func (stats) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range figures {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (s stats) Collect(ch chan<- prometheus.Metric) {
	e, st := s.engine.Stats(), s.store.Stats()
	for _, f := range figures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(e, st))
	}
}
