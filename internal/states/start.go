package states

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// How long closed executions are kept.
const (
	retention        = 90 * 24 * time.Hour
	expressRetention = 5 * time.Minute
)

type startIn struct {
	Arn      *string `json:"stateMachineArn"`
	Name     *string `json:"name"`
	Input    *string `json:"input"`
	Trace    *string `json:"traceHeader"`
	Included *string `json:"includedData"`
}

type startOut struct {
	Arn     string `json:"executionArn"`
	Started stamp  `json:"startDate"`
}

func (in *startIn) check() error {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxArn)
	c.text("name", in.Name, 1, maxName)
	c.data("input", in.Input, maxData)
	c.text("traceHeader", in.Trace, 0, maxTrace)
	includedData(&c, in.Included)
	return c.err()
}

// startCall starts an execution, in a message to it.
type startCall struct {
	record record
	info   asl.Info
}

// prepare does what all starts have in common: it finds the revision to run and makes the execution's record.
func (s *Service) prepare(ctx context.Context, in *startIn) (*machineDoc, *startCall, error) {
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	text, mock, _ := strings.Cut(*in.Arn, "#")
	ref, err := machineArn(text)
	if err != nil {
		return nil, nil, err
	}
	if in.Name != nil {
		if err := checkName(*in.Name); err != nil {
			return nil, nil, err
		}
	}
	d, err := s.findMachine(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	if d == nil || ref.Label != "" {
		return nil, nil, errNoMachine(text)
	}
	if d.Deleting {
		return nil, nil, errDeleting(d.ref("").String())
	}
	call := &startCall{}
	call.record = record{revision: d.revision, Machine: d.ref("").String(), Trace: str(in.Trace), Case: mock, Express: d.express()}
	if err := s.choose(ctx, d, ref, &call.record); err != nil {
		return nil, nil, err
	}
	input := "{}"
	if in.Input != nil {
		input = *in.Input
	}
	if err := checkInput(input); err != nil {
		return nil, nil, err
	}
	if err := s.checkCase(d.Name, mock); err != nil {
		return nil, nil, err
	}
	call.info = asl.Info{
		Name: str(in.Name), Role: call.record.Role, Machine: call.record.Machine, MachineName: d.Name,
		Version: call.record.Version, Alias: call.record.Alias,
		Region: ref.Region, Account: ref.Account, Input: []byte(input), Express: d.express(),
	}
	if in.Name == nil {
		call.info.Name = s.engine.NewID()
	}
	return d, call, nil
}

// choose finds the version that the ARN names, drawing one if it names an alias.
func (s *Service) choose(ctx context.Context, d *machineDoc, ref arn.StateMachine, r *record) error {
	if ref.Qualifier == "" {
		return nil
	}
	number := ref.Qualifier
	if !ref.Version() {
		a, _, err := s.findAlias(ctx, d.key, ref.Qualifier)
		if err != nil {
			return err
		}
		if a == nil {
			return errNoMachine(ref.String())
		}
		r.Alias = ref.String()
		number = qualifier(draw(a.Routes, s.engine.Random()))
	}
	v, err := s.versionOf(ctx, d, number)
	if err != nil {
		return err
	}
	if v == nil {
		return errNoMachine(ref.String())
	}
	r.revision = v.revision
	r.Version = d.ref(strconv.Itoa(v.Number)).String()
	return nil
}

// draw picks a route by weight; at is in [0,1).
func draw(routes []route, at float64) string {
	at *= 100
	for _, r := range routes {
		if at < float64(r.Weight) {
			return r.Version
		}
		at -= float64(r.Weight)
	}
	return routes[len(routes)-1].Version
}

// checkInput refuses inputs that are not JSON.
func checkInput(input string) error {
	if strings.TrimSpace(input) == "" {
		return api.Errorf("InvalidExecutionInput", "Invalid execution input.")
	}
	if _, err := value.Decode([]byte(input), value.Limits{}); err != nil {
		return api.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: '%s'", jsonProblem(input))
	}
	return nil
}

// jsonProblem words a syntax error as AWS's JSON library does.
func jsonProblem(text string) string {
	if _, found := asl.Parse([]byte(text), asl.Options{}); len(found) > 0 {
		return found[0].Message
	}
	return ""
}

func (s *Service) start(ctx context.Context, r *api.Request, in *startIn) (*startOut, error) {
	d, call, err := s.prepare(ctx, in)
	if err != nil {
		return nil, err
	}
	call.record.Request = r.RequestID
	return s.launch(ctx, d, call)
}

// launch starts the execution that call describes.
func (s *Service) launch(ctx context.Context, d *machineDoc, call *startCall) (*startOut, error) {
	e := arn.Execution{Region: call.info.Region, Account: call.info.Account, Machine: d.Name, Name: call.info.Name}
	if d.express() {
		e.ID = s.engine.NewID()
	}
	call.info.ID = e.String()
	call.record.Arn = call.info.ID
	v, err := s.engine.Call(ctx, entity(e), engine.Message{Type: msgStart, Value: call})
	if err != nil {
		return nil, err
	}
	return &startOut{call.info.ID, v.(stamp)}, nil
}

// startTurn begins an execution, or finds that it has begun.
func (s *Service) startTurn(tx engine.Tx, call *startCall) error {
	if tx.Exists() {
		l, err := s.load(tx)
		if err != nil {
			return err
		}
		repeated := call.record.Request != "" && l.record.Request == call.record.Request
		if !repeated && (tx.Head().Ended != 0 || string(l.exec.Info().Input) != string(call.info.Input)) {
			return api.Errorf("ExecutionAlreadyExists", "Execution Already Exists: '%s'", l.record.Arn)
		}
		tx.Reply(stamp(tx.Head().Started))
		return nil
	}
	info := call.info
	info.Start = tx.Now()
	info.Sync = call.record.Sync
	l := &live{record: call.record}
	if err := s.begin(tx, l, info); err != nil {
		return err
	}
	tx.Reply(stamp(tx.Head().Started))
	return nil
}

// begin makes the entity and takes the first step.
func (s *Service) begin(tx engine.Tx, l *live, info asl.Info) error {
	m, err := s.program(&l.record)
	if err != nil {
		return err
	}
	machine, err := arn.ParseStateMachine(l.record.Machine)
	if err != nil {
		return err
	}
	l.exec = asl.New(m, info, s.limits)
	d, err := l.exec.Step(asl.Start{}, &world{tx: tx, s: s, l: l})
	if err != nil {
		return err
	}
	h := tx.Head()
	h.Owner, h.Name, h.Status, h.Started = owner(machine), info.Name, string(asl.Running), store.Millis(tx.Now())
	if err := l.save(tx); err != nil {
		return err
	}
	tx.SetState(l, l.size())
	return s.apply(tx, l, d)
}

// program is the compiled definition an execution runs; of a map run's child, the processor of its Map state.
func (s *Service) program(r *record) (*asl.Machine, error) {
	m, err := s.machine(context.Background(), r.Definition, r.Express && r.Child == nil)
	if err != nil || r.Child == nil {
		return m, err
	}
	if m = m.Processor(r.Child.State); m == nil {
		return nil, fmt.Errorf("the definition has no Map state %q", r.Child.State)
	}
	return m, nil
}

// checkCase refuses test cases that the mock configuration does not have.
func (s *Service) checkCase(machine, name string) error {
	if name == "" {
		return nil
	}
	if s.mocks == nil {
		return invalidCase(machine, name)
	}
	ok, err := s.mocks.Case(machine, name)
	if err != nil {
		return api.Errorf("ValidationException", "Invalid mock configuration: %s", err)
	}
	if !ok {
		return invalidCase(machine, name)
	}
	return nil
}

func invalidCase(machine, name string) error {
	return api.Errorf("InvalidName", "Invalid mock test case name '%s' for state machine '%s'.", name, machine)
}

// decode reads the body of a message.
func decode(m engine.Message, into any) error {
	if err := json.Unmarshal(m.Body, into); err != nil {
		return fmt.Errorf("the body of a message %s cannot be read: %w", m.Type, err)
	}
	return nil
}
