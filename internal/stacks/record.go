package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

const (
	spaceStack     = "stacks/stack"
	spaceGone      = "stacks/gone"
	spaceResource  = "stacks/resource"
	spaceEvent     = "stacks/event"
	spaceChangeSet = "stacks/changeset"
	spaceExport    = "stacks/export"
	templateBlob   = "stacks/template/"
)

// stackDoc is a stack. Times are Unix milliseconds.
type stackDoc struct {
	Format      int `json:"format"`
	ID          string
	Name        string
	Region      string
	Account     string
	Description string `json:",omitempty"`
	Status      string
	Reason      string `json:",omitempty"`
	Created     int64
	Updated     int64  `json:",omitempty"`
	Deleted     int64  `json:",omitempty"`
	Template    string `json:",omitempty"` // name of the blob; empty in review
	settings
	Outputs   []outputDoc `json:",omitempty"`
	Imports   []string    `json:",omitempty"`
	Protected bool        `json:",omitempty"`
	Token     string      `json:",omitempty"` // of the last operation
	Why       string      `json:",omitempty"` // the last operation failed; the status has no reason once that is undone
	Previous  string      `json:",omitempty"` // blob: what a nested stack's template was before its last update
	Parent    string      `json:",omitempty"` // ids of the stack that this one is part of, and of the outermost
	Root      string      `json:",omitempty"`
	Depth     int         `json:",omitempty"`
	Events    uint64      `json:",omitempty"` // at least so many there were when this was written
	LastEvent int64       `json:",omitempty"`
	Op        *opDoc      `json:",omitempty"`
}

// settings are what create and update set anew.
type settings struct {
	Parameters      []cfn.Given `json:",omitempty"`
	Tags            []tag       `json:",omitempty"`
	Capabilities    []string    `json:",omitempty"`
	RoleARN         string      `json:",omitempty"`
	Notifications   []string    `json:",omitempty"`
	DisableRollback bool        `json:",omitempty"`
	Minutes         int         `json:",omitempty"` // that a creation may take; 0: any number
}

type tag struct{ Key, Value string }

type outputDoc struct {
	Key, Value, Description, Export string
	Hidden                          bool `json:",omitempty"` // made of what is not to be shown
}

// opDoc is an operation under way.
type opDoc struct {
	ID       string // one for the operation, another for its rollback
	Kind     string // CREATE, UPDATE, DELETE
	Phase    phase
	Template string // blob
	settings
	Undoes  string   `json:",omitempty"` // rollback: the ID that the operation had before
	Retain  []string `json:",omitempty"` // DELETE: ids to leave alone
	Removes []string `json:",omitempty"` // cleanup: ids to delete
}

type phase string

const (
	forward  phase = "forward"
	cleanup  phase = "cleanup"
	rollback phase = "rollback"
	undone   phase = "undone" // cleanup after a rollback
	deleting phase = "deleting"
)

// resourceDoc is a resource of a stack.
type resourceDoc struct {
	ID      string
	Type    string
	Status  string
	Reason  string `json:",omitempty"`
	Updated int64
	state
	Suffix   string
	Step     string      `json:",omitempty"` // what may be half done: create, update, replace, delete
	Op       string      `json:",omitempty"` // operation that touched it last
	Was      *state      `json:",omitempty"` // before that operation; nil if it did not exist
	Leftover []remainder `json:",omitempty"` // what replacements left to be deleted
}

// state is what there is of a resource, and how it got there.
type state struct {
	PhysicalID          string               `json:",omitempty"`
	Attributes          map[string]string    `json:",omitempty"`
	Values              map[string]*cfn.Node `json:",omitempty"` // attributes that are no text
	NoEcho              bool                 `json:",omitempty"` // attributes are not to be shown
	Properties          *cfn.Node            `json:",omitempty"`
	Metadata            *cfn.Node            `json:",omitempty"`
	Needs               []string             `json:",omitempty"`
	DeletionPolicy      string               `json:",omitempty"`
	UpdateReplacePolicy string               `json:",omitempty"`
}

// is takes over what a provider said of the resource.
func (s *state) is(res *provider.Result) {
	s.PhysicalID, s.Attributes, s.Values, s.NoEcho = res.PhysicalID, res.Attributes, res.Values, res.NoEcho
}

// as takes over identity and attributes from another state of the resource.
func (s *state) as(o *state) {
	s.PhysicalID, s.Attributes, s.Values, s.NoEcho = o.PhysicalID, o.Attributes, o.Values, o.NoEcho
}

// attribute is what Fn::GetAtt gives.
func (s *state) attribute(name string) (*cfn.Node, bool) {
	if v, ok := s.Values[name]; ok {
		return v, true
	}
	text, ok := s.Attributes[name]
	return cfn.Text(text), ok
}

type remainder struct {
	PhysicalID string
	Properties *cfn.Node
	Retain     bool
}

type eventDoc struct {
	ID, Op, Token            string
	Resource, Physical, Type string
	Status, Reason           string
	Time                     int64
	Properties               string `json:",omitempty"`
}

type exportDoc struct {
	Name, Value, StackID string
	Hidden               bool `json:",omitempty"`
}

// stack is a stackDoc with its place in the store.
type stack struct {
	stackDoc
	version uint64
	looked  *int // nested templates that were looked into to check this one
}

func (s *stackDoc) uuid() string { return s.ID[strings.LastIndexByte(s.ID, '/')+1:] }
func (s *stackDoc) key() string  { return s.Region + "/" + s.Account + "/" + s.Name }

func newStackID(region, account, name, id string) string {
	return arn.New("cloudformation", region, account, "stack/"+name+"/"+id).String()
}

func readStack(d store.Doc) (*stack, error) {
	st := &stack{version: d.Version}
	if err := json.Unmarshal(d.Value, &st.stackDoc); err != nil {
		return nil, fmt.Errorf("the stack %s cannot be read: %w", d.Key, err)
	}
	return st, nil
}

// doc is the document that a changed stack becomes. The caller counts the version up once it is committed.
func (st *stack) doc() (store.Doc, error) {
	st.Format = 1
	b, err := json.Marshal(&st.stackDoc)
	return store.Doc{Space: spaceStack, Key: st.key(), Value: b, Version: st.version}, err
}

// save commits a stack with further documents.
func (s *Service) save(ctx context.Context, st *stack, more ...store.Doc) error {
	d, err := st.doc()
	if err != nil {
		return err
	}
	if err := s.cfg.Store.CommitDocs(ctx, append([]store.Doc{d}, more...)...); err != nil {
		return err
	}
	st.version++
	return nil
}

// live finds the stack that has a name, or nil.
func (s *Service) live(ctx context.Context, region, account, name string) (*stack, error) {
	d, err := s.cfg.Store.Doc(ctx, spaceStack, region+"/"+account+"/"+name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readStack(d)
}

// find looks a stack up by name or id; deleted ones by id only. It is nil if there is none.
func (s *Service) find(ctx context.Context, region, account, nameOrID string) (*stack, error) {
	name, id := nameOrID, ""
	if a, err := arn.Parse(nameOrID); err == nil {
		part := strings.Split(a.Resource, "/")
		if a.Service != "cloudformation" || len(part) != 3 || part[0] != "stack" {
			return nil, nil
		}
		region, account, name, id = a.Region, a.Account, part[1], part[2]
	}
	st, err := s.live(ctx, region, account, name)
	if err != nil || id == "" || st != nil && st.uuid() == id {
		return st, err
	}
	d, err := s.cfg.Store.Doc(ctx, spaceGone, region+"/"+account+"/"+id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readStack(d)
}

// each calls f for every document of a space whose key has the prefix, in order of keys.
func (s *Service) each(ctx context.Context, space, prefix string, f func(store.Doc) error) error {
	for after := ""; ; {
		docs, err := s.cfg.Store.Docs(ctx, space, prefix, after, 500)
		if err != nil || len(docs) == 0 {
			return err
		}
		for _, d := range docs {
			if err := f(d); err != nil {
				return err
			}
		}
		after = docs[len(docs)-1].Key
	}
}

// resource is a resourceDoc with its version.
type resource struct {
	resourceDoc
	version uint64
}

// resources reads those of a stack, by id.
func (s *Service) resources(ctx context.Context, st *stack) (map[string]*resource, error) {
	m := map[string]*resource{}
	err := s.each(ctx, spaceResource, st.uuid()+"/", func(d store.Doc) error {
		r := &resource{version: d.Version}
		if err := json.Unmarshal(d.Value, &r.resourceDoc); err != nil {
			return fmt.Errorf("the resource %s cannot be read: %w", d.Key, err)
		}
		m[r.ID] = r
		return nil
	})
	return m, err
}

// template reads a stack's template text by its blob's name; empty for a stack in review.
func (s *Service) template(ctx context.Context, blob string) ([]byte, error) {
	if blob == "" {
		return nil, nil
	}
	return s.cfg.Store.Blob(ctx, blob)
}
