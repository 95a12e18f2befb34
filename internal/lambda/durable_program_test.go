package lambda

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/perdure/perdure/internal/host"
)

// program is the smallest SDK that the wire allows: it replays from the operations in the event, checkpoints as it goes,
// and suspends by returning PENDING. Operations get their ids from their place in the program.
type program struct {
	w      *world
	arn    string
	token  string
	ops    map[string]*opView
	input  string
	parent string
	count  int
	root   *program
	event  *eventView
	after  func() // called after each checkpoint; only of the root
}

// opView is an operation as the wire shows it.
type opView struct {
	ID               string `json:"Id"`
	Type, Status     string
	ExecutionDetails struct{ InputPayload string }
	StepDetails      struct {
		Attempt int
		Result  *string
		Error   *errorView
	}
	ContextDetails struct {
		ReplayChildren bool
		Result         *string
		Error          *errorView
	}
	CallbackDetails struct {
		CallbackID string `json:"CallbackId"`
		Result     *string
		Error      *errorView
	}
	ChainedInvokeDetails struct {
		Result *string
		Error  *errorView
	}
}

type errorView struct{ ErrorMessage, ErrorType string }

func (e *errorView) Error() string { return e.ErrorType + ": " + e.ErrorMessage }

type eventView struct {
	DurableExecutionArn, CheckpointToken string
	InitialExecutionState                struct {
		Operations []*opView
		NextMarker string
	}
	UpdatedOperationIds []string
}

// suspended ends an invocation with PENDING, crashed with a function error.
type suspended struct{}
type crashed struct{ err error }

// durableFunc makes a handler of a program body.
func durableFunc(body func(p *program) (string, error)) func(*world, *host.Invocation) (string, error) {
	return func(w *world, in *host.Invocation) (out string, err error) {
		p := &program{w: w, ops: map[string]*opView{}, event: &eventView{}}
		p.root = p
		if err := json.Unmarshal(in.Payload, p.event); err != nil {
			return "", err
		}
		p.arn, p.token = p.event.DurableExecutionArn, p.event.CheckpointToken
		p.learn(p.event.InitialExecutionState.Operations)
		marker := p.event.InitialExecutionState.NextMarker
		for marker != "" {
			marker = p.page(marker)
		}
		p.input = p.event.InitialExecutionState.Operations[0].ExecutionDetails.InputPayload
		defer func() {
			switch r := recover().(type) {
			case nil:
			case suspended:
				out, err = `{"Status":"PENDING"}`, nil
			case crashed:
				out, err = "", r.err
			default:
				panic(r)
			}
		}()
		result, err := body(p)
		if err != nil {
			e := toView(err)
			b, _ := json.Marshal(map[string]any{"Status": "FAILED", "Error": e})
			return string(b), nil
		}
		b, _ := json.Marshal(map[string]any{"Status": "SUCCEEDED", "Result": result})
		return string(b), nil
	}
}

func toView(err error) *errorView {
	if e, ok := err.(*errorView); ok {
		return e
	}
	return &errorView{ErrorMessage: err.Error(), ErrorType: "Error"}
}

func (p *program) learn(ops []*opView) {
	for _, o := range ops {
		p.root.ops[o.ID] = o
	}
}

// page fetches one more page of state.
func (p *program) page(marker string) string {
	out, err := p.w.call("GetDurableExecutionState", arnPath(p.arn), url.Values{"CheckpointToken": {p.root.token}, "Marker": {marker}}, "")
	if err != nil {
		panic(crashed{failed{"StateError", err.Error()}})
	}
	var page struct {
		Operations []*opView
		NextMarker string
	}
	if err := json.Unmarshal([]byte(out), &page); err != nil {
		panic(err)
	}
	p.learn(page.Operations)
	return page.NextMarker
}

// checkpoint sends updates; an error crashes the invocation, as the SDKs do.
func (p *program) checkpoint(updates ...map[string]any) {
	if updates == nil {
		updates = []map[string]any{}
	}
	body, _ := json.Marshal(map[string]any{"CheckpointToken": p.root.token, "ClientToken": p.w.newID(), "Updates": updates})
	out, err := p.w.call("CheckpointDurableExecution", arnPath(p.arn), nil, string(body))
	if err != nil {
		panic(crashed{failed{"CheckpointError", err.Error()}})
	}
	if p.w.doubled {
		again, err := p.w.call("CheckpointDurableExecution", arnPath(p.arn), nil, string(body))
		if err != nil || again != out {
			p.w.t.Errorf("sent twice, answered %s and %s (%v)", out, again, err)
		}
	}
	var answer struct {
		CheckpointToken   string
		NewExecutionState struct{ Operations []*opView }
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		panic(err)
	}
	p.root.token = answer.CheckpointToken
	p.learn(answer.NewExecutionState.Operations)
	if p.root.token == "" {
		panic(suspended{})
	}
	if p.root.after != nil {
		p.root.after()
	}
}

func (p *program) next() string {
	p.count++
	return fmt.Sprintf("%s%d", p.parent, p.count)
}

func (p *program) update(id, typ, action string, more map[string]any) map[string]any {
	u := map[string]any{"Id": id, "Type": typ, "Action": action}
	if p.parent != "" {
		u["ParentId"] = strings.TrimSuffix(p.parent, "-")
	}
	for k, v := range more {
		u[k] = v
	}
	return u
}

// again decides about a failed attempt: the delay in seconds, 0 to give up.
type again func(attempt int) int

func never(int) int { return 0 }

func times(attempts int) again {
	return func(attempt int) int {
		if attempt < attempts {
			return 1
		}
		return 0
	}
}

// step runs body at least once and keeps its result.
func (p *program) step(retry again, body func() (string, error)) (string, error) {
	id := p.next()
	o := p.root.ops[id]
	var batch []map[string]any
	attempt := 1
	if o != nil {
		switch o.Status {
		case "SUCCEEDED":
			return deref(o.StepDetails.Result), nil
		case "FAILED":
			return "", o.StepDetails.Error
		case "PENDING":
			panic(suspended{})
		}
		attempt = o.StepDetails.Attempt + 1
	}
	if o == nil || o.Status == "READY" {
		batch = append(batch, p.update(id, "STEP", "START", map[string]any{"SubType": "Step"}))
		if p.w.code.eagerStart() {
			p.checkpoint(batch...)
			batch = nil
		}
	}
	result, err := body()
	return p.close(id, "STEP", batch, result, err, retry(attempt))
}

// close ends a step, or asks for another attempt.
func (p *program) close(id, typ string, batch []map[string]any, result string, err error, delay int) (string, error) {
	switch {
	case err == nil:
		p.checkpoint(append(batch, p.update(id, typ, "SUCCEED", map[string]any{"Payload": result}))...)
	case delay > 0:
		p.checkpoint(append(batch, p.update(id, typ, "RETRY", map[string]any{
			"Error": toView(err), "StepOptions": map[string]any{"NextAttemptDelaySeconds": delay},
		}))...)
		panic(suspended{})
	default:
		p.checkpoint(append(batch, p.update(id, typ, "FAIL", map[string]any{"Error": toView(err)}))...)
		return "", toView(err)
	}
	return result, nil
}

// poll is a wait-for-condition: check is given the state and says whether it is done.
func (p *program) poll(initial string, check func(state string) (string, bool, error)) (string, error) {
	id := p.next()
	o := p.root.ops[id]
	state := initial
	var batch []map[string]any
	sub := map[string]any{"SubType": "WaitForCondition"}
	if o != nil {
		switch o.Status {
		case "SUCCEEDED":
			return deref(o.StepDetails.Result), nil
		case "FAILED":
			return "", o.StepDetails.Error
		case "PENDING":
			panic(suspended{})
		}
		if o.StepDetails.Result != nil {
			state = *o.StepDetails.Result
		}
	}
	if o == nil || o.Status == "READY" {
		batch = append(batch, p.update(id, "STEP", "START", sub))
	}
	state, done, err := check(state)
	if err == nil && !done {
		p.checkpoint(append(batch, p.update(id, "STEP", "RETRY", map[string]any{
			"Payload": state, "StepOptions": map[string]any{"NextAttemptDelaySeconds": 1},
		}))...)
		panic(suspended{})
	}
	return p.close(id, "STEP", batch, state, err, 0)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (p *program) wait(seconds int) {
	id := p.next()
	o := p.root.ops[id]
	if o == nil {
		p.checkpoint(p.update(id, "WAIT", "START", map[string]any{"SubType": "Wait", "WaitOptions": map[string]any{"WaitSeconds": seconds}}))
	} else if o.Status == "SUCCEEDED" {
		return
	}
	panic(suspended{})
}

// child runs body in a context of its own.
func (p *program) child(body func(c *program) (string, error)) (string, error) {
	id := p.next()
	o := p.root.ops[id]
	if o == nil {
		p.checkpoint(p.update(id, "CONTEXT", "START", map[string]any{"SubType": "RunInChildContext"}))
	} else if o.Status == "FAILED" {
		return "", o.ContextDetails.Error
	} else if o.Status == "SUCCEEDED" && !o.ContextDetails.ReplayChildren {
		return deref(o.ContextDetails.Result), nil
	}
	c := &program{w: p.w, arn: p.arn, root: p.root, event: p.event, input: p.input, parent: id + "-"}
	result, err := body(c)
	if o != nil && o.Status == "SUCCEEDED" {
		return result, err
	}
	switch {
	case err != nil:
		p.checkpoint(p.update(id, "CONTEXT", "FAIL", map[string]any{"Error": toView(err)}))
		return "", toView(err)
	case len(result) > 262144:
		p.checkpoint(p.update(id, "CONTEXT", "SUCCEED", map[string]any{"Payload": "", "ContextOptions": map[string]any{"ReplayChildren": true}}))
	default:
		p.checkpoint(p.update(id, "CONTEXT", "SUCCEED", map[string]any{"Payload": result}))
	}
	return result, nil
}

// callback creates a callback and returns its id and how to await it. options: {TimeoutSeconds, HeartbeatTimeoutSeconds}.
func (p *program) callback(timeout, heartbeat int) (id string, await func() (string, error)) {
	op := p.next()
	if p.root.ops[op] == nil {
		p.checkpoint(p.update(op, "CALLBACK", "START", map[string]any{"SubType": "Callback", "CallbackOptions": map[string]any{
			"TimeoutSeconds": timeout, "HeartbeatTimeoutSeconds": heartbeat,
		}}))
	}
	return p.root.ops[op].CallbackDetails.CallbackID, func() (string, error) {
		o := p.root.ops[op]
		switch o.Status {
		case "STARTED":
			panic(suspended{})
		case "SUCCEEDED":
			return deref(o.CallbackDetails.Result), nil
		}
		return "", o.CallbackDetails.Error
	}
}

// invoke calls another function and waits for it.
func (p *program) invoke(function, payload, tenant string) (string, error) {
	id := p.next()
	if p.root.ops[id] == nil {
		options := map[string]any{"FunctionName": function}
		if tenant != "" {
			options["TenantId"] = tenant
		}
		more := map[string]any{"SubType": "ChainedInvoke", "ChainedInvokeOptions": options}
		if payload != "" {
			more["Payload"] = payload
		}
		p.checkpoint(p.update(id, "CHAINED_INVOKE", "START", more))
	}
	o := p.root.ops[id]
	switch o.Status {
	case "STARTED":
		panic(suspended{})
	case "SUCCEEDED":
		return deref(o.ChainedInvokeDetails.Result), nil
	}
	return "", o.ChainedInvokeDetails.Error
}

// waitForCallback is a context of a callback and a step that submits it.
func (p *program) waitForCallback(timeout, heartbeat int, retry again, submit func(id string) error) (string, error) {
	return p.child(func(c *program) (string, error) {
		id, await := c.callback(timeout, heartbeat)
		if _, err := c.step(retry, func() (string, error) { return "", submit(id) }); err != nil {
			return "", err
		}
		return await()
	})
}

func (s *scripted) eagerStart() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config["eager"].ExecutionTimeout != 0
}
