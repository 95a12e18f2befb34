package durable

import "context"

// info describes an operation the code has claimed.
func (p *plugins) info(o *operation, rec *Operation) OperationHookInfo {
	info := OperationHookInfo{}
	if rec != nil {
		info = p.recordInfo(rec)
	}
	info.ExecutionArn, info.ID, info.Name, info.Type, info.SubType = p.ex.arn, o.position, o.name, string(o.kind), o.sub
	info.ParentID = o.c.parent
	return info
}

// recordInfo describes a record; its ID is the wire id, the only one a record has.
func (p *plugins) recordInfo(rec *Operation) OperationHookInfo {
	info := OperationHookInfo{ExecutionArn: p.ex.arn, ID: deref(rec.Id), Name: deref(rec.Name), Type: string(rec.Type),
		SubType: deref(rec.SubType), Status: PluginOperationStatus(rec.Status), ParentID: deref(rec.ParentId),
		StartTimestamp: deref(rec.StartTimestamp), EndTimestamp: deref(rec.EndTimestamp)}
	var result *string
	var failure *ErrorObject
	switch {
	case rec.StepDetails != nil:
		result, failure, info.Attempt = rec.StepDetails.Result, rec.StepDetails.Error, int(rec.StepDetails.Attempt)
	case rec.CallbackDetails != nil:
		result, failure = rec.CallbackDetails.Result, rec.CallbackDetails.Error
	case rec.ChainedInvokeDetails != nil:
		result, failure = rec.ChainedInvokeDetails.Result, rec.ChainedInvokeDetails.Error
	case rec.ContextDetails != nil:
		result, failure = rec.ContextDetails.Result, rec.ContextDetails.Error
		info.ChildrenOmitted = rec.Status.terminal() && !deref(rec.ContextDetails.ReplayChildren)
	}
	info.Result, info.Error = deref(result), ErrorFromObject(failure)
	return info
}

// around puts a hook around a body. The body runs at most once. A hook that panics is skipped if it has not run the body,
// else its result is the body's.
func around(body func(context.Context) (any, error), hook func(context.Context, func(context.Context) (any, error)) (any, error)) func(context.Context) (any, error) {
	return func(ctx context.Context) (value any, err error) {
		var ran, panicked bool
		var bodyValue any
		var bodyErr error
		var bodyPanic any
		once := func(passed context.Context) (any, error) {
			if ran {
				return bodyValue, bodyErr
			}
			ran = true
			merged, release := merge(ctx, passed)
			defer release()
			defer func() {
				if v := recover(); v != nil {
					bodyPanic = recovered(v)
					panic(bodyPanic)
				}
			}()
			bodyValue, bodyErr = body(merged)
			return bodyValue, bodyErr
		}
		func() {
			defer func() {
				if recover() != nil {
					panicked = true
				}
			}()
			value, err = hook(ctx, once)
		}()
		switch {
		case bodyPanic != nil:
			panic(bodyPanic) // the user's own; the hook only stood in the way
		case panicked && !ran:
			return once(ctx)
		case panicked:
			return bodyValue, bodyErr
		}
		return value, err
	}
}

// mergedContext is a plugin's context over the SDK's: the plugin's values come first.
type mergedContext struct {
	context.Context
	under context.Context
}

func (m mergedContext) Value(key any) any {
	if v := m.Context.Value(key); v != nil {
		return v
	}
	return m.under.Value(key)
}

// merge makes a context that ends with either and has the values of both.
func merge(sdk, passed context.Context) (context.Context, func()) {
	if passed == nil || passed == sdk {
		return sdk, func() {}
	}
	ctx, cancel := context.WithCancel(passed)
	stop := context.AfterFunc(sdk, cancel)
	release := func() { stop(); cancel() }
	if d, ok := sdk.Deadline(); ok {
		if own, has := ctx.Deadline(); !has || d.Before(own) {
			var end context.CancelFunc
			ctx, end = context.WithDeadline(ctx, d)
			inner := release
			release = func() { end(); inner() }
		}
	}
	return mergedContext{ctx, sdk}, release
}
