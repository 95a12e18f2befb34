package durabletest

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/durop"
)

// OpenCallback is a callback nobody answered yet. That of WaitForCallback has no name of its own.
type OpenCallback struct{ CallbackID, Name string }

// OpenCallbacks lists the callbacks that can be answered, in the order of their creation.
func (r *LocalRunner[I, O]) OpenCallbacks() []OpenCallback {
	var out []OpenCallback
	if r.client.service == nil {
		return nil
	}
	for _, o := range r.client.state.Ops {
		if o.Type == durop.Callback && o.Status == durop.Started {
			out = append(out, OpenCallback{CallbackID: o.CallbackID, Name: o.Name})
		}
	}
	return out
}

// SendCallbackSuccess answers a callback. The payload is encoded as JSON, so a string arrives with its quotes unless the
// callback decodes JSON.
func (r *LocalRunner[I, O]) SendCallbackSuccess(callbackID string, payload any) error {
	data, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("durabletest: the payload cannot be encoded: %w", err)
	}
	return r.answer(callbackID, durop.Quote(data), nil)
}

// SendCallbackFailure answers a callback with a failure.
func (r *LocalRunner[I, O]) SendCallbackFailure(callbackID, errorType, errorMessage string) error {
	return r.answer(callbackID, nil, durop.NewError(errorMessage, errorType))
}

// SendCallbackHeartbeat checks that the callback is open. Heartbeat time-outs are not simulated; see TimeoutCallback.
func (r *LocalRunner[I, O]) SendCallbackHeartbeat(callbackID string) error {
	o, err := r.open(callbackID)
	if err == nil {
		r.client.state.Beat(o, r.client.now)
	}
	return err
}

// TimeoutCallback lets an open callback time out now.
func (r *LocalRunner[I, O]) TimeoutCallback(callbackID string) error {
	o, err := r.open(callbackID)
	if err != nil {
		return err
	}
	s := r.client.service
	o.Due, o.HeartbeatDue = s.now, 0
	s.state = durop.NewState(s.state.Ops, s.state.Clock, s.state.Seen, s.state.Mark)
	_, events := s.state.Due(s.now)
	s.append(events...)
	return nil
}

func (r *LocalRunner[I, O]) open(callbackID string) (*durop.Operation, error) {
	if r.client.service != nil && r.client.closed == nil {
		for _, o := range r.client.state.Ops {
			if o.Type == durop.Callback && o.CallbackID == callbackID && o.Status == durop.Started {
				return o, nil
			}
		}
	}
	return nil, errors.New("durabletest: the callback " + callbackID + " is not open")
}

func (r *LocalRunner[I, O]) answer(callbackID string, result durop.Text, failure durop.Object) error {
	o, err := r.open(callbackID)
	if err != nil {
		return err
	}
	e, _ := r.client.state.Answer(o, result, failure, r.client.now)
	r.client.append(e)
	return nil
}
