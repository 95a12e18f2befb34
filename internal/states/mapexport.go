package states

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
)

// resultFile is an entry of a manifest.
type resultFile struct {
	Key  string
	Size int
}

// manifest is what is in manifest.json.
type manifest struct {
	DestinationBucket string
	MapRunArn         string
	ResultFiles       map[string][]resultFile
}

func (s *Service) export(ctx context.Context, region string, w *writing) (bucket, path string, err error) {
	var to struct{ Bucket, Prefix string }
	if err := json.Unmarshal(w.Arguments, &to); err != nil || to.Bucket == "" {
		return "", "", api.Errorf("InvalidBucketName", "The ResultWriter has no Bucket")
	}
	dir := w.Run.ID + "/"
	if to.Prefix != "" {
		dir = strings.TrimSuffix(to.Prefix, "/") + "/" + dir
	}
	var cfg struct{ Transformation, OutputType string }
	if err := json.Unmarshal(w.Config, &cfg); err != nil {
		return "", "", err
	}
	m := manifest{to.Bucket, w.Run.ARN, map[string][]resultFile{"FAILED": {}, "PENDING": {}, "SUCCEEDED": {}}}
	files, err := s.results(ctx, w, &results{lines: cfg.OutputType == "JSONL", transformation: cfg.Transformation})
	if err != nil {
		return "", "", err
	}
	for _, kind := range []string{"SUCCEEDED", "FAILED"} {
		data := files[kind]
		if data == nil {
			continue
		}
		key := dir + kind + "_0.json"
		if cfg.OutputType == "JSONL" {
			key += "l"
		}
		if err := s.objects.Put(ctx, region, to.Bucket, key, data); err != nil {
			return "", "", err
		}
		m.ResultFiles[kind] = []resultFile{{key, len(data)}}
	}
	data, err := json.Marshal(m)
	if err != nil {
		return "", "", err
	}
	path = dir + "manifest.json"
	return to.Bucket, path, s.objects.Put(ctx, region, to.Bucket, path, data)
}

// results makes files of the children of a run.
type results struct {
	lines          bool
	transformation string
	files          map[string][]byte
}

// results reads the children of a run, in order.
func (s *Service) results(ctx context.Context, w *writing, out *results) (map[string][]byte, error) {
	out.files = map[string][]byte{}
	m, err := arn.ParseStateMachine(w.Machine)
	if err != nil {
		return nil, err
	}
	for i := range w.Run.Children {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := child(m, &w.Run, i)
		r, err := s.exportedChild(ctx, e)
		if isNotFound(err) {
			continue // stopped before it began, or forgotten since
		}
		if err != nil {
			return nil, err
		}
		out.add(r)
	}
	for kind, data := range out.files {
		if !out.lines {
			out.files[kind] = append(data, ']')
		}
	}
	return out.files, nil
}

func (s *Service) exportedChild(ctx context.Context, e arn.Execution) (*exported, error) {
	id := entity(e)
	h, err := s.engine.Store().Head(ctx, id)
	if err != nil {
		return nil, err
	}
	first, err := s.event(ctx, id, 1)
	if err != nil {
		return nil, err
	}
	f, err := s.end(ctx, &h)
	if err != nil {
		return nil, err
	}
	status, reason := redriveStatus(true, h.Status)
	r := &exported{Cause: f.Cause, Error: f.Error, ExecutionArn: e.String(), Input: first.Started.Input,
		Name: h.Name, RedriveStatus: status, RedriveStatusReason: reason, StartDate: iso(h.Started),
		StateMachineArn: e.StateMachine().String(), Status: h.Status, StopDate: iso(h.Ended)}
	var d headData
	if len(h.Data) > 0 {
		if err := json.Unmarshal(h.Data, &d); err != nil {
			return nil, err
		}
	}
	r.RedriveCount = d.Redrives
	if f.Status == asl.Succeeded {
		text := string(f.Output)
		r.Output = &text
	}
	return r, nil
}

func (o *results) add(r *exported) {
	if r.Output == nil {
		o.put("FAILED", r.json())
		return
	}
	switch o.transformation {
	case "COMPACT":
		o.put("SUCCEEDED", []byte(*r.Output))
	case "FLATTEN":
		v, err := value.Decode([]byte(*r.Output), value.Limits{})
		if err != nil || v.Kind() != value.KindArray {
			o.put("SUCCEEDED", []byte(*r.Output))
			return
		}
		for _, item := range v.Items() {
			o.put("SUCCEEDED", item.JSON())
		}
	default:
		o.put("SUCCEEDED", r.json())
	}
}

func (o *results) put(kind string, v []byte) {
	b := o.files[kind]
	switch {
	case o.lines:
		b = append(append(b, v...), '\n')
	case len(b) == 0:
		b = append(append(b, '['), v...)
	default:
		b = append(append(b, ','), v...)
	}
	o.files[kind] = b
}

// exported is a child in the results of its run.
type exported struct {
	Cause, Error, Output               *string
	ExecutionArn, Input, Name          string
	RedriveCount                       int
	RedriveStatus, RedriveStatusReason string
	StartDate, StopDate                string
	StateMachineArn, Status            string
}

// json has the members in alphabetical order.
func (e *exported) json() json.RawMessage {
	o := &members{}
	o.text("Cause", e.Cause)
	o.text("Error", e.Error)
	o.text("ExecutionArn", &e.ExecutionArn)
	o.text("Input", &e.Input)
	o.raw("InputDetails", `{"Included":true}`)
	o.text("Name", &e.Name)
	if e.Output != nil {
		o.text("Output", e.Output)
		o.raw("OutputDetails", `{"Included":true}`)
	}
	o.raw("RedriveCount", strconv.Itoa(e.RedriveCount))
	o.text("RedriveStatus", &e.RedriveStatus)
	o.text("RedriveStatusReason", optional(e.RedriveStatusReason))
	o.text("StartDate", &e.StartDate)
	o.text("StateMachineArn", &e.StateMachineArn)
	o.text("Status", &e.Status)
	o.text("StopDate", &e.StopDate)
	return o.done()
}
