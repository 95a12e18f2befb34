package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Handler is a durable function's code. event and result are always JSON.
type Handler[I, O any] func(ctx Context, event I) (O, error)

// HandlerOption configures Start and Wrap.
type HandlerOption interface{ applyHandler(*options) error }

type handlerOption func(*options) error

func (f handlerOption) applyHandler(o *options) error { return f(o) }

type options struct {
	logHandler  slog.Handler
	emitReplay  bool
	serdes      Serdes
	callbacks   Deserializer
	client      ExecutionClient
	stackTraces bool
	plugins     []Plugin
	depth       int           // of operations reported to plugins, -1 for all
	grace       time.Duration // see startGrace
}

// WithLogHandler sets where logs go; nil selects the default, JSON lines on standard error.
func WithLogHandler(h slog.Handler) HandlerOption {
	return handlerOption(func(o *options) error { o.logHandler = h; return nil })
}

// WithReplayLogMode says what loggers do while code replays; the default is to be silent.
func WithReplayLogMode(mode ReplayLogMode) HandlerOption {
	return handlerOption(func(o *options) error { o.emitReplay = mode == ReplayLogModeEmit; return nil })
}

// WithSerdes sets the default of steps, child contexts, invokes, condition states and batch items. It does not touch
// callbacks, nor the handler's own event and result.
func WithSerdes(s Serdes) HandlerOption {
	return handlerOption(func(o *options) error { o.serdes = s; return nil })
}

// WithCallbackDeserializer sets how callback payloads are decoded where WithCallbackSerdes says nothing.
func WithCallbackDeserializer(d Deserializer) HandlerOption {
	return handlerOption(func(o *options) error { o.callbacks = d; return nil })
}

// WithExecutionClient replaces the client of the Lambda API.
func WithExecutionClient(client ExecutionClient) HandlerOption {
	return handlerOption(func(o *options) error { o.client = client; return nil })
}

// WithStackTraces switches recorded stack traces off; they are on by default.
func WithStackTraces(enabled bool) HandlerOption {
	return handlerOption(func(o *options) error { o.stackTraces = enabled; return nil })
}

// WithPlugins adds plugins.
func WithPlugins(plugins ...Plugin) HandlerOption {
	return handlerOption(func(o *options) error { o.plugins = append(o.plugins, plugins...); return nil })
}

// WithPluginChildOperationsDepth bounds how deep operations are reported to plugins; 0 reports those of the handler's own
// context only. The default is all.
func WithPluginChildOperationsDepth(depth int) HandlerOption {
	return handlerOption(func(o *options) error {
		if depth < 0 {
			return fmt.Errorf("durable: the plugin operations depth must not be negative, it is %d", depth)
		}
		o.depth = depth
		return nil
	})
}

func newOptions(opts []HandlerOption) (*options, error) {
	o := &options{stackTraces: true, serdes: JSONSerdes, depth: -1, grace: startGrace}
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt.applyHandler(o); err != nil {
			return nil, err
		}
	}
	if o.logHandler == nil {
		o.logHandler = defaultLogHandler()
	}
	if o.serdes == nil {
		o.serdes = JSONSerdes
	}
	return o, nil
}

// Start registers the handler with the Lambda runtime and serves invocations; it does not return.
func Start[I, O any](handler Handler[I, O], opts ...HandlerOption) {
	lambda.Start(rawHandler(Wrap(handler, opts...)))
}

// rawHandler gives payloads to the function as they are; lambda.Start would take a bare function of bytes for one of
// base64 text.
type rawHandler func(context.Context, []byte) ([]byte, error)

func (f rawHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}

// Wrap makes the function that turns an invocation's payload into its answer. It panics on a nil handler and on an
// invalid option. Do not give it to lambda.Start, which would decode the bytes once more; use Start.
func Wrap[I, O any](handler Handler[I, O], opts ...HandlerOption) func(context.Context, []byte) ([]byte, error) {
	if handler == nil {
		panic("durable: the handler is nil")
	}
	o := must(newOptions(opts))
	d := &driver{opts: o, client: o.client, trace: entry(handler), call: func(c *dctx, input string) (any, error) {
		var event I
		if input != "" {
			if err := json.Unmarshal([]byte(input), &event); err != nil {
				return nil, undecodable{err}
			}
		}
		c.ex.plug.input(event)
		return c.ex.plug.invocation(c, func() (any, error) { return handler(c, event) })
	}}
	return d.invoke
}

// undecodable is an event that is not what the handler takes: the invocation fails, not the execution.
type undecodable struct{ error }

func (e undecodable) Unwrap() error { return e.error }

// driver is a handler without its types.
type driver struct {
	opts  *options
	call  func(c *dctx, input string) (any, error)
	trace uintptr

	mu     sync.Mutex
	client ExecutionClient // built on the first invocation unless given
}

// invocationMeta is what one invocation was told about itself.
type invocationMeta struct {
	requestID, functionARN, tenantID string
	started                          time.Time // of the execution
	ctx                              context.Context
}

func (m *invocationMeta) deadline() (time.Time, bool) { return m.ctx.Deadline() }

// executionClient builds the default client once; a failure is not kept, so that the next invocation tries again.
func (d *driver) executionClient() (ExecutionClient, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil {
		c, err := newLambdaClient()
		if err != nil {
			return nil, err
		}
		d.client = c
	}
	return d.client, nil
}

// invoke is one invocation.
func (d *driver) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var in invocation
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, fmt.Errorf("durable: the invocation is not one of a durable function: %w", err)
	}
	if in.DurableExecutionArn == "" || in.CheckpointToken == "" {
		return nil, errors.New("durable: the invocation carries no durable execution; does the function have a DurableConfig, and was it invoked as a durable function?")
	}
	client, err := d.executionClient()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ex := newExecution(d.opts, client, in.DurableExecutionArn, in.CheckpointToken)
	ex.ctx = context.WithoutCancel(ctx)
	ex.meta = metaOf(ctx)
	ex.logs.handler.Store(&d.opts.logHandler)
	ex.logs.emit.Store(d.opts.emitReplay)
	input, id, err := ex.load(&in)
	if err != nil {
		return d.answerLoad(err)
	}
	ex.plug = newPlugins(ex, in.UpdatedOperationIds)
	stop := context.AfterFunc(ctx, ex.expire)
	defer stop()
	v := d.run(ctx, ex, input)
	return d.answer(ex, id, v)
}

func metaOf(ctx context.Context) invocationMeta {
	m := invocationMeta{ctx: ctx}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		m.requestID, m.functionARN, m.tenantID = lc.AwsRequestID, lc.InvokedFunctionArn, lc.TenantID
	}
	return m
}

// load fills the state from the invocation and the pages after it. It gives the customer's input and the id of the
// EXECUTION operation.
func (ex *execution) load(in *invocation) (input, id string, err error) {
	take := func(ops []Operation) {
		for i := range ops {
			op := &ops[i]
			if op.Type == OperationTypeExecution {
				id, input = deref(op.Id), deref(deref(op.ExecutionDetails).InputPayload)
				ex.meta.started = deref(op.StartTimestamp)
				continue
			}
			ex.ops[deref(op.Id)] = op
		}
	}
	take(in.InitialExecutionState.operations(time.Millisecond))
	for marker := in.InitialExecutionState.NextMarker; marker != ""; {
		page, err := ex.client.GetExecutionState(ex.ctx, GetExecutionStateInput{ExecutionArn: ex.arn, CheckpointToken: ex.token, Marker: marker})
		if err != nil {
			return "", "", err
		}
		take(page.Operations)
		if page.NextMarker == marker {
			return "", "", errors.New("durable: the service repeats a page of the execution's state")
		}
		marker = page.NextMarker
	}
	for _, id := range in.UpdatedOperationIds {
		ex.fresh[id] = true
	}
	return input, id, nil
}

// run lets the handler go until the invocation is decided, and gives the goroutines a moment to unwind.
func (d *driver) run(ctx context.Context, ex *execution, input string) *verdict {
	root := &dctx{Context: ctx, ex: ex, serdes: d.opts.serdes, callbacks: d.opts.callbacks}
	root.replaying.Store(len(ex.ops) > 0)
	ex.spawn(nil, false, func(b *branch, gid uint64) {
		root.branch, root.owner = b, gid
		out := &outcome{}
		defer func() {
			if v := recover(); v != nil {
				out.err = recovered(v)
			}
			if out.err != nil && d.opts.stackTraces {
				out.trace = frames(2, d.trace)
			}
			ex.mu.Lock()
			ex.outcome = out
			ex.mu.Unlock()
		}()
		out.value, out.err = d.call(root, input)
	})
	<-ex.done
	if ex.verdict.kind == verdictPending {
		ex.debug("invocation suspending")
	}
	t := time.NewTimer(lingering)
	defer t.Stop()
	select {
	case <-ex.unwound:
	case <-t.C:
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return ex.verdict
}
