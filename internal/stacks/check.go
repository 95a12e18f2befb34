package stacks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
)

var unknown = &cfn.Node{Kind: cfn.Unknown}

// prepare instantiates a template and refuses, before anything is changed, all that can be seen to fail.
func (s *Service) prepare(ctx context.Context, st *stack, text []byte, set *settings) (*cfn.Stack, error) {
	plan, err := s.instantiate(ctx, st, text, set)
	if err != nil {
		return nil, refusal(err)
	}
	if err := s.check(ctx, st, set, plan); err != nil {
		return nil, refusal(err)
	}
	needs, _ := plan.Template.Capabilities()
	for _, n := range needs {
		if !slices.Contains(set.Capabilities, n) && !slices.Contains(set.Capabilities, "CAPABILITY_NAMED_IAM") {
			return nil, api.Errorf("InsufficientCapabilitiesException", "Requires capabilities : [%s]", n)
		}
	}
	return plan, nil
}

// typ is a resource type, nil if it is not known here.
func (s *Service) typ(name string) *provider.Type {
	t := provider.Find(s.cfg.Types, name)
	if t == nil && s.cfg.Inert {
		t = provider.Inert(name)
	}
	return t
}

// attribute is what Fn::GetAtt gives of a resource of a stack.
func (s *Service) attribute(st *stack, r *resource, name string) (*cfn.Node, bool) {
	v, ok := r.attribute(name)
	if t := s.typ(r.Type); !ok && t != nil && t.Invent != nil {
		return cfn.Text(t.Invent(st.Region, st.Account, r.PhysicalID, name)), true
	}
	return v, ok
}

// check refuses types, properties and attributes that are not known here.
func (s *Service) check(ctx context.Context, st *stack, set *settings, plan *cfn.Stack) error {
	var types, ids []string
	var first *cfn.Resource
	for _, r := range plan.Resources {
		if s.typ(r.Type) != nil {
			continue
		}
		if first == nil {
			first = r
		}
		if !slices.Contains(types, r.Type) {
			types = append(types, r.Type)
		}
		ids = append(ids, r.ID)
	}
	if first != nil {
		return first.At("Template format error: Unrecognized resource types: [%s]. They are not supported here and are used by [%s]",
			strings.Join(types, ", "), strings.Join(ids, ", "))
	}
	look := func(id, attr string) (*cfn.Node, error) {
		if attr != "" && !s.typ(plan.Resource(id).Type).HasAttribute(attr) {
			return nil, fmt.Errorf("Template error: resource %s does not support attribute type %s in Fn::GetAtt", id, attr)
		}
		return unknown, nil
	}
	for _, r := range plan.Resources {
		properties, err := plan.Properties(r.ID, look)
		if err != nil {
			return err
		}
		if err := s.typ(r.Type).Check(r.ID, properties); err != nil {
			return r.At("%s", err)
		}
		if r.Type == provider.NestedStack {
			if err := s.checkNested(ctx, st, set, r.ID, properties); err != nil {
				return r.At("Embedded stack %s: %s", r.ID, worded(err))
			}
		}
	}
	_, err := plan.Outputs(look)
	return err
}

// replacement tells a plan what a changed property does.
func (s *Service) replacement(typ, property string) cfn.Replacement {
	t := s.typ(typ)
	if t == nil {
		return cfn.Never
	}
	return t.Replaces(property)
}

// changes are what an update to plan would do to the stack's resources.
func (s *Service) changes(ctx context.Context, st *stack, plan *cfn.Stack) ([]cfn.Change, error) {
	resources, err := s.resources(ctx, st)
	if err != nil {
		return nil, err
	}
	var old []cfn.Existing
	order := dependents(resources)
	for _, r := range order {
		old = append(old, cfn.Existing{ID: r.ID, Type: r.Type, PhysicalID: r.PhysicalID, Attribute: func(name string) (*cfn.Node, bool) { return s.attribute(st, r, name) },
			Properties: r.Properties, Metadata: r.Metadata})
	}
	changes, err := plan.Plan(old, s.replacement)
	return changes, refusal(err)
}

// same tells whether an update would change nothing at all.
func (s *Service) same(ctx context.Context, st *stack, text []byte, plan *cfn.Stack, set *settings, changes []cfn.Change) (bool, error) {
	if len(changes) > 0 || !slices.Equal(st.Parameters, plan.Parameters) || !slices.Equal(st.Tags, set.Tags) ||
		!slices.Equal(st.Notifications, set.Notifications) || strings.HasSuffix(st.Status, "_FAILED") {
		return false, nil
	}
	before, err := s.template(ctx, st.Template)
	if err != nil {
		return false, err
	}
	a, err := cfn.ParseValue(before)
	if err != nil {
		return false, nil
	}
	b, err := cfn.ParseValue(text)
	if err != nil || !a.Equal(b) {
		return false, nil
	}
	return s.sameNested(ctx, st)
}
