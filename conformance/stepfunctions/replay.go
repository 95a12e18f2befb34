package stepfunctions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Replay runs cases against one endpoint.
type Replay struct {
	Client *Client
	Now    func() time.Time // the endpoint's time
	// Wait ends when so much of the endpoint's time has passed.
	Wait func(context.Context, time.Duration) error
	// Functions makes the functions of a case exist; the names are filled in.
	Functions func(ctx context.Context, fs []Function) error
	// Starting, if not nil, is called before an execution is started that is going to be compared.
	Starting func()
}

// run is one case under way.
type run struct {
	*Replay
	m    *matcher
	c    *Case
	stop []string // executions to stop at the end
	made []string // state machines to delete

	activities []string // to delete
}

// Run replays a case; nil if it got what AWS answered.
func (p *Replay) Run(ctx context.Context, c *Case) error {
	r := &run{Replay: p, c: c, m: &matcher{
		bindings: newBindings(c, p.Client.Account, p.Client.Region, p.Now()), later: c.LaterMembers, unordered: c.Unordered,
	}}
	defer r.clean(context.WithoutCancel(ctx))
	fs := make([]Function, len(c.Functions))
	for i, f := range c.Functions {
		f.Name = r.m.fill(f.Name)
		fs[i] = f
	}
	if err := p.Functions(ctx, fs); err != nil {
		return err
	}
	for i := range c.Setup {
		if err := r.step(ctx, &c.Setup[i]); err != nil {
			return fmt.Errorf("setup %d: %w", i, err)
		}
	}
	inner, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer cancel()
	for i := range c.Workers {
		w := c.Workers[i]
		arn, name := r.m.fill(w.ActivityArn), w.WorkerName
		helpers.Go(func() { p.work(inner, arn, name, w.Actions) })
	}
	if len(c.Background) > 0 {
		return errors.New("background steps are not needed by any case here")
	}
	return r.byKind(ctx)
}

func (r *run) byKind(ctx context.Context) error {
	switch r.c.Kind {
	case "api":
		for i := range r.c.APICalls {
			if err := r.step(ctx, &r.c.APICalls[i]); err != nil {
				return fmt.Errorf("step %d: %w", i+1, err)
			}
		}
		return nil
	case "table":
		machines := map[string]string{}
		for i, row := range r.c.Rows {
			if err := r.execution(ctx, row, machines); err != nil {
				return fmt.Errorf("row %d: %w", i+1, err)
			}
		}
		return nil
	case "sync-execution":
		return r.syncExecution(ctx)
	}
	return r.execution(ctx, &r.c.Execution, map[string]string{})
}

// failed is the error of a comparison.
func (r *run) failed(what string) error {
	err := fmt.Errorf("%s differs:\n      %s", what, strings.Join(r.m.why, "\n      "))
	r.m.why = nil
	return err
}

// call makes a call of Step Functions that must succeed.
func (r *run) call(ctx context.Context, op string, params any) (*Answer, error) {
	a, err := r.Client.States(ctx, op, params)
	if err != nil {
		return nil, err
	}
	if a.Code != "" || a.Status >= 300 {
		return nil, fmt.Errorf("%s failed: %s", op, show(a.Body))
	}
	r.note(op, a)
	return a, nil
}

// note remembers what is to be cleaned up.
func (r *run) note(op string, a *Answer) {
	switch op {
	case "StartExecution":
		r.stop = append(r.stop, a.member("executionArn"))
	case "CreateStateMachine":
		r.made = append(r.made, a.member("stateMachineArn"))
	case "CreateActivity":
		r.activities = append(r.activities, a.member("activityArn"))
	}
}

func (r *run) clean(ctx context.Context) {
	for _, arn := range r.stop {
		r.Client.States(ctx, "StopExecution", map[string]any{"executionArn": arn})
	}
	for _, arn := range r.made {
		r.Client.States(ctx, "DeleteStateMachine", map[string]any{"stateMachineArn": arn})
	}
	for _, arn := range r.activities {
		r.Client.States(ctx, "DeleteActivity", map[string]any{"activityArn": arn})
	}
}

// machine creates the machine of an execution, once per name and definition.
func (r *run) machine(ctx context.Context, e *Execution, machines map[string]string) (string, error) {
	id := e.MachineName + "\x00" + e.Definition
	if arn, ok := machines[id]; ok {
		return arn, nil
	}
	params := map[string]any{"name": r.m.fill(e.MachineName), "definition": r.m.fill(e.Definition), "roleArn": r.m.fill(e.RoleArn)}
	if e.MachineType != "" {
		params["type"] = e.MachineType
	}
	for k, v := range e.CreateParams {
		params[k] = r.m.fillAll(v)
	}
	a, err := r.call(ctx, "CreateStateMachine", params)
	if err != nil {
		return "", err
	}
	if want, ok := e.Expected["createStateMachine"]; ok && !r.m.match("createStateMachine", want, a.Body) {
		return "", r.failed("CreateStateMachine's answer")
	}
	machines[id] = a.member("stateMachineArn")
	return machines[id], nil
}

func (r *run) startParams(e *Execution, machine string) map[string]any {
	params := map[string]any{"stateMachineArn": machine}
	if e.Input != nil {
		params["input"] = r.m.fill(*e.Input)
	}
	if e.ExecutionName != nil {
		params["name"] = r.m.fill(*e.ExecutionName)
	}
	return params
}

func (r *run) syncExecution(ctx context.Context) error {
	e := &r.c.Execution
	arn, err := r.machine(ctx, e, map[string]string{})
	if err != nil {
		return err
	}
	a, err := r.call(ctx, "StartSyncExecution", r.startParams(e, arn))
	if err != nil {
		return err
	}
	if e.Bind != nil && !r.m.part("bind", e.Bind, a.Body) {
		return r.failed("what is bound")
	}
	if !r.m.match("answer", e.Expected["answer"], a.Body) {
		return r.failed("StartSyncExecution's answer")
	}
	return nil
}

func (r *run) execution(ctx context.Context, e *Execution, machines map[string]string) error {
	machine, err := r.machine(ctx, e, machines)
	if err != nil {
		return err
	}
	if r.Starting != nil {
		r.Starting()
	}
	a, err := r.call(ctx, "StartExecution", r.startParams(e, machine))
	if err != nil {
		return err
	}
	if e.Bind != nil && !r.m.part("bind", e.Bind, a.Body) {
		return r.failed("what is bound")
	}
	if want, ok := e.Expected["startExecution"]; ok && !r.m.match("startExecution", want, a.Body) {
		return r.failed("StartExecution's answer")
	}
	arn := a.member("executionArn")
	if e.Expected["status"] == "RUNNING" {
		return r.running(ctx, e, arn)
	}
	d, err := r.until(ctx, arn, func(status string) bool { return status != "RUNNING" })
	if err != nil {
		return err
	}
	return r.compare(ctx, e, arn, d)
}

// compare looks at the end of an execution and its history.
func (r *run) compare(ctx context.Context, e *Execution, arn string, d *Answer) error {
	got := d.Body.(map[string]any)
	ok := r.m.match("status", e.Expected["status"], got["status"])
	for _, name := range []string{"output", "error", "cause"} {
		if want, there := e.Expected[name]; there {
			ok = r.m.match(name, want, got[name]) && ok
		} else if v, there := got[name]; there {
			ok = r.m.diff(name, "is not expected: %s", show(v))
		}
	}
	if want, there := e.Expected["describeExecution"]; there {
		ok = r.m.match("describeExecution", want, d.Body) && ok
	}
	if want, there := e.Expected["events"].([]any); there {
		want, _ = recordedLater(want, r.c.Source.Recorded)
		events, err := r.history(ctx, arn)
		if err != nil {
			return err
		}
		ok = r.m.events(want, events, e.EventOrder == "concurrent") && ok
	}
	if !ok {
		return r.failed("the execution")
	}
	return nil
}

// running waits until the history has as many events as were recorded, and compares those.
func (r *run) running(ctx context.Context, e *Execution, arn string) error {
	want, _ := e.Expected["events"].([]any)
	for {
		events, err := r.history(ctx, arn)
		if err != nil {
			return err
		}
		if len(events) >= len(want) {
			d, err := r.call(ctx, "DescribeExecution", map[string]any{"executionArn": arn})
			if err != nil {
				return err
			}
			return r.compare(ctx, e, arn, d)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (r *run) history(ctx context.Context, arn string) ([]any, error) {
	var events []any
	params := map[string]any{"executionArn": arn, "maxResults": 1000}
	for {
		a, err := r.call(ctx, "GetExecutionHistory", params)
		if err != nil {
			return nil, err
		}
		page, _ := a.Body.(map[string]any)["events"].([]any)
		events = append(events, page...)
		next := a.member("nextToken")
		if next == "" {
			return events, nil
		}
		params["nextToken"] = next
	}
}

// until polls an execution until its status is as wanted.
func (r *run) until(ctx context.Context, arn string, ok func(status string) bool) (*Answer, error) {
	for {
		d, err := r.call(ctx, "DescribeExecution", map[string]any{"executionArn": arn})
		if err != nil {
			return nil, err
		}
		if ok(d.member("status")) {
			return d, nil
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("%s is still %s: %w", arn, d.member("status"), err)
		}
	}
}

// pause is the time between two looks.
func pause(ctx context.Context) error {
	t := time.NewTimer(20 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
