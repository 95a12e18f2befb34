package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

const (
	testRegion  = "us-east-1"
	testAccount = "000000000000"
)

// world is the durable service on a real engine with a memory store, a clock that the test moves, and functions that are
// Go code which speaks the wire: it gets the event and calls the operations.
type world struct {
	t       testing.TB
	eng     *engine.Engine
	outside *outside
	d       *Durable
	code    *scripted
	ops     map[string]api.Operation

	doubled bool // see plan

	mu     sync.Mutex
	ids    uint64
	status []StatusChange

	changes chan struct{} // a value for each of status, as long as there is room
}

// scripted are the functions of a world.
type scripted struct {
	mu       sync.Mutex
	plain    map[string]func(payload string) (string, error)
	durable  map[string]func(w *world, in *host.Invocation) (string, error)
	config   map[string]DurableConfig
	tenants  map[string]bool
	throttle map[string]int // refuse the next so many runs
	gone     map[string]bool
	world    *world
	runs     int
}

func newScripted() *scripted {
	return &scripted{
		plain: map[string]func(string) (string, error){}, durable: map[string]func(*world, *host.Invocation) (string, error){},
		config: map[string]DurableConfig{}, tenants: map[string]bool{}, throttle: map[string]int{}, gone: map[string]bool{},
	}
}

// failed is a function error.
type failed struct{ typ, message string }

func (f failed) Error() string { return f.typ + ": " + f.message }

func (s *scripted) Resolve(_ context.Context, region, account, name, qualifier string) (*Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(name, "arn:") {
		name = strings.SplitN(name, ":", 7)[6]
	}
	if n, q, ok := strings.Cut(name, ":"); ok {
		name, qualifier = n, q
	}
	v := &Version{
		Region: region, Account: account, FunctionName: name, Version: "$LATEST", Qualified: qualifier != "", TenantOnly: s.tenants[name],
		FunctionARN: "arn:aws:lambda:" + region + ":" + account + ":function:" + name,
	}
	if qualifier != "" && qualifier != "live" {
		v.Version = qualifier
	} else if qualifier == "live" {
		v.Version = "7"
	}
	_, durable := s.durable[name]
	_, plain := s.plain[name]
	if !durable && !plain || s.gone[name] {
		return nil, &api.Error{Code: "ResourceNotFoundException", Message: "Function not found: " + v.QualifiedARN(), Status: 404, Upper: true}
	}
	if durable {
		c := s.config[name]
		if c.ExecutionTimeout == 0 {
			c.ExecutionTimeout = 300
		}
		v.Durable = &c
	}
	v.Spec = &host.Spec{FunctionName: name, Version: v.Version}
	return v, nil
}

func (s *scripted) VersionByNumber(ctx context.Context, region, account, function, version string) (*Version, error) {
	return s.Resolve(ctx, region, account, function, version)
}

func (s *scripted) Run(ctx context.Context, v *Version, in *host.Invocation) (res *host.Result, err error) {
	s.mu.Lock()
	s.runs++
	plain, durable, w := s.plain[v.FunctionName], s.durable[v.FunctionName], s.world
	if s.throttle[v.FunctionName] > 0 {
		s.throttle[v.FunctionName]--
		s.mu.Unlock()
		return nil, host.ErrThrottled
	}
	s.mu.Unlock()
	var out string
	if durable != nil {
		out, err = durable(w, in)
	} else {
		out, err = plain(string(in.Payload))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var f failed
	switch {
	case err == nil:
		return &host.Result{Payload: []byte(out), Log: []byte("log of " + v.FunctionName)}, nil
	case errors.As(err, &f):
		body, _ := json.Marshal(map[string]any{"errorType": f.typ, "errorMessage": f.message})
		return &host.Result{Payload: body, FunctionError: "Unhandled", ErrorType: f.typ}, nil
	}
	return nil, err
}

// plan is what a world is made of beside its functions; the zero value is an empty store, and a clock that stands still
// until the test moves it.
type plan struct {
	store   *mem.Store
	wrap    func(*mem.Store) store.Store
	ids     uint64 // from which new ids count
	limits  DurableLimits
	outside *outside // a clock that moves even while an invocation is under way
	doubled bool     // programs send every checkpoint twice, as a client does that lost the answer
}

var epoch = time.UnixMilli(1_700_000_000_000)

func newWorld(t testing.TB, code *scripted, p plan) *world {
	t.Helper()
	if p.store == nil {
		p.store = mem.New()
	}
	w := &world{t: t, code: code, outside: p.outside, doubled: p.doubled, changes: make(chan struct{}, 100), ids: p.ids, ops: map[string]api.Operation{}}
	code.world = w
	w.d = NewDurable(code, p.limits, func(c StatusChange) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.status = append(w.status, c)
		select {
		case w.changes <- struct{}{}:
		default:
		}
	})
	var port store.Store = p.store
	if p.wrap != nil {
		port = p.wrap(p.store)
	}
	clock := engine.NewManualClock(epoch)
	if p.outside != nil {
		var err error
		if clock, err = engine.NewClock("real", p.outside.now, p.outside.after); err != nil {
			t.Fatal(err)
		}
	}
	w.eng = engine.New(engine.Config{
		Store: port, Clock: clock, Behaviours: map[byte]engine.Behaviour{DurableKind: w.d},
		NewID: w.newID, Random: func() float64 { return 0.5 },
	})
	w.d.Bind(w.eng)
	for _, op := range w.d.Operations() {
		if _, twice := w.ops[op.Name]; !twice {
			w.ops[op.Name] = op
		}
	}
	if err := w.eng.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.eng.Close() })
	return w
}

// outside is a clock for worlds in which time passes while an invocation is under way.
type outside struct {
	mu     sync.Mutex
	passed time.Duration
	alarms []func()
}

func (o *outside) now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return epoch.Add(o.passed)
}

func (o *outside) after(d time.Duration, f func()) *time.Timer {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d <= 0 {
		return time.AfterFunc(0, f)
	}
	o.alarms = append(o.alarms, f)
	return time.NewTimer(time.Hour)
}

// pass moves the clock and rings all alarms, early ones too: who set them looks at the clock again.
func (o *outside) pass(d time.Duration) {
	o.mu.Lock()
	o.passed += d
	alarms := o.alarms
	o.alarms = nil
	o.mu.Unlock()
	for _, f := range alarms {
		f()
	}
}

// next passes time until the next timer of the world is due.
func (w *world) next() {
	w.t.Helper()
	timer, ok, err := w.eng.Store().NextTimer(w.t.Context())
	if err != nil || !ok {
		w.t.Fatal("no timer", err)
	}
	w.outside.pass(time.UnixMilli(timer.Due).Sub(w.outside.now()))
}

func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", w.ids, w.ids)
}

// call performs an operation as the wire would.
func (w *world) call(name string, path map[string]string, query url.Values, body string) (string, error) {
	return w.callAs(testAccount, name, path, query, body)
}

func (w *world) callAs(account, name string, path map[string]string, query url.Values, body string) (string, error) {
	op, ok := w.ops[name]
	if !ok {
		w.t.Fatalf("no operation %s", name)
	}
	r := &api.Request{
		Service: "lambda", Operation: name, Region: testRegion, Account: account, Path: path, Query: query, Header: http.Header{}, Body: []byte(body),
	}
	if query == nil {
		r.Query = url.Values{}
	}
	res, err := op.Handle(context.Background(), r)
	if err != nil {
		return "", err
	}
	if !json.Valid(res.Body) {
		w.t.Errorf("%s answered %q", name, res.Body)
	}
	return string(res.Body), nil
}

// must is call for what cannot fail.
func (w *world) must(name string, path map[string]string, query url.Values, body string) string {
	w.t.Helper()
	out, err := w.call(name, path, query, body)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return out
}

// start begins an execution with an Event invoke and returns its ARN.
func (w *world) start(function, name, payload string) string {
	w.t.Helper()
	res, err := w.invoke(function, name, payload, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.ExecutionARN
}

func (w *world) invoke(function, name, payload string, event bool) (*InvokeResult, error) {
	v, err := w.code.Resolve(context.Background(), testRegion, testAccount, function, "$LATEST")
	if err != nil {
		return nil, err
	}
	in := &DurableInvoke{Version: v, Name: name, Event: event}
	if payload != "" {
		in.Payload = []byte(payload)
	}
	return w.d.Invoke(context.Background(), in)
}

// settle waits until nothing is running.
func (w *world) settle() {
	w.t.Helper()
	if err := w.eng.Settled(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// play moves the clock from timer to timer until the execution has closed.
func (w *world) play(arn string) {
	w.t.Helper()
	for range 500 {
		w.settle()
		if w.get(arn)["Status"] != statusRunning {
			return
		}
		some, err := w.eng.AdvanceToNext(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if !some {
			w.t.Fatalf("%s waits for nothing: %s", arn, w.sequence(arn))
		}
	}
	w.t.Fatalf("%s does not end: %s", arn, w.sequence(arn))
}

func arnPath(arn string) map[string]string { return map[string]string{"DurableExecutionArn": arn} }

func (w *world) get(arn string) map[string]any {
	w.t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(w.must("GetDurableExecution", arnPath(arn), nil, "")), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// history reads all events and checks that they are numbered without a gap.
func (w *world) history(arn string) []map[string]any {
	w.t.Helper()
	var all []map[string]any
	query := url.Values{"MaxItems": {"7"}}
	for {
		var page struct {
			Events     []map[string]any
			NextMarker string
		}
		if err := json.Unmarshal([]byte(w.must("GetDurableExecutionHistory", arnPath(arn), query, "")), &page); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, page.Events...)
		if page.NextMarker == "" {
			break
		}
		query.Set("Marker", page.NextMarker)
	}
	for i, e := range all {
		if e["EventId"] != float64(i+1) {
			w.t.Errorf("event %d has number %v", i+1, e["EventId"])
		}
	}
	return all
}

// sequence writes the history as spec section 10 does: S step, W wait, C context, B callback, I chained invoke, X
// execution; 0 started, + succeeded, - failed, t timed out, s stopped, c cancelled; | invocation completed.
func (w *world) sequence(arn string) string {
	w.t.Helper()
	var words []string
	for _, e := range w.history(arn) {
		words = append(words, eventWord(e["EventType"].(string)))
	}
	return strings.Join(words, " ")
}

func eventWord(typ string) string {
	if typ == "InvocationCompleted" {
		return "|"
	}
	for prefix, letter := range map[string]string{"Step": "S", "Wait": "W", "Context": "C", "Callback": "B", "ChainedInvoke": "I", "Execution": "X"} {
		if end, ok := strings.CutPrefix(typ, prefix); ok {
			return letter + map[string]string{
				"Started": "0", "Succeeded": "+", "Failed": "-", "TimedOut": "t", "Stopped": "s", "Cancelled": "c",
			}[end]
		}
	}
	return typ
}

// wantError checks code and message of an error.
func wantError(t testing.TB, err error, code, message string) {
	t.Helper()
	e, ok := api.As(err)
	if !ok || e.Code != code || e.Message != message {
		t.Errorf("error %v, want %s: %s", err, code, message)
	}
}
