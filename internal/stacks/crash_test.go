package stacks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/perdure/perdure/internal/store"
)

var errDown = errors.New("the process is down")

// failing is a store of a process that dies at a commit: before it, or after it but before anybody hears of it.
type failing struct {
	store.Store
	mu   sync.Mutex
	left int // commits until then
	late bool
}

func (f *failing) CommitDocs(ctx context.Context, docs ...store.Doc) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return errDown
	}
	if f.left--; f.left > 0 {
		return f.Store.CommitDocs(ctx, docs...)
	}
	if f.late {
		if err := f.Store.CommitDocs(ctx, docs...); err != nil {
			return err
		}
	}
	return errDown
}

func (f *failing) PutBlob(ctx context.Context, name string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return errDown
	}
	return f.Store.PutBlob(ctx, name, data)
}

func (f *failing) DeleteBlob(ctx context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return errDown
	}
	return f.Store.DeleteBlob(ctx, name)
}

func TestOperationsGoOnAfterACrashAtAnyCommit(t *testing.T) {
	const before = "A=1 B=2@A C=3@B Old=9"
	for _, tc := range []struct {
		name, operation, template string
		want                      map[string]string // contents of the world by status
	}{
		{"create", "CreateStack", "A=1 B=2@A C=3@B", map[string]string{"": "", "CREATE_COMPLETE": "A-=1 B-=2 C-=3"}},
		{"create that fails", "CreateStack", "A=1 B=2@A C=impossible@B", map[string]string{"": "", "ROLLBACK_COMPLETE": ""}},
		{"update", "UpdateStack", "A=1/new B=5@A C=3@B D=4@C", map[string]string{
			"CREATE_COMPLETE": "A-=1 B-=2 C-=3 Old-=9", "UPDATE_COMPLETE": "A-new=1 B-=5 C-=3 D-=4"}},
		{"update that fails", "UpdateStack", "A=1/new B=5@A D=4@B C=impossible@D", map[string]string{
			"CREATE_COMPLETE": "A-=1 B-=2 C-=3 Old-=9", "UPDATE_ROLLBACK_COMPLETE": "A-=1 B-=2 C-=3 Old-=9"}},
		{"delete", "DeleteStack", "", map[string]string{"CREATE_COMPLETE": "A-=1 B-=2 C-=3 Old-=9", "": ""}},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late=%v", tc.name, late), func(t *testing.T) {
				for n := 1; ; n++ {
					w, disk := newWorld()
					if tc.operation != "CreateStack" {
						if err := call(w.service(t, disk), "CreateStack", nil, "TemplateBody", things(before)); err != nil {
							t.Fatal(err)
						}
					}
					f := &failing{Store: disk, left: n, late: late}
					s := w.service(t, f)
					if tc.operation == "DeleteStack" {
						call(s, tc.operation, nil)
					} else {
						call(s, tc.operation, nil, "TemplateBody", things(tc.template))
					}
					s.Close()
					crashed := f.left == 0
					s = w.service(t, disk)
					if err := s.Start(context.Background()); err != nil {
						t.Fatal(err)
					}
					settle(s)
					end := status(t, s)
					want, ok := tc.want[end]
					if !ok {
						t.Fatalf("crash at commit %d: the stack ended %q", n, end)
					}
					if got := w.contents(); got != want {
						t.Fatalf("crash at commit %d: %s with %q, want %q", n, end, got, want)
					}
					checkEvents(t, s)
					if !crashed {
						if n < 6 {
							t.Fatalf("only %d commits: the test has missed the operation", n)
						}
						return
					}
					if n > 200 {
						t.Fatal("the operation does not end")
					}
				}
			})
		}
	}
}

// checkEvents fails unless the stack's events have rising times and ids of their own.
func checkEvents(t *testing.T, s *Service) {
	t.Helper()
	var out struct {
		Events []struct{ EventId, Timestamp, StackId string } `xml:"StackEvents>member"`
	}
	if err := call(s, "DescribeStackEvents", &out); err != nil {
		return // the stack is gone
	}
	seen := map[string]bool{}
	for i, e := range out.Events {
		if i > 0 && e.Timestamp >= out.Events[i-1].Timestamp {
			t.Fatalf("event %d is not older than the one after it: %s", i, e.Timestamp)
		}
		if seen[e.EventId] || e.StackId == "" {
			t.Fatalf("event %d has the id %q and the stack %q", i, e.EventId, e.StackId)
		}
		seen[e.EventId] = true
	}
}
