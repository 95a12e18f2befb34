// Package process runs function code in child processes that speak the Lambda Runtime API (2018-06-01).
//
// It implements [host.Host]. Every instance is a child with a loopback listener of its own (AWS_LAMBDA_RUNTIME_API), takes
// one invocation at a time, and stays warm in a pool per Spec.Key until it was idle for Config.Idle. What is promised:
//
//   - An invocation that finds a warm instance costs two requests over one kept-alive loopback connection, answered from
//     a channel, with the bodies passed through untouched.
//   - All that an instance started dies with it: children are group leaders, groups are killed on time-out, on exit and on
//     Close, and when this process is killed (guard.go, spawn_linux.go). A descendant that leaves its process group
//     (setsid) while this process is being killed is the one thing that can escape.
//   - Crashes, exits, time-outs and oversized answers become the error objects AWS Lambda reports.
//   - A code package is unpacked once into Config.Dir and can write nowhere outside its folder while being unpacked.
//
// Time here is the machine's own, whatever clock the engine runs on: a function's time-out limits real work. Only log lines
// carry Config.LogTime. Nothing is kept but the cache of unpacked code, which may be deleted while the server is down.
//
// Read next: pool.go (who gets which instance), instance.go (one child), runtimeapi.go (the protocol), runtimes.go (what
// is started).
package process

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// Credentials are what a function signs its own calls with.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Config is what a Host needs. Dir, Blob, Now, AfterFunc and NewID are required.
type Config struct {
	Dir  string // for unpacked code and the embedded bootstraps
	Blob func(ctx context.Context, name string) ([]byte, error)
	// Endpoint is the server's own URL, AWS_ENDPOINT_URL of the functions; asked at each start of an instance.
	Endpoint    func() string
	Credentials func(*host.Spec) Credentials
	Now         func() time.Time
	AfterFunc   func(d time.Duration, f func()) (stop func() bool)
	NewID       func() string    // a UUID; names log streams
	LogTime     func() time.Time // time of log lines; nil: Now
	Log         host.LogSink     // nil: only the tail in a Result
	// MaxInstances bounds the children of all functions together; beyond it invocations wait in line. 0: 64.
	MaxInstances int
	MaxWaiting   int           // longest line; beyond it ErrThrottled. 0: 100,000
	Idle         time.Duration // after which a warm instance goes. 0: 5 minutes
	CacheBytes   int64         // unpacked code kept on disk beyond what is in use. 0: 2 GiB
}

// Host runs functions as child processes.
type Host struct {
	cfg   Config
	code  *codeCache
	start *spawner
	tools interpreters

	mu       sync.Mutex
	pools    map[string]*pool
	all      map[*instance]struct{}
	live     int // instances starting, idle or busy, over all pools
	waiting  int // invocations in line, over all pools
	sweeping bool
	closed   bool
	closing  chan struct{}
	running  sync.WaitGroup // one per instance being started or alive
}

var _ host.Host = (*Host)(nil)

var errClosed = errors.New("the function host is closed")

// New makes a Host. It starts nothing before the first invocation.
func New(cfg Config) *Host {
	if cfg.Blob == nil || cfg.Now == nil || cfg.AfterFunc == nil || cfg.NewID == nil || cfg.Dir == "" {
		panic("process.New: Dir, Blob, Now, AfterFunc and NewID are required")
	}
	if cfg.LogTime == nil {
		cfg.LogTime = cfg.Now
	}
	cfg.MaxInstances = orElse(cfg.MaxInstances, 64)
	cfg.MaxWaiting = orElse(cfg.MaxWaiting, 100_000)
	cfg.Idle = orElse(cfg.Idle, 5*time.Minute)
	cfg.CacheBytes = orElse(cfg.CacheBytes, 2<<30)
	return &Host{
		cfg:     cfg,
		code:    newCodeCache(cfg.Dir, cfg.CacheBytes, cfg.Blob),
		start:   newSpawner(),
		pools:   map[string]*pool{},
		all:     map[*instance]struct{}{},
		closing: make(chan struct{}),
	}
}

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Invoke implements [host.Host]. When ctx ends first, code that already runs goes on, as AWS lets it, until it answers or
// its time is up. At the limit of the host invocations wait in line; at the limit of the spec they are throttled.
func (h *Host) Invoke(ctx context.Context, s *host.Spec, in *host.Invocation) (*host.Result, error) {
	// An instance may exit between being chosen and taking the event. The code has not run then, so another one is asked;
	// code that exits each time has failed.
	for tries := 1; ; tries++ {
		i, r, err := h.acquire(ctx, s, in)
		if err != nil || r != nil {
			return r, err
		}
		r, ran, err := i.run(ctx, in)
		if ran || err != nil {
			return r, err
		}
		if tries == 5 {
			return i.initFailure(in.RequestID), nil
		}
	}
}

// Retire implements [host.Host].
func (h *Host) Retire(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.pools[key]; p != nil {
		p.retired = true
		for _, i := range p.idle {
			i.kill()
		}
		p.idle = nil
		h.forget(p)
	}
}

// Close implements [host.Host].
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		h.running.Wait()
		return nil
	}
	h.closed = true
	close(h.closing)
	for i := range h.all {
		i.kill()
	}
	h.mu.Unlock()
	h.running.Wait()
	h.start.close()
	return nil
}
