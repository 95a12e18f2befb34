package stepfunctions

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/host/inproc"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/states"
	"github.com/perdure/perdure/internal/states/items"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/support/logs"
	"github.com/perdure/perdure/internal/support/s3"
	"github.com/perdure/perdure/internal/task"
	"github.com/perdure/perdure/internal/task/tasklambda"
	"github.com/perdure/perdure/internal/task/tasks3"
	"github.com/perdure/perdure/internal/task/taskstates"
	"github.com/perdure/perdure/internal/wire"
)

const (
	region  = "us-east-1"
	account = "000000000000"
)

// world is a perdure in this process. What serves it can be replaced while clients go on.
type world struct {
	*Replay
	clock  *engine.Clock
	factor float64
	dir    string // of logs

	mu        sync.Mutex
	functions map[string]Behaviour
	front     http.Handler
	stop      func() error // ends what serves now
}

func newWorld(t *testing.T, factor int, st store.Store) *world {
	t.Helper()
	w := &world{functions: map[string]Behaviour{}, factor: float64(factor), dir: t.TempDir()}
	mode := "real"
	if factor > 1 {
		mode = fmt.Sprintf("scale=%d", factor)
	}
	var err error
	if w.clock, err = engine.NewClock(mode, time.Now, time.AfterFunc); err != nil {
		t.Fatal(err)
	}
	if err := w.boot(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	})
	w.Replay = &Replay{
		Client: &Client{URL: srv.URL, Region: region, Account: account, HTTP: &http.Client{Transport: transport}},
		Now:    w.clock.Now, Wait: w.wait, Functions: w.create,
	}
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	front := w.front
	w.mu.Unlock()
	front.ServeHTTP(rw, r)
}

// boot starts a server over a store and lets it serve from now on. The one before is not ended.
func (w *world) boot(ctx context.Context, st store.Store) error {
	newID := func() string { return unique("uuid") }
	eng := engine.New(engine.Config{Store: st, Ephemeral: mem.New(), Forgets: states.Forgets, Clock: w.clock, NewID: newID, Random: rand.Float64})
	h := inproc.New(inproc.Config{Find: w.find, Now: w.clock.Now})
	fn := lambda.New(lambda.Config{Engine: eng, Host: h})
	runners := map[string]task.Runner{"lambda": &tasklambda.Runner{Lambda: fn, Now: w.clock.Now}}
	buckets := s3.New(s3.Config{Store: eng.Store(), Now: w.clock.Now, NewID: newID})
	groups := logs.New(logs.Config{Dir: w.dir, Now: w.clock.Now, AfterFunc: func(d time.Duration, f func()) func() bool {
		return time.AfterFunc(d, f).Stop
	}})
	sfn := states.New(states.Config{Engine: eng, Runners: runners, Objects: objects{buckets}, Logs: groups})
	runners["states"] = &taskstates.Runner{States: sfn, Now: w.clock.Now}
	runners["aws-sdk:sfn"], runners["aws-sdk:s3"] = runners["states"], tasks3.New(buckets.Operations())
	for i := range len(states.Kinds) {
		eng.Register(states.Kinds[i], sfn.Behaviour())
	}
	for kind, b := range fn.Behaviours() {
		eng.Register(kind, b)
	}
	if err := eng.Start(ctx); err != nil {
		return err
	}
	front := wire.New(wire.Config{Account: account, Now: time.Now, NewID: newID, Services: []wire.Service{
		{Name: "states", Protocol: wire.JSON10, Target: states.Target, Namespace: states.Namespace, Operations: sfn.Operations()},
		{Name: "lambda", Protocol: wire.RESTJSON, Operations: fn.Operations()},
		{Name: "logs", Protocol: wire.JSON11, Target: logs.Target, Operations: groups.Operations()},
		{Name: "s3", Protocol: wire.S3, XMLNS: s3.XMLNS, Operations: buckets.Operations()},
	}})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.front = front
	w.stop = func() error {
		err := eng.Close()
		h.Close()
		return errors.Join(err, groups.Close())
	}
	return nil
}

// objects gives state machines what is in S3.
type objects struct{ s3 *s3.Service }

func (o objects) Get(ctx context.Context, region, bucket, key string) ([]byte, error) {
	return o.s3.Object(ctx, region, bucket, key)
}

func (o objects) Put(ctx context.Context, region, bucket, key string, data []byte) error {
	return o.s3.Put(ctx, region, bucket, key, data)
}

func (o objects) List(ctx context.Context, region, bucket, prefix, after string, each func(items.Object) bool) error {
	return o.s3.Walk(ctx, region, bucket, prefix, after, func(e s3.Entry) bool {
		return each(items.Object{Key: e.Key, ETag: e.ETag, Size: e.Size, Modified: e.Modified / 1000})
	})
}

func (w *world) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(time.Duration(float64(d) / w.factor))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// create makes functions, over HTTP; their code is here.
func (w *world) create(ctx context.Context, fs []Function) error {
	for _, f := range fs {
		w.mu.Lock()
		w.functions[f.Name] = f.Behaviour
		w.mu.Unlock()
		a, err := w.Client.Lambda(ctx, "POST", "/2015-03-31/functions", map[string]any{
			"FunctionName": f.Name, "Role": "arn:aws:iam::" + account + ":role/test", "Runtime": "provided.al2023", "Handler": "bootstrap",
			"Timeout": 900, "Code": map[string]any{"ZipFile": code()}, "Environment": map[string]any{"Variables": f.Environment},
		})
		if err != nil {
			return err
		}
		if a.Status != http.StatusCreated {
			return fmt.Errorf("the function %s was not created: %s", f.Name, show(a.Body))
		}
		for a.member("State") != "Active" {
			if err := pause(ctx); err != nil {
				return err
			}
			if a, err = w.Client.Lambda(ctx, "GET", "/2015-03-31/functions/"+f.Name+"/configuration", nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// code is a package; what is in it does not matter.
var code = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if f, err := z.Create("bootstrap"); err == nil {
		f.Write([]byte("#!/bin/sh\n"))
	}
	z.Close()
	return b.Bytes()
})

func (w *world) find(s *host.Spec) inproc.Function {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, ok := w.functions[s.FunctionName]
	if !ok {
		return nil
	}
	return func(ctx context.Context, c *inproc.Call) ([]byte, error) {
		c.Log("START RequestId: " + c.RequestID) // as Lambda itself logs of each invocation
		return w.behave(ctx, &b, c)
	}
}

func (w *world) behave(ctx context.Context, b *Behaviour, c *inproc.Call) ([]byte, error) {
	switch b.Kind {
	case "echo":
		return c.Payload, nil
	case "constant":
		return b.Value, nil
	case "raw":
		if b.Repeat != nil {
			return []byte(strings.Repeat(b.Repeat.Text, b.Repeat.Count)), nil
		}
		return []byte(b.Text), nil
	case "sleep":
		if err := w.wait(ctx, time.Duration(b.Seconds*float64(time.Second))); err != nil {
			return nil, err
		}
		return w.behave(ctx, b.Then, c)
	case "raise":
		return nil, raised(b, c.RequestID)
	}
	return nil, fmt.Errorf("the behaviour %q is unknown", b.Kind)
}

// raised is the error object of a Python function: members in this order, with spaces.
func raised(b *Behaviour, request string) error {
	var parts []string
	add := func(name string, v any) {
		if raw, ok := v.(json.RawMessage); ok && len(raw) == 0 {
			return
		}
		data, _ := json.Marshal(v)
		parts = append(parts, fmt.Sprintf("%q: %s", name, data))
	}
	typ := "Error"
	if b.ErrorMessage != nil {
		add("errorMessage", *b.ErrorMessage)
	}
	if b.ErrorType != nil {
		typ = *b.ErrorType
		add("errorType", typ)
	}
	add("requestId", request)
	add("stackTrace", b.StackTrace)
	return &inproc.Failure{Type: typ, Object: []byte("{" + strings.Join(parts, ", ") + "}")}
}
