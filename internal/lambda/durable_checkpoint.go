package lambda

import (
	"context"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
)

// clientTokenWindow is how long a checkpoint's repetition is recognised, in milliseconds.
const clientTokenWindow = 15 * 60 * 1000

// checkpointCall is one CheckpointDurableExecution. The reply is an *answered.
type checkpointCall struct {
	execution string // UUID from the ARN
	request   *durop.Request
	targets   map[int]*Version // of chained invokes, by the index of their update
}

// answered is a reply whose turn may have changed something although it refuses the call.
type answered struct {
	body []byte
	err  error
}

// Checkpoint is the operation CheckpointDurableExecution (section 4.1).
func (d *Durable) checkpointOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	a, err := executionParam(r)
	if err != nil {
		return nil, err
	}
	req, err := durop.Parse(r.Body)
	if err != nil {
		return nil, err
	}
	call := &checkpointCall{execution: a.ID, request: req}
	if err := d.resolveTargets(ctx, a.Region, a.Account, call); err != nil {
		return nil, err
	}
	v, err := d.eng.Call(ctx, executionID(a.Region, a.Account, a.Function, a.Name), engine.Message{Type: msgCheckpoint, Value: call})
	if errors.Is(err, errGone) {
		return nil, errToken // this operation knows no ResourceNotFoundException
	}
	if err != nil {
		return nil, err
	}
	reply := v.(*answered)
	if reply.err != nil {
		return nil, reply.err
	}
	return &api.Response{Body: reply.body}, nil
}

// checkpoint is the turn: repetition, token, time, rules, change, answer.
func (d *Durable) checkpoint(tx engine.Tx, x *execution, call *checkpointCall) error {
	if call.execution != x.ID {
		return errToken
	}
	if again, err := d.repeated(tx, x, call); again != nil || err != nil {
		tx.Reply(&answered{body: again})
		return err
	}
	used, err := x.checkToken(call.request.Token)
	if err != nil {
		return err
	}
	x.due(tx)
	if err := x.release(tx); err != nil {
		return err
	}
	batch := call.request.Updates
	if err := x.ops.Check(batch, durop.Scope{Region: x.Region, Account: x.Account, MaxResult: x.maxResult()}); err != nil {
		tx.Reply(&answered{err: err})
		return nil
	}
	x.run.Written += durop.Weight(batch)
	if failure := d.quota(x, batch); failure != nil {
		x.closeInFlight(tx)
		d.close(tx, x, durop.Failed, nil, failure)
		tx.Reply(&answered{body: []byte(`{"NewExecutionState":{"Operations":[]}}`)})
		return nil
	}
	closing, end := d.apply(tx, x, call)
	before := x.ops.Seen
	fresh := x.ops.Fresh()
	page, err := durop.Collect(fresh, 0, durop.Seconds, durop.Limits{Items: d.limits.Operations, Bytes: d.limits.PageBytes}, x.result(tx))
	if err != nil {
		return err
	}
	x.ops.Show()
	if closing {
		x.closeInFlight(tx)
		d.close(tx, x, end.Status, end.Result, end.Error)
		tx.Reply(&answered{body: x.checkpointAnswer("", page.Operations, "")})
		return nil
	}
	x.run.Seq++
	marker := ""
	if page.Next >= 0 {
		marker = x.marker(tx, before, page.Next)
	}
	answer := x.checkpointAnswer(x.give(), page.Operations, marker)
	x.remember(tx, call.request.ClientToken, used, fresh, answer)
	tx.Reply(&answered{body: answer})
	return nil
}

func (x *execution) checkpointAnswer(token string, operations []byte, marker string) []byte {
	b := make([]byte, 0, len(operations)+len(marker)+160)
	b = append(b, '{')
	if token != "" {
		b = append(append(append(b, `"CheckpointToken":"`...), token...), `",`...)
	}
	b = append(append(b, `"NewExecutionState":{"Operations":`...), operations...)
	if marker != "" {
		b = append(append(append(b, `,"NextMarker":"`...), marker...), '"')
	}
	return append(b, `}}`...)
}

// quota is the error with which the execution fails if the batch goes beyond its limits, nil if it does not.
func (d *Durable) quota(x *execution, batch []durop.Update) durop.Object {
	switch {
	case len(x.ops.Ops)+x.ops.Adds(batch) > d.limits.Operations:
		return durop.NewError(fmt.Sprintf("The durable execution exceeded the limit of %d operations.", d.limits.Operations), "ServiceQuotaExceededException")
	case x.run.Written > d.limits.Bytes:
		return durop.NewError(fmt.Sprintf("The durable execution exceeded the limit of %d bytes of data.", d.limits.Bytes), "ServiceQuotaExceededException")
	}
	return nil
}

// apply changes the operations, records the events and starts what was asked for.
func (d *Durable) apply(tx engine.Tx, x *execution, call *checkpointCall) (closing bool, end outcome) {
	batch := call.request.Updates
	starts := d.prepareTargets(tx, x, call)
	events := x.ops.Apply(batch, &durop.Turn{
		Now:        tx.Now().UnixMilli(),
		CallbackID: func(index int) string { return callbackID(tx.ID(), index, newNonce(tx.NewID())) },
		Closing: func(status string, u durop.Update) {
			closing, end = true, outcome{status, u.Payload, u.Error}
		},
	})
	x.record(tx, events...)
	for i := range batch {
		if start := starts[i]; start != nil {
			start(x.ops.Find(batch[i].ID))
		}
	}
	return closing, end
}

// closeInFlight records the end of the invocation that closes the execution by a checkpoint: it comes before the terminal
// event, and what the handler returns afterwards is ignored.
func (x *execution) closeInFlight(tx engine.Tx) {
	now := tx.Now().UnixMilli()
	x.completed(tx, &ran{Began: x.run.Began, Ended: now}, nil)
}

// remember keeps the call and its answer for its repetition.
func (x *execution) remember(tx engine.Tx, client string, used token, told []*durop.Operation, answer []byte) {
	x.run.Last, x.answer = nil, nil
	if client == "" {
		return
	}
	l := &last{Client: client, Nonce: used.nonce, Seq: used.seq, At: tx.Now().UnixMilli()}
	for _, o := range told {
		l.Told = append(l.Told, o.Index)
	}
	x.run.Last, x.answer = l, answer
}

// repeated gives the answer of the last call again if this is its repetition (rule 5 of section 4.2), nil if it is not.
// After a restart the answer is made anew from the operations it told of.
func (d *Durable) repeated(tx engine.Tx, x *execution, call *checkpointCall) ([]byte, error) {
	l := x.run.Last
	if l == nil || call.request.ClientToken != l.Client || call.request.Token == x.text || tx.Now().UnixMilli()-l.At > clientTokenWindow {
		return nil, nil
	}
	t, ok := parseToken(call.request.Token)
	if !ok || t.execution != x.ID || t.nonce != l.Nonce || t.seq != l.Seq {
		return nil, nil
	}
	if x.answer != nil {
		return x.answer, nil
	}
	ops := make([]*durop.Operation, 0, len(l.Told))
	for _, i := range l.Told {
		if o := x.ops.At(i); o != nil {
			ops = append(ops, o)
		}
	}
	page, err := durop.Collect(ops, 0, durop.Seconds, durop.Limits{Items: len(ops) + 1, Bytes: d.limits.PageBytes}, x.result(tx))
	if err != nil {
		return nil, err
	}
	marker := ""
	if page.Next >= 0 {
		marker = x.marker(tx, 0, page.Next)
	}
	next := token{x.ID, l.Nonce, l.Seq + 1}
	return x.checkpointAnswer(next.String(), page.Operations, marker), nil
}
