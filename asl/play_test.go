package asl_test

import (
	"bytes"
	"container/heap"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
)

const (
	testAccount = "123456789012"
	testRegion  = "us-east-1"
)

// play runs one execution without a server: it answers tasks as the given functions do and lets time pass by itself.
type play struct {
	t         testing.TB
	machine   *asl.Machine
	exec      *asl.Exec
	reload    bool // load the execution from its rows before every step
	now       time.Time
	ids       int
	last      uint64
	events    []map[string]any
	rows      map[string][]byte
	timers    map[string]time.Time
	pending   agenda
	cancelled map[string]bool
	finish    *asl.Finish
	functions map[string]function
	task      func(p *play, t asl.Task) // what is not a function
	steps     int
	open      []asl.Task
	kids      []asl.Child
	manual    bool // tasks are not answered by themselves
	maxSteps  int
	watch     func(*asl.Delta)
	quiet     bool // inputs that do not fit are no fault
	runs      map[string]asl.MapRun
	read      func(asl.Read) asl.ItemsRead
	children  int
	limits    asl.Limits
}

type function struct {
	Name      string
	Behaviour behaviour
}

type behaviour struct {
	Kind   string
	Value  json.RawMessage
	Text   string
	Repeat *struct {
		Text  string
		Count int
	}
	Seconds      float64
	Then         *behaviour
	ErrorType    string
	ErrorMessage string
	StackTrace   []string
}

// agenda is what will happen, by time.
type agenda []happening

type happening struct {
	at    time.Time
	seq   int
	input asl.Input
}

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].seq < a[j].seq
	}
	return a[i].at.Before(a[j].at)
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(happening)) }
func (a *agenda) Pop() any     { x := (*a)[len(*a)-1]; *a = (*a)[:len(*a)-1]; return x }

var playStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newPlay(t testing.TB, m *asl.Machine, input string) *play {
	p := &play{t: t, machine: m, now: playStart, rows: map[string][]byte{}, timers: map[string]time.Time{},
		cancelled: map[string]bool{}, functions: map[string]function{}, runs: map[string]asl.MapRun{}}
	p.exec = asl.New(m, asl.Info{
		ID: "arn:aws:states:us-east-1:123456789012:execution:machine:run", Name: "run",
		Role: "arn:aws:iam::123456789012:role/role", Machine: "arn:aws:states:us-east-1:123456789012:stateMachine:machine",
		MachineName: "machine", Region: testRegion, Account: testAccount, Input: []byte(input), Start: p.now,
	}, p.limits)
	return p
}

func (p *play) Now() time.Time    { return p.now }
func (p *play) Random() float64   { return 0.5 }
func (p *play) NewID() string     { p.ids++; return fmt.Sprintf("00000000-0000-4000-8000-%012d", p.ids) }
func (p *play) NextEvent() uint64 { return p.last + 1 }

func (p *play) later(d time.Duration, in asl.Input) {
	p.ids++
	heap.Push(&p.pending, happening{p.now.Add(d), p.ids, in})
}

// run plays until nothing is left to happen. It fails the test if that takes too long.
func (p *play) run() {
	p.step(asl.Start{})
	for p.finish == nil && p.steps < max(5000, p.maxSteps) {
		var key string
		var due time.Time
		for _, k := range sorted(p.timers) {
			if key == "" || p.timers[k].Before(due) {
				key, due = k, p.timers[k]
			}
		}
		switch {
		case len(p.pending) > 0 && (key == "" || !p.pending[0].at.After(due)):
			h := heap.Pop(&p.pending).(happening)
			p.now = h.at
			p.step(h.input)
		case key != "":
			if due.After(p.now.AddDate(1, 0, 0)) {
				return
			}
			if due.After(p.now) {
				p.now = due
			}
			delete(p.timers, key)
			p.step(asl.TimerDue{Key: key})
		default:
			return
		}
	}
}

func (p *play) step(in asl.Input) {
	switch err := p.try(in); {
	case err == nil, err == asl.ErrNoTask:
	case p.quiet && (err == asl.ErrClosed || err == asl.ErrOrder):
	default:
		p.t.Fatalf("step %d with %T: %v", p.steps, in, err)
	}
}

// try does one step and applies what comes of it.
func (p *play) try(in asl.Input) error {
	p.steps++
	if p.reload && p.steps > 1 {
		x, err := asl.Load(p.machine, p.limits, func(each func(string, []byte)) {
			for _, k := range sorted(p.rows) {
				each(k, p.rows[k])
			}
		})
		if err != nil {
			p.t.Fatalf("load: %v", err)
		}
		p.exec = x
	}
	d, err := p.exec.Step(in, p)
	if err != nil {
		return err
	}
	switch in := in.(type) {
	case asl.TaskSucceeded:
		p.open = slices.DeleteFunc(p.open, func(t asl.Task) bool { return t.Key == in.Key })
	case asl.TaskFailed:
		p.open = slices.DeleteFunc(p.open, func(t asl.Task) bool { return t.Key == in.Key })
	}
	p.apply(d)
	if d.Again {
		return p.try(asl.Continue{})
	}
	return nil
}

// scripted does what one byte of a fuzzer's script says.
func (p *play) scripted(b byte) {
	key := "0:0"
	if n := len(p.open); n > 0 {
		key = p.open[int(b>>3)%n].Key
	}
	e := "E"
	switch b & 7 {
	case 0, 1:
		p.step(asl.TaskSucceeded{Key: key, Output: []byte(`{"a":[1,{"b":"c"}]}`)})
	case 2:
		p.step(asl.TaskFailed{Key: key, Error: &e})
	case 3:
		p.step(asl.TaskSubmitted{Key: key, Output: []byte(`"submitted"`)})
	case 4:
		p.step(asl.TaskStarted{Key: key, Worker: "w"})
		p.step(asl.TaskHeartbeat{Key: key})
	case 5:
		if b>>3 == 0 {
			p.step(asl.Stop{Error: &e})
		}
		if n := len(p.kids); n > 0 {
			c := p.kids[int(b>>3)%n]
			in := asl.ChildClosed{Run: c.Run, Index: c.Index, Attempt: c.Attempt, Status: asl.Succeeded, Output: []byte(`[1]`), Record: []byte(`{}`)}
			if b>>3%3 == 2 {
				in.Status = asl.Failed
			}
			p.step(in)
		}
	default:
		if err := p.pass(time.Duration(b) * time.Minute); err != nil && err != asl.ErrClosed {
			p.t.Fatal(err)
		}
	}
}

func (p *play) apply(d *asl.Delta) {
	if p.watch != nil {
		p.watch(d)
	}
	for _, k := range d.Delete {
		delete(p.rows, k)
	}
	for _, r := range d.Put {
		p.rows[r.Key] = r.Value
	}
	for _, e := range d.Events {
		var m map[string]any
		if err := json.Unmarshal(e, &m); err != nil {
			p.t.Fatalf("event is not JSON: %v\n%s", err, e)
		}
		p.last++
		if m["id"] != float64(p.last) {
			p.t.Fatalf("event id %v where %d comes next", m["id"], p.last)
		}
		p.events = append(p.events, m)
	}
	for _, tm := range d.SetTimers {
		p.timers[tm.Key] = tm.Due
	}
	for _, k := range d.ClearTimers {
		delete(p.timers, k)
	}
	for _, k := range d.Cancel {
		p.cancelled[k] = true
	}
	if d.Finish != nil {
		p.finish = d.Finish
	}
	for _, k := range d.Cancel {
		p.open = slices.DeleteFunc(p.open, func(t asl.Task) bool { return t.Key == k })
	}
	p.open = append(p.open, d.Schedule...)
	p.kids = append(p.kids, d.Children...)
	if p.manual || p.quiet {
		return
	}
	for _, c := range d.Schedule {
		p.call(c)
	}
	for _, c := range d.Children {
		p.child(c)
	}
	for _, r := range d.Runs {
		p.runs[r.Key] = r
	}
	for _, r := range d.Read {
		if p.read == nil {
			p.t.Fatalf("nothing reads %s", r.Arguments)
		}
		p.later(time.Millisecond, p.read(r))
	}
}

// child runs a child execution of a map run to its end.
func (p *play) child(c asl.Child) {
	p.children++
	q := newPlay(p.t, p.machine.Processor(c.State), string(c.Input))
	q.now, q.functions, q.task, q.read, q.ids = p.now, p.functions, p.task, p.read, p.ids+1000
	q.reload = p.reload
	q.run()
	in := asl.ChildClosed{Run: c.Run, Index: c.Index, Attempt: c.Attempt, Status: asl.Failed}
	if q.finish != nil {
		in.Status = q.finish.Status
	}
	switch {
	case c.Wants == asl.WantStatus:
	case c.Wants == asl.WantAll && in.Status == asl.Succeeded:
		in.Output = q.finish.Output
	default:
		in.Record = []byte(fmt.Sprintf(`{"Status":%q}`, in.Status))
	}
	p.later(q.now.Sub(p.now)+time.Millisecond, in)
}

// call answers a task as the function would.
func (p *play) call(c asl.Task) {
	name, payload := "", c.Arguments
	switch {
	case c.Resource.Kind == asl.Lambda:
		name = c.Resource.ARN
	case c.Resource.Service == "lambda":
		var args struct {
			FunctionName string
			Payload      json.RawMessage
		}
		_ = json.Unmarshal(c.Arguments, &args)
		name, payload = args.FunctionName, args.Payload
		var s string
		if len(payload) == 0 || string(payload) == "null" {
			payload = []byte("{}")
		} else if json.Unmarshal(payload, &s) == nil {
			payload = []byte(s)
		}
	default:
		if p.task != nil {
			p.task(p, c)
		}
		return
	}
	if i := strings.Index(name, ":function:"); i >= 0 {
		name = strings.Split(name[i+10:], ":")[0]
	}
	f, ok := p.functions[name]
	if !ok {
		cause := "Function not found: arn:aws:lambda:us-east-1:123456789012:function:" + name + ":$LATEST (Service: AWSLambda; Status Code: 404; " +
			"Error Code: ResourceNotFoundException; Request ID: 11111111-2222-4333-8444-555555555555; Proxy: null)"
		e := "Lambda.ResourceNotFoundException"
		p.later(time.Millisecond, asl.TaskFailed{Key: c.Key, Error: &e, Cause: &cause})
		return
	}
	p.answer(c, payload, f.Behaviour, time.Millisecond)
}

func (p *play) answer(c asl.Task, payload []byte, b behaviour, after time.Duration) {
	var out []byte
	switch b.Kind {
	case "sleep":
		p.answer(c, payload, *b.Then, after+time.Duration(b.Seconds*float64(time.Second)))
		return
	case "raise":
		o := map[string]any{"errorMessage": b.ErrorMessage, "errorType": b.ErrorType, "requestId": p.NewID(), "stackTrace": b.StackTrace}
		text, _ := json.Marshal(o)
		cause := string(text)
		p.later(after, asl.TaskFailed{Key: c.Key, Error: &b.ErrorType, Cause: &cause})
		return
	case "echo":
		out = payload
	case "constant":
		out = b.Value
	case "raw":
		out = []byte(b.Text)
		if b.Repeat != nil {
			out = []byte(strings.Repeat(b.Repeat.Text, b.Repeat.Count))
		}
	}
	if !json.Valid(out) {
		out, _ = json.Marshal(string(out))
	}
	if c.Resource.Kind != asl.Lambda {
		var args map[string]any
		_ = json.Unmarshal(c.Arguments, &args)
		var buf bytes.Buffer
		buf.WriteString(`{"ExecutedVersion":"$LATEST",`)
		if args["LogType"] == "Tail" {
			buf.WriteString(`"LogResult":"bG9n",`)
		}
		fmt.Fprintf(&buf, `"Payload":%s,"SdkHttpMetadata":{},"SdkResponseMetadata":{"RequestId":"r"},"StatusCode":200}`, out)
		out = buf.Bytes()
		if c.Resource.Pattern != "" {
			p.later(after, asl.TaskSubmitted{Key: c.Key, Output: out})
			return
		}
	}
	p.later(after, asl.TaskSucceeded{Key: c.Key, Output: out})
}
