package server

import (
	"context"

	"github.com/perdure/perdure/internal/support/events"
	"github.com/perdure/perdure/internal/task/taskhttp"
)

// connections gives HTTP Tasks those of EventBridge.
type connections struct{ events *events.Service }

var _ taskhttp.Connections = connections{}

func (c connections) Connection(ctx context.Context, arn string) (*taskhttp.Connection, error) {
	sent, err := c.events.Connection(ctx, arn)
	if err != nil {
		return nil, err
	}
	out := &taskhttp.Connection{Headers: parameters(sent.Headers), Query: parameters(sent.Query), Body: parameters(sent.Body)}
	if o := sent.OAuth; o != nil {
		out.OAuth = &taskhttp.OAuth{Key: o.Key, Endpoint: o.Endpoint, Method: o.Method, ID: o.ID, Secret: o.Secret,
			Headers: parameters(o.Headers), Query: parameters(o.Query), Body: parameters(o.Body)}
	}
	return out, nil
}

func parameters(list []events.Parameter) []taskhttp.Parameter {
	out := make([]taskhttp.Parameter, len(list))
	for i, p := range list {
		out[i] = taskhttp.Parameter(p)
	}
	return out
}
