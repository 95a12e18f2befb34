package durable

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// BatchOption configures Map, Parallel and ParallelMixed.
type BatchOption interface{ applyBatch(*batchConfig) }

type batchOption func(*batchConfig)

func (f batchOption) applyBatch(c *batchConfig) { f(c) }

type batchConfig struct {
	concurrency    int // 0: unlimited
	badConcurrency *int
	completion     CompletionConfig
	namer          func(int) string
	serdes, result Serdes
	serdesOf       func(i int) Serdes
	nesting        NestingMode
	summary        func(any) (string, error)
	sumsUp         func(result any) bool
}

// WithMaxConcurrency bounds how many items run at a time; the default is all. With 1 they run on the calling goroutine.
func WithMaxConcurrency(n int) BatchOption {
	return batchOption(func(c *batchConfig) {
		if c.concurrency, c.badConcurrency = n, nil; n <= 0 {
			c.badConcurrency = &n
		}
	})
}

// WithCompletion says when the batch has enough.
func WithCompletion(completion CompletionConfig) BatchOption {
	return batchOption(func(c *batchConfig) { c.completion = completion })
}

// WithItemNamer names items; an empty name falls back to the default. Names are part of the items' identity on replay.
func WithItemNamer(namer func(index int) string) BatchOption {
	return batchOption(func(c *batchConfig) { c.namer = namer })
}

// WithBatchSerdes sets how the result of an item is recorded.
func WithBatchSerdes(s Serdes) BatchOption { return batchOption(func(c *batchConfig) { c.serdes = s }) }

// WithBatchResultSerdes sets how the whole BatchResult is recorded.
func WithBatchResultSerdes(s Serdes) BatchOption {
	return batchOption(func(c *batchConfig) { c.result = s })
}

// WithNesting says whether items have records of their own; the default is NestingNormal.
func WithNesting(m NestingMode) BatchOption {
	return batchOption(func(c *batchConfig) { c.nesting = m })
}

// WithBatchSummary adds a text to the record of a batch whose outcome is too large to be recorded.
func WithBatchSummary[O any](fn func(result BatchResult[O]) string) BatchOption {
	return batchOption(func(c *batchConfig) {
		c.sumsUp = func(v any) bool { _, ok := v.(BatchResult[O]); return ok }
		c.summary = func(v any) (s string, err error) {
			defer func() {
				if p := recover(); p != nil {
					err = recovered(p)
				}
			}()
			return fn(v.(BatchResult[O])), nil
		}
	})
}

// Branch is one function of Parallel or Select.
type Branch[O any] struct {
	_    [0]func()
	Name string
	Func func(Context) (O, error)
}

// Map runs fn for every item, each in a child context of its own. A batch that fails as a whole gives its result together
// with a *BatchError; any other error comes without a result.
func Map[I, O any](ctx Context, name string, items []I, fn func(ctx Context, item I, index int) (O, error), opts ...BatchOption) (BatchResult[O], error) {
	if fn == nil {
		return BatchResult[O]{}, fmt.Errorf("durable: map %q has no function", name)
	}
	return runBatch[O](ctx, name, mapKind, len(items), opts, nil, entry(fn), func(i int, c *dctx) (any, error) { return fn(c, items[i], i) })
}

// Parallel runs the branches beside each other, each in a child context of its own. For its errors see Map.
func Parallel[O any](ctx Context, name string, branches []Branch[O], opts ...BatchOption) (BatchResult[O], error) {
	for i, b := range branches {
		if b.Func == nil {
			return BatchResult[O]{}, fmt.Errorf("durable: branch %d of %q has no function", i, name)
		}
	}
	var trace uintptr
	if len(branches) > 0 {
		trace = entry(branches[0].Func)
	}
	return runBatch[O](ctx, name, parallelKind, len(branches), opts, func(i int) string { return branches[i].Name }, trace,
		func(i int, c *dctx) (any, error) { return branches[i].Func(c) })
}

// newBatch checks what can be checked before a place is taken.
func newBatch(ctx Context, name string, opts []BatchOption, probe any) (*dctx, batchConfig, error) {
	cfg := batchConfig{}
	c, err := own(ctx)
	if err != nil {
		return nil, cfg, err
	}
	for _, o := range opts {
		if o != nil {
			o.applyBatch(&cfg)
		}
	}
	if cfg.badConcurrency != nil {
		return nil, cfg, fmt.Errorf("durable: the maximum concurrency of %q must be positive, it is %d", name, *cfg.badConcurrency)
	}
	if cfg.nesting != NestingNormal && cfg.nesting != NestingFlat {
		return nil, cfg, fmt.Errorf("durable: unknown nesting mode %d of %q", cfg.nesting, name)
	}
	if cfg.sumsUp != nil && !cfg.sumsUp(probe) {
		return nil, cfg, fmt.Errorf("durable: the summary of %q takes another type than its result, %T", name, probe)
	}
	return c, cfg, cfg.completion.check()
}

func runBatch[O any](ctx Context, name string, kind batchKind, total int, opts []BatchOption, named func(int) string, trace uintptr, body func(int, *dctx) (any, error)) (BatchResult[O], error) {
	c, cfg, err := newBatch(ctx, name, opts, BatchResult[O]{})
	if err != nil {
		return BatchResult[O]{}, err
	}
	res, _, err := driveRun[O](c, cfg, name, kind, total, named, trace, body)
	return res, err
}

// driveRun claims the place of a batch and runs it. The run is nil if there is no result.
func driveRun[O any](c *dctx, cfg batchConfig, name string, kind batchKind, total int, named func(int) string, trace uintptr, body func(int, *dctx) (any, error)) (BatchResult[O], *batchRun, error) {
	o, err := c.claim(OperationTypeContext, kind.sub, name)
	if err != nil {
		return BatchResult[O]{}, nil, err
	}
	r := &batchRun{kind: kind, c: c, o: o, total: total, cfg: cfg, trace: trace, body: body,
		name: itemNames(kind, cfg, named), fresh: func() any { return new(O) }}
	r.pack = func(items []*batchItem, reason CompletionReason) any { return packed[O](items, reason, cfg.nesting) }
	r.unpack = func(text string) ([]*batchItem, CompletionReason, error) {
		var res BatchResult[O]
		if err := c.ex.decode(cfg.result, o, text, &res); err != nil {
			return nil, 0, err
		}
		return unpacked(res), res.Reason, nil
	}
	if err := o.deliver(r.run()); err != nil {
		return BatchResult[O]{}, nil, err
	}
	return packed[O](r.items, r.reason, cfg.nesting), r, r.verdict()
}

func itemNames(kind batchKind, cfg batchConfig, named func(int) string) func(int) string {
	return func(i int) string {
		if cfg.namer != nil {
			if n := cfg.namer(i); n != "" {
				return n
			}
		}
		if named != nil {
			if n := named(i); n != "" {
				return n
			}
		}
		return kind.item + strconv.Itoa(i)
	}
}

func packed[O any](items []*batchItem, reason CompletionReason, nesting NestingMode) BatchResult[O] {
	res := BatchResult[O]{Reason: reason, flat: nesting == NestingFlat, Items: make([]BatchItem[O], 0, len(items))}
	for _, it := range items {
		b := BatchItem[O]{Index: it.index, Name: it.name, Status: it.status, Err: it.err, flat: res.flat}
		if v, ok := it.value.(*O); ok && it.status == BatchItemSucceeded {
			b.Result = *v
		}
		res.Items = append(res.Items, b)
	}
	return res
}

func unpacked[O any](res BatchResult[O]) []*batchItem {
	items := make([]*batchItem, 0, len(res.Items))
	for i := range res.Items {
		it := res.Items[i]
		items = append(items, &batchItem{index: it.Index, name: it.Name, status: it.Status, err: it.Err, value: &it.Result})
	}
	return items
}

// itemJSON is an item inside the JSON form of a BatchResult.
type itemJSON struct {
	storedItem
	Flat bool `json:"flat,omitempty"`
}

// MarshalJSON writes the item with its error as a record.
func (b BatchItem[O]) MarshalJSON() ([]byte, error) {
	w := itemJSON{storedItem{Index: b.Index, Name: b.Name, Status: b.Status}, b.flat}
	var err error
	switch b.Status {
	case BatchItemSucceeded:
		w.Result, err = marshalJSON(b.Result)
	case BatchItemFailed:
		w.Error = storedError(b.Err)
	}
	if err != nil {
		return nil, err
	}
	return marshalJSON(w)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *BatchItem[O]) UnmarshalJSON(data []byte) error {
	var w itemJSON
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*b = BatchItem[O]{Index: w.Index, Name: w.Name, Status: w.Status, flat: w.Flat}
	if w.Status == BatchItemFailed {
		b.Err = itemError(w.Name, w.Error, w.Flat)
	}
	if len(w.Result) > 0 {
		return json.Unmarshal(w.Result, &b.Result)
	}
	return nil
}
