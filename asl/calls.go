package asl

import (
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// threadOf is the thread in a task's key, "0.3:17".
func threadOf(key string) string {
	thread, _, _ := strings.Cut(key, ":")
	return thread
}

// runTask schedules the call of a Task state. That it has started is recorded at the end of the Step, after all other
// threads have come to rest, as the service does.
func (x *Exec) runTask(t *thread) *failure {
	task := t.state.task
	key := t.key + ":" + strconv.FormatUint(x.last+1, 10)
	call := callState{key: key}
	if task.resource.waits() || task.resource.Kind == Activity {
		call.token = x.token(key)
		if x.test != nil && x.test.Token != "" {
			call.token = x.test.Token
		}
	}
	t.call = call
	s, f := x.effective(t)
	if f != nil {
		return f
	}
	role, f := task.role.text(s)
	if f != nil {
		return f
	}
	if t.call.timeout, f = task.seconds(task.timeout, s); f != nil {
		return f
	}
	if t.call.heartbeat, f = task.seconds(task.heartbeat, s); f != nil {
		return f
	}
	if s, f = x.arguments(t); f != nil {
		return f
	}
	encoded := s.root.JSON()
	if x.limits.Payload > 0 && len(encoded) > x.limits.Payload {
		return tooLarge(t.state.name)
	}
	if f := x.checkTask(task.resource); f != nil {
		return f
	}
	cmd := Task{Key: key, State: t.state.name, Resource: task.resource, Arguments: encoded, Token: t.call.token,
		Timeout: t.call.timeout, Heartbeat: t.call.heartbeat}
	if role != nil {
		cmd.Role = *role
	}
	if x.test != nil {
		return x.test.call(x, t, cmd)
	}
	x.schedule(t, cmd)
	return nil
}

func (x *Exec) token(key string) string {
	if tokens, ok := x.env.(Tokens); ok {
		return tokens.TaskToken(key)
	}
	return x.env.NewID()
}

// seconds evaluates TimeoutSeconds or HeartbeatSeconds.
func (task *taskFields) seconds(n *scalar, s *scope) (int64, *failure) {
	if n == nil {
		return 0, nil
	}
	v, f := n.integer(s)
	if f != nil {
		return 0, f
	}
	if v < 1 || v > maxSeconds {
		return 0, fault("The " + n.field + " field must be between 1 and 99999999 but was: " + strconv.FormatInt(v, 10))
	}
	return v, nil
}

// checkTask refuses calls that cannot even be scheduled.
func (x *Exec) checkTask(r Resource) *failure {
	if r.Kind == Activity {
		if known, ok := x.env.(Activities); ok && !known.ActivityExists(r.ARN) {
			return fault("The activity " + r.ARN + " does not exist.")
		}
	}
	return nil
}

// schedule records the call and asks for it.
func (x *Exec) schedule(t *thread, cmd Task) {
	r := cmd.Resource
	args := string(cmd.Arguments)
	credentials := member{skip: true}
	if cmd.Role != "" {
		credentials = member{name: "taskCredentials", kind: memberRaw, text: `{"roleArn":` + value.String(cmd.Role).Text() + `}`}
	}
	timeout := positive("timeoutInSeconds", t.call.timeout)
	heartbeat := positive("heartbeatInSeconds", t.call.heartbeat)
	switch r.Kind {
	case Lambda:
		t.prev = x.event("LambdaFunctionScheduled", t.prev, "lambdaFunctionScheduled",
			str("resource", r.ARN), str("input", args), inputDetails, timeout, credentials)
	case Activity:
		t.prev = x.event("ActivityScheduled", t.prev, "activityScheduled",
			str("resource", r.ARN), str("input", args), inputDetails, timeout, heartbeat)
	default:
		t.prev = x.event("TaskScheduled", t.prev, "taskScheduled", str("resourceType", r.Service), str("resource", r.Event()),
			str("region", x.info.Region), str("parameters", args), timeout, heartbeat, credentials)
	}
	t.phase = calling
	x.touch(t)
	if answer, ok := x.mock(t, &cmd); ok {
		t.call.mock = answer
	} else {
		x.d.Schedule = append(x.d.Schedule, cmd)
	}
	if r.Kind == Activity && t.call.mock == nil {
		if t.call.timeout > 0 {
			t.call.expires = x.now.Add(time.Duration(t.call.timeout) * time.Second)
			x.setTimer("o"+t.key, t.call.expires)
		}
		return
	}
	x.starting = append(x.starting, t)
}

// mock looks for a mocked answer.
func (x *Exec) mock(t *thread, cmd *Task) (*TaskResult, bool) {
	mocks, ok := x.env.(Mocks)
	if !ok {
		return nil, false
	}
	name := t.state.name
	if x.mocked == nil {
		x.mocked = map[string]int{}
	}
	cmd.Attempt = x.mocked[name]
	answer, ok := mocks.MockTask(name, cmd.Attempt)
	if !ok {
		return nil, false
	}
	x.mocked[name]++
	x.written = true
	return &answer, true
}

// startTasks records that the tasks scheduled since the last time have started, and tells whether a mock let a thread
// go on.
func (x *Exec) startTasks() bool {
	list := x.starting
	x.starting = nil
	for _, t := range list {
		if t.phase == calling && x.threads[t.key] == t {
			x.taskStarted(t, "")
		}
	}
	for _, t := range list {
		if t.phase == calling && t.call.mock != nil && x.threads[t.key] == t && x.status == Running {
			x.answerMock(t, *t.call.mock)
		}
	}
	return len(x.queue) > 0
}

func (x *Exec) answerMock(t *thread, answer TaskResult) {
	t.call.mock = nil
	switch {
	case answer.Runtime:
		x.endCall(t)
		x.fail(t, fault(answer.Cause))
	case answer.Error != "":
		x.taskFailed(t, &answer.Error, &answer.Cause)
	default:
		if t.state.task.resource.waits() {
			x.taskSubmitted(t, answer.Output)
		}
		x.taskSucceeded(t, answer.Output)
	}
}

// taskStarted records the start and starts the clocks.
func (x *Exec) taskStarted(t *thread, worker string) {
	if t.call.started {
		return
	}
	x.touch(t)
	t.call.started = true
	r := t.state.task.resource
	switch r.Kind {
	case Lambda:
		t.prev = x.event("LambdaFunctionStarted", t.prev, "")
	case Activity:
		t.prev = x.event("ActivityStarted", t.prev, "activityStarted", optional("workerName", worker))
	default:
		t.prev = x.event("TaskStarted", t.prev, "taskStarted", str("resourceType", r.Service), str("resource", r.Event()))
	}
	if t.call.timeout > 0 {
		t.call.expires = x.now.Add(time.Duration(t.call.timeout) * time.Second)
		x.setTimer("o"+t.key, t.call.expires)
	}
	if t.call.heartbeat > 0 {
		x.heartbeat(t)
	}
}

// heartbeat puts the heartbeat deadline off.
func (x *Exec) heartbeat(t *thread) {
	if t.call.heartbeat <= 0 || !t.call.started {
		return
	}
	x.touch(t)
	t.call.beat = x.now.Add(time.Duration(t.call.heartbeat) * time.Second)
	x.setTimer("h"+t.key, t.call.beat)
}

func (x *Exec) taskSubmitted(t *thread, output []byte) {
	if t.call.submitted || t.state.task.resource.Kind != Service {
		return
	}
	x.touch(t)
	t.call.submitted = true
	r := t.state.task.resource
	t.prev = x.event("TaskSubmitted", t.prev, "taskSubmitted", str("resourceType", r.Service), str("resource", r.Event()),
		str("output", string(output)), outputDetails)
}

func (x *Exec) taskSucceeded(t *thread, output []byte) {
	r := t.state.task.resource
	v, err := value.Decode(output, value.Limits{})
	switch {
	case err != nil:
		x.taskEnded(t, &failure{name: text(runtimeError), cause: text("The result of the task is not valid JSON: " + err.Error()), prefix: true})
		return
	case x.limits.Payload > 0 && len(output) > x.limits.Payload:
		what := r.Service
		if r.Kind != Service {
			what = r.ARN
		}
		x.taskEnded(t, tooLarge(what))
		return
	}
	x.touch(t)
	x.endCall(t)
	out := str("output", string(output))
	switch r.Kind {
	case Lambda:
		t.prev = x.event("LambdaFunctionSucceeded", t.prev, "lambdaFunctionSucceeded", out, outputDetails)
	case Activity:
		t.prev = x.event("ActivitySucceeded", t.prev, "activitySucceeded", out, outputDetails)
	default:
		t.prev = x.event("TaskSucceeded", t.prev, "taskSucceeded", str("resourceType", r.Service), str("resource", r.Event()), out, outputDetails)
	}
	t.phase = running
	if f := x.complete(t, v); f != nil {
		x.fail(t, f)
	}
}

func (x *Exec) taskFailed(t *thread, name, cause *string) {
	x.taskEnded(t, &failure{name: name, cause: bounded(cause), task: true})
}

// taskEnded records that a task has failed and fails the state.
func (x *Exec) taskEnded(t *thread, f *failure) {
	x.touch(t)
	x.endCall(t)
	x.recordFailure(t, "Failed", f)
	x.fail(t, f)
}

// recordFailure writes the event of a task that failed or timed out.
func (x *Exec) recordFailure(t *thread, how string, f *failure) {
	r := t.state.task.resource
	name, cause := some("error", f.name), some("cause", f.cause)
	switch r.Kind {
	case Lambda:
		t.prev = x.event("LambdaFunction"+how, t.prev, "lambdaFunction"+how, name, cause)
	case Activity:
		t.prev = x.event("Activity"+how, t.prev, "activity"+how, name, cause)
	default:
		t.prev = x.event("Task"+how, t.prev, "task"+how, str("resourceType", r.Service), str("resource", r.Event()), name, cause)
	}
	t.phase = running
}

// endCall clears the clocks of a task.
func (x *Exec) endCall(t *thread) {
	if !t.call.expires.IsZero() {
		x.clearTimer("o" + t.key)
	}
	if !t.call.beat.IsZero() {
		x.clearTimer("h" + t.key)
	}
	t.call.expires, t.call.beat = time.Time{}, time.Time{}
}
