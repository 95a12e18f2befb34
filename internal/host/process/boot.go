package process

import (
	"context"
	"errors"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// initLimit is how long AWS Lambda lets code initialise; it then starts over within the function's own time-out, so that
// the whole start has initLimit and that time-out.
const initLimit = 10 * time.Second

// boot starts one instance for p and brings it to its first request for an event. Whoever waits in line then gets it, or
// learns why there is none.
func (h *Host) boot(p *pool) {
	defer h.running.Done()
	i, err := h.spawn(p)
	if err != nil {
		h.refuse(p, err)
		h.gone(p, nil, true)
		return
	}
	stop := h.cfg.AfterFunc(initLimit+p.spec.Timeout, func() { i.giveUp() })
	defer stop()
	select {
	case <-i.ready:
		h.mu.Lock()
		p.starting--
		h.mu.Unlock()
		h.release(i)
		<-i.exited
		h.gone(p, i, false)
	case <-i.exited:
		select {
		case <-h.closing:
		default:
			h.failedInit(p, i)
		}
		h.gone(p, i, true)
	}
}

// spawn unpacks the code, finds out how to start it, and starts it.
func (h *Host) spawn(p *pool) (*instance, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // the download of a package ends with the host
		select {
		case <-h.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	dir, release, err := h.code.open(ctx, p.spec.Code)
	if err != nil {
		return nil, err
	}
	cmd, err := h.command(p.spec, dir)
	if err != nil {
		release()
		return nil, err
	}
	i, err := newInstance(h, p, cmd, release)
	if err != nil {
		release()
		return nil, err
	}
	h.mu.Lock()
	h.all[i] = struct{}{}
	closed := h.closed
	h.mu.Unlock()
	if closed {
		i.kill()
	}
	return i, nil
}

// refuse answers all who wait: code that cannot be started for one of them cannot for any.
func (h *Host) refuse(p *pool, err error) {
	var se *host.StartError
	if !errors.As(err, &se) {
		err = &host.StartError{Type: "Runtime.Unknown", Message: "the instance could not be started: " + err.Error()}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(p.line) > 0 {
		h.leave(p, 0).grant <- grant{err: err}
	}
}

// failedInit answers the first who waits with what went wrong; the others get a start of their own, as failures of
// initialisation may pass.
func (h *Host) failedInit(p *pool, i *instance) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(p.line) > 0 {
		w := h.leave(p, 0)
		w.grant <- grant{res: i.initFailure(w.in.RequestID)}
	}
}
