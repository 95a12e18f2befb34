package durable

import (
	"encoding/json"
	"errors"
)

// maxResult is the largest serialized result an answer carries; larger ones go into a checkpoint of the execution.
const maxResult = 6*1024*1024 - 50

// answerJSON is what a durable invocation answers.
type answerJSON struct {
	Status string
	Result *string      `json:",omitempty"`
	Error  *ErrorObject `json:",omitempty"`
}

// answer turns the verdict into the invocation's answer: bytes for the service to judge, or an error for it to retry.
func (d *driver) answer(ex *execution, id string, v *verdict) ([]byte, error) {
	switch v.kind {
	case verdictPending:
		ex.plug.invocationEnded(PluginInvocationPending, nil, nil)
		return marshalJSON(answerJSON{Status: "PENDING"})
	case verdictFault:
		ex.plug.invocationEnded(PluginInvocationRetrying, nil, v.err)
		return nil, v.err
	case verdictFailed:
		return d.failed(ex, v.err, nil)
	}
	out := ex.outcome
	var bad undecodable
	if errors.As(out.err, &bad) {
		ex.plug.invocationEnded(PluginInvocationRetrying, nil, out.err)
		return nil, out.err
	}
	if errors.Is(out.err, errSuspended) { // an operation refused after the end, or misuse of the signal
		ex.plug.invocationEnded(PluginInvocationPending, nil, nil)
		return marshalJSON(answerJSON{Status: "PENDING"})
	}
	if out.err != nil {
		return d.failed(ex, out.err, out.trace)
	}
	result, err := marshalJSON(out.value)
	if err != nil {
		ex.plug.invocationEnded(PluginInvocationRetrying, nil, err)
		return nil, err
	}
	text := string(result)
	if len(text) > maxResult {
		if err := ex.final(OperationUpdate{Id: optional(id), Type: OperationTypeExecution, Action: OperationActionSucceed, Payload: &text}); err != nil {
			var c *CheckpointError
			if errors.As(err, &c) && !c.Retryable() {
				return d.failed(ex, err, nil)
			}
			ex.plug.invocationEnded(PluginInvocationRetrying, nil, err)
			return nil, err
		}
		text = ""
	}
	ex.plug.invocationEnded(PluginInvocationSucceeded, out.value, nil)
	return marshalJSON(answerJSON{Status: "SUCCEEDED", Result: &text})
}

func (d *driver) failed(ex *execution, err error, trace []string) ([]byte, error) {
	ex.plug.invocationEnded(PluginInvocationFailed, nil, err)
	return marshalJSON(answerJSON{Status: "FAILED", Error: d.failure(err, trace)})
}

// failure is the execution's error. Callback and child context failures speak with the text of their cause.
func (d *driver) failure(err error, trace []string) *ErrorObject {
	obj := objectOf(err, trace)
	if !d.opts.stackTraces {
		obj.StackTrace = nil
	}
	switch e := err.(type) {
	case *ChildContextError, *CallbackError, *CallbackExternalError, *CallbackTimeoutError, *CallbackSubmitterError:
		if m := e.(interface{ facts() facts }).facts().Message; m != "" {
			obj.ErrorMessage = &m
		}
	}
	return obj
}

// answerLoad ends an invocation whose state could not be read.
func (d *driver) answerLoad(err error) ([]byte, error) {
	if scopeStated(err) && scopeOf(err) == ErrorScopeExecution {
		return json.Marshal(answerJSON{Status: "FAILED", Error: d.failure(err, nil)})
	}
	return nil, err
}

// scopeStated reports whether a client's error says anything about its reach.
func scopeStated(err error) bool {
	var c *ClientError
	var code interface{ ErrorCode() string }
	var status interface{ HTTPStatusCode() int }
	return errors.As(err, &c) || errors.As(err, &code) || errors.As(err, &status)
}
