package states

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// resultPart keeps how an express execution ended, until it is forgotten.
const resultPart = "@r"

// finished is the kept form of an end.
type finished struct {
	Status asl.Status `json:"status"`
	Output []byte     `json:"output,omitempty"`
	Error  *string    `json:"error,omitempty"`
	Cause  *string    `json:"cause,omitempty"`
}

func keepResult(tx engine.Tx, f *asl.Finish) error {
	data, err := json.Marshal(finished{f.Status, f.Output, f.Error, f.Cause})
	if err == nil {
		tx.Put(resultPart, data)
	}
	return err
}

// reading asks an execution for what only its own turn can read; express ones are in no store that can be asked.
type reading struct {
	forget bool // remove the execution
}

// shown is the answer.
type shown struct {
	head   store.Head
	record record
	input  string
	end    finished
}

func (s *Service) showTurn(tx engine.Tx, m engine.Message) error {
	if _, ok := m.Value.(showRuns); ok {
		return s.showRunsTurn(tx)
	}
	r := m.Value.(*reading)
	l, err := s.load(tx)
	if err != nil {
		return err
	}
	out := &shown{head: *tx.Head(), record: l.record, input: string(l.exec.Info().Input)}
	if data := tx.Part(resultPart); data != nil {
		if err := json.Unmarshal(data, &out.end); err != nil {
			return err
		}
	}
	tx.Reply(out)
	if r.forget && out.head.Ended != 0 {
		tx.Remove()
	}
	return nil
}

type billing struct {
	Duration int64 `json:"billedDurationInMilliseconds"`
	Memory   int64 `json:"billedMemoryUsedInMB"`
}

type syncOut struct {
	Arn           string   `json:"executionArn"`
	Machine       string   `json:"stateMachineArn"`
	Name          string   `json:"name"`
	Started       stamp    `json:"startDate"`
	Stopped       stamp    `json:"stopDate"`
	Status        string   `json:"status"`
	Error         *string  `json:"error,omitempty"`
	Cause         *string  `json:"cause,omitempty"`
	Input         *string  `json:"input,omitempty"`
	InputDetails  *details `json:"inputDetails,omitempty"`
	Output        *string  `json:"output,omitempty"`
	OutputDetails *details `json:"outputDetails,omitempty"`
	Trace         string   `json:"traceHeader,omitempty"`
	Billing       billing  `json:"billingDetails"`
}

// startSync starts an express execution and waits for its end.
func (s *Service) startSync(ctx context.Context, _ *api.Request, in *startIn) (*syncOut, error) {
	d, call, err := s.prepare(ctx, in)
	if err != nil {
		return nil, err
	}
	if !d.express() {
		return nil, errType()
	}
	call.record.Sync = true
	started, err := s.launch(ctx, d, call)
	if err != nil {
		return nil, err
	}
	e, err := arn.ParseExecution(started.Arn)
	if err != nil {
		return nil, err
	}
	if _, err := s.engine.Closed(ctx, entity(e)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	v, err := s.engine.Call(ctx, entity(e), engine.Message{Type: msgShow, Value: &reading{forget: true}})
	if err != nil {
		return nil, err
	}
	return syncAnswer(v.(*shown), in.Included == nil || *in.Included != "METADATA_ONLY"), nil
}

func syncAnswer(r *shown, all bool) *syncOut {
	const step, memory = 100, 64
	took := (r.head.Ended - r.head.Started + step - 1) / step * step
	out := &syncOut{Arn: r.record.Arn, Machine: r.record.Machine, Name: r.head.Name, Started: stamp(r.head.Started),
		Stopped: stamp(r.head.Ended), Status: r.head.Status, Error: r.end.Error, Cause: r.end.Cause, Trace: r.record.Trace,
		InputDetails: &details{all}, OutputDetails: &details{all}, Billing: billing{max(took, step), memory}}
	if all {
		out.Input = &r.input
		if r.end.Status == asl.Succeeded {
			text := string(r.end.Output)
			out.Output = &text
		}
	}
	return out
}
