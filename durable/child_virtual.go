package durable

import (
	"errors"
	"strconv"
)

// claimVirtual takes the next place for a context that has no record of its own. A record there is a difference.
func (c *dctx) claimVirtual(sub, name string) (*operation, error) {
	if err := c.awake(); err != nil {
		return nil, err
	}
	c.claimed++
	position := c.prefix + strconv.Itoa(c.claimed)
	o := &operation{c: c, kind: OperationTypeContext, sub: sub, name: name, position: position, id: wireID(position)}
	if rec := c.ex.look(o.id); rec != nil {
		return nil, o.mismatch(rec)
	}
	if !c.closed && !c.ranVirtual(position) {
		c.goLive()
	}
	return o, nil
}

// ranVirtual reports whether an earlier invocation went into the virtual context at a position, as far as the record
// tells: by an operation inside, or by what comes after it.
func (c *dctx) ranVirtual(position string) bool {
	next := c.prefix + strconv.Itoa(c.claimed+1)
	for _, trace := range []string{position + "-1", next, next + "-1"} {
		if c.ex.look(wireID(trace)) != nil {
			return true
		}
	}
	return false
}

// runVirtual runs the body and shapes its outcome as a recorded context would, without a record.
func (k *childRun) runVirtual(b *branch, gid uint64, body func(*dctx) (any, error), out any) error {
	again := k.o.c.IsReplaying()
	k.o.c.ex.plug.virtualStarted(k.o, again)
	var inner *dctx
	value, trace, err := k.enter(b, gid, false, func(c *dctx) (any, error) {
		inner = c
		return body(c)
	})
	if errors.Is(err, errSuspended) {
		return errSuspended
	}
	// Without a record, what happened inside tells whether an earlier invocation got to the end.
	if news := !again || inner != nil && !inner.IsReplaying(); news {
		k.o.c.ex.plug.virtualEnded(k.o, again, err)
	}
	if err != nil {
		return k.failure(k.o.c.ex.object(err, trace))
	}
	return k.roundTrip(value, out)
}
