// Package api is the vocabulary that services and the wire share.
//
// A service (states, lambda, stacks, support/...) describes what it offers as a list of [Operation]s and knows nothing
// of HTTP framing, signatures or protocols. The wire (internal/wire) takes those lists, authenticates and routes a
// request to one of them, and writes the [Response] or the [Error] in the protocol of that service. Read next:
// internal/wire for the protocols, internal/states and internal/lambda for the operations.
//
// Invariants: an operation that is not in a service's list does not exist and is answered with a 4xx that names it; a
// handler never panics on input; every error a client can see is an [*Error].
package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Request is one authenticated call of an operation. It is not modified after it was made.
type Request struct {
	Service   string            // signing name: "states", "lambda", "cloudformation", "s3", ...
	Operation string            // name in the AWS model, "StartExecution"
	Region    string            // from the credential scope
	Account   string            // 12 digits
	AccessKey string            // who signed; empty when nobody did
	RequestID string            // also answered as x-amzn-RequestId
	Method    string            // HTTP method
	Path      map[string]string // REST path parameters, decoded once
	Query     url.Values        // query string, decoded
	Header    http.Header       // request headers, canonical names
	Body      []byte            // raw body, already bounded by Operation.MaxBody
	Endpoint  string            // base URL under which the client reached us, "http://127.0.0.1:4566"
}

// Response is what an operation answers. Status 0 means the operation's Status.
type Response struct {
	Status int
	Header http.Header // may be nil; canonical names
	Body   []byte      // already encoded in the protocol's body format
}

// Handler does one operation. It returns an [*Error] for everything a client did wrong; any other error is logged and
// answered as the protocol's internal failure.
type Handler func(ctx context.Context, r *Request) (*Response, error)

// Operation is one entry of a service's list.
type Operation struct {
	Name string
	// Method and Path route REST protocols. Path segments in braces are parameters: "/2015-03-31/functions/{FunctionName}".
	// They match one escaped segment ("%2F" stays inside), "{Key+}" matches the rest of the path. Both are empty for
	// protocols that route by X-Amz-Target or Action.
	Method, Path string
	// Match distinguishes REST operations with the same method and path by a query key that must be present ("uploads"),
	// or absent ("!uploads"). Empty: always.
	Match   string
	Status  int   // success status, 0 means 200
	MaxBody int64 // bytes; 0 means the wire's default of 1 MiB
	Handle  Handler
}

// JSON adapts a typed function to a Handler for JSON protocols without path or query members: the body is decoded into
// In, the result encoded as the body. A body that is not JSON of In's shape is a SerializationException.
func JSON[In, Out any](f func(ctx context.Context, r *Request, in *In) (*Out, error)) Handler {
	return func(ctx context.Context, r *Request) (*Response, error) {
		in := new(In)
		if len(r.Body) > 0 {
			if err := json.Unmarshal(r.Body, in); err != nil {
				return nil, Serialization(err)
			}
		}
		out, err := f(ctx, r, in)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(out)
		if err != nil {
			return nil, err
		}
		return &Response{Body: body}, nil
	}
}
