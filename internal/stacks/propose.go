package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

// nothingNew is the sentence that clients look for in a change set that would change nothing.
const nothingNew = "The submitted information didn't contain changes. Submit different information to create a change set."

// emptyResult is an answer whose Result element must be there though it has no members.
func emptyResult() *api.Response { return &api.Response{Body: []byte("\n")} }

type changeSetIDs struct{ Id, StackId string }

// createChangeSet works the changes out at once. What is wrong with the template is an error of the call: nothing is
// left behind, not even a stack in review.
func (s *Service) createChangeSet(ctx context.Context, r *api.Request) (*api.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, name := r.Query.Get("ChangeSetType"), r.Query.Get("ChangeSetName")
	if kind == "" {
		kind = "UPDATE"
	}
	if kind != "CREATE" && kind != "UPDATE" {
		return nil, invalid("ChangeSetType %s is not supported here: use CREATE or UPDATE", clip(kind))
	}
	if !stackName.MatchString(name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", clip(name))
	}
	st, err := s.reviewed(ctx, r, kind, name)
	if err != nil {
		return nil, err
	}
	sets, err := s.changeSetsOf(ctx, st)
	if err != nil {
		return nil, err
	}
	for _, c := range sets {
		if c.Name != name {
			continue
		}
		if token := r.Query.Get("ClientToken"); token != "" && token == c.Token {
			return result(changeSetIDs{c.ID, c.StackID})
		}
		return nil, api.Errorf("AlreadyExistsException", "ChangeSet [%s] already exists", name)
	}
	c := &changeSet{changeSetDoc: changeSetDoc{
		ID:   arn.New("cloudformation", r.Region, r.Account, "changeSet/"+name+"/"+s.cfg.NewID()).String(),
		Name: name, StackID: st.ID, StackName: st.Name, Kind: kind, Description: r.Query.Get("Description"),
		Created: s.cfg.Now().UnixMilli(), Token: r.Query.Get("ClientToken"),
	}}
	if err := s.propose(ctx, r, st, c); err != nil {
		return nil, err
	}
	return result(changeSetIDs{c.ID, c.StackID})
}

// reviewed is the stack that a change set is for; a new one, in review and not yet stored, if it is to be created.
func (s *Service) reviewed(ctx context.Context, r *api.Request, kind, set string) (*stack, error) {
	given := r.Query.Get("StackName")
	st, err := s.find(ctx, r.Region, r.Account, given)
	if err != nil {
		return nil, err
	}
	if st != nil && st.Deleted != 0 {
		st = nil
	}
	if kind == "UPDATE" {
		switch {
		case st == nil:
			return nil, invalid("Stack [%s] does not exist", clip(given))
		case st.Op != nil || !slices.Contains(updatable, st.Status):
			return nil, cannotUpdate(st)
		}
		return st, nil
	}
	if st == nil {
		name, err := named(r)
		if err != nil {
			return nil, err
		}
		st = s.newStack(r, name)
		st.Status = "REVIEW_IN_PROGRESS"
		return st, nil
	}
	if st.Status != "REVIEW_IN_PROGRESS" {
		return nil, invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", st.Name, set)
	}
	return st, nil
}

// propose finds out what the change set would do, and stores it.
func (s *Service) propose(ctx context.Context, r *api.Request, st *stack, c *changeSet) (err error) {
	if c.settings, err = readSettings(r, st.Parameters); err != nil {
		return err
	}
	text, err := s.source(ctx, r, st)
	if err != nil {
		return err
	}
	plan, err := s.prepare(ctx, st, text, &c.settings)
	if err != nil {
		return err
	}
	c.Resolved = plan.Parameters
	if c.Changes, err = s.changes(ctx, st, plan); err != nil {
		return err
	}
	c.Status, c.Execution = "CREATE_COMPLETE", "AVAILABLE"
	if c.Kind == "UPDATE" {
		same, err := s.same(ctx, st, text, plan, &c.settings, c.Changes)
		if err != nil {
			return err
		}
		if same {
			c.Status, c.Execution, c.Reason = "FAILED", "UNAVAILABLE", nothingNew
		}
	}
	if err := s.policies(ctx, st, c, func(id string) string {
		if want := plan.Resource(id); want != nil {
			return want.UpdateReplacePolicy
		}
		return ""
	}); err != nil {
		return err
	}
	return s.keep(ctx, st, c, text)
}

// policies notes what becomes of resources that are removed or replaced.
func (s *Service) policies(ctx context.Context, st *stack, c *changeSet, replaced func(id string) string) error {
	resources, err := s.resources(ctx, st)
	if err != nil {
		return err
	}
	c.Policies = map[string]string{}
	for _, ch := range c.Changes {
		switch {
		case ch.Action == "Remove" && resources[ch.ID] != nil && keeps(resources[ch.ID].DeletionPolicy),
			ch.Action == "Remove" && resources[ch.ID] != nil && resources[ch.ID].DeletionPolicy == "RetainExceptOnCreate":
			c.Policies[ch.ID] = "Retain"
		case ch.Action == "Remove":
			c.Policies[ch.ID] = "Delete"
		case ch.Replacement == "True" && keeps(replaced(ch.ID)):
			c.Policies[ch.ID] = "ReplaceAndRetain"
		case ch.Replacement == "True":
			c.Policies[ch.ID] = "ReplaceAndDelete"
		}
	}
	return nil
}

// keep stores a change set, and the stack in review if it is new.
func (s *Service) keep(ctx context.Context, st *stack, c *changeSet, text []byte) error {
	c.Template = templateBlob + s.cfg.NewID()
	if err := s.cfg.Store.PutBlob(ctx, c.Template, text); err != nil {
		return err
	}
	var docs []store.Doc
	if st.version == 0 {
		o := &operation{s: s, st: st}
		events, err := o.eventDocs([]eventDoc{o.stackEvent(st.Status, "User Initiated")})
		if err != nil {
			return err
		}
		d, err := st.doc()
		if err != nil {
			return err
		}
		docs = append(events, d)
	}
	c.Basis = st.LastEvent
	b, err := json.Marshal(&c.changeSetDoc)
	if err != nil {
		return err
	}
	docs = append(docs, store.Doc{Space: spaceChangeSet, Key: c.key(), Value: b})
	if err := s.cfg.Store.CommitDocs(ctx, docs...); err != nil {
		return errors.Join(err, s.cfg.Store.DeleteBlob(ctx, c.Template))
	}
	return nil
}

// executeChangeSet starts what the change set says. With it all change sets of the stack are gone.
func (s *Service) executeChangeSet(ctx context.Context, r *api.Request) (*api.Response, error) {
	s.mu.Lock()
	done, err := s.execute(ctx, r)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	await(ctx, done)
	return emptyResult(), nil
}

func (s *Service) execute(ctx context.Context, r *api.Request) (chan struct{}, error) {
	token := r.Query.Get("ClientRequestToken")
	c, err := s.findChangeSet(ctx, r)
	if e, ok := api.As(err); ok && e.Code == "ChangeSetNotFound" && token != "" { // a repetition, perhaps
		st, err := s.find(ctx, r.Region, r.Account, r.Query.Get("StackName"))
		if err == nil && st != nil && st.Token == token {
			return s.inProgress(st), nil
		}
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	st, err := s.find(ctx, r.Region, r.Account, c.StackID)
	if err != nil {
		return nil, err
	}
	if st == nil || st.Deleted != 0 {
		return nil, noStack(c.StackID)
	}
	if c.Execution == "AVAILABLE" && c.Basis != st.LastEvent {
		c.Execution = "OBSOLETE"
	}
	if c.Execution != "AVAILABLE" {
		return nil, api.Errorf("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current execution status of [%s]", c.ID, c.Execution)
	}
	if st.Op != nil || c.Kind == "UPDATE" && !slices.Contains(updatable, st.Status) {
		return nil, cannotUpdate(st)
	}
	text, err := s.template(ctx, c.Template)
	if err != nil {
		return nil, err
	}
	sets, err := s.changeSetsOf(ctx, st)
	if err != nil {
		return nil, err
	}
	var gone []store.Doc
	for _, other := range sets {
		gone = append(gone, store.Doc{Space: spaceChangeSet, Key: other.key(), Version: other.version})
	}
	set := c.settings
	set.DisableRollback = set.DisableRollback || flag(r.Query, "DisableRollback")
	done, err := s.begin(ctx, st, c.Kind, text, set, token, gone...)
	if err != nil {
		return nil, err
	}
	for _, other := range sets {
		if err := s.cfg.Store.DeleteBlob(ctx, other.Template); err != nil {
			return nil, err
		}
	}
	return done, nil
}

// deleteChangeSet succeeds if there is none, as long as there is the stack.
func (s *Service) deleteChangeSet(ctx context.Context, r *api.Request) (*api.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChangeSet(ctx, r)
	if e, ok := api.As(err); ok && e.Code == "ChangeSetNotFound" {
		return emptyResult(), nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Store.CommitDocs(ctx, store.Doc{Space: spaceChangeSet, Key: c.key(), Version: c.version}); err != nil {
		return nil, err
	}
	return emptyResult(), s.cfg.Store.DeleteBlob(ctx, c.Template)
}
