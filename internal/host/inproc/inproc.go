// Package inproc runs Go functions as Lambda functions, inside this process.
//
// A [Host] is asked for the function behind a version by [Config.Find]; it gives each invocation a context that ends with
// the function's timeout, and turns results, errors and panics into what AWS Lambda answers. It unpacks no code and keeps
// no instances. It implements host.Host and stores nothing.
package inproc

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// Call is one invocation as a function sees it.
type Call struct {
	*host.Spec
	*host.Invocation
	Log func(line string) // adds a line to the log
}

// Function is the code of a function. The payload it returns is answered as it is. An error that is a *Failure is
// answered with its object, any other as an error of type "Error".
type Function func(ctx context.Context, c *Call) ([]byte, error)

// Failure is an error with an error object of its own: {"errorMessage","errorType",...}.
type Failure struct {
	Type   string
	Object []byte
}

func (f *Failure) Error() string { return string(f.Object) }

// Config is what a host is made of.
type Config struct {
	// Find is the code of a version; nil if there is none.
	Find  func(s *host.Spec) Function
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time // for timeouts; nil: functions are not timed out
}

// Host implements host.Host.
type Host struct {
	cfg Config

	mu      sync.Mutex
	closed  bool
	running map[string]int // invocations by Spec.Key
	calls   sync.WaitGroup
	ctx     context.Context // ends with the host
	cancel  context.CancelFunc
}

var _ host.Host = (*Host)(nil)

// New makes a host.
func New(cfg Config) *Host {
	h := &Host{cfg: cfg, running: map[string]int{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// maxLog is the tail of the log that is answered, in bytes.
const maxLog = 4096

type outcome struct {
	payload []byte
	err     error
	typ     string
}

// Invoke implements host.Host.
func (h *Host) Invoke(ctx context.Context, s *host.Spec, in *host.Invocation) (*host.Result, error) {
	f := h.cfg.Find(s)
	if f == nil {
		return nil, &host.StartError{Type: "Runtime.InvalidEntrypoint", Message: "there is no Go function for " + s.FunctionName}
	}
	if err := h.enter(s); err != nil {
		return nil, err
	}
	r := &host.Result{Started: h.cfg.Now()}
	var log tail
	inner, cancel := context.WithCancel(h.ctx)
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		defer h.leave(s)
		done <- run(inner, f, &Call{s, in, log.add})
	}()
	var late <-chan time.Time
	if h.cfg.After != nil && s.Timeout > 0 {
		late = h.cfg.After(s.Timeout)
	}
	select {
	case o := <-done:
		o.fill(r)
	case <-late:
		cancel()
		text := fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", in.RequestID, s.Timeout.Seconds())
		r.FunctionError, r.ErrorType, r.Payload = "Unhandled", "Sandbox.Timedout", object("Sandbox.Timedout", text)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r.Ended = h.cfg.Now()
	r.Log = log.bytes()
	return r, nil
}

func run(ctx context.Context, f Function, c *Call) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{typ: "Runtime.Panic", err: fmt.Errorf("panic: %v", p)}
		}
	}()
	payload, err := f(ctx, c)
	return outcome{payload: payload, err: err, typ: "Error"}
}

func (o *outcome) fill(r *host.Result) {
	if o.err == nil {
		r.Payload = o.payload
		return
	}
	r.FunctionError, r.ErrorType = "Unhandled", o.typ
	if f, ok := o.err.(*Failure); ok {
		r.ErrorType, r.Payload = f.Type, f.Object
		return
	}
	r.Payload = object(o.typ, o.err.Error())
}

func object(typ, message string) []byte {
	b, _ := json.Marshal(struct { // strings cannot fail to encode
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, typ})
	return b
}

func (h *Host) enter(s *host.Spec) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return context.Canceled
	}
	if s.Concurrency > 0 && h.running[s.Key] >= s.Concurrency {
		return host.ErrThrottled
	}
	h.running[s.Key]++
	h.calls.Add(1)
	return nil
}

func (h *Host) leave(s *host.Spec) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running[s.Key]--; h.running[s.Key] == 0 {
		delete(h.running, s.Key)
	}
	h.calls.Done()
}

// Retire implements host.Host; there are no instances to let go.
func (h *Host) Retire(string) {}

// Close ends the contexts of all invocations and waits for their functions to return.
func (h *Host) Close() error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	h.calls.Wait()
	return nil
}

// tail keeps the end of a log.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(append(t.b, line...), '\n')
	if n := len(t.b); n > maxLog {
		t.b = append(t.b[:0:0], t.b[n-maxLog:]...)
	}
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.b...)
}
