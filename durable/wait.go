package durable

import (
	"fmt"
	"time"
)

// Void is the result of operations that have none.
type Void struct{}

// WaitOption configures Wait and WaitAsync. There is none yet.
type WaitOption interface{ applyWait() }

// Wait lets d pass, without compute if nothing else is going on. d is rounded up to seconds; less than one second is an
// error and takes no place.
func Wait(ctx Context, name string, d time.Duration, opts ...WaitOption) error {
	o, seconds, err := newWait(ctx, name, d)
	if err != nil {
		return err
	}
	return o.deliver(o.wait(o.c.branch, seconds, true))
}

// WaitAsync is Wait beside other work.
func WaitAsync(ctx Context, name string, d time.Duration, opts ...WaitOption) *Future[Void] {
	o, seconds, err := newWait(ctx, name, d)
	if err != nil {
		return failed[Void](err)
	}
	return launch(o, true, func(b *branch, _ uint64, _ *Void) error { return o.wait(b, seconds, false) })
}

func newWait(ctx Context, name string, d time.Duration) (*operation, int32, error) {
	c, err := own(ctx)
	if err != nil {
		return nil, 0, err
	}
	if d < time.Second {
		return nil, 0, fmt.Errorf("durable: wait %q must last at least one second, not %v", name, d)
	}
	o, err := c.claim(OperationTypeWait, OperationSubTypeWait, name)
	if err != nil {
		return nil, 0, err
	}
	seconds, err := wholeSeconds("wait", d)
	return o, seconds, err
}

func (o *operation) wait(b *branch, seconds int32, now bool) error {
	if o.stuck {
		return o.unreachable(b)
	}
	ex := o.c.ex
	if !o.recorded {
		u := o.update(OperationActionStart)
		u.WaitOptions = &WaitOptions{WaitSeconds: &seconds}
		if err := ex.submit(b, now, []OperationUpdate{u}); err != nil {
			return err
		}
	}
	var end *time.Time
	if rec := o.look(); rec != nil && rec.WaitDetails != nil {
		end = rec.WaitDetails.ScheduledEndTimestamp
	}
	if err := ex.await(b, o.id, end, ended); err != nil {
		return err
	}
	rec := o.look()
	o.done(rec)
	if rec.Status == OperationStatusSucceeded {
		return nil
	}
	return &OperationError{Name: o.name, ErrorType: "OperationError", Message: fmt.Sprintf("wait ended as %s", rec.Status)}
}

func ended(op *Operation) bool { return op.Status.terminal() }
