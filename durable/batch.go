package durable

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// batchKind is what Map and Parallel differ in.
type batchKind struct {
	sub, itemSub, summary, item string
	countStarted                bool
}

var (
	mapKind      = batchKind{OperationSubTypeMap, OperationSubTypeMapIteration, "MapResult", "map-item-", false}
	parallelKind = batchKind{OperationSubTypeParallel, OperationSubTypeParallelBranch, "ParallelResult", "parallel-branch-", true}
)

// batchRun is one Map or Parallel being driven. The functions hide the type of the items' results.
type batchRun struct {
	kind   batchKind
	c      *dctx // context of the caller
	inner  *dctx // where the items' records are filed
	o      *operation
	first  int // number of the first item's place in c, for NestingNormal
	total  int
	cfg    batchConfig
	name   func(i int) string
	body   func(i int, c *dctx) (any, error)
	fresh  func() any // pointer to a zero result
	trace  uintptr
	pack   func(items []*batchItem, reason CompletionReason) any // a BatchResult
	unpack func(text string) (items []*batchItem, reason CompletionReason, err error)

	items  []*batchItem // that were admitted, by index
	reason CompletionReason
	crew   crew
}

// batchItem is one item that was admitted.
type batchItem struct {
	index  int
	name   string
	status BatchItemStatus
	text   string // recorded result
	value  any    // pointer to the decoded result
	err    error
	k      *childRun // nil for NestingFlat
	branch *branch
}

// run drives the batch to its end. A failure of the batch as such leaves no result.
func (r *batchRun) run() error {
	o := r.o
	r.inner = &dctx{Context: r.c.Context, ex: r.c.ex, branch: r.c.branch, owner: r.c.owner, prefix: r.c.prefix, parent: o.id,
		closed: r.c.closed, serdes: r.c.serdes, callbacks: r.c.callbacks, scope: r.c.scope}
	r.inner.replaying.Store(r.c.replaying.Load())
	r.first = r.c.claimed + 1
	r.c.inside++
	defer func() { r.c.inside-- }()
	if rec := o.look(); o.settled && rec != nil {
		return r.replay(rec)
	}
	if o.stuck {
		return o.unreachable(r.c.branch)
	}
	if !o.recorded {
		if err := r.c.ex.checkpointLater(r.c.branch, o.update(OperationActionStart)); err != nil {
			return err
		}
	}
	p := r.policy()
	done, err := p.before()
	if err == nil && !done {
		if r.cfg.concurrency == 1 {
			err = r.inTurn(p)
		} else {
			err = r.beside(p)
		}
	}
	if err != nil {
		return err
	}
	r.reason = p.reason
	return r.finish()
}

// position is the place of item i.
func (r *batchRun) position(i int) string {
	if r.cfg.nesting == NestingFlat {
		return r.o.position + "-" + strconv.Itoa(i+1)
	}
	return r.c.prefix + strconv.Itoa(r.first+i)
}

// admit takes item i in, and puts its start on the way.
func (r *batchRun) admit(i int) (*batchItem, error) {
	it := &batchItem{index: i, name: r.name(i), status: BatchItemStarted}
	if r.cfg.nesting != NestingFlat {
		o, err := r.inner.at(r.position(i), OperationTypeContext, r.kind.itemSub, it.name)
		if err != nil {
			return nil, err
		}
		it.k = &childRun{o: o, cfg: childConfig{serdes: r.serdes(i)}, trace: r.trace, async: true}
		if err := it.k.begin(r.inner.branch, false); err != nil {
			return nil, err
		}
	}
	r.items = append(r.items, it)
	return it, nil
}

func (r *batchRun) serdes(i int) Serdes {
	if r.cfg.serdesOf != nil {
		return r.cfg.serdesOf(i)
	}
	if r.cfg.serdes != nil {
		return r.cfg.serdes
	}
	return r.c.serdes
}

// drive runs an item on the calling goroutine. Only the end of the invocation, or of the batch, is returned.
func (r *batchRun) drive(it *batchItem, b *branch, gid uint64) error {
	out := r.fresh()
	var err error
	body := func(c *dctx) (any, error) { return r.body(it.index, c) }
	if it.k != nil {
		err = it.k.run(b, gid, body, out)
		it.text = it.k.text
	} else {
		it.text, err = r.flat(it, b, gid, body, out)
	}
	if errors.Is(err, errSuspended) {
		return err
	}
	var lost *CheckpointError
	if errors.As(err, &lost) && lost.text == "" {
		return err
	}
	it.value, it.err, it.status = out, err, BatchItemSucceeded
	if err != nil {
		it.status = BatchItemFailed
	}
	return nil
}

// flat runs the body of an item without a record. Its error is what the record of the batch will keep of it.
func (r *batchRun) flat(it *batchItem, b *branch, gid uint64, body func(*dctx) (any, error), out any) (string, error) {
	ex := r.c.ex
	o := &operation{c: r.inner, kind: OperationTypeContext, sub: r.kind.itemSub, name: it.name, position: r.position(it.index)}
	o.id = wireID(o.position)
	k := &childRun{o: o, cfg: childConfig{serdes: r.serdes(it.index)}, trace: r.trace, async: true, hidden: true}
	value, trace, err := k.enter(b, gid, false, body)
	if err != nil {
		if errors.Is(err, errSuspended) {
			return "", err
		}
		return "", ErrorFromObject(ex.object(err, trace))
	}
	text, err := ex.encode(k.cfg.serdes, o, value)
	if err != nil {
		return "", err
	}
	return text, ex.decode(k.cfg.serdes, o, text, out)
}

// finish records the outcome of the batch: whole if it fits, else what is needed to make it again from the items.
func (r *batchRun) finish() error {
	o, ex := r.o, r.c.ex
	text, err := r.aggregate()
	if err != nil {
		return err
	}
	u := o.update(OperationActionSucceed)
	if text == "" || len(text) > maxContextResult {
		if text, err = r.summary(); err != nil {
			return err
		}
		u.ContextOptions = &ContextOptions{ReplayChildren: ptr(true)}
	}
	u.Payload = &text
	if err := ex.checkpoint(r.c.branch, u); err != nil {
		return err
	}
	o.done(o.look())
	return nil
}

// aggregate is the whole outcome as text, empty if an item's text cannot be part of it.
func (r *batchRun) aggregate() (string, error) {
	if r.cfg.result != nil {
		return r.c.ex.encode(r.cfg.result, r.o, r.pack(r.items, r.reason))
	}
	all := make([]storedItem, 0, len(r.items))
	for _, it := range r.items {
		s := storedItem{Index: it.index, Status: it.status}
		switch it.status {
		case BatchItemSucceeded:
			if !json.Valid([]byte(it.text)) {
				return "", nil
			}
			s.Result = json.RawMessage(it.text)
		case BatchItemFailed:
			s.Error = storedError(it.err)
		}
		all = append(all, s)
	}
	text, err := marshalJSON(storedBatch{All: all, Reason: r.reason})
	return string(text), err
}

// verdict is the error that goes with the result.
func (r *batchRun) verdict() error {
	if !r.reason.failed() {
		return nil
	}
	var errs []error
	for _, it := range r.items {
		if it.status == BatchItemFailed {
			errs = append(errs, it.err)
		}
	}
	if len(errs) == 0 && r.reason == CompletionCustomFailed {
		return &BatchCompletionError{Name: r.o.name, Reason: r.reason}
	}
	return &BatchError{Name: r.o.name, Reason: r.reason, Errors: errs}
}

// policy watches the progress.
func (r *batchRun) policy() *completion {
	return &completion{cfg: r.cfg.completion, total: r.total, name: r.name, status: map[int]BatchItemStatus{}}
}

var errTooManyItems = fmt.Errorf("durable: the record of the batch admits more items than the input has; the input must be the same on every run")
