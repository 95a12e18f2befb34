package stacks

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
)

type targetView struct {
	Attribute          string
	Name               string `xml:",omitempty"`
	RequiresRecreation string
	Path               string `xml:",omitempty"`
	BeforeValue        string `xml:",omitempty"`
	AfterValue         string `xml:",omitempty"`
	AttributeChange    string `xml:"AttributeChangeType,omitempty"`
}

type detailView struct {
	Target        targetView
	Evaluation    string
	ChangeSource  string
	CausingEntity string `xml:",omitempty"`
}

type resourceChangeView struct {
	PolicyAction       string `xml:",omitempty"`
	Action             string
	LogicalResourceId  string
	PhysicalResourceId string `xml:",omitempty"`
	ResourceType       string
	Replacement        string `xml:",omitempty"`
	Scope              list[string]
	Details            list[detailView]
}

type changeView struct {
	Type           string
	ResourceChange resourceChangeView
}

// view writes a change as clients show it. values: with the properties' values before and after.
func view(ch *cfn.Change, policy string, values bool) changeView {
	v := resourceChangeView{PolicyAction: policy, Action: ch.Action, LogicalResourceId: ch.ID, PhysicalResourceId: ch.PhysicalID,
		ResourceType: ch.Type, Replacement: ch.Replacement, Scope: list[string]{ch.Scope}}
	for _, d := range ch.Details {
		t := targetView{Attribute: "Properties", Name: d.Name, RequiresRecreation: string(d.RequiresRecreation), Path: "/Properties/" + d.Name}
		if d.Name == "" {
			t.Attribute, t.Path = "Metadata", ""
		}
		t.AttributeChange = "Modify"
		switch {
		case d.Before == nil:
			t.AttributeChange = "Add"
		case d.After == nil:
			t.AttributeChange = "Remove"
		}
		if values && d.Name != "" {
			t.BeforeValue, t.AfterValue = valueText(d.Before), valueText(d.After)
			if d.Dynamic {
				t.AfterValue = "{{changeSet:KNOWN_AFTER_APPLY}}"
			}
		}
		detail := detailView{Target: t, Evaluation: "Static", ChangeSource: "DirectModification"}
		if d.Dynamic {
			detail.Evaluation, detail.ChangeSource = "Dynamic", "ResourceReference"
			if len(d.Causes) > 0 {
				detail.CausingEntity = d.Causes[0]
			}
		}
		v.Details.Member = append(v.Details.Member, detail)
	}
	return changeView{"Resource", v}
}

func valueText(n *cfn.Node) string {
	if n == nil {
		return ""
	}
	if s, ok := n.Scalar(); ok {
		return s
	}
	b, err := n.MarshalJSON()
	if err != nil {
		return ""
	}
	return string(b)
}

type changeSetView struct {
	ChangeSetName, ChangeSetId, StackId, StackName string
	Description                                    string `xml:",omitempty"`
	Parameters                                     list[parameterView]
	CreationTime                                   string
	ExecutionStatus, Status                        string
	StatusReason                                   string `xml:",omitempty"`
	NotificationARNs                               list[string]
	RollbackConfiguration                          struct{}
	Capabilities                                   list[string]
	Tags                                           list[tag]
	Changes                                        list[changeView]
	IncludeNestedStacks                            bool
}

func (s *Service) describeChangeSet(ctx context.Context, r *api.Request) (*api.Response, error) {
	c, err := s.findChangeSet(ctx, r)
	if err != nil {
		return nil, err
	}
	v := changeSetView{
		ChangeSetName: c.Name, ChangeSetId: c.ID, StackId: c.StackID, StackName: c.StackName, Description: c.Description,
		Parameters: parameterViews(c.Resolved), CreationTime: stamp(c.Created), ExecutionStatus: c.Execution, Status: c.Status,
		StatusReason: c.Reason, NotificationARNs: list[string]{c.Notifications}, Capabilities: list[string]{c.Capabilities},
		Tags: list[tag]{c.Tags},
	}
	for i := range c.Changes {
		ch := &c.Changes[i]
		v.Changes.Member = append(v.Changes.Member, view(ch, c.Policies[ch.ID], flag(r.Query, "IncludePropertyValues")))
	}
	return result(v)
}

func (s *Service) listChangeSets(ctx context.Context, r *api.Request) (*api.Response, error) {
	type summary struct {
		StackId, StackName, ChangeSetId, ChangeSetName string
		ExecutionStatus, Status                        string
		StatusReason                                   string `xml:",omitempty"`
		CreationTime                                   string
		Description                                    string `xml:",omitempty"`
	}
	name := r.Query.Get("StackName")
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", clip(name))
	}
	sets, err := s.changeSetsOf(ctx, st)
	if err != nil {
		return nil, err
	}
	out := struct{ Summaries list[summary] }{}
	for _, c := range sets {
		out.Summaries.Member = append(out.Summaries.Member, summary{c.StackID, c.StackName, c.ID, c.Name, c.Execution, c.Status, c.Reason,
			stamp(c.Created), c.Description})
	}
	return result(out)
}
