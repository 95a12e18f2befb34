package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
)

// A chained invoke of a durable function starts an execution of its own by a message in the same commit; its end comes
// back as msgChild, exactly once. A plain function is an effect of the calling execution (section 5.5).

// childOutcome is how a chained execution ended, for its parent.
type childOutcome struct {
	Status  string          `json:"status"`
	Result  durop.Text      `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
	Seconds int64           `json:"seconds,omitempty"` // the child's execution timeout
}

func (o *childOutcome) row() []byte {
	b, err := json.Marshal(o)
	if err != nil { // the parts were checked when they came in
		panic("lambda: outcome of a child does not encode: " + err.Error())
	}
	return b
}

// resolveTargets looks up whom the chained invokes of a checkpoint call, before the turn: a turn does no I/O. What cannot
// be called fails the operation, not the checkpoint.
func (d *Durable) resolveTargets(ctx context.Context, region, account string, call *checkpointCall) error {
	for i := range call.request.Updates {
		u := &call.request.Updates[i]
		if u.Type != durop.ChainedInvoke || u.Action != durop.Start || u.Invoke == nil {
			continue
		}
		v, err := d.functions.Resolve(ctx, region, account, u.Invoke.FunctionName, "")
		if err == nil {
			err = v.Unqualified()
		}
		if err == nil {
			err = v.noTenant(u.Invoke.TenantID)
		}
		if err != nil {
			e, ok := api.As(err)
			if !ok {
				return err
			}
			u.Invoke.Refused = durop.NewError(e.Message, e.Code)
			continue
		}
		if call.targets == nil {
			call.targets = map[int]*Version{}
		}
		call.targets[i] = v
	}
	return nil
}

// prepareTargets completes what the history says of the targets and returns, by update, what starts them.
func (d *Durable) prepareTargets(tx engine.Tx, x *execution, call *checkpointCall) map[int]func(*durop.Operation) {
	if call.targets == nil {
		return nil
	}
	starts := make(map[int]func(*durop.Operation), len(call.targets))
	for i := range call.request.Updates {
		u, v := &call.request.Updates[i], call.targets[i]
		if v == nil {
			continue
		}
		u.Invoke.ExecutedVersion = v.Version
		if v.Durable == nil {
			starts[i] = func(o *durop.Operation) { d.startPlain(tx, x, v, u, o) }
			continue
		}
		req := d.pin(v, true)
		req.Name = tx.NewID()
		req.Trace, req.Tenant = x.Trace, u.Invoke.TenantID
		req.Parent, req.Input = tx.ID(), u.Payload
		u.Invoke.ExecutionARN = req.arn().String()
		starts[i] = func(o *durop.Operation) {
			req.ParentOp = o.Index
			body, err := json.Marshal(req)
			if err != nil { // strings and a literal that was checked
				panic("lambda: start of a child does not encode: " + err.Error())
			}
			tx.Send(executionID(req.Region, req.Account, req.Function, req.Name), msgStart, "", body)
		}
	}
	return starts
}

// child completes a chained invoke of a durable function.
func (d *Durable) child(tx engine.Tx, x *execution, m engine.Message) error {
	index, err := strconv.Atoi(m.Key)
	if err != nil {
		return fmt.Errorf("child of %s: %w", tx.ID(), err)
	}
	var out childOutcome
	if err := json.Unmarshal(m.Body, &out); err != nil {
		return fmt.Errorf("child of %s: %w", tx.ID(), err)
	}
	d.returned(tx, x, index, &out)
	return nil
}

// returned takes the outcome of a chained invoke; a closed execution drops it. While an invocation is under way it is
// held: the handler cannot see it before its next checkpoint or its end, and the history then has it after that.
func (d *Durable) returned(tx engine.Tx, x *execution, index int, out *childOutcome) {
	if x.closed() || x.ops.At(index) == nil {
		return
	}
	if x.run.Flying {
		tx.Put(opKey("held", index), out.row())
		x.held = append(x.held, index)
		return
	}
	x.deliver(tx, index, out)
	d.launch(tx, x)
}

func (x *execution) deliver(tx engine.Tx, index int, out *childOutcome) {
	event, ok := x.ops.Return(x.ops.At(index), durop.Outcome{
		Status: out.Status, Result: out.Result, Error: durop.Object(out.Error), Seconds: out.Seconds,
	}, tx.Now().UnixMilli())
	if !ok {
		return
	}
	x.run.Written += int64(out.Result.Len() + len(out.Error))
	x.record(tx, event)
}

// release delivers what was held, in the order of the operations.
func (x *execution) release(tx engine.Tx) error {
	slices.Sort(x.held)
	for _, index := range x.held {
		key := opKey("held", index)
		var out childOutcome
		if err := json.Unmarshal(tx.Part(key), &out); err != nil {
			return fmt.Errorf("part %s of %s: %w", key, tx.ID(), err)
		}
		x.deliver(tx, index, &out)
		tx.Delete(key)
	}
	x.held = nil
	return nil
}
