package provider

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// ResponseKind is the kind of the entities that are requests to the functions of custom resources. Their ids are
// "c/request id". A request is there from the moment the function is to be asked until a day after its end. Parts:
//
//	asked  what the function is asked, and the secret in the URL of the response
//	~end   how it ended: by a response, by the function's failure, by time
//
// Its one effect "invoke" calls the function; its timers are "again", the next try after the function failed, "timeout",
// and "~forget".
const ResponseKind = 'c'

const (
	msgAsk    = "ask"    // Value *asked
	msgAnswer = "answer" // Value *response

	effectInvoke = "invoke"
	timerAgain   = "again"
	timerTimeout = "timeout"
	timerForget  = "~forget"

	maxTries    = 3    // as many as an asynchronous event gets
	maxResponse = 4096 // bytes, CloudFormation's limit
	keepEnded   = 24 * time.Hour
)

// ResponsePath is where responses are put, followed by request id, slash and secret.
const ResponsePath = "/_perdure/cloudformation/responses/"

// Invocation is one call of a function for a custom resource.
type Invocation struct {
	Region, Account, Function, RequestID string
	Payload                              []byte
}

// Responses asks functions for custom resources and takes what they put to the response's URL. Register it with the
// engine for [ResponseKind].
type Responses struct {
	Engine engine.API
	// Invoke calls a function and waits for it. failure is the error object of a function that failed.
	Invoke func(ctx context.Context, in *Invocation) (failure []byte, err error)
	// Endpoint is the base URL under which functions reach the server.
	Endpoint func() string
}

var _ engine.Behaviour = (*Responses)(nil)

// asked is a request as it is kept.
type asked struct {
	Format                    int `json:"format"`
	ID                        string
	Secret                    string
	Region, Account, Function string
	Event                     map[string]any // without the ResponseURL, since the server may have another one tomorrow
	Timeout                   time.Duration
	Tries                     int
}

// ended is how a request ended; Failure is empty if it was met.
type ended struct {
	Format     int    `json:"format"`
	Failure    string `json:",omitempty"`
	Refused    bool   `json:",omitempty"` // the function could not be called at all
	PhysicalID string `json:",omitempty"`
	NoEcho     bool   `json:",omitempty"`
	Data       *cfn.Node
	Body       []byte `json:",omitempty"` // of the response, to know it again
}

// result is what the response says of the resource.
func (e *ended) result() *Result {
	out := &Result{PhysicalID: e.PhysicalID, Attributes: map[string]string{}, NoEcho: e.NoEcho}
	if e.Data == nil || e.Data.Kind != cfn.Map {
		return out
	}
	for i, k := range e.Data.Keys {
		v := e.Data.Items[i]
		if text, ok := v.Scalar(); ok {
			out.Attributes[k] = text
		} else if v.Kind == cfn.List || v.Kind == cfn.Map {
			if out.Values == nil {
				out.Values = map[string]*cfn.Node{}
			}
			out.Values[k] = v
		}
	}
	return out
}

type response struct {
	secret string
	body   []byte
}

func entity(request string) store.ID { return store.ID(string(rune(ResponseKind)) + "/" + request) }

// ask sends a request unless it was sent before, and waits for its end.
func (s *Responses) ask(ctx context.Context, a *asked) (*ended, error) {
	a.Format = 1
	if _, err := s.Engine.Call(ctx, entity(a.ID), engine.Message{Type: msgAsk, Value: a}); err != nil {
		return nil, err
	}
	if _, err := s.Engine.Closed(ctx, entity(a.ID)); err != nil {
		return nil, err
	}
	b, err := s.Engine.Store().ReadPart(ctx, entity(a.ID), "~end")
	if err != nil {
		return nil, err
	}
	e := &ended{}
	return e, json.Unmarshal(b, e)
}

// expired is what a response is answered that nobody waits for.
func expired() *api.Error {
	return &api.Error{Code: "AccessDenied", Message: "Request has expired: this response has been given already, or nobody waits for it", Status: 403}
}

// Put takes a response. request and secret are the two parts of its URL that follow [ResponsePath].
func (s *Responses) Put(ctx context.Context, request, secret string, body []byte) error {
	if strings.ContainsAny(request, "/\x00") || len(request) > 64 || request == "" {
		return expired()
	}
	taken, err := s.Engine.Call(ctx, entity(request), engine.Message{Type: msgAnswer, Value: &response{secret, body}})
	if err == nil && taken != true {
		err = expired()
	}
	return err
}

// Turn implements engine.Behaviour.
func (s *Responses) Turn(tx engine.Tx, m engine.Message) error {
	if m.Type == msgAsk {
		return s.begin(tx, m)
	}
	if !tx.Exists() {
		tx.Reply(false)
		return nil
	}
	if m.Type == engine.TypeTimer && m.Key == timerForget {
		tx.Remove()
		return nil
	}
	var a asked
	if err := json.Unmarshal(tx.Part("asked"), &a); err != nil {
		return fmt.Errorf("request %s: %w", tx.ID(), err)
	}
	if tx.Head().Ended != 0 {
		return repeated(tx, &a, m)
	}
	switch {
	case m.Type == msgAnswer:
		in := m.Value.(*response)
		if subtle.ConstantTimeCompare([]byte(in.secret), []byte(a.Secret)) != 1 {
			tx.Reply(false)
			return nil
		}
		tx.Reply(true)
		return finish(tx, a.read(in.body))
	case m.Type == engine.TypeTimer && m.Key == timerTimeout:
		return finish(tx, &ended{Failure: a.silence()})
	case m.Type == engine.TypeTimer:
		tx.Effect(effectInvoke, effectInvoke, nil)
	case m.Type == engine.TypeEffect:
		return a.invoked(tx, m)
	}
	return nil
}

func (s *Responses) begin(tx engine.Tx, m engine.Message) error {
	if tx.Exists() {
		return nil
	}
	a := m.Value.(*asked)
	a.Secret = strings.ReplaceAll(tx.NewID()+tx.NewID(), "-", "")
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	h := tx.Head()
	h.Owner, h.Name, h.Status, h.Started = a.Region+"/"+a.Account, a.ID, "PENDING", tx.Now().UnixMilli()
	tx.Put("asked", b)
	tx.Effect(effectInvoke, effectInvoke, nil)
	tx.SetTimer(timerTimeout, tx.Now().Add(a.Timeout))
	return nil
}

// repeated answers for a request that has ended: the same response again is fine, since its sender may not have heard.
func repeated(tx engine.Tx, a *asked, m engine.Message) error {
	in, ok := m.Value.(*response)
	if !ok {
		return nil // the function has returned
	}
	b, err := tx.Lazy("~end")
	if err != nil {
		return err
	}
	var e ended
	if err := json.Unmarshal(b, &e); err != nil {
		return err
	}
	tx.Reply(subtle.ConstantTimeCompare([]byte(in.secret), []byte(a.Secret)) == 1 && e.Body != nil && string(e.Body) == string(in.body))
	return nil
}

func finish(tx engine.Tx, e *ended) error {
	e.Format = 1
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	tx.Put("~end", b)
	tx.Head().Status, tx.Head().Ended = "ENDED", tx.Now().UnixMilli()
	tx.ClearTimer(timerAgain)
	tx.ClearTimer(timerTimeout)
	tx.SetTimer(timerForget, tx.Now().Add(keepEnded))
	return nil
}

// silence is the failure of a request that nobody answered.
func (a *asked) silence() string {
	return "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [" + a.ID +
		"]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version."
}

// read makes an end of a response.
func (a *asked) read(body []byte) *ended {
	e := &ended{Body: body}
	var in struct {
		Status, Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId string
		NoEcho                                                                    any // some write "true"
		Data                                                                      *cfn.Node
	}
	if len(body) > maxResponse {
		e.Failure = "Response object is too long."
		return e
	}
	if err := json.Unmarshal(body, &in); err != nil {
		e.Failure = "Response is not valid JSON: " + err.Error()
		return e
	}
	e.PhysicalID, e.NoEcho, e.Data = in.PhysicalResourceId, strings.EqualFold(fmt.Sprint(in.NoEcho), "true"), in.Data
	switch {
	case in.RequestId != a.ID:
		e.Failure = "Invalid RequestId in the response of the custom resource: it must be the one of the request"
	case in.StackId != a.Event["StackId"]:
		e.Failure = "Invalid StackId in the response of the custom resource: it must be the one of the request"
	case in.LogicalResourceId != a.Event["LogicalResourceId"]:
		e.Failure = "Invalid LogicalResourceId in the response of the custom resource: it must be the one of the request"
	case len(in.PhysicalResourceId) > 1024:
		e.PhysicalID, e.Failure = "", "Invalid PhysicalResourceId"
	case in.Status == "SUCCESS":
	case in.Status == "FAILED":
		e.Failure = "Received response status [FAILED] from custom resource. Message returned: " + in.Reason + " (RequestId: " + a.ID + ")"
	default:
		e.Failure = "Invalid Status in the response of the custom resource: it must be SUCCESS or FAILED"
	}
	return e
}

// attempt is how one call of the function ended.
type attempt struct {
	Failure json.RawMessage `json:",omitempty"` // the function's error object
	Refused string          `json:",omitempty"` // why it could not be called
}

// invoked decides what follows a call. A function that ends well may still answer later, by another's hand; one that keeps
// failing will not, and nobody has to wait an hour to hear it.
func (a *asked) invoked(tx engine.Tx, m engine.Message) error {
	var t attempt
	if m.Err == nil {
		if err := json.Unmarshal(m.Body, &t); err != nil {
			return err
		}
	}
	switch {
	case t.Refused != "":
		return finish(tx, &ended{Failure: t.Refused, Refused: true})
	case m.Err == nil && t.Failure == nil:
		return nil
	case t.Failure != nil:
		a.Tries++
	}
	if a.Tries >= maxTries {
		var o struct{ ErrorType, ErrorMessage string }
		if json.Unmarshal(t.Failure, &o) != nil || o.ErrorMessage == "" {
			o.ErrorMessage = string(t.Failure)
		}
		why := o.ErrorMessage
		if o.ErrorType != "" {
			why = o.ErrorType + ": " + why
		}
		return finish(tx, &ended{Failure: fmt.Sprintf("%s The function failed %d times, at last with: %s", a.silence(), a.Tries, why)})
	}
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	tx.Put("asked", b)
	tx.SetTimer(timerAgain, tx.Now().Add(time.Duration(max(a.Tries, 1))*time.Minute))
	return nil
}

// Run implements engine.Behaviour: it calls the function.
func (s *Responses) Run(ctx context.Context, e store.Effect) ([]byte, error) {
	b, err := s.Engine.Store().ReadPart(ctx, e.ID, "asked")
	if err != nil {
		return nil, err
	}
	var a asked
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, err
	}
	if _, err := s.Engine.Store().ReadPart(ctx, e.ID, "~end"); !errors.Is(err, store.ErrNotFound) {
		return json.Marshal(attempt{}) // it has been answered while the server was down
	}
	a.Event["ResponseURL"] = s.Endpoint() + ResponsePath + a.ID + "/" + a.Secret
	payload, err := json.Marshal(a.Event)
	if err != nil {
		return nil, err
	}
	failure, err := s.Invoke(ctx, &Invocation{Region: a.Region, Account: a.Account, Function: a.Function, RequestID: a.ID, Payload: payload})
	if refusal, ok := api.As(err); ok && refusal.HTTPStatus() < 500 && refusal.HTTPStatus() != 429 {
		return json.Marshal(attempt{Refused: refusal.Message})
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(attempt{Failure: failure})
}
