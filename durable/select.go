package durable

import (
	"encoding/json"
	"errors"
	"fmt"
)

// selection is the record of Select.
type selection[O any] struct {
	Winner  string     `json:"winner"`
	Outcome Settled[O] `json:"outcome"`
}

// Select runs the branches beside each other and gives the name and the outcome of the one that ends first. The others
// are given up. No branches, or two of one name, is an error and records nothing.
func Select[O any](ctx Context, name string, branches []Branch[O], opts ...ChildOption) (winner string, value O, err error) {
	names := map[string]bool{}
	for i, b := range branches {
		if b.Func == nil {
			return "", value, fmt.Errorf("durable: branch %d of %q has no function", i, name)
		}
		if names[b.Name] {
			return "", value, fmt.Errorf("durable: two branches of %q are named %q", name, b.Name)
		}
		names[b.Name] = true
	}
	if len(branches) == 0 {
		return "", value, fmt.Errorf("durable: select %q has no branches", name)
	}
	var out selection[O]
	k, err := newChild(ctx, name, false, &out, opts)
	if err != nil {
		return "", value, err
	}
	k.trace = entry(branches[0].Func)
	c := k.o.c
	err = k.deliver(k.run(c.branch, c.owner, func(in *dctx) (any, error) {
		fs := make([]*Future[O], len(branches))
		for i, b := range branches {
			fs[i] = Go(Context(in), b.Name, b.Func)
		}
		j := &joiner{c: in, b: in.branch, ps: promises(fs)}
		all := map[int]bool{}
		for i := range fs {
			all[i] = true
		}
		i, err := j.first(all)
		if err != nil {
			return nil, err
		}
		in.giveUp()
		if err := j.outcome(i); err != nil {
			if errors.Is(err, errSuspended) {
				return nil, err
			}
			data, _ := marshalJSON(selection[O]{Winner: branches[i].Name}.name())
			return nil, WithErrorData(&CombinatorError{Name: name, Errors: []error{err}, text: messageOf(err)}, string(data))
		}
		return selection[O]{Winner: branches[i].Name, Outcome: Settled[O]{Value: fs[i].value}}, nil
	}, &out))
	if err != nil {
		var o *OperationError
		var lost struct {
			Winner string `json:"winner"`
		}
		if errors.As(err, &o) && o.ErrorData != "" {
			_ = json.Unmarshal([]byte(o.ErrorData), &lost) // other data than ours names no winner
		}
		return lost.Winner, value, err
	}
	return out.Winner, out.Outcome.Value, out.Outcome.Err
}

func (s selection[O]) name() map[string]string { return map[string]string{"winner": s.Winner} }

// giveUp abandons the branches started on this context.
func (c *dctx) giveUp() {
	c.ex.mu.Lock()
	left := append([]*branch(nil), c.started...)
	c.ex.mu.Unlock()
	c.ex.abandon(left)
}
