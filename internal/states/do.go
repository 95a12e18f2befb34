package states

import (
	"context"

	"github.com/perdure/perdure/internal/api"
)

// Do calls an operation without the wire, as a Task state does.
func (s *Service) Do(ctx context.Context, operation, region, account string, body []byte) ([]byte, error) {
	for _, o := range s.Operations() {
		if o.Name != operation {
			continue
		}
		r, err := o.Handle(ctx, &api.Request{
			Service: "states", Operation: operation, Region: region, Account: account, RequestID: s.engine.NewID(), Body: body,
		})
		if err != nil {
			return nil, err
		}
		return r.Body, nil
	}
	return nil, api.Unknown("states", operation)
}
