package stacks

import (
	"context"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/store"
)

type parameterView struct {
	ParameterKey, ParameterValue string
	ResolvedValue                string `xml:",omitempty"`
}

func parameterViews(given []cfn.Given) (l list[parameterView]) {
	for _, g := range given {
		if g.NoEcho {
			g.Value, g.Resolved = "****", ""
		}
		l.Member = append(l.Member, parameterView{g.ID, g.Value, g.Resolved})
	}
	return l
}

type outputView struct {
	OutputKey, OutputValue string
	Description            string `xml:",omitempty"`
	ExportName             string `xml:",omitempty"`
}

type driftView struct{ StackDriftStatus string }

type stackView struct {
	StackId, StackName          string
	Description                 string `xml:",omitempty"`
	Parameters                  list[parameterView]
	CreationTime                string
	LastUpdatedTime             string `xml:",omitempty"`
	DeletionTime                string `xml:",omitempty"`
	RollbackConfiguration       struct{}
	StackStatus                 string
	StackStatusReason           string `xml:",omitempty"`
	DisableRollback             bool
	NotificationARNs            list[string]
	Capabilities                list[string]
	Outputs                     list[outputView]
	RoleARN                     string `xml:",omitempty"`
	TimeoutInMinutes            int    `xml:",omitempty"`
	Tags                        list[tag]
	EnableTerminationProtection bool
	ParentId                    string `xml:",omitempty"`
	RootId                      string `xml:",omitempty"`
	DriftInformation            driftView
}

func (st *stack) view() stackView {
	v := stackView{
		StackId: st.ID, StackName: st.Name, Description: st.Description, Parameters: parameterViews(st.Parameters),
		CreationTime: stamp(st.Created), LastUpdatedTime: stamp(st.Updated), DeletionTime: stamp(st.Deleted),
		StackStatus: st.Status, StackStatusReason: st.Reason, DisableRollback: st.DisableRollback,
		NotificationARNs: list[string]{st.Notifications}, Capabilities: list[string]{st.Capabilities}, RoleARN: st.RoleARN,
		Tags: list[tag]{st.Tags}, EnableTerminationProtection: st.Protected, ParentId: st.Parent, RootId: st.Root, TimeoutInMinutes: st.Minutes, DriftInformation: driftView{"NOT_CHECKED"},
	}
	for _, o := range st.Outputs {
		v.Outputs.Member = append(v.Outputs.Member, outputView{o.Key, shown(o.Value, o.Hidden), o.Description, o.Export})
	}
	return v
}

func (s *Service) describeStacks(ctx context.Context, r *api.Request) (*api.Response, error) {
	out := struct{ Stacks list[stackView] }{}
	if name := r.Query.Get("StackName"); name != "" {
		st, err := s.find(ctx, r.Region, r.Account, name)
		if err != nil {
			return nil, err
		}
		if st == nil {
			return nil, noStack(name)
		}
		out.Stacks.Member = append(out.Stacks.Member, st.view())
		return result(out)
	}
	err := s.each(ctx, spaceStack, r.Region+"/"+r.Account+"/", func(d store.Doc) error {
		st, err := readStack(d)
		if err == nil {
			out.Stacks.Member = append(out.Stacks.Member, st.view())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return result(out)
}

type summaryView struct {
	StackId, StackName  string
	TemplateDescription string `xml:",omitempty"`
	CreationTime        string
	LastUpdatedTime     string `xml:",omitempty"`
	DeletionTime        string `xml:",omitempty"`
	StackStatus         string
	StackStatusReason   string `xml:",omitempty"`
	ParentId            string `xml:",omitempty"`
	RootId              string `xml:",omitempty"`
	DriftInformation    driftView
}

// listStacks lists stacks newest first, deleted ones too.
func (s *Service) listStacks(ctx context.Context, r *api.Request) (*api.Response, error) {
	wanted := members(r.Query, "StackStatusFilter")
	var all []*stack
	for _, space := range []string{spaceStack, spaceGone} {
		err := s.each(ctx, space, r.Region+"/"+r.Account+"/", func(d store.Doc) error {
			st, err := readStack(d)
			if err == nil && (len(wanted) == 0 || slices.Contains(wanted, st.Status)) {
				all = append(all, st)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b *stack) int { return int(b.Created - a.Created) })
	out := struct{ StackSummaries list[summaryView] }{}
	for _, st := range all {
		out.StackSummaries.Member = append(out.StackSummaries.Member, summaryView{
			StackId: st.ID, StackName: st.Name, TemplateDescription: st.Description, CreationTime: stamp(st.Created),
			LastUpdatedTime: stamp(st.Updated), DeletionTime: stamp(st.Deleted), StackStatus: st.Status, StackStatusReason: st.Reason,
			ParentId: st.Parent, RootId: st.Root, DriftInformation: driftView{"NOT_CHECKED"},
		})
	}
	return result(out)
}
