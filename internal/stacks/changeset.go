package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/store"
)

// changeSetDoc is a change set. Executing it does what its template and settings say then, which is what Changes say
// unless something else has changed the resources meanwhile.
type changeSetDoc struct {
	ID          string
	Name        string
	StackID     string
	StackName   string
	Kind        string // CREATE or UPDATE
	Description string `json:",omitempty"`
	Status      string
	Reason      string `json:",omitempty"`
	Execution   string // ExecutionStatus
	Created     int64
	Template    string // blob
	Token       string `json:",omitempty"`
	settings
	Resolved []cfn.Given  `json:",omitempty"` // parameters as they turned out; those of the settings are as given
	Changes  []cfn.Change `json:",omitempty"`
	// Policies say, by logical id, what becomes of the resources that go: PolicyAction of the change.
	Policies map[string]string `json:",omitempty"`
	Basis    int64             // time of the stack's last event: a later one makes the change set obsolete
}

type changeSet struct {
	changeSetDoc
	version uint64
}

func (c *changeSet) key() string {
	a, _ := arn.Parse(c.ID)
	return a.Region + "/" + a.Account + "/" + c.ID[strings.LastIndexByte(c.ID, '/')+1:]
}

func readChangeSet(d store.Doc) (*changeSet, error) {
	c := &changeSet{version: d.Version}
	if err := json.Unmarshal(d.Value, &c.changeSetDoc); err != nil {
		return nil, fmt.Errorf("the change set %s cannot be read: %w", d.Key, err)
	}
	return c, nil
}

// changeSetsOf reads those of one stack.
func (s *Service) changeSetsOf(ctx context.Context, st *stack) (sets []*changeSet, _ error) {
	err := s.each(ctx, spaceChangeSet, st.Region+"/"+st.Account+"/", func(d store.Doc) error {
		c, err := readChangeSet(d)
		if err == nil && c.StackID == st.ID {
			sets = append(sets, c)
		}
		return err
	})
	slices.SortStableFunc(sets, func(a, b *changeSet) int { return int(a.Created - b.Created) })
	return sets, err
}

func noChangeSet(name string) *api.Error {
	return &api.Error{Code: "ChangeSetNotFound", Message: fmt.Sprintf("ChangeSet [%s] does not exist", clip(name)), Status: 404}
}

// findChangeSet finds the one that a request names by id, or by its own and its stack's name.
func (s *Service) findChangeSet(ctx context.Context, r *api.Request) (*changeSet, error) {
	name, of := r.Query.Get("ChangeSetName"), r.Query.Get("StackName")
	if a, err := arn.Parse(name); err == nil {
		key := a.Region + "/" + a.Account + "/" + name[strings.LastIndexByte(name, '/')+1:]
		d, err := s.cfg.Store.Doc(ctx, spaceChangeSet, key)
		if errors.Is(err, store.ErrNotFound) {
			return nil, noChangeSet(name)
		}
		if err != nil {
			return nil, err
		}
		return readChangeSet(d)
	}
	if of == "" {
		return nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
	}
	st, err := s.find(ctx, r.Region, r.Account, of)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", clip(of))
	}
	sets, err := s.changeSetsOf(ctx, st)
	if err != nil {
		return nil, err
	}
	for _, c := range sets {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, noChangeSet(name)
}
