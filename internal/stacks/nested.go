package stacks

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

// A nested stack is a stack like others that another one makes, changes and deletes as its resource; its operations are its
// own, with events of their own, and the parent's waits for them. What an operation of the parent has begun is known by
// the child's token, so that a repetition after a crash finds it.
//
// Unlike CloudFormation's, a child does not wait with its cleanup for the parent's: if the parent is rolled back
// afterwards, what the child had replaced is made again rather than kept.

// Bounds, so that a template that includes itself has an end: how deep stacks may be nested, and how many may be in one.
const (
	maxDepth  = 10
	maxNested = 200
)

// nesting completes the type of nested stacks.
func (s *Service) nesting() {
	t := s.cfg.Types[provider.NestedStack]
	if t == nil {
		return
	}
	own := *t
	own.Create, own.Update, own.Delete = s.createNested, s.updateNested, s.deleteNested
	s.cfg.Types = maps.Clone(s.cfg.Types)
	s.cfg.Types[provider.NestedStack] = &own
}

// nestedToken marks a child's operation as begun by one of its parent's.
func nestedToken(operation string) string { return "nested-" + operation }

// embedded makes the record of a child that is not there yet, with the settings that it gets from its parent and its
// properties.
func (s *Service) embedded(parent *stack, given *settings, name, id string, p *cfn.Node) (*stack, settings, error) {
	st := &stack{stackDoc: stackDoc{
		ID: newStackID(parent.Region, parent.Account, name, id), Name: name, Region: parent.Region, Account: parent.Account,
		Created: s.cfg.Now().UnixMilli(), Parent: parent.ID, Root: parent.Root, Depth: parent.Depth + 1,
	}}
	if st.Root == "" {
		st.Root = parent.ID
	}
	if st.Depth > maxDepth {
		return nil, settings{}, fmt.Errorf("stacks may be nested %d deep here", maxDepth)
	}
	if st.looked = parent.looked; st.looked == nil {
		st.looked = new(int)
		parent.looked = st.looked
	}
	if *st.looked++; *st.looked > maxNested {
		return nil, settings{}, tooMany()
	}
	set := settings{Capabilities: given.Capabilities, RoleARN: given.RoleARN, DisableRollback: given.DisableRollback}
	set.Tags = append(set.Tags, given.Tags...)
	if n := p.Get("Tags"); n != nil {
		for _, item := range n.Items {
			k, _ := item.Get("Key").Scalar()
			v, _ := item.Get("Value").Scalar()
			set.Tags = append(set.Tags, tag{k, v})
		}
	}
	if n := p.Get("NotificationARNs"); n != nil {
		for _, item := range n.Items {
			text, _ := item.Scalar()
			set.Notifications = append(set.Notifications, text)
		}
	}
	if n := p.Get("Parameters"); n != nil {
		for i, k := range n.Keys {
			text, ok := n.Items[i].Scalar()
			if !ok && n.Items[i].Kind == cfn.List {
				var parts []string
				for _, item := range n.Items[i].Items {
					part, _ := item.Scalar()
					parts = append(parts, part)
				}
				text = strings.Join(parts, ",")
			}
			set.Parameters = append(set.Parameters, cfn.Given{ID: k, Value: text})
		}
	}
	return st, set, nil
}

// nestedTemplate reads the template that a nested stack's properties name.
func (s *Service) nestedTemplate(ctx context.Context, region, address string) ([]byte, error) {
	bucket, key, ok := place(address)
	if !ok {
		return nil, errors.New("TemplateURL must be a supported URL.")
	}
	text, err := s.cfg.Object(ctx, region, bucket, key)
	if e, refused := api.As(err); refused {
		return nil, fmt.Errorf("S3 error: %s", e.Message)
	}
	if err == nil && len(text) > cfn.MaxBytes {
		return nil, fmt.Errorf("Template may not exceed %d bytes in size.", cfn.MaxBytes)
	}
	return text, err
}

// checkNested looks into the template of a nested stack as far as its properties are known.
func (s *Service) checkNested(ctx context.Context, st *stack, set *settings, id string, p *cfn.Node) error {
	address, known := p.Get("TemplateURL").Scalar()
	if !known {
		return nil
	}
	text, err := s.nestedTemplate(ctx, st.Region, address)
	if err != nil {
		return err
	}
	child, given, err := s.embedded(st, set, st.Name+"-"+id, "check", p)
	if err != nil {
		return err
	}
	if n := p.Get("Parameters"); n != nil && n.Has(cfn.Unknown) {
		_, err := unexpanded(text)
		return err
	}
	plan, err := s.prepare(ctx, child, text, &given)
	if err != nil {
		return err
	}
	return expandable(plan, &given)
}

func tooMany() error { return fmt.Errorf("a stack may have %d nested stacks here", maxNested) }

// relatives counts the stacks that are part of a root stack.
func (s *Service) relatives(ctx context.Context, st *stack) (n int, _ error) {
	err := s.each(ctx, spaceStack, st.Region+"/"+st.Account+"/", func(d store.Doc) error {
		other, err := readStack(d)
		if err == nil && other.Root == st.Root {
			n++
		}
		return err
	})
	return n, err
}

func parentGone(id string) error {
	return fmt.Errorf("the stack %s that this one is part of is gone", id)
}

// createNested implements provider.Type.
func (s *Service) createNested(ctx context.Context, r *provider.Request) (*provider.Result, error) {
	name := r.Name(128)
	id, done, err := s.beginNested(ctx, r, name)
	if err != nil {
		return nil, err
	}
	st, err := s.ended(ctx, r, id, done)
	if err != nil {
		return nil, err
	}
	out := nestedResult(st)
	if st.Status != "CREATE_COMPLETE" {
		return out, fmt.Errorf("Embedded stack %s was not successfully created: %s", st.ID, st.Why)
	}
	return out, nil
}

func (s *Service) beginNested(ctx context.Context, r *provider.Request, name string) (id string, _ chan struct{}, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent, err := s.find(ctx, r.Region, r.Account, r.StackID)
	if err != nil {
		return "", nil, err
	}
	if parent == nil || parent.Op == nil {
		return "", nil, parentGone(r.StackID)
	}
	there, err := s.live(ctx, r.Region, r.Account, name)
	if err != nil {
		return "", nil, err
	}
	if there != nil {
		if there.Token == nestedToken(r.Operation) { // begun before a crash
			return there.ID, s.inProgress(there), nil
		}
		return "", nil, fmt.Errorf("Stack [%s] already exists", name)
	}
	address, _ := r.Properties.Get("TemplateURL").Scalar()
	text, err := s.nestedTemplate(ctx, r.Region, address)
	if err != nil {
		return "", nil, err
	}
	st, set, err := s.embedded(parent, &parent.Op.settings, name, s.cfg.NewID(), r.Properties)
	if err != nil {
		return "", nil, err
	}
	if n, err := s.relatives(ctx, st); err != nil || n >= maxNested {
		return "", nil, cmp.Or(err, tooMany())
	}
	plan, err := s.prepare(ctx, st, text, &set)
	if err == nil {
		err = expandable(plan, &set)
	}
	if err != nil {
		return "", nil, worded(err)
	}
	if minutes, ok := r.Properties.Get("TimeoutInMinutes").Scalar(); ok {
		m, _ := strconv.Atoi(minutes) // it has been checked
		set.Minutes = m
	}
	done, err := s.begin(ctx, st, "CREATE", text, set, nestedToken(r.Operation))
	return st.ID, done, s.orClosing(ctx, err)
}

// worded is the text of a refusal, which the parent shows as it is.
func worded(err error) error {
	if e, ok := api.As(err); ok {
		return errors.New(e.Message)
	}
	return err
}

// orClosing gives the end of the service as what it is, rather than as a failure of the resource.
func (s *Service) orClosing(ctx context.Context, err error) error {
	if err != nil && s.closed {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

// ended waits for a child's operation and gives the child as it is then. Time may be skipped meanwhile: the child sees to it
// that it is not while there is work.
func (s *Service) ended(ctx context.Context, r *provider.Request, id string, done chan struct{}) (*stack, error) {
	back := r.Rest()
	defer back()
	select {
	case <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	st, err := s.find(ctx, r.Region, r.Account, id)
	switch {
	case err != nil:
		return nil, err
	case st == nil:
		return nil, fmt.Errorf("the nested stack %s is gone", id)
	case st.Op != nil:
		return nil, fmt.Errorf("the operation of the nested stack %s was interrupted", id)
	}
	return st, nil
}

// nestedResult is a child as a resource: its outputs are its attributes.
func nestedResult(st *stack) *provider.Result {
	out := &provider.Result{PhysicalID: st.ID, Attributes: map[string]string{}}
	for _, o := range st.Outputs {
		out.Attributes["Outputs."+o.Key] = o.Value
		out.NoEcho = out.NoEcho || o.Hidden
	}
	return out
}

// updateNested implements provider.Type. A template that says the same is no operation of the child's.
func (s *Service) updateNested(ctx context.Context, r *provider.Request) (*provider.Result, error) {
	done, err := s.beginNestedUpdate(ctx, r)
	if err != nil {
		return nil, err
	}
	st, err := s.ended(ctx, r, r.PhysicalID, done)
	if err != nil {
		return nil, err
	}
	if st.Status != "CREATE_COMPLETE" && st.Status != "UPDATE_COMPLETE" && st.Why != "" {
		return nil, fmt.Errorf("Embedded stack %s was not successfully updated. Currently in %s with reason: %s", st.ID, st.Status, st.Why)
	}
	return nestedResult(st), nil
}

func (s *Service) beginNestedUpdate(ctx context.Context, r *provider.Request) (chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(ctx, r.Region, r.Account, r.PhysicalID)
	if err != nil {
		return nil, err
	}
	parent, err := s.find(ctx, r.Region, r.Account, r.StackID)
	switch {
	case err != nil:
		return nil, err
	case parent == nil || parent.Op == nil:
		return nil, parentGone(r.StackID)
	case st == nil || st.Deleted != 0:
		return nil, fmt.Errorf("the nested stack %s is gone", r.PhysicalID)
	case st.Token == nestedToken(r.Operation):
		return s.inProgress(st), nil
	case st.Op != nil:
		return nil, worded(cannotUpdate(st))
	}
	undo := r.Undoes != "" && st.Token == nestedToken(r.Undoes)
	if undo && st.Status == "UPDATE_ROLLBACK_COMPLETE" || r.Undoes != "" && !undo { // it is what it was already
		st.Why = ""
		return s.inProgress(st), s.save(ctx, st)
	}
	if !slices.Contains(updatable, st.Status) {
		return nil, worded(cannotUpdate(st))
	}
	text, err := s.template(ctx, st.Previous)
	if !undo || st.Previous == "" {
		address, _ := r.Properties.Get("TemplateURL").Scalar()
		text, err = s.nestedTemplate(ctx, r.Region, address)
	}
	if err != nil {
		return nil, err
	}
	_, set, err := s.embedded(parent, &parent.Op.settings, st.Name, st.uuid(), r.Properties)
	if err != nil {
		return nil, err
	}
	plan, err := s.prepare(ctx, st, text, &set)
	if err == nil {
		err = expandable(plan, &set)
	}
	if err != nil {
		return nil, worded(err)
	}
	changes, err := s.changes(ctx, st, plan)
	if err != nil {
		return nil, err
	}
	if same, err := s.same(ctx, st, text, plan, &set, changes); err != nil {
		return nil, err
	} else if same {
		st.Why = "" // of an earlier operation
		return s.inProgress(st), s.save(ctx, st)
	}
	done, err := s.begin(ctx, st, "UPDATE", text, set, nestedToken(r.Operation))
	return done, s.orClosing(ctx, err)
}

// deleteNested implements provider.Type.
func (s *Service) deleteNested(ctx context.Context, r *provider.Request) error {
	for {
		done, deleting, err := s.beginNestedDelete(ctx, r)
		if err != nil || done == nil {
			return err
		}
		st, err := s.ended(ctx, r, r.PhysicalID, done)
		if err != nil {
			return err
		}
		if st.Deleted != 0 {
			return nil
		}
		if deleting {
			return fmt.Errorf("Embedded stack %s was not successfully deleted: %s", st.ID, st.Reason)
		}
	}
}

// beginNestedDelete begins to delete a child, or finds what has to end before that. No channel: it is gone.
func (s *Service) beginNestedDelete(ctx context.Context, r *provider.Request) (done chan struct{}, deleting bool, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.find(ctx, r.Region, r.Account, r.PhysicalID)
	if err != nil || st == nil || st.Deleted != 0 {
		return nil, false, err
	}
	token := nestedToken(r.Operation)
	if st.Op != nil {
		return s.inProgress(st), st.Token == token && st.Op.Kind == "DELETE", nil
	}
	if st.Token == token && st.Status == "DELETE_FAILED" {
		return s.inProgress(st), true, nil
	}
	done, err = s.beginRemoval(ctx, st, nil, token)
	return done, true, s.orClosing(ctx, err)
}

// sameNested tells whether the templates of a stack's nested stacks still say what they said when they were deployed.
func (s *Service) sameNested(ctx context.Context, st *stack) (bool, error) {
	resources, err := s.resources(ctx, st)
	if err != nil {
		return false, err
	}
	for _, r := range resources {
		if r.Type != provider.NestedStack || r.PhysicalID == "" {
			continue
		}
		child, err := s.find(ctx, st.Region, st.Account, r.PhysicalID)
		if err != nil || child == nil || child.Deleted != 0 {
			return false, err
		}
		address, _ := r.Properties.Get("TemplateURL").Scalar()
		now, err := s.nestedTemplate(ctx, st.Region, address)
		if err != nil {
			return false, nil // the update will say why
		}
		was, err := s.template(ctx, child.Template)
		if err != nil || !bytes.Equal(was, now) {
			return false, err
		}
		if same, err := s.sameNested(ctx, child); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// late tells whether an operation has taken longer than it may.
func (o *operation) late() bool {
	m := o.st.Op.Minutes
	return m > 0 && o.s.cfg.Now().After(time.UnixMilli(o.st.Created).Add(time.Duration(m)*time.Minute))
}
