package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

// AsyncKind is the kind of the entities that are asynchronous events of plain functions. Their ids are
// "a/region/account/function/request id". An event is an entity from the moment it is accepted until it was handled, or
// given up, and then removed. Parts:
//
//	event     asyncEvent
//	~payload  what the function gets
//
// Its one effect "run" invokes the function, its one timer "retry" is due for the next try.
const AsyncKind = 'a'

const (
	asyncStart = "start" // Value *asyncRequest, or Body of one from the destination of another event
	asyncRun   = "run"
	asyncRetry = "retry"

	defaultEventAge = 6 * time.Hour
	maxBackoff      = 5 * time.Minute
)

// asyncEvent is what is known of an event, and was fixed when it was accepted.
type asyncEvent struct {
	Format       int       `json:"format"`
	Function     string    // name, and as it was addressed:
	Qualifier    string    `json:",omitempty"`
	RequestID    string    // the same at every try
	TraceID      string    `json:",omitempty"`
	TenantID     string    `json:",omitempty"`
	Accepted     time.Time // MaximumEventAge counts from here
	MaxAge       time.Duration
	Retries      int // that are left after a function error
	Tries        int // that ended with a function error
	Throttles    int
	OnSuccess    string `json:",omitempty"` // ARN
	OnFailure    string `json:",omitempty"`
	Region       string
	Account      string
	Destinations int `json:",omitempty"` // hops from the event that a client sent
}

type asyncRequest struct {
	Event   asyncEvent
	Payload json.RawMessage
}

// asyncOutcome is how one try ended.
type asyncOutcome struct {
	Throttled bool            `json:",omitempty"` // or not possible now: it does not count as a try
	Gone      bool            `json:",omitempty"` // the function does not exist any more
	Failed    bool            `json:",omitempty"`
	Version   string          `json:",omitempty"`
	Payload   json.RawMessage `json:",omitempty"`
}

// maxHops bounds chains of destinations, which could be a circle.
const maxHops = 16

// enqueue records an event and returns once that is durable.
func (s *Service) enqueue(ctx context.Context, v *Version, in *InvokeInput, payload []byte) error {
	name := ref{region: v.Region, account: v.Account, name: v.FunctionName}
	asked, err := parse(in.Region, in.Account, in.Function, in.Qualifier, namespacedPattern)
	if err != nil {
		return err
	}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return err
	}
	e := asyncEvent{
		Format: 1, Function: v.FunctionName, Qualifier: asked.qualifier, RequestID: in.RequestID, TraceID: in.TraceID, TenantID: in.TenantID,
		Accepted: s.eng.Now(), Region: v.Region, Account: v.Account, MaxAge: defaultEventAge, Retries: 2,
	}
	if f != nil {
		e.configure(f.Events[firstOf(asked.qualifier, "$LATEST")])
	}
	_, err = s.eng.Call(ctx, e.id(), engine.Message{Type: asyncStart, Value: &asyncRequest{e, payload}})
	return err
}

func (e *asyncEvent) configure(c *eventConfig) {
	if c == nil {
		return
	}
	if c.MaximumRetryAttempts != nil {
		e.Retries = *c.MaximumRetryAttempts
	}
	if c.MaximumEventAgeInSeconds != nil {
		e.MaxAge = time.Duration(*c.MaximumEventAgeInSeconds) * time.Second
	}
	e.OnSuccess, e.OnFailure = c.DestinationConfig.OnSuccess.to(), c.DestinationConfig.OnFailure.to()
}

func (e *asyncEvent) id() store.ID {
	return store.ID(string(rune(AsyncKind)) + "/" + e.Region + "/" + e.Account + "/" + e.Function + "/" + e.RequestID)
}

func (e *asyncEvent) ref() ref {
	return ref{region: e.Region, account: e.Account, name: e.Function, qualifier: e.Qualifier}
}

// async is the behaviour of events.
type async struct{ s *Service }

var _ engine.Behaviour = (*async)(nil)

// Turn implements [engine.Behaviour].
func (a *async) Turn(tx engine.Tx, m engine.Message) error {
	if m.Type == asyncStart {
		return a.accept(tx, m)
	}
	if !tx.Exists() {
		return nil
	}
	var e asyncEvent
	if err := json.Unmarshal(tx.Part("event"), &e); err != nil {
		return err
	}
	switch {
	case m.Type == engine.TypeTimer:
		tx.Effect(asyncRun, asyncRun, nil)
	case m.Type == engine.TypeEffect:
		return a.ended(tx, &e, m)
	}
	return nil
}

func (a *async) accept(tx engine.Tx, m engine.Message) error {
	if tx.Exists() {
		return nil // a repetition
	}
	in, ok := m.Value.(*asyncRequest)
	if !ok {
		in = new(asyncRequest)
		if err := json.Unmarshal(m.Body, in); err != nil {
			return err
		}
	}
	b, err := json.Marshal(&in.Event)
	if err != nil {
		return err
	}
	h := tx.Head()
	h.Owner, h.Name, h.Status, h.Started = in.Event.Region+"/"+in.Event.Account+"/"+in.Event.Function, in.Event.RequestID, "PENDING", tx.Now().UnixMilli()
	tx.Put("event", b)
	tx.Put("~payload", in.Payload)
	tx.Effect(asyncRun, asyncRun, nil)
	return nil
}

// ended decides what follows a try.
func (a *async) ended(tx engine.Tx, e *asyncEvent, m engine.Message) error {
	var o asyncOutcome
	if m.Err != nil {
		o.Throttled = true // something of ours failed: try again
	} else if err := json.Unmarshal(m.Body, &o); err != nil {
		return err
	}
	var wait time.Duration
	switch {
	case o.Gone:
		tx.Remove()
		return nil
	case o.Throttled:
		wait = min(time.Second<<min(e.Throttles, 9), maxBackoff)
		e.Throttles++
	case o.Failed:
		e.Tries++
		if e.Tries > e.Retries {
			return a.finish(tx, e, &o, "RetriesExhausted")
		}
		wait = time.Duration(e.Tries) * time.Minute
	default:
		return a.finish(tx, e, &o, "Success")
	}
	due := tx.Now().Add(wait)
	if due.Sub(e.Accepted) > e.MaxAge {
		return a.finish(tx, e, &o, "EventAgeExceeded")
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	tx.Put("event", b)
	tx.SetTimer(asyncRetry, due)
	return nil
}

// finish removes the event and, if its destination is a function here, sends that the record of it.
func (a *async) finish(tx engine.Tx, e *asyncEvent, o *asyncOutcome, condition string) error {
	defer tx.Remove()
	to := e.OnFailure
	if condition == "Success" {
		to = e.OnSuccess
	}
	if to == "" || e.Destinations >= maxHops {
		return nil
	}
	target, err := parse(e.Region, e.Account, to, "", namespacedPattern)
	if err != nil {
		return nil // a queue, topic or bus, none of which is here
	}
	payload, err := tx.Lazy("~payload")
	if err != nil {
		return err
	}
	record, err := json.Marshal(e.record(tx.Now(), o, condition, payload))
	if err != nil {
		return err
	}
	next := asyncEvent{
		Format: 1, Function: target.name, Qualifier: target.qualifier, RequestID: tx.NewID(), TraceID: e.TraceID, Accepted: tx.Now(),
		Region: target.region, Account: target.account, MaxAge: defaultEventAge, Retries: 2, Destinations: e.Destinations + 1,
	}
	b, err := json.Marshal(&asyncRequest{next, record})
	if err != nil {
		return err
	}
	tx.Send(next.id(), asyncStart, "", b)
	return nil
}

// record is what a destination is sent, as AWS documents it.
func (e *asyncEvent) record(now time.Time, o *asyncOutcome, condition string, payload []byte) any {
	response := map[string]any{"statusCode": 200, "executedVersion": firstOf(o.Version, "$LATEST")}
	if o.Failed {
		response["functionError"] = "Unhandled"
	}
	out := map[string]any{
		"version": "1.0", "timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{
			"requestId": e.RequestID, "functionArn": e.ref().with(firstOf(e.Qualifier, "$LATEST")).full(), "condition": condition,
			"approximateInvokeCount": max(1, e.Tries),
		},
		"requestPayload": json.RawMessage(payload), "responseContext": response,
	}
	if json.Valid(o.Payload) {
		out["responsePayload"] = o.Payload
	}
	return out
}

// Run implements [engine.Behaviour]: one try.
func (a *async) Run(ctx context.Context, x store.Effect) ([]byte, error) {
	o, err := a.try(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

func (a *async) try(ctx context.Context, id store.ID) (*asyncOutcome, error) {
	s := a.s
	b, err := s.eng.Store().ReadPart(ctx, id, "event")
	if err != nil {
		return nil, err
	}
	var e asyncEvent
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, err
	}
	payload, err := s.eng.Store().ReadPart(ctx, id, "~payload")
	if err != nil {
		return nil, err
	}
	v, err := s.Resolve(ctx, e.Region, e.Account, e.Function, e.Qualifier)
	if ae, ok := api.As(err); ok {
		return &asyncOutcome{Gone: ae.Code == "ResourceNotFoundException", Throttled: ae.Code != "ResourceNotFoundException"}, nil
	} else if err != nil {
		return nil, err
	}
	if v.Durable != nil { // only as a destination; named after the event, so that a repetition starts nothing
		_, err := s.durable.Invoke(ctx, &DurableInvoke{Version: v, Name: e.RequestID, Payload: payload, Event: true, TraceID: e.TraceID})
		if _, refused := api.As(err); err != nil && !refused {
			return nil, err
		}
		return &asyncOutcome{Version: v.Version, Gone: err != nil}, nil
	}
	in := &InvokeInput{Region: e.Region, Account: e.Account, Function: e.Function, Qualifier: e.Qualifier}
	res, err := s.Run(ctx, v, &host.Invocation{RequestID: e.RequestID, Payload: payload, InvokedARN: in.arn(v), TraceID: e.TraceID, TenantID: e.TenantID})
	if errors.Is(err, host.ErrThrottled) {
		return &asyncOutcome{Throttled: true, Version: v.Version}, nil
	}
	if err != nil {
		if res, err = s.started(ctx, v, e.RequestID, err); err != nil {
			if _, refused := api.As(err); refused {
				return &asyncOutcome{Failed: true, Version: v.Version}, nil
			}
			return nil, err
		}
	}
	o := &asyncOutcome{Failed: res.FunctionError != "", Version: v.Version}
	if (e.OnSuccess != "" || e.OnFailure != "") && json.Valid(res.Payload) && len(res.Payload) <= maxEvent {
		o.Payload = res.Payload
	}
	return o, nil
}
