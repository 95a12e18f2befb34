package states

import (
	"context"

	"github.com/perdure/perdure/internal/api"
)

// Do calls an operation without the wire, as a Task state does. A StartExecution with the id of an earlier request finds the
// execution that the earlier one started, even if that has ended.
func (s *Service) Do(ctx context.Context, operation, region, account, request string, body []byte) ([]byte, error) {
	for _, o := range s.Operations() {
		if o.Name != operation {
			continue
		}
		r, err := o.Handle(ctx, &api.Request{
			Service: "states", Operation: operation, Region: region, Account: account, RequestID: request, Body: body,
		})
		if err != nil {
			return nil, err
		}
		return r.Body, nil
	}
	return nil, api.Unknown("states", operation)
}
