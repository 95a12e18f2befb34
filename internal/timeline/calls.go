package timeline

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"time"

	"github.com/perdure/perdure/internal/api"
)

// call is one call of a function that a task has scheduled. It claims the durable execution it began: the first of that
// function that started no earlier and with its payload. Of two executions that make the same call at the same time each
// may have the other's, which reads the same.
type call struct {
	function string
	at       time.Time
	payload  any // nil if the task gave none, which any input fits
	claimed  bool
}

// maxPages bounds how many pages of a function's durable executions one look reads.
const maxPages = 20

// call is what a scheduled task calls, nil if that is no function.
func (e machineEvent) call() *call {
	if e.Scheduled == nil || e.Scheduled.ResourceType != "lambda" {
		return nil
	}
	var p struct {
		FunctionName string
		Payload      any
	}
	if json.Unmarshal([]byte(e.Scheduled.Parameters), &p) != nil || p.FunctionName == "" {
		return nil
	}
	return &call{function: functionName(p.FunctionName), at: e.Timestamp.time(), payload: p.Payload}
}

// claim tells whether a call of the execution began the durable execution whose first event is e.
func (f *Follower) claim(s *source, e durableEvent) bool {
	var input any
	if e.Started != nil {
		json.Unmarshal([]byte(e.Started.Input.String()), &input)
	}
	for _, c := range f.calls {
		if !c.claimed && c.function == s.name && !e.EventTimestamp.time().Before(c.at) &&
			(c.payload == nil || reflect.DeepEqual(c.payload, input)) {
			c.claimed = true
			return true
		}
	}
	return false
}

// discover finds durable executions of the functions that calls name, as long as one of their calls has claimed none.
func (f *Follower) discover(ctx context.Context) error {
	open := map[string]bool{}
	for _, c := range f.calls {
		if !c.claimed && !open[c.function] {
			open[c.function] = true
			if err := f.discoverOf(ctx, c.function); err != nil {
				return err
			}
		}
	}
	return nil
}

// discoverOf finds those of one function that have started since the state machine's execution did.
func (f *Follower) discoverOf(ctx context.Context, fn string) error {
	path := "/2025-12-01/functions/" + url.PathEscape(fn) + "/durable-executions"
	after := f.since.Add(-time.Millisecond) // the bound is exclusive
	query := url.Values{"StartedAfter": {after.UTC().Format(time.RFC3339Nano)}}
	for range maxPages {
		var out struct {
			DurableExecutions []struct{ DurableExecutionArn string }
			NextMarker        string
		}
		err := f.c.REST(ctx, "lambda", "GET", path, query, nil, &out)
		if e, ok := errors.AsType[*api.Error](err); ok && e.Code == "ResourceNotFoundException" {
			return nil // the task fails by itself
		}
		if err != nil {
			return err
		}
		for _, d := range out.DurableExecutions {
			if f.durable[d.DurableExecutionArn] == nil {
				f.durable[d.DurableExecutionArn] = &source{arn: d.DurableExecutionArn, name: fn}
			}
		}
		if out.NextMarker == "" {
			break
		}
		query.Set("Marker", out.NextMarker)
	}
	return nil
}
