package states

import (
	"context"
	"encoding/json"
	"errors"
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
	out := &results{lines: cfg.OutputType == "JSONL", transformation: cfg.Transformation, files: map[string][]byte{}}
	out.put = func(kind string, data []byte) error {
		key := dir + kind + "_" + strconv.Itoa(len(m.ResultFiles[kind])) + ".json"
		if out.lines {
			key += "l"
		}
		m.ResultFiles[kind] = append(m.ResultFiles[kind], resultFile{key, len(data)})
		return s.objects.Put(ctx, region, to.Bucket, key, data)
	}
	if err := s.results(ctx, w, out); err != nil {
		return "", "", err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return "", "", err
	}
	path = dir + "manifest.json"
	return to.Bucket, path, s.objects.Put(ctx, region, to.Bucket, path, data)
}

// maxResultFile is how large a file of results grows before the next is begun, in bytes. AWS goes up to 5 GB; here a file
// is in memory until it is written. Readers find the files in the manifest in either case.
const maxResultFile = 8 << 20

// results makes files of the children of a run.
type results struct {
	lines          bool
	transformation string
	files          map[string][]byte // being filled, by kind
	put            func(kind string, data []byte) error
}

// results reads the children of a run, in order.
func (s *Service) results(ctx context.Context, w *writing, out *results) error {
	m, err := arn.ParseStateMachine(w.Machine)
	if err != nil {
		return err
	}
	for i := range w.Run.Children {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := child(m, &w.Run, i)
		r, err := s.exportedChild(ctx, e)
		if isNotFound(err) {
			continue // stopped before it began, or forgotten since
		}
		if err == nil {
			err = out.child(r)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(out.end("SUCCEEDED"), out.end("FAILED"))
}

func (s *Service) exportedChild(ctx context.Context, e arn.Execution) (*exported, error) {
	id := entity(e)
	h, err := s.engine.Store().Head(ctx, id)
	if err != nil {
		return nil, err
	}
	first, last, err := s.bounds(ctx, &h)
	if err != nil {
		return nil, err
	}
	f := finishOf(&h, last)
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

func (o *results) child(r *exported) error {
	if r.Output == nil {
		return o.add("FAILED", r.json())
	}
	switch o.transformation {
	case "COMPACT":
		return o.add("SUCCEEDED", []byte(*r.Output))
	case "FLATTEN":
		v, err := value.Decode([]byte(*r.Output), value.Limits{})
		if err != nil || v.Kind() != value.KindArray {
			return o.add("SUCCEEDED", []byte(*r.Output))
		}
		for _, item := range v.Items() {
			if err := o.add("SUCCEEDED", item.JSON()); err != nil {
				return err
			}
		}
		return nil
	}
	return o.add("SUCCEEDED", r.json())
}

// add puts one entry into the file of its kind, which is written when it is full.
func (o *results) add(kind string, v []byte) error {
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
	if len(b) < maxResultFile {
		return nil
	}
	return o.end(kind)
}

// end writes the file that is being filled, if there is one.
func (o *results) end(kind string) error {
	data := o.files[kind]
	if data == nil {
		return nil
	}
	delete(o.files, kind)
	if !o.lines {
		data = append(data, ']')
	}
	return o.put(kind, data)
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
