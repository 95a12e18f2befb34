package conformance_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/perdure/perdure/durable/conformance"
)

// maxMoves bounds what happens in one requirement: the longest needs about ten moves.
const maxMoves = 50

// player runs one requirement. Until the execution is over it lets the server settle and then makes the one move that is
// due first: somebody's answer to a callback, or the server's next timer.
type player struct {
	t *testing.T
	server
	to      string // the function; empty for the one of the public requirements
	header  string // trace header of the caller
	c       conformance.Case
	r       conformance.Requirement
	arn     string
	actions []conformance.Action
	due     map[string]planned // by callback id
}

// planned is an action at a time of the server's clock.
type planned struct {
	at     time.Time
	action conformance.Action
}

// clock is what the control API says of the time.
type clock struct {
	Now  time.Time  `json:"now"`
	Next *time.Time `json:"next"`
}

// move is a call of the control API that returns when everything it set off has settled.
func (p *player) move(how map[string]any) clock {
	var c clock
	if err := p.control.REST(p.t.Context(), "perdure", "POST", "/_perdure/time", nil, how, &c); err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *player) play() {
	over := p.start()
	defer func() { <-over }() // after the stop, when a synchronous caller has its answer in any case
	defer p.stop()
	for range maxMoves {
		now := p.move(map[string]any{"by": "0s"})
		events, letters := p.history()
		x, err := p.api.GetDurableExecution(p.t.Context(), &lambda.GetDurableExecutionInput{DurableExecutionArn: &p.arn})
		if err != nil {
			p.t.Fatal(err)
		}
		if x.Status != types.ExecutionStatusRunning || p.r.End == "open" && p.r.Fits(letters) {
			p.judge(x, letters)
			return
		}
		p.plan(events, now.Now)
		id, first := p.first()
		switch {
		case first == nil && now.Next == nil:
			p.t.Fatalf("%s: nothing will ever happen after %s", p.r.What, strings.Join(letters, " "))
		case first == nil || now.Next != nil && now.Next.Before(first.at):
			p.move(map[string]any{"next": true})
		default:
			p.move(map[string]any{"by": max(0, first.at.Sub(now.Now)).String()})
			p.act(id, first.action)
		}
	}
	p.t.Fatalf("%s: not over after %d moves", p.r.What, maxMoves)
}

// start invokes the function and returns when the execution exists. over is closed when the invoker has its answer.
func (p *player) start() (over <-chan struct{}) {
	payload := p.c.Input
	if payload == "" {
		payload = "null"
	}
	if p.to == "" {
		p.to = "conformance"
	}
	in := &lambda.InvokeInput{FunctionName: &p.to, Qualifier: aws.String("$LATEST"), Payload: []byte(payload),
		DurableExecutionName: aws.String(p.r.ID), InvocationType: types.InvocationTypeRequestResponse}
	if p.r.Async {
		in.InvocationType = types.InvocationTypeEvent
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if _, err := p.api.Invoke(p.t.Context(), in, p.traced); err != nil {
			p.t.Error(err)
		}
	}()
	for p.arn == "" {
		list, err := p.api.ListDurableExecutionsByFunction(p.t.Context(), &lambda.ListDurableExecutionsByFunctionInput{
			FunctionName: in.FunctionName, Qualifier: in.Qualifier, DurableExecutionName: in.DurableExecutionName})
		if err != nil {
			p.t.Fatal(err)
		}
		if len(list.DurableExecutions) > 0 {
			p.arn = *list.DurableExecutions[0].DurableExecutionArn
			return answered
		}
		select {
		case <-answered:
			if p.t.Failed() {
				p.t.FailNow()
			}
		default:
		}
	}
	return answered
}

// traced adds the caller's trace header to a request.
func (p *player) traced(o *lambda.Options) {
	if p.header != "" {
		o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Amzn-Trace-Id", p.header))
	}
}

// stop ends an execution that was only looked at, so that its timers are not in the way of the next.
func (p *player) stop() {
	x, err := p.api.GetDurableExecution(p.t.Context(), &lambda.GetDurableExecutionInput{DurableExecutionArn: &p.arn})
	if err == nil && x.Status == types.ExecutionStatusRunning {
		_, err = p.api.StopDurableExecution(p.t.Context(), &lambda.StopDurableExecutionInput{DurableExecutionArn: &p.arn})
	}
	if err != nil {
		p.t.Error(err)
	}
}

func (p *player) history() ([]types.Event, []string) {
	h, err := p.api.GetDurableExecutionHistory(p.t.Context(), &lambda.GetDurableExecutionHistoryInput{DurableExecutionArn: &p.arn, IncludeExecutionData: aws.Bool(true)})
	if err != nil {
		p.t.Fatal(err)
	}
	var kinds []string
	for _, e := range h.Events {
		kinds = append(kinds, string(e.EventType))
	}
	return h.Events, conformance.Letters(kinds)
}

// plan picks an action for each open callback that has none.
func (p *player) plan(events []types.Event, now time.Time) {
	closed := map[string]bool{}
	for _, e := range events {
		if e.EventType != types.EventTypeCallbackStarted && strings.HasPrefix(string(e.EventType), "Callback") {
			closed[aws.ToString(e.Id)] = true
		}
	}
	for _, e := range events {
		if e.EventType != types.EventTypeCallbackStarted {
			continue
		}
		id := *e.CallbackStartedDetails.CallbackId
		if closed[aws.ToString(e.Id)] {
			delete(p.due, id)
			continue
		}
		if _, ok := p.due[id]; ok {
			continue
		}
		for i, a := range p.actions {
			if a.Name == "*" || a.Name == aws.ToString(e.Name) {
				p.actions = append(append([]conformance.Action(nil), p.actions[:i]...), p.actions[i+1:]...)
				p.due[id] = planned{now.Add(time.Duration(a.Delay) * time.Second), a}
				break
			}
		}
	}
}

// first is the action that is due first.
func (p *player) first() (id string, first *planned) {
	for i, a := range p.due {
		if first == nil || a.at.Before(first.at) || a.at.Equal(first.at) && i < id {
			id, first = i, &a
		}
	}
	return id, first
}

// act answers a callback. A heartbeat leaves it open for the next action.
func (p *player) act(id string, a conformance.Action) {
	delete(p.due, id)
	var err error
	switch a.Kind {
	case "heartbeat":
		_, err = p.api.SendDurableExecutionCallbackHeartbeat(p.t.Context(), &lambda.SendDurableExecutionCallbackHeartbeatInput{CallbackId: &id})
	case "failure":
		_, err = p.api.SendDurableExecutionCallbackFailure(p.t.Context(), &lambda.SendDurableExecutionCallbackFailureInput{CallbackId: &id, Error: &types.ErrorObject{ErrorMessage: &a.Payload, ErrorType: aws.String("External")}})
	default:
		in := &lambda.SendDurableExecutionCallbackSuccessInput{CallbackId: &id}
		if a.Payload != "" {
			in.Result = []byte(a.Payload)
		}
		_, err = p.api.SendDurableExecutionCallbackSuccess(p.t.Context(), in)
	}
	if err != nil {
		p.t.Error(err)
	}
}

func (p *player) judge(x *lambda.GetDurableExecutionOutput, letters []string) {
	if !p.r.Fits(letters) {
		p.t.Errorf("%s\n got %s\nwant %s", p.r.What, strings.Join(letters, " "), strings.Join(p.r.Events, " "))
	}
	want := map[string]types.ExecutionStatus{"ok": types.ExecutionStatusSucceeded, "fail": types.ExecutionStatusFailed, "late": types.ExecutionStatusTimedOut, "open": types.ExecutionStatusRunning}[p.r.End]
	if x.Status != want {
		p.t.Errorf("%s: %s, want %s: %+v", p.r.What, x.Status, want, x.Error)
	}
	if p.c.Result != "" && x.Status == types.ExecutionStatusSucceeded && !same(aws.ToString(x.Result), p.c.Result) {
		p.t.Errorf("%s: result %.200s, want %s", p.r.What, aws.ToString(x.Result), p.c.Result)
	}
}

func same(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
