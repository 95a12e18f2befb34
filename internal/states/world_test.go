package states

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/states/items"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/task"
)

const (
	testRegion  = "us-east-1"
	testAccount = "000000000000"
)

// bucket is S3 in memory; there is only one bucket, "b".
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (b *bucket) Get(_ context.Context, _, name, key string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[key]
	if !ok || name != "b" {
		return nil, &api.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: 404}
	}
	return data, nil
}

func (b *bucket) Put(_ context.Context, _, name, key string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if name != "b" {
		return &api.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404}
	}
	b.objects[key] = data
	return nil
}

func (b *bucket) List(_ context.Context, _, _, prefix, _ string, each func(items.Object) bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var keys []string
	for k := range b.objects {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		if !each(items.Object{Key: k, ETag: "e", Size: int64(len(b.objects[k])), Modified: 1}) {
			return nil
		}
	}
	return nil
}

// callee answers Task states: it is the service "lambda".
type callee func(ctx context.Context, arguments []byte) (*task.Result, error)

func (c callee) Run(ctx context.Context, r *task.Request) (*task.Result, error) {
	return c(ctx, r.Arguments)
}

// service is Step Functions on an engine, in memory.
type service struct {
	*Service
	t      testing.TB
	bucket *bucket
}

func newService(t testing.TB, call callee) *service {
	t.Helper()
	return newServiceOn(t, mem.New(), call)
}

func newServiceOn(t testing.TB, st store.Store, call callee) *service {
	t.Helper()
	return newServiceWith(t, st, &bucket{objects: map[string][]byte{}}, call)
}

func newServiceWith(t testing.TB, st store.Store, b *bucket, call callee) *service {
	t.Helper()
	clock, err := engine.NewClock("real", time.Now, time.AfterFunc)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}
	eng := engine.New(engine.Config{Store: st, Ephemeral: mem.New(), Forgets: Forgets, Clock: clock, NewID: newID, Random: rand.Float64})
	s := New(Config{Engine: eng, Runners: map[string]task.Runner{"lambda": call}, Objects: b})
	for _, kind := range []byte(Kinds) {
		eng.Register(kind, s.Behaviour())
	}
	if err := eng.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	return &service{s, t, b}
}

// try calls an operation with a JSON body.
func (s *service) try(operation, body string) (map[string]any, error) {
	s.t.Helper()
	out, err := s.Do(s.t.Context(), operation, testRegion, testAccount, s.engine.NewID(), []byte(body))
	if err != nil {
		return nil, err
	}
	m := map[string]any{}
	if len(out) > 0 {
		if err := json.Unmarshal(out, &m); err != nil {
			s.t.Fatalf("%s answered %s: %v", operation, out, err)
		}
	}
	return m, nil
}

// call is try for calls that must succeed; format holds a JSON body whose values are quoted as JSON.
func (s *service) call(operation, format string, values ...any) map[string]any {
	s.t.Helper()
	m, err := s.try(operation, body(format, values...))
	if err != nil {
		s.t.Fatalf("%s: %v", operation, err)
	}
	return m
}

func body(format string, values ...any) string {
	for i, v := range values {
		b, _ := json.Marshal(v)
		values[i] = string(b)
	}
	return fmt.Sprintf(format, values...)
}

// start creates a machine "m" once and starts it.
func (s *service) start(definition, input string) string {
	s.t.Helper()
	m := s.call("CreateStateMachine", `{"name":"m","definition":%s,"roleArn":"arn:aws:iam::000000000000:role/r"}`, definition)
	e := s.call("StartExecution", `{"stateMachineArn":%s,"input":%s}`, m["stateMachineArn"], input)
	return e["executionArn"].(string)
}

// end waits until an execution has ended, and describes it.
func (s *service) end(arn string) map[string]any {
	s.t.Helper()
	e, err := executionArn(arn)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Minute)
	defer cancel()
	if _, err := s.engine.Closed(ctx, entity(e)); err != nil {
		s.t.Fatalf("%s does not end: %v\n%s", arn, err, strings.Join(s.types(arn), " "))
	}
	return s.call("DescribeExecution", `{"executionArn":%s}`, arn)
}

// types are the types of an execution's events.
func (s *service) types(arn string) []string {
	s.t.Helper()
	var out []string
	for _, e := range s.call("GetExecutionHistory", `{"executionArn":%s,"maxResults":1000}`, arn)["events"].([]any) {
		out = append(out, e.(map[string]any)["type"].(string))
	}
	return out
}
