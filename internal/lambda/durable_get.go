package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// find reads the head of the execution that an ARN names.
func (d *Durable) find(ctx context.Context, a arn.DurableExecution) (store.Head, error) {
	h, err := d.eng.Store().Head(ctx, executionID(a.Region, a.Account, a.Function, a.Name))
	if errors.Is(err, store.ErrNotFound) {
		return h, errNoExecution
	}
	if err != nil {
		return h, err
	}
	if is, _, err := DurableARN(&h); err != nil || is != a {
		return h, errNoExecution
	}
	return h, nil
}

// part reads a part, nil if there is none.
func (d *Durable) part(ctx context.Context, id store.ID, key string) ([]byte, error) {
	b, err := d.eng.Store().ReadPart(ctx, id, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

// getOperation is GetDurableExecution (section 6.1).
func (d *Durable) getOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	a, err := executionParam(r)
	if err != nil {
		return nil, err
	}
	data, err := flag(r, "IncludeExecutionData", true)
	if err != nil {
		return nil, err
	}
	h, err := d.find(ctx, a)
	if err != nil {
		return nil, err
	}
	raw, err := d.part(ctx, h.ID, "cfg")
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, errNoExecution // deleted between the two reads
	}
	var p pinned
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("part cfg of %s: %w", h.ID, err)
	}
	var f fields
	f.text("DurableExecutionArn", a.String())
	f.text("DurableExecutionName", p.Name)
	f.text("FunctionArn", a.FunctionARN())
	f.text("Version", p.Version)
	f.time("StartTimestamp", h.Started)
	f.text("Status", h.Status)
	if h.Ended != 0 {
		f.time("EndTimestamp", h.Ended)
	}
	if p.Trace != "" {
		f.raw("TraceHeader", append(append([]byte(`{"XAmznTraceId":`), durop.Quote(p.Trace)...), '}'))
	}
	f.raw("DurableConfig", p.config())
	if data {
		if err := d.payloads(ctx, &f, &h, &p); err != nil {
			return nil, err
		}
	}
	f.raw("ExecutionDataIncluded", fmt.Appendf(nil, "%t", data))
	return &api.Response{Body: f.end()}, nil
}

// payloads adds input, result and error.
func (d *Durable) payloads(ctx context.Context, f *fields, h *store.Head, p *pinned) error {
	key := "in"
	if p.Apart {
		key = "~in"
	}
	input, err := d.part(ctx, h.ID, key)
	if err != nil {
		return err
	}
	if input != nil {
		f.raw("InputPayload", input)
	}
	if h.Ended == 0 {
		return nil
	}
	out, err := d.outcome(ctx, h.ID)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	if out.Status == durop.Succeeded && out.Result != nil {
		f.raw("Result", out.Result)
	}
	if out.Error != nil {
		f.raw("Error", out.Error)
	}
	return nil
}

// config is the DurableConfig the execution was started with.
func (p *pinned) config() []byte {
	b, _ := json.Marshal(DurableConfig{int(p.Timeout), p.Retention, p.KMSKey}) // words and numbers always encode
	return b
}

// stopOperation is StopDurableExecution (section 5.4). The body is a bare ErrorObject and may be absent.
func (d *Durable) stopOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	a, err := executionParam(r)
	if err != nil {
		return nil, err
	}
	failure, ok := durop.ParseError(r.Body)
	if !ok {
		return nil, api.Serialization(errors.New("not an ErrorObject"))
	}
	h, err := d.find(ctx, a)
	if err != nil {
		return nil, err
	}
	v, err := d.eng.Call(ctx, h.ID, engine.Message{Type: msgStop, Value: failure})
	if errors.Is(err, errGone) {
		return nil, errNoExecution
	}
	if err != nil {
		return nil, err
	}
	var f fields
	f.time("StopTimestamp", v.(int64))
	return &api.Response{Body: f.end()}, nil
}

// deleteOperation is DeleteDurableExecution (section 1.3). It is done when it is answered.
func (d *Durable) deleteOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	a, err := executionParam(r)
	if err != nil {
		return nil, err
	}
	h, err := d.find(ctx, a)
	if err != nil {
		return nil, err
	}
	if _, err := d.eng.Call(ctx, h.ID, engine.Message{Type: msgDelete}); err != nil {
		if errors.Is(err, errGone) {
			return nil, errNoExecution
		}
		return nil, err
	}
	var f fields
	f.time("DeletionRequestTimestamp", d.eng.Now().UnixMilli())
	return &api.Response{Body: f.end()}, nil
}
