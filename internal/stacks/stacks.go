// Package stacks is the CloudFormation service: stacks, change sets, events, exports.
//
// What a template means is decided by package cfn, what a resource is by package provider; this package does the steps in
// order, writes down each before and after it, and undoes them when one fails.
//
// An operation on a stack (create, update, delete) is a goroutine of the service rather than an entity of the engine:
// it is a short run of calls, there is one a stack at most, and its state between steps is documents. Everything it needs
// is in them, so Start goes on with what a crash or Close has interrupted, from the step it was at. Providers are told
// that a step may be a repetition.
//
// Kept in the store; UUID is the last part of a stack's id:
//
//	document stacks/stack      region/account/name    stackDoc, of the stack that has the name now
//	document stacks/gone       region/account/UUID    stackDoc, deleted
//	document stacks/resource   UUID/logical id        resourceDoc
//	document stacks/event      UUID/number            eventDoc
//	document stacks/changeset  region/account/UUID    changeSetDoc
//	document stacks/export     region/account/name    exportDoc
//	blob     stacks/template/UUID                     the text of a template, as it was received
//
// Invariants: a stack's Op is set while something is to be done, and only then; a resource's Step names what may be half
// done; Was is what rollback returns to. Event numbers of a stack have no gaps, its event times strictly rise. Read next:
// operation.go, forward.go, rollback.go, remove.go, nested.go.
package stacks

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

// Version and XMLNS are those of the AWS model.
const (
	Version = "2010-05-15"
	XMLNS   = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
)

// hold is how long a call that starts an operation waits for its end, so that quick deployments cost no client a poll.
const hold = 2 * time.Second

// Config is what the service needs. All but Log are required.
type Config struct {
	Store store.Store
	Types map[string]*provider.Type
	Now   func() time.Time
	NewID func() string
	// Object reads a template or another file from S3.
	Object func(ctx context.Context, region, bucket, key string) ([]byte, error)
	// Parameter finds an SSM parameter's value.
	Parameter func(ctx context.Context, region, account, name string) (string, bool)
	// Inert has resources of types that are not in Types kept as records without effect, rather than refused.
	Inert bool
	// Busy marks work in progress, so that skipping time waits for it.
	Busy func() (done func())
	Log  *slog.Logger // nil discards
}

// Service is CloudFormation. Safe for concurrent use.
type Service struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex               // held while operations begin
	running map[string]chan struct{} // by stack UUID; closed at the end
	closed  bool
	work    sync.WaitGroup
}

// New makes the service. Start it before it is used, Close it at the end.
func New(cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, running: map[string]chan struct{}{}}
	s.nesting()
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Start goes on with the operations that were interrupted.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock() // a parent looks for its child's operation once both are there
	defer s.mu.Unlock()
	return s.each(ctx, spaceStack, "", func(d store.Doc) error {
		st, err := readStack(d)
		if err != nil {
			return err
		}
		if st.Op != nil {
			s.launch(st)
		}
		return nil
	})
}

// Close stops operations between two steps and waits for that. The next Start goes on with them.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	return nil
}

// launch runs a stack's operation. s.mu is held.
func (s *Service) launch(st *stack) chan struct{} {
	done := make(chan struct{})
	if s.closed {
		close(done)
		return done
	}
	s.running[st.uuid()] = done
	o := &operation{s: s, st: st, idle: s.cfg.Busy()}
	s.work.Go(func() {
		defer func() { o.idle() }()
		defer func() {
			s.mu.Lock()
			delete(s.running, st.uuid())
			s.mu.Unlock()
			close(done)
			if p := recover(); p != nil {
				s.cfg.Log.Error("a stack operation panicked; the next start goes on with it", "stack", st.ID, "panic", p, "trace", string(debug.Stack()))
			}
		}()
		if err := o.run(s.ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.cfg.Log.Error("a stack operation stopped; the next start goes on with it", "stack", st.ID, "error", err)
		}
	})
	return done
}

// await holds a call until an operation has ended, but not for long.
func await(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, hold)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

const maxBody = 2 << 20 // bytes of a request; a template in a form grows by its escapes

// Operations is the service's list for the wire, AWS query protocol.
func (s *Service) Operations() []api.Operation {
	list := []api.Operation{
		{Name: "CreateStack", Handle: s.createStack},
		{Name: "UpdateStack", Handle: s.updateStack},
		{Name: "DeleteStack", Handle: s.deleteStack},
		{Name: "DescribeStacks", Handle: s.describeStacks},
		{Name: "ListStacks", Handle: s.listStacks},
		{Name: "DescribeStackEvents", Handle: s.describeEvents},
		{Name: "DescribeStackResource", Handle: s.describeResource},
		{Name: "DescribeStackResources", Handle: s.describeResources},
		{Name: "ListStackResources", Handle: s.listResources},
		{Name: "GetTemplate", Handle: s.getTemplate},
		{Name: "GetTemplateSummary", Handle: s.templateSummary},
		{Name: "ValidateTemplate", Handle: s.validateTemplate},
		{Name: "UpdateTerminationProtection", Handle: s.protect},
		{Name: "ListExports", Handle: s.listExports},
		{Name: "ListImports", Handle: s.listImports},
		{Name: "CreateChangeSet", Handle: s.createChangeSet},
		{Name: "DescribeChangeSet", Handle: s.describeChangeSet},
		{Name: "ExecuteChangeSet", Handle: s.executeChangeSet},
		{Name: "DeleteChangeSet", Handle: s.deleteChangeSet},
		{Name: "ListChangeSets", Handle: s.listChangeSets},
	}
	for i := range list {
		list[i].MaxBody = maxBody
	}
	return list
}
