package server

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/stacks/provider"
)

// calls does the services' operations for stacks, without the wire in between.
type calls struct {
	handlers map[string]api.Handler // by "service:Operation"
	endpoint func() string
}

func newCalls(endpoint func() string) *calls {
	return &calls{map[string]api.Handler{}, endpoint}
}

// offer adds a service's operations.
func (c *calls) offer(service string, operations []api.Operation) {
	for _, o := range operations {
		c.handlers[service+":"+o.Name] = o.Handle
	}
}

// Call implements provider.Caller.
func (c *calls) Call(ctx context.Context, in provider.Call) ([]byte, error) {
	h := c.handlers[in.Service+":"+in.Operation]
	if h == nil {
		return nil, api.Unknown(in.Service, in.Operation)
	}
	r := &api.Request{
		Service: in.Service, Operation: in.Operation, Region: in.Region, Account: in.Account, RequestID: newID(),
		Path: in.Path, Query: in.Query, Header: http.Header{}, Endpoint: c.endpoint(),
	}
	if in.Body != nil {
		b, err := json.Marshal(in.Body)
		if err != nil {
			return nil, err
		}
		r.Body = b
	}
	resp, err := h(ctx, r)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// reached is where what runs on this machine reaches the server, if it may be told so once and for all: unlike inside, it
// is not another at every start.
func (s *Server) reached() string {
	if s.cfg.TLSCert != "" {
		return s.url
	}
	return s.inside
}
