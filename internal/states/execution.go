package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// quote is s as JSON, without HTML escapes.
func quote(s string) string { return string(value.String(s).Append(nil)) }

type executionIn struct {
	Arn      *string `json:"executionArn"`
	Included *string `json:"includedData"`
}

func errNoExecution(arn string) error {
	return api.Errorf("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn)
}

type details struct {
	Included bool `json:"included"`
}

type executionOut struct {
	Arn           string   `json:"executionArn"`
	Machine       string   `json:"stateMachineArn"`
	Name          string   `json:"name"`
	Status        string   `json:"status"`
	Started       stamp    `json:"startDate"`
	Stopped       *stamp   `json:"stopDate,omitempty"`
	Input         *string  `json:"input,omitempty"`
	InputDetails  *details `json:"inputDetails,omitempty"`
	Output        *string  `json:"output,omitempty"`
	OutputDetails *details `json:"outputDetails,omitempty"`
	Trace         string   `json:"traceHeader,omitempty"`
	MapRun        string   `json:"mapRunArn,omitempty"`
	Error         *string  `json:"error,omitempty"`
	Cause         *string  `json:"cause,omitempty"`
	Version       string   `json:"stateMachineVersionArn,omitempty"`
	Alias         string   `json:"stateMachineAliasArn,omitempty"`
	Redrives      int      `json:"redriveCount"`
	Redriven      *stamp   `json:"redriveDate,omitempty"`
	Redrive       string   `json:"redriveStatus"`
	RedriveReason string   `json:"redriveStatusReason,omitempty"`
}

// stored reads an execution without waking it: its head and its record.
func (s *Service) stored(ctx context.Context, arn string, id store.ID) (*store.Head, *record, error) {
	h, err := s.engine.Store().Head(ctx, id)
	if isNotFound(err) {
		return nil, nil, errNoExecution(arn)
	}
	if err != nil {
		return nil, nil, err
	}
	data, err := s.engine.Store().ReadPart(ctx, id, recordPart)
	if isNotFound(err) {
		return nil, nil, errNoExecution(arn)
	}
	if err != nil {
		return nil, nil, err
	}
	r := &record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, nil, fmt.Errorf("the record of %s cannot be read: %w", id, err)
	}
	return &h, r, nil
}

func (s *Service) describeExecution(ctx context.Context, _ *api.Request, in *executionIn) (*executionOut, error) {
	var c constraints
	c.need("executionArn", in.Arn, 1, maxLongArn)
	includedData(&c, in.Included)
	if err := c.err(); err != nil {
		return nil, err
	}
	e, err := executionArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	h, r, err := s.stored(ctx, *in.Arn, entity(e))
	if err != nil {
		return nil, err
	}
	out := &executionOut{Arn: e.String(), Machine: r.Machine, Name: h.Name, Status: h.Status, Started: stamp(h.Started),
		Stopped: when(h.Ended), Trace: r.Trace, Version: r.Version, Alias: r.Alias, Redrives: r.Redrives, Redriven: when(r.Redriven)}
	if r.Child != nil {
		out.MapRun = r.Child.Arn
	}
	out.Redrive, out.RedriveReason = redriveStatus(r.Child != nil, h.Status)
	all := in.Included == nil || *in.Included != "METADATA_ONLY"
	first, err := s.event(ctx, entity(e), 1)
	if err != nil {
		return nil, err
	}
	out.InputDetails = &details{all}
	if all {
		out.Input = &first.Started.Input
	}
	if h.Ended == 0 {
		return out, nil
	}
	f, err := s.end(ctx, h)
	if err != nil {
		return nil, err
	}
	out.Error, out.Cause = f.Error, f.Cause
	if f.Status == asl.Succeeded {
		out.OutputDetails = &details{all}
		if text := string(f.Output); all {
			out.Output = &text
		}
	}
	return out, nil
}

// event is what the service reads back of history events.
type event struct {
	Type    string `json:"type"`
	Started struct {
		Input string `json:"input"`
	} `json:"executionStartedEventDetails"`
	Succeeded struct {
		Output string `json:"output"`
	} `json:"executionSucceededEventDetails"`
	Failed  ending `json:"executionFailedEventDetails"`
	Aborted ending `json:"executionAbortedEventDetails"`
}

type ending struct {
	Error *string `json:"error"`
	Cause *string `json:"cause"`
}

func (s *Service) event(ctx context.Context, id store.ID, number uint64) (*event, error) {
	list, err := s.engine.Store().History(ctx, id, number, 1, false)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("event %d of %s is missing", number, id)
	}
	var e event
	if err := json.Unmarshal(list[0], &e); err != nil {
		return nil, fmt.Errorf("event %d of %s cannot be read: %w", number, id, err)
	}
	return &e, nil
}

// bounds reads the first and the last event; of a short history both at once.
func (s *Service) bounds(ctx context.Context, h *store.Head) (first, last *event, err error) {
	const short = 16
	if h.Events > short {
		if first, err = s.event(ctx, h.ID, 1); err != nil {
			return nil, nil, err
		}
		last, err = s.event(ctx, h.ID, h.Events)
		return first, last, err
	}
	list, err := s.engine.Store().History(ctx, h.ID, 1, short, false)
	if err != nil {
		return nil, nil, err
	}
	if uint64(len(list)) < h.Events || len(list) == 0 {
		return nil, nil, fmt.Errorf("of the %d events of %s %d are there", h.Events, h.ID, len(list))
	}
	first, last = &event{}, &event{}
	if err := errors.Join(json.Unmarshal(list[0], first), json.Unmarshal(list[h.Events-1], last)); err != nil {
		return nil, nil, fmt.Errorf("an event of %s cannot be read: %w", h.ID, err)
	}
	return first, last, nil
}

// end tells how a closed execution has ended, from its last event.
func (s *Service) end(ctx context.Context, h *store.Head) (*asl.Finish, error) {
	e, err := s.event(ctx, h.ID, h.Events)
	if err != nil {
		return nil, err
	}
	return finishOf(h, e), nil
}

// finishOf is how the execution has ended whose last event is e. Time-outs have neither error nor cause.
func finishOf(h *store.Head, e *event) *asl.Finish {
	f := &asl.Finish{Status: asl.Status(h.Status)}
	switch e.Type {
	case "ExecutionSucceeded":
		f.Output = []byte(e.Succeeded.Output)
	case "ExecutionFailed":
		f.Error, f.Cause = e.Failed.Error, e.Failed.Cause
	case "ExecutionAborted":
		f.Error, f.Cause = e.Aborted.Error, e.Aborted.Cause
	}
	return f
}

// ending is end for a turn of the execution itself.
func (s *Service) ending(tx engine.Tx) (*asl.Finish, error) {
	return s.end(context.Background(), tx.Head())
}

type stopIn struct {
	Arn   *string `json:"executionArn"`
	Error *string `json:"error"`
	Cause *string `json:"cause"`
}

type stopOut struct {
	Stopped stamp `json:"stopDate"`
}

func (s *Service) stop(ctx context.Context, _ *api.Request, in *stopIn) (*stopOut, error) {
	var c constraints
	c.need("executionArn", in.Arn, 1, maxLongArn)
	c.secret("error", in.Error, 0, maxError)
	c.secret("cause", in.Cause, 0, maxCause)
	if err := c.err(); err != nil {
		return nil, err
	}
	e, err := executionArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	v, err := s.engine.Call(ctx, entity(e), engine.Message{Type: msgStop, Value: asl.Stop{Error: in.Error, Cause: in.Cause}})
	if errors.Is(err, errGone) {
		return nil, errNoExecution(*in.Arn)
	}
	if err != nil {
		return nil, err
	}
	return &stopOut{v.(stamp)}, nil
}

type forExecutionOut struct {
	Arn        string              `json:"stateMachineArn"`
	Name       string              `json:"name"`
	Definition string              `json:"definition"`
	Role       string              `json:"roleArn"`
	Updated    stamp               `json:"updateDate"`
	Logging    json.RawMessage     `json:"loggingConfiguration"`
	Tracing    json.RawMessage     `json:"tracingConfiguration"`
	Encryption json.RawMessage     `json:"encryptionConfiguration"`
	MapRun     string              `json:"mapRunArn,omitempty"`
	Label      string              `json:"label,omitempty"`
	Revision   string              `json:"revisionId,omitempty"`
	References map[string][]string `json:"variableReferences,omitempty"`
}

func (s *Service) describeForExecution(ctx context.Context, _ *api.Request, in *executionIn) (*forExecutionOut, error) {
	var c constraints
	c.need("executionArn", in.Arn, 1, maxLongArn)
	includedData(&c, in.Included)
	if err := c.err(); err != nil {
		return nil, err
	}
	e, err := executionArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	_, r, err := s.stored(ctx, *in.Arn, entity(e))
	if err != nil {
		return nil, err
	}
	m, err := arn.ParseStateMachine(r.Machine)
	if err != nil {
		return nil, err
	}
	out := &forExecutionOut{Arn: r.Machine, Name: m.Name, Role: r.Role, Updated: stamp(r.Updated), Label: m.Label, Revision: r.Revision,
		Logging: shownLogging(r.Logging), Tracing: shownOr(r.Tracing, defaultTracing), Encryption: shownOr(r.Encryption, defaultEncryption)}
	if r.Child != nil {
		out.MapRun = r.Child.Arn
	}
	out.Definition, out.References, err = s.showDefinition(ctx, r.Definition, r.Express && r.Child == nil)
	return out, err
}
