package server

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/stacks/provider"
)

// newResponses makes the part that asks functions for custom resources.
func newResponses(e *engine.Engine, l *lambda.Service, endpoint func() string) *provider.Responses {
	return &provider.Responses{Engine: e, Endpoint: endpoint, Invoke: func(ctx context.Context, in *provider.Invocation) ([]byte, error) {
		call := &lambda.InvokeInput{Region: in.Region, Account: in.Account, Function: in.Function, Payload: in.Payload, RequestID: in.RequestID}
		out, err := l.Invoke(ctx, call)
		if e, ok := api.As(err); ok && strings.HasPrefix(e.Message, "You cannot synchronously invoke") { // it may take a year
			call.Type = "Event"
			out, err = l.Invoke(ctx, call)
		}
		if err != nil || out.FunctionError == "" {
			return nil, err
		}
		return out.Payload, nil
	}}
}

// maxResponse is more than a response may have, so that CloudFormation can say so.
const maxResponse = 64 << 10

// putResponse takes what a function puts to the URL it was given: whoever knows the URL may, without a signature, as with
// a presigned URL of S3.
func (s *Server) putResponse(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxResponse))
	if err != nil {
		http.Error(w, "the response cannot be read, or has more than 64 KiB", http.StatusBadRequest)
		return
	}
	request, secret, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, provider.ResponsePath), "/")
	err = s.parts.responses.Put(req.Context(), request, secret, body)
	if e, ok := api.As(err); ok {
		http.Error(w, e.Message, e.HTTPStatus())
		return
	}
	if err != nil {
		s.cfg.Log.Error("a response for a custom resource could not be taken", "request", request, "error", err)
		http.Error(w, "the response could not be stored; put it again", http.StatusInternalServerError)
	}
}
