package stacks

import (
	"context"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/cfn/sam"
)

// surroundings are what a template of a stack can ask for.
func (s *Service) surroundings(ctx context.Context, st *stack, set *settings) cfn.Input {
	params := map[string]string{}
	for _, g := range set.Parameters {
		params[g.ID] = g.Value
	}
	return cfn.Input{
		Parameters: params, StackName: st.Name, StackID: st.ID, Region: st.Region, Account: st.Account,
		Partition: arn.Partition(st.Region), URLSuffix: suffixOf(st.Region), Notifications: set.Notifications,
		SSM:    func(name string) (string, bool) { return s.parameter(ctx, st.Region, st.Account, name) },
		Import: func(name string) (string, bool) { return s.export(ctx, st.Region, st.Account, name) },
	}
}

// instantiate gives a template, after the transforms that it names, the parameters of set in the surroundings of a stack.
func (s *Service) instantiate(ctx context.Context, st *stack, text []byte, set *settings) (*cfn.Stack, error) {
	in := s.surroundings(ctx, st, set)
	root, err := cfn.ParseValue(text)
	if err != nil || !sam.Needed(root) {
		t, err := cfn.Parse(text)
		if err != nil {
			return nil, err
		}
		return t.Instantiate(in)
	}
	out, err := s.transform(root, in)
	if err != nil {
		return nil, err
	}
	t, err := cfn.FromNode(out)
	if err != nil {
		return nil, err
	}
	t.Transforms = sam.Declared(root)
	return t.Instantiate(in)
}

// transform does the transforms that a template names.
func (s *Service) transform(root *cfn.Node, in cfn.Input) (*cfn.Node, error) {
	out, wrong := sam.Transform(root, sam.Options{Input: in, Types: func(name string) bool { return s.typ(name) != nil }})
	return out, sam.Failure(wrong)
}

// processed is the text of a template after its transforms; the same text if it has none.
func (s *Service) processed(ctx context.Context, st *stack, text []byte, set *settings) ([]byte, error) {
	root, err := cfn.ParseValue(text)
	if err != nil || !sam.Needed(root) {
		return text, nil
	}
	out, err := s.transform(root, s.surroundings(ctx, st, set))
	if err != nil {
		return nil, refusal(err)
	}
	return out.MarshalJSON()
}

// unexpanded reads a template for what it declares, before any transform: those may need values that are not given yet.
func unexpanded(text []byte) (*cfn.Template, error) {
	root, err := cfn.ParseValue(text)
	if err != nil || !sam.Needed(root) {
		return cfn.Parse(text)
	}
	t, err := cfn.FromNode(sam.Outline(root))
	if err == nil {
		t.Transforms = sam.Declared(root)
	}
	return t, err
}

const autoExpand = "CAPABILITY_AUTO_EXPAND"

// expandable refuses transforms that were not agreed to. Change sets need no such agreement: they show what will come.
func expandable(plan *cfn.Stack, set *settings) error {
	if len(plan.Template.Transforms) > 0 && !slices.Contains(set.Capabilities, autoExpand) {
		return api.Errorf("InsufficientCapabilitiesException", "Requires capabilities : [%s]", autoExpand)
	}
	return nil
}
