// Package provider creates, changes and deletes what stacks are made of, one file per family of resource types.
//
// A [Type] is a resource type: which properties it takes, what changing each of them means, which attributes it has, and
// how it is created, updated and deleted. Resources of other services are made by calling those services' operations
// through a [Caller], so that everything is checked as if a client had asked. IAM roles need no service here, they are
// documents:
//
//	iam/role       account/name          Record
//
// What functions of the user's make, custom resources, waits in entities, see response.go.
//
// Contract of the three functions: each may be repeated after a crash with the same Request (Retry set) and must then find
// what it did before rather than fail; Delete of what is gone succeeds. Errors are shown to the user as they are.
// Types that a deployment needs only to exist (bucket policies, keys, repositories) have no effect beyond the stack's
// own record; inert.go lists them. Read next: function.go, machine.go, record.go.
package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/store"
)

// Call is one operation of a service.
type Call struct {
	Service, Operation string
	Region, Account    string
	Path               map[string]string
	Query              url.Values
	Body               any // encoded as JSON; nil for none
}

// Caller does calls and returns the answer's body; what the service refuses is an *api.Error.
type Caller interface {
	Call(ctx context.Context, c Call) ([]byte, error)
}

// Env is what providers act with.
type Env struct {
	Caller    Caller
	Docs      store.Store
	Responses *Responses
}

// Request says what a resource is to be.
type Request struct {
	Region, Account, Partition    string
	StackName, StackID, LogicalID string
	Type                          string // as the template has it
	Operation                     string // id of the stack's operation
	Undoes                        string // id of the one that it rolls back
	Suffix                        string // random, fixed for this resource: part of generated names
	Retry                         bool   // the same request may have been carried out before a crash
	PhysicalID                    string // Update and Delete
	// Rest is called before waiting for others, what it returns after that: skipping time does not wait meanwhile.
	Rest       func() (back func())
	Properties *cfn.Node
	Old        *cfn.Node // Update: what it was
}

// Result is a resource that exists.
type Result struct {
	PhysicalID string // what Ref gives
	Attributes map[string]string
	Values     map[string]*cfn.Node // attributes that are no text
	NoEcho     bool                 // the attributes are not to be shown
}

// made is a resource whose attributes are text.
func made(id string, attributes map[string]string) *Result {
	return &Result{PhysicalID: id, Attributes: attributes}
}

// Type is a resource type.
type Type struct {
	Name string
	// Properties are those that are understood, with what changing one means. A template with another one is refused.
	Properties map[string]cfn.Replacement
	Required   []string
	Open       bool     // takes any property and has any attribute
	Attributes []string // that Fn::GetAtt may ask for; one that ends in "." stands for all that begin so
	Create     func(ctx context.Context, r *Request) (*Result, error)
	Update     func(ctx context.Context, r *Request) (*Result, error) // nil: every change replaces
	Delete     func(ctx context.Context, r *Request) error
	// Invent, if set, gives an attribute that the resource has not got.
	Invent func(region, account, id, attribute string) string
	// Verify, if set, refuses properties for their values, which may be Unknown. It is asked before anything is done.
	Verify func(id string, p *cfn.Node) error
}

// Replaces tells what changing a property means.
func (t *Type) Replaces(property string) cfn.Replacement {
	if t.Update == nil {
		return cfn.Always
	}
	if t.Name == CustomResource {
		return cfn.Conditionally
	}
	if r, ok := t.Properties[property]; ok {
		return r
	}
	return cfn.Never
}

// HasAttribute tells whether Fn::GetAtt may ask for attr.
func (t *Type) HasAttribute(attr string) bool {
	return t.Open || slices.ContainsFunc(t.Attributes, func(a string) bool {
		return a == attr || strings.HasSuffix(a, ".") && strings.HasPrefix(attr, a)
	})
}

// Check refuses properties that are missing or not understood, before anything is done.
func (t *Type) Check(id string, p *cfn.Node) error {
	for i, k := range p.Keys {
		if _, ok := t.Properties[k]; !ok && !t.Open && p.Items[i].Kind != cfn.NoValue {
			return fmt.Errorf("Encountered unsupported property %s of %s (%s); supported here are %s", k, id, t.Name, t.supported())
		}
	}
	for _, k := range t.Required {
		if p.Get(k) == nil {
			return fmt.Errorf("Properties validation failed for resource %s with message: #: required key [%s] not found", id, k)
		}
	}
	if t.Verify != nil {
		return t.Verify(id, p)
	}
	return nil
}

func (t *Type) supported() string {
	names := make([]string, 0, len(t.Properties))
	for k := range t.Properties {
		names = append(names, k)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Types are all types, by name.
func Types(env Env) map[string]*Type {
	m := map[string]*Type{}
	for _, list := range [][]*Type{functionTypes(env), urlTypes(env), machineTypes(env), iamTypes(env), parameterTypes(env), logTypes(env), bucketTypes(env), customTypes(env), nestedTypes(), inertTypes()} {
		for _, t := range list {
			m[t.Name] = t
		}
	}
	return m
}

// properties makes a map of properties from names; those after "!" replace.
func properties(never string, always string) map[string]cfn.Replacement {
	m := map[string]cfn.Replacement{}
	for _, n := range strings.Fields(never) {
		m[n] = cfn.Never
	}
	for _, n := range strings.Fields(always) {
		m[n] = cfn.Always
	}
	return m
}

// text is a scalar property, or empty.
func (r *Request) text(name string) string {
	s, _ := r.Properties.Get(name).Scalar()
	return s
}

// name is the property that names the resource, or a generated name STACK-LOGICALID-SUFFIX of at most limit bytes.
func (r *Request) name(property string, limit int) string {
	if n := r.text(property); n != "" {
		return n
	}
	return r.generated(limit)
}

// Name is a generated name of at most limit bytes, the same at every repetition.
func (r *Request) Name(limit int) string { return r.generated(limit) }

func (r *Request) generated(limit int) string {
	suffix := "-" + r.Suffix
	room := limit - len(suffix)
	stack, id := r.StackName, r.LogicalID
	if over := len(stack) + 1 + len(id) - room; over > 0 { // the longer one gives way first
		half := (room - 1) / 2
		if len(stack) > half {
			stack = stack[:max(half, len(stack)-over)]
		}
		id = id[:min(len(id), room-1-len(stack))]
	}
	return stack + "-" + id + suffix
}

// call does an operation in the request's region and account and decodes the answer into out, which may be nil.
func (e Env) call(ctx context.Context, r *Request, service, operation string, path map[string]string, body, out any) error {
	return e.do(ctx, Call{Service: service, Operation: operation, Region: r.Region, Account: r.Account, Path: path, Body: body}, out)
}

// do does a call and decodes the answer into out, which may be nil.
func (e Env) do(ctx context.Context, c Call, out any) error {
	b, err := e.Caller.Call(ctx, c)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(b, out)
}

// is tells whether err is a service's refusal with one of the codes.
func is(err error, codes ...string) bool {
	e, ok := api.As(err)
	return ok && slices.Contains(codes, e.Code)
}
