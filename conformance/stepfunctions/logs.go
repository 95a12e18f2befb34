package stepfunctions

import (
	"context"
	"fmt"
)

// logs does a step on CloudWatch Logs. GetExecutionLogs stands for reading all events of a group, which may take a moment
// to come.
func (r *run) logs(ctx context.Context, s *Step) error {
	params, _ := r.m.fillAll(anyMap(s.Params)).(map[string]any)
	if s.Op != "GetExecutionLogs" {
		a, err := r.Client.Logs(ctx, s.Op, params)
		if err == nil && a.Status >= 300 {
			err = fmt.Errorf("%s failed: %s", s.Op, show(a.Body))
		}
		return err
	}
	for {
		records, err := r.logRecords(ctx, params["logGroupName"])
		if err != nil {
			return err
		}
		enough := len(records) > 0 && len(records) >= len(s.ExpectLogEvents)
		if ended := enough && s.ExpectLastLogEvent != nil; ended && !r.m.try(func() bool {
			return r.m.match("", s.ExpectLastLogEvent, records[len(records)-1])
		}) {
			enough = false
		}
		if enough {
			return r.compareLogs(s, records)
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("the log group holds only %s: %w", show(records), err)
		}
	}
}

func (r *run) compareLogs(s *Step, records []any) error {
	if s.ExpectLogEvents != nil && !r.m.match("log", []any(s.ExpectLogEvents), any(records)) {
		return r.failed("the log")
	}
	if s.ExpectLastLogEvent != nil && !r.m.match("log", s.ExpectLastLogEvent, records[len(records)-1]) {
		return r.failed("the log")
	}
	return nil
}

// logRecords are the messages of a group, decoded.
func (r *run) logRecords(ctx context.Context, group any) ([]any, error) {
	a, err := r.Client.Logs(ctx, "FilterLogEvents", map[string]any{"logGroupName": group})
	if err != nil || a.Status >= 300 {
		return nil, fmt.Errorf("FilterLogEvents answered %+v: %w", a, err)
	}
	events, _ := a.Body.(map[string]any)["events"].([]any)
	var out []any
	for _, e := range events {
		text, _ := e.(map[string]any)["message"].(string)
		v, err := decode([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("the log record %q: %w", text, err)
		}
		out = append(out, v)
	}
	return out, nil
}
