package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/states/items"
	"github.com/perdure/perdure/internal/store"
)

// What precedes the key of a map run in the keys of its effects.
const (
	readPrefix  = "read:"
	writePrefix = "write:"
)

// objectCall is an effect that reads or writes objects: what is an asl.Read or a writing.
type objectCall struct {
	Region string          `json:"region"`
	What   json.RawMessage `json:"what"`
}

// writing exports the results of a map run.
type writing struct {
	asl.Write
	Run     asl.MapRun
	Machine string // labelled ARN
}

// runRead reads the items of a map run.
func (s *Service) runRead(ctx context.Context, e store.Effect) ([]byte, error) {
	var call objectCall
	var q asl.Read
	if err := errors.Join(json.Unmarshal(e.Data, &call), json.Unmarshal(call.What, &q)); err != nil {
		return nil, fmt.Errorf("the effect %s of %s cannot be read: %w", e.Key, e.ID, err)
	}
	in := asl.ItemsRead{Key: q.Key, Error: "States.ItemReaderFailed"}
	if s.objects == nil {
		in.Cause = "There are no S3 objects here."
		return frame(&in, nil)
	}
	found, err := items.Read(ctx, s.objects, call.Region, items.Request{Action: q.Resource.Action, Arguments: q.Arguments, Config: q.Config, MaxItems: q.MaxItems})
	var f *items.Failure
	switch {
	case errors.As(err, &f):
		in.Cause = f.Cause
	case err != nil:
		return nil, err
	default:
		return frame(&asl.ItemsRead{Key: q.Key, Source: found.Source}, found.JSON)
	}
	return frame(&in, nil)
}

// runAnswered takes the end of a reading or a writing.
func (s *Service) runAnswered(tx engine.Tx, l *live, m engine.Message) error {
	if key, ok := strings.CutPrefix(m.Key, readPrefix); ok {
		in := asl.ItemsRead{Key: key, Error: "States.ItemReaderFailed"}
		if m.Err != nil {
			in.Cause = m.Err.Error()
			return s.late(tx, l, in)
		}
		items, err := unframe(m.Body, &in)
		if err != nil {
			return err
		}
		in.Items = items
		return s.late(tx, l, in)
	}
	in := asl.ResultsWritten{Key: strings.TrimPrefix(m.Key, writePrefix), Error: "States.ResultWriterFailed"}
	if m.Err != nil {
		in.Cause = m.Err.Error()
	} else if err := decode(m, &in); err != nil {
		return err
	}
	return s.late(tx, l, in)
}

// runWrite exports the results of a map run: a file for each way children have ended, and a manifest that names them.
func (s *Service) runWrite(ctx context.Context, e store.Effect) ([]byte, error) {
	var call objectCall
	var w writing
	if err := errors.Join(json.Unmarshal(e.Data, &call), json.Unmarshal(call.What, &w)); err != nil {
		return nil, fmt.Errorf("the effect %s of %s cannot be read: %w", e.Key, e.ID, err)
	}
	out := asl.ResultsWritten{Key: w.Key}
	var err error
	if s.objects == nil {
		out.Error, out.Cause = "States.ResultWriterFailed", "There are no S3 objects here."
		return json.Marshal(out)
	}
	out.Bucket, out.Path, err = s.export(ctx, call.Region, &w)
	if refusal, ok := api.As(err); ok {
		out.Error, out.Cause = "States.ResultWriterFailed", items.Refusal(refusal)
	} else if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}
