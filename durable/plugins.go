package durable

import (
	"context"
	"maps"
	"strings"
	"sync"
)

// plugins dispatches to the plugins of one invocation. A nil *plugins has none; every method then does nothing, or runs
// the body it was given.
//
// An operation has at most one start and one end per invocation, and none for what was over before the last one: a
// terminal record brings an end only if the service completed it between invocations.
type plugins struct {
	ex      *execution
	list    []Plugin
	updated []string

	mu      sync.Mutex
	event   any
	started map[string]bool // positional ids
	over    map[string]bool
}

func newPlugins(ex *execution, updated []string) *plugins {
	if len(ex.opts.plugins) == 0 {
		return nil
	}
	return &plugins{ex: ex, list: ex.opts.plugins, updated: updated, started: map[string]bool{}, over: map[string]bool{}}
}

// notify calls one hook of every plugin, beside each other, and waits for all.
func (p *plugins) notify(call func(*Plugin)) {
	var wg sync.WaitGroup
	for i := range p.list {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { _ = recover() }() // a plugin's panic is the plugin's
			call(&p.list[i])
		}()
	}
	wg.Wait()
}

func (p *plugins) input(event any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.event = event
	p.mu.Unlock()
}

// invocation runs the handler inside the plugins' view of it.
func (p *plugins) invocation(c *dctx, fn func() (any, error)) (any, error) {
	if p == nil {
		return fn()
	}
	info := p.invocationInfo()
	p.notify(func(pl *Plugin) {
		if pl.OnInvocationStart != nil {
			pl.OnInvocationStart(c.Context, info)
		}
	})
	if len(info.UpdatedOperations) > 0 {
		p.changed(info.UpdatedOperations)
	}
	body := func(ctx context.Context) (any, error) { c.Context = ctx; return fn() }
	for i := len(p.list) - 1; i >= 0; i-- {
		if hook := p.list[i].WrapInvocation; hook != nil {
			body = around(body, func(ctx context.Context, inner func(context.Context) (any, error)) (any, error) {
				return hook(ctx, info, inner)
			})
		}
	}
	return body(c.Context)
}

func (p *plugins) invocationInfo() InvocationHookInfo {
	p.ex.mu.Lock()
	ops := maps.Clone(p.ex.ops)
	p.ex.mu.Unlock()
	info := InvocationHookInfo{ExecutionArn: p.ex.arn, IsFirstInvocation: len(ops) == 0, ExecutionInput: p.event,
		ExecutionStartTimestamp: p.ex.meta.started, UpdatedOperations: map[string]OperationHookInfo{}, Operations: map[string]OperationHookInfo{}}
	for id, op := range ops {
		info.Operations[id] = p.recordInfo(op)
	}
	for _, id := range p.updated {
		if op := ops[id]; op != nil {
			info.UpdatedOperations[id] = p.recordInfo(op)
		}
	}
	return info
}

func (p *plugins) invocationEnded(status PluginInvocationStatus, result any, err error) {
	if p == nil {
		return
	}
	info := InvocationEndHookInfo{ExecutionArn: p.ex.arn, Status: status, ExecutionResult: result, ExecutionError: err}
	p.notify(func(pl *Plugin) {
		if pl.OnInvocationEnd != nil {
			pl.OnInvocationEnd(p.ex.ctx, info)
		}
	})
}

// operationsChanged tells of what a checkpoint call brought.
func (p *plugins) operationsChanged(ops []Operation) {
	if p == nil || len(ops) == 0 {
		return
	}
	changed := map[string]OperationHookInfo{}
	for i := range ops {
		if ops[i].Type != OperationTypeExecution {
			changed[deref(ops[i].Id)] = p.recordInfo(&ops[i])
		}
	}
	if len(changed) > 0 {
		p.changed(changed)
	}
}

func (p *plugins) changed(ops map[string]OperationHookInfo) {
	info := OperationChangeHookInfo{ExecutionArn: p.ex.arn, UpdatedOperations: ops}
	p.notify(func(pl *Plugin) {
		if pl.OnOperationChange != nil {
			pl.OnOperationChange(p.ex.ctx, info)
		}
	})
}

// deep reports whether an operation is nested too deep to be reported.
func (p *plugins) deep(o *operation) bool {
	return p.ex.opts.depth >= 0 && strings.Count(o.position, "-") > p.ex.opts.depth
}

// first is true the first time a position is put into a set.
func (p *plugins) first(set map[string]bool, position string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if set[position] {
		return false
	}
	set[position] = true
	return true
}

// claimed reports the start of an operation that is not over.
func (p *plugins) claimed(o *operation, rec *Operation) {
	if p == nil || o.settled || o.stuck || p.deep(o) || !p.first(p.started, o.position) {
		return
	}
	info := p.info(o, rec)
	info.IsReplay = rec != nil
	if rec == nil {
		info.Status = PluginOperationStarted
	}
	p.notify(func(pl *Plugin) {
		if pl.OnOperationStart != nil {
			pl.OnOperationStart(o.c.Context, info)
		}
	})
}

// ended reports the end of an operation, unless an earlier invocation did.
func (p *plugins) ended(o *operation, rec *Operation) {
	if p == nil || p.deep(o) || rec == nil {
		return
	}
	p.ex.mu.Lock()
	news := p.ex.fresh[o.id]
	p.ex.mu.Unlock()
	if !news || !p.first(p.over, o.position) {
		return
	}
	info := p.info(o, rec)
	info.IsReplay = o.settled
	p.notify(func(pl *Plugin) {
		if pl.OnOperationEnd != nil {
			pl.OnOperationEnd(o.c.Context, info)
		}
	})
}

// virtualStarted reports that the code goes into a context without a record. Such a one has no times.
func (p *plugins) virtualStarted(o *operation, replay bool) {
	if p == nil || p.deep(o) {
		return
	}
	info := p.info(o, nil)
	info.Status, info.IsReplay = PluginOperationStarted, replay
	p.notify(func(pl *Plugin) {
		if pl.OnOperationStart != nil {
			pl.OnOperationStart(o.c.Context, info)
		}
	})
}

func (p *plugins) virtualEnded(o *operation, replay bool, err error) {
	if p == nil || p.deep(o) {
		return
	}
	info := p.info(o, nil)
	info.Status, info.IsReplay, info.Error = PluginOperationSucceeded, replay, err
	if err != nil {
		info.Status = PluginOperationFailed
	}
	p.notify(func(pl *Plugin) {
		if pl.OnOperationEnd != nil {
			pl.OnOperationEnd(o.c.Context, info)
		}
	})
}

// attempt runs a step body inside the plugins' view of it.
func (p *plugins) attempt(o *operation, attempt int, ctx context.Context, fn func(context.Context) (any, error)) (any, error) {
	if p == nil || p.deep(o) {
		return fn(ctx)
	}
	p.attemptStarted(o, attempt)
	info := AttemptHookInfo{OperationHookInfo: p.info(o, o.look()), Attempt: attempt}
	for i := len(p.list) - 1; i >= 0; i-- {
		if hook := p.list[i].WrapOperationAttemptFn; hook != nil {
			fn = around(fn, func(ctx context.Context, inner func(context.Context) (any, error)) (any, error) {
				return hook(ctx, info, inner)
			})
		}
	}
	return fn(ctx)
}

func (p *plugins) attemptStarted(o *operation, attempt int) {
	if p == nil || p.deep(o) {
		return
	}
	info := AttemptHookInfo{OperationHookInfo: p.info(o, o.look()), Attempt: attempt}
	p.notify(func(pl *Plugin) {
		if pl.OnOperationAttemptStart != nil {
			pl.OnOperationAttemptStart(o.c.Context, info)
		}
	})
}

func (p *plugins) attemptEnded(o *operation, attempt int, err error) {
	if p == nil || p.deep(o) {
		return
	}
	info := AttemptEndHookInfo{OperationHookInfo: p.info(o, o.look()), Attempt: attempt, Outcome: PluginAttemptSucceeded, Error: err}
	if err != nil {
		info.Outcome = PluginAttemptFailed
	}
	p.notify(func(pl *Plugin) {
		if pl.OnOperationAttemptEnd != nil {
			pl.OnOperationAttemptEnd(o.c.Context, info)
		}
	})
}

// childBody runs the body of a child context inside the plugins' view of it.
func (p *plugins) childBody(o *operation, inner *dctx, fn func() (any, error)) (any, error) {
	if p == nil || p.deep(o) {
		return fn()
	}
	info := p.info(o, o.look())
	info.IsReplay = o.recorded
	body := func(ctx context.Context) (any, error) { inner.Context = ctx; return fn() }
	for i := len(p.list) - 1; i >= 0; i-- {
		if hook := p.list[i].WrapChildContextFn; hook != nil {
			body = around(body, func(ctx context.Context, in func(context.Context) (any, error)) (any, error) {
				return hook(ctx, info, in)
			})
		}
	}
	return body(inner.Context)
}

// logFields collects what plugins add to a log record; the first plugin wins.
func (p *plugins) logFields(ctx context.Context) map[string]any {
	if p == nil {
		return nil
	}
	fields := map[string]any{}
	for i := len(p.list) - 1; i >= 0; i-- {
		if enrich := p.list[i].EnrichLogContext; enrich != nil {
			func() {
				defer func() { _ = recover() }()
				maps.Copy(fields, enrich(ctx))
			}()
		}
	}
	return fields
}
