package durable

import (
	"context"
	"sync"
	"time"
)

// execution is what one invocation knows of its durable execution, and the place where its end is decided.
//
// Invariants, all under mu: running counts the SDK's goroutines that are neither parked nor finished; a goroutine that
// is woken counts as running before the lock is released, so running == 0 means that nothing can happen any more
// except through the service. verdict is set once; afterwards no update is accepted and nobody parks.
type execution struct {
	arn    string
	client ExecutionClient
	opts   *options
	ctx    context.Context // for calls of the service; outlives the invocation's deadline
	meta   invocationMeta
	plug   *plugins

	mu       sync.Mutex
	ops      map[string]*Operation // by wire id
	fresh    map[string]bool       // wire ids whose outcome the previous invocation did not have
	cells    map[string]*cell      // who waits for an operation, by wire id
	branches map[uint64]*branch    // by goroutine id
	waiters  map[*waiter]struct{}
	running  int
	spans    int // user bodies that must not be cut off by a suspension: step attempts, checks, submitters
	expiring bool
	outcome  *outcome // what the handler returned, until it is decided whether that counts
	verdict  *verdict
	done     chan struct{} // closed with the verdict
	unwound  chan struct{} // closed when the last goroutine ended after the verdict
	live     int           // goroutines that have not ended

	logs logs
	flusher
	poller
}

type outcome struct {
	value any
	err   error
	trace []string
}

type verdictKind int

const (
	verdictOutcome verdictKind = iota // the handler's outcome stands
	verdictPending                    // nothing to do until the service has news
	verdictFailed                     // the execution fails with err, whatever the handler returns
	verdictFault                      // the invocation fails with err; the service invokes again
)

type verdict struct {
	kind verdictKind
	err  error
}

// branch is one goroutine the SDK knows: the handler's, or one started for an asynchronous operation or a batch item.
type branch struct {
	ex        *execution
	parent    *branch
	detached  bool // its being parked does not keep the execution open once the handler returned
	abandoned bool // its batch ended without it
	parked    bool
	ended     bool
}

// gone reports whether the branch, or one it was started for, was abandoned. Caller holds mu.
func (b *branch) gone() bool {
	for ; b != nil; b = b.parent {
		if b.abandoned {
			return true
		}
	}
	return false
}

// loose reports whether the branch or one it was started for is detached.
func (b *branch) loose() bool {
	for ; b != nil; b = b.parent {
		if b.detached {
			return true
		}
	}
	return false
}

// cell is something that will happen; waiters are woken to look again.
type cell struct{ waiters []*waiter }

// waiter is one parked goroutine. branch is nil for a goroutine the SDK does not know.
type waiter struct {
	branch *branch
	wake   chan struct{}
	woken  bool
	holds  bool // waits for the service rather than for an own checkpoint
}

func newExecution(opts *options, client ExecutionClient, arn, token string) *execution {
	ex := &execution{arn: arn, client: client, opts: opts,
		ops: map[string]*Operation{}, fresh: map[string]bool{}, cells: map[string]*cell{}, branches: map[uint64]*branch{},
		waiters: map[*waiter]struct{}{}, done: make(chan struct{}), unwound: make(chan struct{})}
	ex.flusher.token = token
	return ex
}

// spawn runs fn on its own goroutine as a branch. The goroutine ends when fn does; ex.live counts it until then.
func (ex *execution) spawn(parent *branch, detached bool, fn func(b *branch, gid uint64)) *branch {
	b := &branch{ex: ex, parent: parent, detached: detached}
	ex.mu.Lock()
	ex.running++
	ex.live++
	ex.mu.Unlock()
	branchGoroutines.Add(1)
	go b.run(fn)
	return b
}

// run is all that the branch's goroutine does; alone knows such a goroutine by it.
func (b *branch) run(fn func(b *branch, gid uint64)) {
	ex, gid := b.ex, goid()
	ex.mu.Lock()
	if gid != 0 {
		ex.branches[gid] = b
	}
	ex.mu.Unlock()
	defer branchGoroutines.Add(-1) // after ended is set
	defer func() {
		ex.mu.Lock()
		defer ex.mu.Unlock()
		delete(ex.branches, gid)
		b.ended = true
		ex.running--
		ex.live--
		ex.assess()
		if ex.live == 0 && ex.verdict != nil {
			ex.closeUnwound()
		}
	}()
	fn(b, gid)
}

func (ex *execution) closeUnwound() {
	select {
	case <-ex.unwound:
	default:
		close(ex.unwound)
	}
}

// current is the branch of the calling goroutine; fallback serves when goroutines cannot be told apart.
func (ex *execution) current(fallback *branch) *branch {
	gid := goid()
	if gid == 0 {
		return fallback
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return ex.branches[gid]
}

// park blocks the calling goroutine until ready, which is asked under mu whenever one of the cells is touched. It
// answers errSuspended once the invocation is decided or the branch was abandoned, unless ready already holds.
func (ex *execution) park(b *branch, holds bool, ready func() bool, cells ...*cell) error {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	for !ready() {
		if ex.verdict != nil || b.gone() {
			return errSuspended
		}
		w := &waiter{branch: b, wake: make(chan struct{}), holds: holds}
		ex.waiters[w] = struct{}{}
		for _, c := range cells {
			c.waiters = append(c.waiters, w)
		}
		if b != nil {
			b.parked = true
			ex.running--
		}
		ex.assess()
		if !w.woken {
			ex.mu.Unlock()
			<-w.wake
			ex.mu.Lock()
		}
	}
	return nil
}

// touch wakes those who wait on c. Caller holds mu.
func (ex *execution) touch(c *cell) {
	if c == nil {
		return
	}
	for _, w := range c.waiters {
		ex.rouse(w)
	}
	c.waiters = nil
}

func (ex *execution) rouse(w *waiter) {
	if w.woken {
		return
	}
	w.woken = true
	delete(ex.waiters, w)
	if w.branch != nil {
		w.branch.parked = false
		ex.running++
	}
	close(w.wake)
}

// cell returns the cell of an operation. Caller holds mu.
func (ex *execution) cell(id string) *cell {
	c := ex.cells[id]
	if c == nil {
		c = &cell{}
		ex.cells[id] = c
	}
	return c
}

// assess decides the invocation if it can be decided. It is called after every change that could matter; caller holds mu.
func (ex *execution) assess() {
	if ex.verdict != nil {
		return
	}
	if ex.outcome != nil && !ex.held() {
		ex.decide(verdict{kind: verdictOutcome})
		return
	}
	if ex.running == 0 && ex.spans == 0 && !ex.flying {
		if len(ex.queue) > 0 {
			ex.takeOff() // what waited for company is on record before the invocation ends
			return
		}
		if len(ex.waiters) > 0 {
			ex.decide(verdict{kind: verdictPending})
			return
		}
	}
	if ex.expiring && !ex.flying && len(ex.waiters) > 0 {
		ex.decide(verdict{kind: verdictPending})
	}
}

// held reports whether a branch that belongs to the execution waits for the service. Caller holds mu.
func (ex *execution) held() bool {
	for w := range ex.waiters {
		if w.holds && w.branch != nil && !w.branch.loose() && !w.branch.gone() {
			return true
		}
	}
	return false
}

// decide sets the verdict and wakes everybody. Caller holds mu.
func (ex *execution) decide(v verdict) {
	if ex.verdict != nil {
		return
	}
	ex.verdict = &v
	ex.stopTimers()
	for w := range ex.waiters {
		ex.rouse(w)
	}
	close(ex.done)
	if ex.live == 0 {
		ex.closeUnwound()
	}
}

// halt ends the invocation because of a failure user code must not be able to swallow.
func (ex *execution) halt(kind verdictKind, err error) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.decide(verdict{kind: kind, err: err})
}

// abandon gives up branches: they unwind at their next operation, and record nothing more.
func (ex *execution) abandon(bs []*branch) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	for _, b := range bs {
		b.abandoned = true
	}
	for w := range ex.waiters {
		if w.branch.gone() {
			ex.rouse(w)
		}
	}
}

// span brackets a user body during which the invocation must not suspend.
func (ex *execution) span(delta int) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.spans += delta
	ex.assess()
}

// expire is called when the invocation's own time ends: whatever is awaited now waits for the next invocation.
func (ex *execution) expire() {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.expiring = true
	ex.assess()
}

// merge takes over what the service reports. Caller holds mu.
func (ex *execution) merge(ops []Operation) {
	for i := range ops {
		op := ops[i]
		id := deref(op.Id)
		if id == "" || op.Type == OperationTypeExecution {
			continue
		}
		old := ex.ops[id]
		if op.Status.terminal() && (old == nil || old.Status != op.Status) {
			ex.fresh[id] = true
		}
		ex.ops[id] = &op
		ex.touch(ex.cells[id])
	}
}

// look returns the record of an operation, nil when there is none.
func (ex *execution) look(id string) *Operation {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return ex.ops[id]
}

// forgotten is the size in bytes from which a result is not kept once the code has it.
const forgotten = 1024

// forget drops the result of an operation whose code has got it and will not ask again, so that memory holds the results
// that are still to come and not all there ever were. A callback may be asked again.
func (ex *execution) forget(id string) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	old := ex.ops[id]
	if old == nil || !old.Status.terminal() {
		return
	}
	op := *old // others may hold the record as it was
	switch {
	case op.StepDetails != nil && len(deref(op.StepDetails.Result)) >= forgotten:
		d := *op.StepDetails
		d.Result, op.StepDetails = nil, &d
	case op.ContextDetails != nil && len(deref(op.ContextDetails.Result)) >= forgotten:
		d := *op.ContextDetails
		d.Result, op.ContextDetails = nil, &d
	case op.ChainedInvokeDetails != nil && len(deref(op.ChainedInvokeDetails.Result)) >= forgotten:
		d := *op.ChainedInvokeDetails
		d.Result, op.ChainedInvokeDetails = nil, &d
	default:
		return
	}
	ex.ops[id] = &op
}

// lingering is how long an invocation waits for its goroutines to unwind before it answers.
const lingering = 50 * time.Millisecond
