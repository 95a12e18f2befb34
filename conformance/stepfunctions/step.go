package stepfunctions

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// step does one step of a case and compares its answer.
func (r *run) step(ctx context.Context, s *Step) error {
	if s.Wait != "" {
		return r.wait(ctx, s)
	}
	if s.Service == "logs" {
		return r.logs(ctx, s)
	}
	if s.Service == "s3" {
		params, _ := r.m.fillAll(anyMap(s.Params)).(map[string]any)
		return r.Client.S3(ctx, s.Op, params)
	}
	if s.Service != "" && s.Service != "states" {
		return fmt.Errorf("the service %s is not needed by any case here", s.Service)
	}
	client := *r.Client
	if s.Account == "secondary" {
		client.Account = "111111111111"
	}
	params, _ := r.m.fillAll(anyMap(s.Params)).(map[string]any)
	a, err := client.States(ctx, s.Op, params)
	if err != nil {
		return err
	}
	if s.ExpectError != nil {
		return r.refused(s, a)
	}
	if a.Code != "" || a.Status >= 300 {
		return fmt.Errorf("%s failed: %s", s.Op, show(a.Body))
	}
	r.note(s.Op, a)
	if s.Op == "StartExecution" { // lists are by start, in milliseconds; a call of AWS takes longer than one
		if err := r.Wait(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
	if s.AllPages {
		if err := r.allPages(ctx, s.Op, params, a); err != nil {
			return err
		}
	}
	switch {
	case s.Bind != nil && !r.m.part("bind", s.Bind, a.Body):
		return r.failed(s.Op + ": what is bound")
	case s.ExpectContains != nil && !r.m.contains(s.Op, s.ExpectContains, a.Body):
		return r.failed(s.Op + "'s answer")
	case s.Expect != nil:
		if a.Body == nil {
			a.Body = map[string]any{}
		}
		if w, ok := s.Expect.(map[string]any); ok {
			if events, ok := w["events"].([]any); ok && len(w) == 1 {
				got, _ := a.Body.(map[string]any)["events"].([]any)
				if !r.m.events(events, got, false) {
					return r.failed(s.Op + "'s answer")
				}
				return nil
			}
		}
		if !r.m.match(s.Op, s.Expect, a.Body) {
			return r.failed(s.Op + "'s answer")
		}
	}
	return nil
}

func anyMap(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// refused compares an expected error.
func (r *run) refused(s *Step, a *Answer) error {
	if a.Code == "" {
		return fmt.Errorf("%s was to be refused with %s, got %s", s.Op, show(s.ExpectError), show(a.Body))
	}
	ok := true
	if code, there := s.ExpectError["code"]; there {
		ok = r.m.match("code", code, a.Code)
	}
	if text, there := s.ExpectError["message"]; there {
		got := a.member("message")
		if got == "" {
			got = a.member("Message")
		}
		ok = r.m.match("message", text, got) && ok
	}
	if status, there := s.ExpectError["httpStatus"].(float64); there && int(status) != a.Status {
		ok = r.m.diff("httpStatus", "want %v, got %d", status, a.Status)
	}
	if members, there := s.ExpectError["members"].(map[string]any); there {
		for _, n := range names(members) {
			ok = r.m.match("members."+n, members[n], a.Body.(map[string]any)[n]) && ok
		}
	}
	if !ok {
		return r.failed(s.Op + "'s error")
	}
	return nil
}

// allPages adds the lists of all further pages to the first answer.
func (r *run) allPages(ctx context.Context, op string, params map[string]any, a *Answer) error {
	all, _ := a.Body.(map[string]any)
	for next := a.member("nextToken"); next != ""; {
		params["nextToken"] = next
		page, err := r.call(ctx, op, params)
		if err != nil {
			return err
		}
		for name, v := range page.Body.(map[string]any) {
			if items, ok := v.([]any); ok {
				old, _ := all[name].([]any)
				all[name] = append(old, items...)
			}
		}
		next = page.member("nextToken")
	}
	delete(all, "nextToken")
	return nil
}

// wait waits for an execution.
func (r *run) wait(ctx context.Context, s *Step) error {
	arn := r.m.fill(s.ExecutionArn)
	switch s.Wait {
	case "started":
		return r.see(ctx, arn, func(map[string]any) bool { return true })
	case "historyEvent":
		return r.see(ctx, arn, func(e map[string]any) bool {
			name, named := s.Event["name"]
			return e["type"] == s.Event["type"] && (!named || strings.Contains(place(e), " "+r.m.fill(name)))
		})
	}
	d, err := r.until(ctx, arn, func(status string) bool { return status != "RUNNING" })
	if err != nil {
		return err
	}
	if want := strings.ToUpper(s.Wait); want != "TERMINATED" && d.member("status") != want {
		return fmt.Errorf("%s was to end %s, got %s", arn, want, show(d.Body))
	}
	return nil
}

// see waits for an event.
func (r *run) see(ctx context.Context, arn string, ok func(map[string]any) bool) error {
	for {
		events, err := r.history(ctx, arn)
		if err != nil {
			return err
		}
		for _, e := range events {
			if o, is := e.(map[string]any); is && ok(o) {
				return nil
			}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// work is an activity's worker: it takes one task and does its actions.
func (p *Replay) work(ctx context.Context, arn, name string, actions []Action) {
	params := map[string]any{"activityArn": arn}
	if name != "" {
		params["workerName"] = name
	}
	var task *Answer
	for task == nil || task.member("taskToken") == "" {
		a, err := p.Client.States(ctx, "GetActivityTask", params)
		if err != nil || a.Code != "" {
			return
		}
		task = a
	}
	for _, act := range actions {
		if act.SleepSeconds > 0 {
			if p.Wait(ctx, time.Duration(act.SleepSeconds*float64(time.Second))) != nil {
				return
			}
			continue
		}
		p.Client.States(ctx, act.Op, given(act.Params, task))
	}
}

// given puts the task's input and token where an action wants them.
func given(params map[string]any, task *Answer) map[string]any {
	out := map[string]any{}
	for n, v := range params {
		out[n] = v
		if o, ok := v.(map[string]any); ok && len(o) == 1 {
			switch o["task"] {
			case "input":
				out[n] = task.member("input")
			case "token":
				out[n] = task.member("taskToken")
			}
		}
	}
	return out
}
