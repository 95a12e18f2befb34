package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

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
