// Package taskhttp calls HTTP endpoints for Task states: arn:aws:states:::http:invoke.
//
// Parameters, headers and errors follow step-functions specification, section 4.6, and the developer guide's page on HTTPS
// APIs. A call names an EventBridge connection, whose headers, query and body parameters go over those of the state. Status
// codes other than 2xx fail with States.Http.StatusCode.NNN and the body as cause; what never became an answer, or did not
// within 60 seconds of real time, with States.Http.Socket; what cannot be sent or read as text with States.Runtime.
//
// A call is made at least once: if the server ends while one is under way, it is made anew after the restart. Nothing tells
// the endpoint that it is a repetition, as on AWS; endpoints that mind need a key of the state's own in the request.
//
// Over a connection with OAuth the token is got first, and kept for further calls until it expires, the endpoint answers 401
// or 407, or the connection is changed. That call then fails; a Retry gets a new token. A token that cannot be had fails the
// task with Events.ConnectionResource.InvalidConnectionState.
//
// AWS demands https. Here http is allowed as well for loopback addresses and localhost, so that programs on the same machine
// can be called.
//
// Decided here, because nobody knows what AWS does: redirects are not followed and fail as any status that is not 2xx; names
// of headers are in lower case; a body that is JSON becomes JSON, whatever its type says; array values of query parameters
// are repeated; a RequestBody that is a text is sent as it is; commas between values are not escaped; client_id and client_secret
// go to where a token is got beside the parameters for it, in a form, or in the query of a GET; and the causes of
// everything but status codes are worded here.
package taskhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/task"
)

// Parameter is a name and a value to send.
type Parameter struct{ Key, Value string }

// Connection is what calls over a connection send beside what the state says, credentials included.
type Connection struct {
	Headers, Query, Body []Parameter
	OAuth                *OAuth // nil if there is no token to get first
}

// OAuth is how to get a token, which is sent as a header.
type OAuth struct {
	Key                          string // another one after every change of the connection
	Endpoint, Method, ID, Secret string
	Headers, Query, Body         []Parameter
}

// Connections are those of EventBridge.
type Connections interface {
	// Connection finds one by its ARN; without it the error is an *api.Error.
	Connection(ctx context.Context, arn string) (*Connection, error)
}

// Limits of a call.
const (
	Timeout = 60 * time.Second
	maxBody = 8 << 20 // of an answer; that of a state's result is asl's business
)

// Runner is the task.Runner for the service "http". New makes one.
type Runner struct {
	connections Connections
	now         func() time.Time
	timeout     time.Duration
	client      http.Client
	tokens      tokens
}

// New makes a runner; now is outside time, in which tokens expire. Its Close is to be called when no call is under way any more.
func New(c Connections, now func() time.Time) *Runner {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // the endpoint decides about its answer, which is shown as it came
	return &Runner{connections: c, now: now, timeout: Timeout, client: http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close drops connections that are kept for further calls.
func (r *Runner) Close() { r.client.CloseIdleConnections() }

// Run implements task.Runner.
func (r *Runner) Run(ctx context.Context, t *task.Request) (*task.Result, error) {
	if t.Action != "invoke" {
		return task.BadParameters(t.Arguments, "the action '"+t.Action+"' is not supported"), nil
	}
	args, err := value.Decode(t.Arguments, value.Limits{})
	if err != nil {
		return task.BadParameters(t.Arguments, "they are not JSON"), nil
	}
	c, problem := parse(args)
	if problem != "" {
		return task.BadParameters(t.Arguments, problem), nil
	}
	conn, err := r.connections.Connection(ctx, c.connection)
	if e, ok := api.As(err); ok {
		return &task.Result{Error: "Events.ConnectionResource.ResourceNotFound", Cause: e.Message}, nil
	}
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if conn.OAuth != nil {
		header, res := r.token(limited, conn.OAuth)
		switch {
		case limited.Err() != nil:
			return r.broken(ctx, limited, limited.Err())
		case res != nil:
			return res, nil
		}
		conn = conn.authorized(header)
	}
	req, problem := c.request(limited, conn, t.Region)
	if problem != "" {
		return task.BadParameters(t.Arguments, problem), nil
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return r.broken(ctx, limited, err)
	}
	defer resp.Body.Close()
	if o := conn.OAuth; o != nil && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusProxyAuthRequired) {
		r.tokens.drop(o.Key)
	}
	return r.answer(ctx, limited, resp)
}

// broken is the failure of a call that got no answer. If the caller is gone, it is to be made again.
func (r *Runner) broken(caller, limited context.Context, err error) (*task.Result, error) {
	if caller.Err() != nil {
		return nil, caller.Err()
	}
	if limited.Err() != nil {
		return &task.Result{Error: "States.Http.Socket", Cause: "The HTTP request did not complete within " + r.timeout.String() + "."}, nil
	}
	return &task.Result{Error: "States.Http.Socket", Cause: "Unable to execute HTTP request: " + reason(err)}, nil
}
