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
	if !c.closed && c.ex.look(wireID(position+"-1")) == nil {
		c.goLive()
	}
	return o, nil
}

// runVirtual runs the body and shapes its outcome as a recorded context would, without a record.
func (k *childRun) runVirtual(b *branch, gid uint64, body func(*dctx) (any, error), out any) error {
	value, trace, err := k.enter(b, gid, false, body)
	if errors.Is(err, errSuspended) {
		return errSuspended
	}
	if err != nil {
		return k.failure(k.o.c.ex.object(err, trace))
	}
	return k.roundTrip(value, out)
}
