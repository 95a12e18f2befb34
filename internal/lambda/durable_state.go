package lambda

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
)

// errMarker refuses a marker that was not given out by the operation, or more than a day ago.
var errMarker = api.Errorf("InvalidParameterValueException", "Invalid Marker")

// stateCall is one GetDurableExecutionState. The reply is the body.
type stateCall struct {
	execution string
	token     string
	marker    string
	items     int
}

// A marker of operations says from which index a page goes on, and that only operations changed after seen are wanted; 0
// means all that a handler needs.
func (x *execution) marker(tx engine.Tx, seen uint64, next int) string {
	return encodeMarker(tx.Now(), "o", x.ID, int64(seen), int64(next))
}

// encodeMarker makes an opaque marker that readMarker accepts for a day.
func encodeMarker(now time.Time, kind, of string, a, b int64) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %s %d %d %d", kind, of, a, b, now.Unix()))
}

func readMarker(now time.Time, marker, kind, of string) (a, b int64, err error) {
	raw, err := base64.StdEncoding.DecodeString(marker)
	if err != nil || len(raw) > 1024 {
		return 0, 0, errMarker
	}
	var gotKind, gotOf string
	var made int64
	if n, err := fmt.Sscanf(string(raw), "%s %s %d %d %d", &gotKind, &gotOf, &a, &b, &made); n != 5 || err != nil {
		return 0, 0, errMarker
	}
	if gotKind != kind || gotOf != of || a < 0 || b < 0 || now.Unix()-made > 24*60*60 || strings.Count(string(raw), " ") != 4 {
		return 0, 0, errMarker
	}
	return a, b, nil
}

// stateOperation is GetDurableExecutionState (section 4.10).
func (d *Durable) stateOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	a, err := executionParam(r)
	if err != nil {
		return nil, err
	}
	items, err := maxItems(r)
	if err != nil {
		return nil, err
	}
	if !r.Query.Has("CheckpointToken") {
		return nil, api.Errorf("ValidationException",
			"1 validation error detected: Value null at 'checkpointToken' failed to satisfy constraint: Member must not be null")
	}
	v, err := d.eng.Call(ctx, executionID(a.Region, a.Account, a.Function, a.Name), engine.Message{Type: msgState, Value: &stateCall{
		execution: a.ID, token: r.Query.Get("CheckpointToken"), marker: r.Query.Get("Marker"), items: items,
	}})
	if errors.Is(err, errGone) {
		return nil, errToken
	}
	if err != nil {
		return nil, err
	}
	return &api.Response{Body: v.([]byte)}, nil
}

// state answers a page of the operations; it changes nothing and uses no token up.
func (d *Durable) state(tx engine.Tx, x *execution, call *stateCall) error {
	if call.execution != x.ID {
		return errToken
	}
	if _, err := x.checkToken(call.token); err != nil {
		return err
	}
	lim := durop.Limits{Items: call.items, Bytes: d.limits.PageBytes}
	var seen, from int64
	if call.marker == "" {
		input, err := x.inputText(tx)
		if err != nil {
			return err
		}
		lim.First = durop.AppendExecution(nil, x.identity(), x.Started, input, durop.Seconds)
	} else {
		var err error
		if seen, from, err = readMarker(tx.Now(), call.marker, "o", x.ID); err != nil {
			return err
		}
	}
	ops := x.ops.Visible()
	if seen > 0 {
		ops = x.ops.Since(uint64(seen))
	}
	page, err := durop.Collect(ops, int(from), durop.Seconds, lim, x.result(tx))
	if err != nil {
		return err
	}
	b := append([]byte(`{"Operations":`), page.Operations...)
	if page.Next >= 0 {
		b = append(append(append(b, `,"NextMarker":"`...), x.marker(tx, uint64(seen), page.Next)...), '"')
	}
	tx.Reply(append(b, '}'))
	return nil
}
