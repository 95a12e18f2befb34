package durable

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
)

// AnyBranch is a *TypedBranch of any type.
type AnyBranch interface{ mixed() *mixedBranch }

// TypedBranch is one branch of ParallelMixed, with a result of its own type.
type TypedBranch[T any] struct{ m *mixedBranch }

// mixedBranch is the untyped half of a TypedBranch.
type mixedBranch struct {
	name   string
	body   func(*dctx) (any, error)
	serdes Serdes
	trace  uintptr
}

// TypedBranchOption configures NewTypedBranch.
type TypedBranchOption interface{ applyBranch(*mixedBranch) }

type typedBranchOption func(*mixedBranch)

func (f typedBranchOption) applyBranch(m *mixedBranch) { f(m) }

// WithTypedBranchSerdes sets how the branch's result is recorded.
func WithTypedBranchSerdes(s Serdes) TypedBranchOption {
	return typedBranchOption(func(m *mixedBranch) { m.serdes = s })
}

// NewTypedBranch makes a branch for ParallelMixed.
func NewTypedBranch[T any](name string, fn func(Context) (T, error), opts ...TypedBranchOption) *TypedBranch[T] {
	m := &mixedBranch{name: name, trace: entry(fn)}
	if fn != nil {
		m.body = func(c *dctx) (any, error) { return fn(c) }
	}
	for _, o := range opts {
		if o != nil {
			o.applyBranch(m)
		}
	}
	return &TypedBranch[T]{m}
}

func (b *TypedBranch[T]) mixed() *mixedBranch {
	if b == nil {
		return nil
	}
	return b.m
}

// mixedCall is one call of ParallelMixed, as its result remembers it.
type mixedCall struct {
	branches []*mixedBranch
	run      *batchRun
}

// BranchNotCompletedError says that a branch has no outcome because the batch ended without it.
type BranchNotCompletedError struct {
	Name   string
	Index  int
	Status BatchItemStatus
}

func (e *BranchNotCompletedError) Error() string {
	return fmt.Sprintf("durable: branch %q (%d) did not complete: %s", e.Name, e.Index, e.Status)
}

// Result is the branch's own outcome, out of the result of the call it was part of.
func (b *TypedBranch[T]) Result(res BatchResult[json.RawMessage]) (T, error) {
	var zero T
	index := -1
	if res.mixed != nil {
		for i, m := range res.mixed.branches {
			if b != nil && m == b.m {
				index = i
			}
		}
	}
	if index < 0 {
		return zero, fmt.Errorf("durable: the branch was not part of the call that gave this result")
	}
	for _, it := range res.Items {
		if it.Index != index {
			continue
		}
		switch it.Status {
		case BatchItemFailed:
			return zero, it.Err
		case BatchItemSucceeded:
			var out T
			r := res.mixed.run
			o := &operation{c: r.inner, name: it.Name, position: r.position(index)}
			return valueOf(out, r.c.ex.decode(r.plain(index), o, string(it.Result), &out))
		}
		return zero, &BranchNotCompletedError{Name: it.Name, Index: index, Status: it.Status}
	}
	return zero, &BranchNotCompletedError{Name: b.m.name, Index: index, Status: BatchItemNotStarted}
}

// plain is the serdes of a mixed branch without the wrapping that keeps bytes.
func (r *batchRun) plain(i int) Serdes { return r.serdes(i).(passthrough).inner }

// passthrough encodes a branch's result with its own serdes, and keeps the bytes for TypedBranch.Result to decode.
type passthrough struct{ inner Serdes }

func (p passthrough) Marshal(ctx context.Context, meta SerdesContext, v any) ([]byte, error) {
	return p.inner.Marshal(ctx, meta, v)
}

func (p passthrough) Unmarshal(_ context.Context, _ SerdesContext, data []byte, v any) error {
	out, ok := v.(*json.RawMessage)
	if !ok {
		return fmt.Errorf("durable: a mixed branch's result is kept as bytes, not as %T", v)
	}
	*out = bytes.Clone(data)
	return nil
}

// ParallelMixed is Parallel for branches of different types. Its record looks like that of Parallel.
func ParallelMixed(ctx Context, name string, branches []AnyBranch, opts ...BatchOption) (BatchResult[json.RawMessage], error) {
	var none BatchResult[json.RawMessage]
	call := &mixedCall{}
	seen := map[*mixedBranch]bool{}
	for i, b := range branches {
		var m *mixedBranch
		if b != nil {
			m = b.mixed()
		}
		switch {
		case m == nil || m.body == nil:
			return none, fmt.Errorf("durable: branch %d of %q is nil", i, name)
		case seen[m]:
			return none, fmt.Errorf("durable: branch %d of %q is there twice", i, name)
		}
		seen[m] = true
		call.branches = append(call.branches, m)
	}
	c, cfg, err := newBatch(ctx, name, opts, none)
	if err != nil {
		return none, err
	}
	plain := cfg.serdes
	if plain == nil {
		plain = c.serdes
	}
	cfg.serdesOf = func(i int) Serdes {
		if own := call.branches[i].serdes; own != nil {
			return passthrough{own}
		}
		return passthrough{plain}
	}
	var trace uintptr
	if len(call.branches) > 0 {
		trace = call.branches[0].trace
	}
	res, run, err := driveRun[json.RawMessage](c, cfg, name, parallelKind, len(branches), func(i int) string { return call.branches[i].name }, trace,
		func(i int, k *dctx) (any, error) { return call.branches[i].body(k) })
	if run != nil {
		call.run = run
		res.mixed = call
	}
	return res, err
}
