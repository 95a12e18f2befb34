package durable

import (
	"errors"
	"time"
)

// Bounds of one checkpoint call. A single larger update still goes out, alone, and is the service's to refuse.
const (
	maxBatchBytes   = 750 * 1024
	maxBatchUpdates = 250
	batchEnvelope   = 100
)

// startGrace is how long the START of an at-least-once step waits for its outcome, to go out in one call. Tests of the
// economy set their own, see options.grace.
const startGrace = 5 * time.Millisecond

// flusher is the queue of updates and its single call in flight. The fields belong to execution.mu.
type flusher struct {
	token  string
	queue  []*request
	flying bool
	landed chan struct{} // closed when the flight ends
	grace  *time.Timer
}

// request is what one caller wants on record. Order is kept; done and err are set under mu.
type request struct {
	updates []OperationUpdate
	size    int
	branch  *branch
	urgent  bool
	polls   []string // operations a poll asks about
	done    bool
	err     error
	cell    cell
}

// checkpoint records updates and returns when the service has accepted them.
func (ex *execution) checkpoint(b *branch, updates ...OperationUpdate) error {
	return ex.submit(b, true, updates)
}

func (ex *execution) submit(b *branch, now bool, updates []OperationUpdate) error {
	r, err := ex.enqueue(b, now, updates)
	if err != nil {
		return err
	}
	if err := ex.park(b, false, func() bool { return r.done }, &r.cell); err != nil {
		return err
	}
	return r.err
}

// checkpointLater queues updates without waiting for them. A failure ends the invocation on its own.
func (ex *execution) checkpointLater(b *branch, updates ...OperationUpdate) error {
	_, err := ex.enqueue(b, false, updates)
	return err
}

func (ex *execution) enqueue(b *branch, urgent bool, updates []OperationUpdate) (*request, error) {
	r := &request{updates: updates, branch: b, urgent: urgent}
	for i := range updates {
		r.size += sizeOf(&updates[i])
	}
	ex.debug("checkpoint enqueued")
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.verdict != nil || b.gone() {
		return nil, errSuspended
	}
	ex.queue = append(ex.queue, r)
	switch {
	case ex.flying: // the flusher looks at the queue when it lands
	case urgent:
		ex.takeOff()
	default:
		ex.giveGrace()
	}
	return r, nil
}

func (ex *execution) giveGrace() {
	if ex.grace == nil && ex.verdict == nil {
		ex.grace = time.AfterFunc(ex.opts.grace, ex.graceOver)
	}
}

// pressing reports whether the queue must not wait for company. Caller holds mu.
func (ex *execution) pressing() bool {
	if ex.running == 0 && ex.spans == 0 {
		return len(ex.queue) > 0
	}
	for _, r := range ex.queue {
		if r.urgent {
			return true
		}
	}
	return false
}

func (ex *execution) graceOver() {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.grace = nil
	if !ex.flying && ex.verdict == nil && len(ex.queue) > 0 {
		ex.takeOff()
	}
}

// takeOff starts the flushing goroutine, which ends when the queue is empty. Caller holds mu; nothing is in flight.
func (ex *execution) takeOff() {
	ex.flying, ex.landed = true, make(chan struct{})
	if ex.grace != nil {
		ex.grace.Stop()
		ex.grace = nil
	}
	ex.live++
	go func() {
		ex.mu.Lock()
		defer ex.mu.Unlock()
		ex.fly(ex.take())
		for ex.verdict == nil && ex.pressing() {
			ex.fly(ex.take())
		}
		if len(ex.queue) > 0 {
			ex.giveGrace()
		}
		ex.flying = false
		close(ex.landed)
		ex.live--
		ex.assess()
		if ex.live == 0 && ex.verdict != nil {
			ex.closeUnwound()
		}
	}()
}

// take cuts the next call's requests off the queue, and drops those of abandoned branches. Caller holds mu.
func (ex *execution) take() []*request {
	size, count, n := len(ex.token)+batchEnvelope, 0, 0
	batch := make([]*request, 0, len(ex.queue))
	for _, r := range ex.queue {
		if r.branch.gone() {
			n++
			ex.finish(r, errSuspended)
			continue
		}
		if len(batch) > 0 && (size+r.size > maxBatchBytes || count+len(r.updates) > maxBatchUpdates) {
			break
		}
		batch = append(batch, r)
		size, count = size+r.size, count+len(r.updates)
		n++
	}
	ex.queue = append([]*request(nil), ex.queue[n:]...)
	return batch
}

// fly makes one call. Caller holds mu, which is released while the call is under way.
func (ex *execution) fly(batch []*request) {
	if len(batch) == 0 {
		return
	}
	in := CheckpointInput{ExecutionArn: ex.arn, CheckpointToken: ex.token}
	for _, r := range batch {
		in.Updates = append(in.Updates, r.updates...)
	}
	ex.mu.Unlock()
	out, err := ex.client.Checkpoint(ex.ctx, in)
	if err == nil {
		ex.debug("checkpoint flushed", "updateCount", len(in.Updates))
	}
	ex.mu.Lock()
	if err != nil {
		ex.refused(batch, err)
		return
	}
	ex.token = out.CheckpointToken
	for i := range in.Updates {
		ex.record(&in.Updates[i])
	}
	ex.merge(out.NewExecutionState)
	ex.mu.Unlock()
	ex.plug.operationsChanged(out.NewExecutionState)
	ex.mu.Lock()
	for _, r := range batch {
		ex.finish(r, nil)
	}
	if out.CheckpointToken == "" {
		ex.decide(verdict{kind: verdictPending})
	}
}

func (ex *execution) finish(r *request, err error) {
	r.done, r.err = true, err
	ex.touch(&r.cell)
	if len(r.polls) > 0 {
		ex.polled(r)
	}
}

// refused ends the invocation, or the execution, after a failed call; the callers learn it too, but cannot prevent it.
func (ex *execution) refused(batch []*request, err error) {
	failure := &CheckpointError{Err: err, scope: scopeOf(err)}
	for _, r := range batch {
		ex.finish(r, failure)
	}
	if failure.scope == ErrorScopeExecution {
		ex.decide(verdict{kind: verdictFailed, err: failure})
		return
	}
	ex.decide(verdict{kind: verdictFault, err: failure})
}

// record applies an accepted update to the local state, in case the service does not echo it. Caller holds mu.
func (ex *execution) record(u *OperationUpdate) {
	id := deref(u.Id)
	if u.Type == OperationTypeExecution || id == "" {
		return
	}
	op := &Operation{Id: u.Id, Type: u.Type, SubType: u.SubType, Name: u.Name, ParentId: u.ParentId}
	if old := ex.ops[id]; old != nil {
		*op = *old
	}
	switch u.Action {
	case OperationActionStart:
		op.Status = OperationStatusStarted
	case OperationActionSucceed:
		op.Status = OperationStatusSucceeded
	case OperationActionFail:
		op.Status = OperationStatusFailed
	case OperationActionRetry:
		op.Status = OperationStatusPending
	case OperationActionCancel:
		op.Status = OperationStatusCancelled
	}
	recordDetails(op, u)
	if op.Status.terminal() {
		ex.fresh[id] = true
	}
	ex.ops[id] = op
}

func recordDetails(op *Operation, u *OperationUpdate) {
	switch u.Type {
	case OperationTypeStep:
		d := StepDetails{}
		if op.StepDetails != nil {
			d = *op.StepDetails
		}
		if u.Action != OperationActionStart {
			d.Attempt++
			d.Result, d.Error = u.Payload, u.Error
		}
		d.NextAttemptTimestamp = nil
		op.StepDetails = &d
	case OperationTypeContext:
		d := ContextDetails{Result: u.Payload, Error: u.Error}
		if u.ContextOptions != nil {
			d.ReplayChildren = u.ContextOptions.ReplayChildren
		}
		op.ContextDetails = &d
	}
}

// final sends the execution's own outcome, the only update that goes out after the verdict.
func (ex *execution) final(u OperationUpdate) error {
	ex.mu.Lock()
	for ex.flying {
		landed := ex.landed
		ex.mu.Unlock()
		<-landed
		ex.mu.Lock()
	}
	token := ex.token
	ex.mu.Unlock()
	if token == "" {
		return errors.New("durable: the result is too large to be returned and the checkpoint token is gone")
	}
	_, err := ex.client.Checkpoint(ex.ctx, CheckpointInput{ExecutionArn: ex.arn, CheckpointToken: token, Updates: []OperationUpdate{u}})
	if err != nil {
		return &CheckpointError{Err: err, scope: scopeOf(err)}
	}
	return nil
}

// sizeOf is at least the JSON size of an update, near enough to keep a call within its bound.
func sizeOf(u *OperationUpdate) int {
	n := 256 + len(deref(u.Id)) + len(deref(u.Name)) + len(deref(u.ParentId)) + escaped(deref(u.Payload))
	if e := u.Error; e != nil {
		n += escaped(deref(e.ErrorType)) + escaped(deref(e.ErrorMessage)) + escaped(deref(e.ErrorData)) + 64
		for _, f := range e.StackTrace {
			n += escaped(f) + 3
		}
	}
	if c := u.ChainedInvokeOptions; c != nil {
		n += len(deref(c.FunctionName)) + len(deref(c.TenantId)) + 48
	}
	return n
}

// escaped is the length of s as a JSON string.
func escaped(s string) int {
	n := len(s) + 2
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"', c == '\\', c == '\n', c == '\t', c == '\r':
			n++
		case c < 0x20:
			n += 5
		}
	}
	return n
}
