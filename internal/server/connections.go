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
	return &taskhttp.Connection{Headers: parameters(sent.Headers), Query: parameters(sent.Query), Body: parameters(sent.Body)}, nil
}

func parameters(list []events.Parameter) []taskhttp.Parameter {
	out := make([]taskhttp.Parameter, len(list))
	for i, p := range list {
		out[i] = taskhttp.Parameter(p)
	}
	return out
}
