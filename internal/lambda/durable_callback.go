package lambda

import (
	"context"
	"errors"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
)

// callbackCall is one SendDurableExecutionCallback*. The reply is an *answered.
type callbackCall struct {
	id     string
	index  int
	beat   bool
	result durop.Text
	err    durop.Object // not nil: the callback fails
}

// errCallback answers for every callback that is not open (section 6.5).
var errCallback = &api.Error{
	Code: "CallbackTimeoutException", Message: "The callback is either timed out or already completed", Upper: true,
}

func (d *Durable) callbackSuccess(ctx context.Context, r *api.Request) (*api.Response, error) {
	if len(r.Body) > 262144 {
		return nil, validation("", "result", "Member must have length less than or equal to 262144")
	}
	call := &callbackCall{}
	if len(r.Body) > 0 {
		call.result = durop.Quote(r.Body)
	}
	return d.sendCallback(ctx, r, call)
}

func (d *Durable) callbackFailure(ctx context.Context, r *api.Request) (*api.Response, error) {
	failure, ok := durop.ParseError(r.Body)
	if !ok {
		return nil, api.Serialization(errors.New("not an ErrorObject"))
	}
	if len(failure) > 32768 {
		return nil, api.Errorf("InvalidParameterValueException", "Error object size must be less than 32768 bytes.")
	}
	return d.sendCallback(ctx, r, &callbackCall{err: failure})
}

func (d *Durable) callbackHeartbeat(ctx context.Context, r *api.Request) (*api.Response, error) {
	return d.sendCallback(ctx, r, &callbackCall{beat: true})
}

func (d *Durable) sendCallback(ctx context.Context, r *api.Request, call *callbackCall) (*api.Response, error) {
	call.id = r.Path["CallbackId"]
	entity, index, ok := parseCallbackID(call.id)
	if !ok {
		return nil, api.Errorf("InvalidParameterValueException", "Invalid callback id")
	}
	call.index = index
	if entityAccount(string(entity)) != r.Account {
		return nil, errCallback
	}
	v, err := d.eng.Call(ctx, entity, engine.Message{Type: msgCallback, Value: call})
	if errors.Is(err, errGone) {
		return nil, errCallback
	}
	if err != nil {
		return nil, err
	}
	if reply := v.(*answered); reply.err != nil {
		return nil, reply.err
	}
	return &api.Response{Body: []byte("{}")}, nil
}

// callback completes an open callback or extends its heartbeat. One whose time is up has timed out, whether its timer has
// fired or not.
func (d *Durable) callback(tx engine.Tx, x *execution, call *callbackCall) {
	reply := &answered{err: errCallback}
	tx.Reply(reply)
	if x.closed() {
		return
	}
	if x.due(tx) {
		d.launch(tx, x)
	}
	o := x.ops.At(call.index)
	if o == nil || o.CallbackID != call.id || o.Terminal() {
		return
	}
	reply.err = nil
	now := tx.Now().UnixMilli()
	if call.beat {
		x.ops.Beat(o, now)
		return
	}
	event, _ := x.ops.Answer(o, call.result, call.err, now)
	x.run.Written += int64(call.result.Len() + len(call.err))
	x.record(tx, event)
	d.launch(tx, x)
}
