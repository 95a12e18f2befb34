package durabletest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
)

// The execution is named like one of a deployed function, so that handlers that look at their ARN work.
const (
	region   = "us-east-1"
	account  = "123456789012"
	function = "local"
)

// pageBytes bounds a page of state as the service does.
const pageBytes = 5 << 20

// emptyPendings is how often in a row a function may answer PENDING with nothing pending before the execution fails.
const emptyPendings = 4

// service is the durable execution service for one execution, in memory. It is an ExecutionClient.
type service struct {
	mu       sync.Mutex // an invocation that died may still have a call under way
	identity durop.Identity
	arn      string
	input    durop.Text
	state    *durop.State
	events   []json.RawMessage
	started  int64 // Unix milliseconds
	now      int64
	limit    int // bytes of the result

	serial      int    // tokens handed out
	token       string // the one that is valid, empty outside an invocation
	omit        int    // checkpoint calls until one that is answered without a token, 0 for none
	invocations int
	hollow      int // PENDING answers in a row with nothing pending
	closed      *closing
	report      []TestInvocation
	inputs      map[string]durop.Text    // payloads of chained invokes, by operation id
	targets     map[string]*durop.Target // and whom they call
}

// closing is how the execution ended.
type closing struct {
	status string
	result durop.Text
	err    durop.Object
}

func newService(id string, input durop.Text, now int64, limit int) *service {
	s := &service{identity: durop.Identity{ID: id, Name: "local-" + id}, input: input, state: durop.NewState(nil, 0, 0, 0), started: now, now: now,
		limit: limit, inputs: map[string]durop.Text{}, targets: map[string]*durop.Target{}}
	s.arn = fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s:$LATEST/durable-execution/%s/%s", region, account, function, s.identity.Name, id)
	s.append(s.identity.Started(now, input, 31622400))
	return s
}

func (s *service) append(events ...durop.Event) {
	for _, e := range events {
		s.events = append(s.events, e.Encode(uint64(len(s.events)+1)))
	}
}

// refusal is an error answer of the service, as the SDK recognises them.
type refusal struct{ code, message string }

func (r *refusal) Error() string        { return r.code + ": " + r.message }
func (r *refusal) ErrorCode() string    { return r.code }
func (r *refusal) ErrorMessage() string { return r.message }
func (r *refusal) HTTPStatusCode() int  { return 400 }

func refused(err error) error {
	if e, ok := api.As(err); ok {
		return &refusal{e.Code, e.Message}
	}
	return err
}

func (s *service) issue() {
	s.serial++
	s.token = "token" + strconv.Itoa(s.serial)
}

func (s *service) current(token string) error {
	if token == "" || token != s.token || s.closed != nil {
		return &refusal{"InvalidParameterValueException", "Invalid Checkpoint Token"}
	}
	return nil
}

// Checkpoint judges and applies a batch of updates.
func (s *service) Checkpoint(_ context.Context, in durable.CheckpointInput) (durable.CheckpointOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := json.Marshal(in)
	if err != nil {
		return durable.CheckpointOutput{}, err
	}
	req, err := durop.Parse(body)
	if err != nil {
		return durable.CheckpointOutput{}, refused(err)
	}
	if err := s.current(in.CheckpointToken); err != nil {
		return durable.CheckpointOutput{}, err
	}
	if err := s.state.Check(req.Updates, durop.Scope{Region: region, Account: account, MaxResult: s.limit}); err != nil {
		return durable.CheckpointOutput{}, refused(err)
	}
	for i := range req.Updates {
		if u := &req.Updates[i]; u.Invoke != nil {
			s.inputs[u.ID], s.targets[u.ID] = u.Payload, u.Invoke
			u.Invoke.ExecutedVersion = "$LATEST"
		}
	}
	s.append(s.state.Apply(req.Updates, &durop.Turn{Now: s.now, CallbackID: callbackID, Closing: s.close})...)
	if len(req.Updates) == 0 {
		s.slip()
	}
	out := durable.CheckpointOutput{NewExecutionState: operations(s.state.Fresh())}
	s.state.Show()
	s.issue()
	if s.closed == nil && !s.omitted() {
		out.CheckpointToken = s.token
	}
	return out, nil
}

func (s *service) close(status string, u durop.Update) {
	s.closed = &closing{status: status, result: u.Payload, err: u.Error}
}

func (s *service) omitted() bool {
	if s.omit == 0 {
		return false
	}
	s.omit--
	return s.omit == 0
}

// callbackID is of the service's alphabet: standard base64.
func callbackID(index int) string { return fmt.Sprintf("callback%04d", index) }

// GetExecutionState pages through what a handler needs.
func (s *service) GetExecutionState(_ context.Context, in durable.GetExecutionStateInput) (durable.GetExecutionStateOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.current(in.CheckpointToken); err != nil {
		return durable.GetExecutionStateOutput{}, err
	}
	from, err := strconv.Atoi(in.Marker)
	if err != nil || from < 0 {
		return durable.GetExecutionStateOutput{}, &refusal{"InvalidParameterValueException", "Invalid Marker"}
	}
	var out durable.GetExecutionStateOutput
	size := 0
	for _, o := range s.state.Visible() {
		switch {
		case o.Index < from:
		case size > 0 && size+len(o.Result) > pageBytes:
			out.NextMarker = strconv.Itoa(o.Index)
			return out, nil
		default:
			size += len(o.Result) + 1
			out.Operations = append(out.Operations, operation(o))
		}
	}
	return out, nil
}

// payload is the event of the next invocation.
func (s *service) payload() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issue()
	first := durop.AppendExecution(nil, s.identity, s.started, s.input, durop.Millis)
	page, err := durop.Collect(s.state.Visible(), 0, durop.Millis, durop.Limits{Items: 1000, Bytes: pageBytes, First: first}, durop.Inline)
	if err != nil {
		return nil, err
	}
	marker := ""
	if page.Next >= 0 {
		marker = strconv.Itoa(page.Next)
	}
	updated := s.state.Updated()
	if s.invocations == 0 {
		updated = []string{s.identity.ID}
	}
	s.state.Show()
	return json.Marshal(map[string]any{"DurableExecutionArn": s.arn, "CheckpointToken": s.token, "UpdatedOperationIds": updated,
		"InitialExecutionState": map[string]any{"Operations": json.RawMessage(page.Operations), "NextMarker": marker}})
}

// invoke runs the function once and judges its answer. A fault is returned; the execution stays open then.
func (s *service) invoke(ctx context.Context, fn func(context.Context, []byte) ([]byte, error)) error {
	payload, err := s.payload()
	if err != nil {
		return err
	}
	s.invocations++
	request, began := fmt.Sprintf("request-%d", s.invocations), s.now
	answer, err := fn(withRequest(ctx, request), payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = ""
	if err != nil {
		s.complete(request, began, durop.NewError(err.Error(), typeName(err)))
		return fmt.Errorf("durabletest: invocation %d failed: %w", s.invocations, err)
	}
	v := durop.Judge(answer, s.limit)
	switch {
	case s.closed != nil:
		s.complete(request, began, nil)
		s.end(*s.closed)
	case v.Breach != "":
		s.complete(request, began, durop.NewError(v.Breach, "InvalidParameterValueException"))
		return fmt.Errorf("durabletest: invocation %d answered what the service refuses: %s", s.invocations, v.Breach)
	case v.Status == durop.Pending:
		s.complete(request, began, nil)
		s.pending()
	default:
		s.complete(request, began, v.Error)
		s.end(closing{v.Status, v.Result, v.Error})
	}
	return nil
}

// pending judges whether there is anything to wait for.
func (s *service) pending() {
	s.state.Told()
	if may, _ := s.state.Suspends(); may {
		s.hollow = 0
		return
	}
	if s.hollow++; s.hollow >= emptyPendings {
		s.end(closing{status: durop.Failed, err: durop.NewError("Cannot return PENDING status with no pending operations.", "InvalidParameterValueException")})
	}
}

func (s *service) complete(request string, began int64, err durop.Object) {
	s.append(durop.InvocationCompleted(s.now, began, s.now, request, err))
	s.report = append(s.report, TestInvocation{RequestID: request, StartTime: time.UnixMilli(began).UTC(), EndTime: time.UnixMilli(s.now).UTC(), Error: testError(err)})
}

func (s *service) end(c closing) {
	s.closed = &c
	s.append(s.identity.Closed(s.now, c.status, c.result, c.err))
}
