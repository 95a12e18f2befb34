package stacks

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// world is what resources of the type Test::Thing are made in. Name replaces, Size changes in place, and a Size of
// "impossible" is refused.
type world struct {
	mu     sync.Mutex
	things map[string]string // sizes by physical id
	number int               // of ids and times
	tick   int               // milliseconds between two times; 0: one
	files  map[string]string // what S3 has, by bucket/key
}

func (w *world) types() map[string]*provider.Type {
	return map[string]*provider.Type{provider.NestedStack: provider.Types(provider.Env{})[provider.NestedStack], "Test::Thing": {
		Name:       "Test::Thing",
		Properties: map[string]cfn.Replacement{"Name": cfn.Always, "Size": cfn.Never, "Of": cfn.Never},
		Attributes: []string{"Size"}, Create: w.create, Update: w.update, Delete: w.delete,
	}}
}

func size(r *provider.Request) string {
	s, _ := r.Properties.Get("Size").Scalar()
	return s
}

func (w *world) create(_ context.Context, r *provider.Request) (*provider.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, _ := r.Properties.Get("Name").Scalar()
	id := r.LogicalID + "-" + name + "-" + r.Suffix
	if _, there := w.things[id]; there && !r.Retry {
		return nil, fmt.Errorf("%s is made a second time", id)
	}
	if size(r) == "impossible" {
		return nil, errors.New("no thing is that big")
	}
	w.things[id] = size(r)
	return &provider.Result{PhysicalID: id, Attributes: map[string]string{"Size": size(r)}}, nil
}

func (w *world) update(_ context.Context, r *provider.Request) (*provider.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, there := w.things[r.PhysicalID]; !there {
		return nil, fmt.Errorf("%s is not there to be changed", r.PhysicalID)
	}
	if size(r) == "impossible" {
		return nil, errors.New("no thing is that big")
	}
	w.things[r.PhysicalID] = size(r)
	return &provider.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Size": size(r)}}, nil
}

func (w *world) delete(_ context.Context, r *provider.Request) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.things, r.PhysicalID)
	return nil
}

// contents are the things without the random part of their ids.
func (w *world) contents() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for id, size := range w.things {
		list = append(list, id[:strings.LastIndexByte(id, '-')]+"="+size)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (w *world) next() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.number++
	return w.number
}

// service runs stacks in the world on a store.
func (w *world) service(t *testing.T, st store.Store) *Service {
	t.Helper()
	s := New(Config{
		Store: st, Types: w.types(),
		Now:   func() time.Time { return time.UnixMilli(1_800_000_000_000 + int64(w.next()*max(w.tick, 1))) },
		NewID: func() string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", w.next()) },
		Object: func(_ context.Context, _, bucket, key string) ([]byte, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if text, ok := w.files[bucket+"/"+key]; ok {
				return []byte(text), nil
			}
			return nil, api.Errorf("NoSuchKey", "no")
		},
		Parameter: func(context.Context, string, string, string) (string, bool) { return "", false },
		Busy:      func() func() { return func() {} },
	})
	t.Cleanup(func() { s.Close() })
	return s
}

func newWorld() (*world, store.Store) {
	return &world{things: map[string]string{}, files: map[string]string{}}, mem.New()
}

// call does an operation and decodes the answer.
func call(s *Service, operation string, out any, members ...string) error {
	err := callIn(context.Background(), s, operation, out, members...)
	if slices.Contains([]string{"CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"}, operation) {
		settle(s) // on a busy machine that may be after the answer
	}
	return err
}

// callIn is call without waiting for what it began.

func callIn(ctx context.Context, s *Service, operation string, out any, members ...string) error {
	q := url.Values{"StackName": {"s"}}
	for i := 0; i < len(members); i += 2 {
		q.Set(members[i], members[i+1])
	}
	for _, o := range s.Operations() {
		if o.Name != operation {
			continue
		}
		resp, err := o.Handle(ctx, &api.Request{
			Service: "cloudformation", Operation: operation, Region: "us-east-1", Account: "000000000000", Query: q,
		})
		if err != nil || out == nil {
			return err
		}
		return xml.Unmarshal([]byte("<R>"+string(resp.Body)+"</R>"), out)
	}
	return fmt.Errorf("there is no operation %s", operation)
}

// settle waits for the end of what Start has resumed.
func settle(s *Service) {
	s.mu.Lock()
	running := slices.Collect(maps.Values(s.running))
	s.mu.Unlock()
	for _, done := range running {
		<-done
	}
}

type described struct {
	Stacks []struct {
		StackStatus, StackStatusReason string
		Outputs                        []struct{ OutputKey, OutputValue string } `xml:"Outputs>member"`
	} `xml:"Stacks>member"`
}

// status is the stack's status, empty if there is no stack.
func status(t *testing.T, s *Service) string {
	t.Helper()
	var d described
	err := call(s, "DescribeStacks", &d)
	if e, ok := api.As(err); ok && e.Code == "ValidationError" {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.Stacks[0].StackStatus
}

// things writes a template: "A=1 B=2/name C=3@A" is three things with sizes, B with a name, C referring to A.
func things(list string) string {
	var b strings.Builder
	b.WriteString(`{"Resources":{`)
	for i, item := range strings.Fields(list) {
		id, rest, _ := strings.Cut(item, "=")
		rest, of, refers := strings.Cut(rest, "@")
		size, name, _ := strings.Cut(rest, "/")
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%q:{"Type":"Test::Thing","Properties":{"Size":%q,"Name":%q`, id, size, name)
		if refers {
			fmt.Fprintf(&b, `,"Of":{"Ref":%q}`, of)
		}
		b.WriteString("}}")
	}
	b.WriteString("}}")
	return b.String()
}
