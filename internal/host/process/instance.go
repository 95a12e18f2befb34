package process

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// instance is one child process with its Runtime API. Its life: started, ready (it asked for its first event), then events
// one at a time, exited.
type instance struct {
	h      *Host
	pool   *pool
	spec   *host.Spec
	proc   *os.Process
	srv    *http.Server
	out    *output
	stream string // log stream

	work   chan *job     // capacity 1: the event for the next request for one
	ready  chan struct{} // closed with the first request for an event
	exited chan struct{} // closed once the process and its group are gone and its output is read
	dying  atomic.Bool

	idleSince time.Time // guarded by Host.mu
	lent      bool      // guarded by Host.mu

	mu       sync.Mutex
	started  time.Time // of the process
	initTook time.Duration
	initErr  *failure // posted by the runtime, or its time was up
	served   int
	job      *job
	exit     *os.ProcessState
	peak     peak
}

// job is one event on its way through an instance. claimed decides the race between the runtime that takes it and the
// caller who gives up on an instance that never asks.
type job struct {
	in      *host.Invocation
	claimed atomic.Bool
	taken   time.Time
	done    chan *host.Result // capacity 1
	stop    func() bool
}

// newInstance starts the process. unpin lets go of the unpacked code and is called when the process has gone.
func newInstance(h *Host, p *pool, cmd *command, unpin func()) (*instance, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{
		h: h, pool: p, spec: p.spec, stream: h.streamName(p.spec),
		work: make(chan *job, 1), ready: make(chan struct{}), exited: make(chan struct{}),
		started: h.cfg.Now(),
	}
	to := host.LogStream{Region: p.spec.Region, Account: p.spec.Account, Group: p.spec.LogGroup, Stream: i.stream}
	i.out = newOutput(func(lines []host.LogLine) {
		if h.cfg.Log != nil {
			h.cfg.Log.Log(to, lines)
		}
	}, h.cfg.LogTime)
	i.srv = newRuntimeAPI(i)
	env := h.environment(p.spec, cmd, ln.Addr().String(), i.stream)
	i.logInitStart()
	i.proc, err = h.start.spawn(cmd, env, i.out)
	if err != nil {
		ln.Close()
		i.out.finish(h.cfg.AfterFunc)
		return nil, &host.StartError{Type: "Runtime.InvalidEntrypoint", Message: err.Error()}
	}
	go i.srv.Serve(ln) // ends with srv.Close in reap
	go i.reap(unpin)
	return i, nil
}

// reap waits for the process, ends its group, and settles the event it was working on.
func (i *instance) reap(unpin func()) {
	state, _ := i.proc.Wait()
	i.dying.Store(true)
	i.h.start.reaped(i.proc.Pid)
	i.out.finish(i.h.cfg.AfterFunc)
	i.srv.Close()
	i.mu.Lock()
	i.exit = state
	j := i.job
	i.mu.Unlock()
	if j != nil {
		i.end(j, exitFailure(state))
	}
	unpin()
	close(i.exited)
}

// kill ends the process and all in its group.
func (i *instance) kill() {
	if !i.dying.Swap(true) {
		i.h.start.killGroup(i.proc.Pid)
	}
}

func (i *instance) dead() bool { return i.dying.Load() }

// giveUp ends an instance that has not asked for its first event in time.
func (i *instance) giveUp() {
	select {
	case <-i.ready:
		return
	default:
	}
	i.mu.Lock()
	if i.initErr == nil {
		i.initErr = timedOut(i.spec.Timeout)
	}
	i.mu.Unlock()
	i.kill()
}

// run gives one event to the instance and waits for the answer. ran is false if the instance exited before it took it.
func (i *instance) run(ctx context.Context, in *host.Invocation) (r *host.Result, ran bool, err error) {
	j := &job{in: in, done: make(chan *host.Result, 1)}
	// Between answering one event and asking for the next a runtime may hang; the event must not hang with it.
	stuck := i.h.cfg.AfterFunc(initLimit+i.spec.Timeout, func() {
		if !j.claimed.Load() {
			i.kill()
		}
	})
	defer stuck()
	select {
	case i.work <- j: // full for a moment if a caller gave up on its event
	case <-i.exited:
		return nil, false, nil
	}
	select {
	case r := <-j.done:
		return r, true, nil
	case <-i.exited:
		if !j.claimed.Swap(true) {
			return nil, false, nil
		}
		return <-j.done, true, nil
	case <-ctx.Done():
		if !j.claimed.Swap(true) {
			i.h.release(i)
		}
		return nil, false, ctx.Err()
	}
}

// take is called by the Runtime API with a job from the work channel; false if its caller has given up on it.
func (i *instance) take(j *job) bool {
	if j.claimed.Swap(true) {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	j.taken = i.h.cfg.Now()
	i.job = j
	i.served++
	i.out.begin()
	i.logStart(j)
	j.stop = i.h.cfg.AfterFunc(i.spec.Timeout, func() { i.end(j, timedOut(i.spec.Timeout)) })
	return true
}

// end settles a job, once: with f nil its answer is payload in f's place.
func (i *instance) end(j *job, f *failure) bool { return i.settle(j, nil, f) }

func (i *instance) settle(j *job, payload []byte, f *failure) bool {
	i.mu.Lock()
	if i.job != j {
		i.mu.Unlock()
		return false
	}
	i.job = nil
	j.stop()
	cold := i.served == 1
	i.mu.Unlock()

	r := &host.Result{Payload: payload, Started: j.taken, Ended: i.h.cfg.Now(), ColdStart: cold}
	if f != nil {
		r.Payload, r.ErrorType, r.FunctionError = f.body(j.in.RequestID), f.typ, "Unhandled"
	}
	i.out.drain()
	i.logEnd(j, r, f)
	r.Log = i.out.tail()
	if f != nil && f.fatal {
		i.kill()
	}
	i.h.release(i)
	j.done <- r
	return true
}
