package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

// A chained invoke of a durable function starts an execution of its own by a message in the same commit; its end comes
// back as msgChild, exactly once. A plain function is an effect of the calling execution (section 5.5).

// effectPlain is the kind of effects that run a chained plain function; their data is a plainEffect.
const effectPlain = "plain"

type plainEffect struct {
	Index    int    `json:"i"`
	Region   string `json:"region"`
	Account  string `json:"account"`
	Function string `json:"function"`
	Version  string `json:"version"`
	Tenant   string `json:"tenant,omitempty"`
	Trace    string `json:"trace,omitempty"`
	Request  string `json:"request"`
	Try      int    `json:"try"`
}

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

func (d *Durable) startPlain(tx engine.Tx, x *execution, v *Version, u *durop.Update, o *durop.Operation) {
	if u.Payload != nil {
		tx.Put(opKey("~i", o.Index), u.Payload)
	}
	d.callPlain(tx, plainEffect{
		Index: o.Index, Region: v.Region, Account: v.Account, Function: v.FunctionName, Version: v.Version,
		Tenant: u.Invoke.TenantID, Trace: x.Trace, Request: tx.NewID(),
	})
}

// callPlain asks for the effect; its data is kept as a part as well, for a repetition after throttling.
func (d *Durable) callPlain(tx engine.Tx, p plainEffect) {
	data, _ := json.Marshal(p) // words and numbers always encode
	tx.Put(opKey("call", p.Index), data)
	tx.Effect(opKey(effectPlain, p.Index), effectPlain, data)
}

func (d *Durable) runPlain(ctx context.Context, e store.Effect) ([]byte, error) {
	var p plainEffect
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return nil, fmt.Errorf("effect %s of %s: %w", e.Key, e.ID, err)
	}
	payload := []byte("{}")
	if raw, err := d.eng.Store().ReadPart(ctx, e.ID, opKey("~i", p.Index)); err == nil {
		payload = []byte(durop.Text(raw).String())
	}
	v, err := d.functions.VersionByNumber(ctx, p.Region, p.Account, p.Function, p.Version)
	if err != nil {
		return d.unresolved(ctx, err)
	}
	r, err := d.run(ctx, v, &host.Invocation{
		RequestID: p.Request, Payload: payload, InvokedARN: v.QualifiedARN(), TraceID: p.Trace, TenantID: p.Tenant,
	})
	if err != nil {
		return nil, err
	}
	return r.body(), nil
}

// plainEnded gives the operation the function's answer. A throttled call is repeated, ever more slowly.
func (d *Durable) plainEnded(tx engine.Tx, x *execution, key string, r *ran) error {
	index, err := plainIndex(key)
	if err != nil {
		return err
	}
	var p plainEffect
	if r.Throttled && !x.closed() {
		if err := json.Unmarshal(tx.Part(opKey("call", index)), &p); err != nil {
			return fmt.Errorf("part %s of %s: %w", opKey("call", index), tx.ID(), err)
		}
		p.Try++
		data, _ := json.Marshal(p)
		tx.Put(opKey("call", index), data)
		tx.SetTimer(key, tx.Now().Add(backoff(p.Try, tx.Random())))
		return nil
	}
	tx.Delete(opKey("call", index))
	tx.Delete(opKey("~i", index))
	out := &childOutcome{Status: durop.Failed}
	switch {
	case r.Gone:
		out.Error = r.payload
	case r.Failed:
		out.Error = json.RawMessage(r.failure())
	default:
		out.Status, out.Result = durop.Succeeded, durop.Quote(r.payload)
	}
	d.returned(tx, x, index, out)
	return nil
}

// retryPlain repeats a throttled call.
func (d *Durable) retryPlain(tx engine.Tx, x *execution, key string) error {
	index, err := plainIndex(key)
	if err != nil || x.closed() {
		return err
	}
	if data := tx.Part(opKey("call", index)); data != nil {
		tx.Effect(key, effectPlain, data)
	}
	return nil
}

func plainIndex(key string) (int, error) {
	digits, ok := strings.CutPrefix(key, effectPlain+"/")
	index, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return 0, fmt.Errorf("unknown key %q", key)
	}
	return index, nil
}
