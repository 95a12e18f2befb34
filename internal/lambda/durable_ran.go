package lambda

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/host"
)

// unresolved reports a version that cannot be run: gone for good, or not now.
func (d *Durable) unresolved(ctx context.Context, err error) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	now := d.eng.Now().UnixMilli()
	if e, ok := api.As(err); ok && e.Code == "ResourceNotFoundException" {
		return (&ran{Began: now, Ended: now, Gone: true, payload: durop.NewError(e.Message, e.Code)}).body(), nil
	}
	return (&ran{Began: now, Ended: now, Throttled: true}).body(), nil
}

// run invokes code once and sorts out how it ended. An error means that ctx ended first.
func (d *Durable) run(ctx context.Context, v *Version, in *host.Invocation) (*ran, error) {
	began := d.eng.Now()
	res, err := d.functions.Run(ctx, v, in)
	r := &ran{Began: began.UnixMilli(), Ended: d.eng.Now().UnixMilli()}
	var unfit *host.StartError
	switch {
	case err == nil:
		r.payload, r.log = res.Payload, res.Log
		if r.Failed = res.FunctionError != ""; r.Failed {
			r.Type = res.ErrorType
		}
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &unfit):
		r.Failed, r.Type = true, unfit.Type
		r.payload, _ = json.Marshal(map[string]string{"errorMessage": unfit.Message, "errorType": unfit.Type})
	default: // throttled, or the host could not tell: the code did not run
		r.Throttled = true
	}
	return r, nil
}

// ran is how an effect that ran code ended. Its body is a JSON line followed by the payload as it came.
type ran struct {
	Void      bool   `json:"void,omitempty"` // nothing was run, nothing is to be recorded
	Began     int64  `json:"began,omitempty"`
	Ended     int64  `json:"ended,omitempty"`
	Failed    bool   `json:"failed,omitempty"`    // function error; the payload is its error object
	Type      string `json:"type,omitempty"`      // error type, for an error object that has none
	Throttled bool   `json:"throttled,omitempty"` // try again later
	Gone      bool   `json:"gone,omitempty"`      // there is no such version; the payload is an ErrorObject
	Try       int    `json:"try,omitempty"`       // of a chained plain function

	payload []byte
	log     []byte
}

func (r *ran) body() []byte {
	head, _ := json.Marshal(r) // words and numbers always encode
	return append(append(head, '\n'), r.payload...)
}

func readRan(body []byte) (*ran, error) {
	r := &ran{}
	for i, c := range body {
		if c == '\n' {
			r.payload = body[i+1:]
			return r, json.Unmarshal(body[:i], r)
		}
	}
	return nil, errors.New("the result of an effect has no header")
}

// failure is the ErrorObject of a run that failed.
func (r *ran) failure() durop.Object { return durop.RuntimeError(r.payload, r.Type) }
