package stacks

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// resourceView serves three operations: the time has another name in one of them.
type resourceView struct {
	StackId              string `xml:",omitempty"`
	StackName            string `xml:",omitempty"`
	LogicalResourceId    string
	PhysicalResourceId   string `xml:",omitempty"`
	ResourceType         string
	Timestamp            string `xml:",omitempty"`
	LastUpdatedTimestamp string `xml:",omitempty"`
	ResourceStatus       string
	ResourceStatusReason string `xml:",omitempty"`
	Metadata             string `xml:",omitempty"`
	DriftInformation     struct{ StackResourceDriftStatus string }
}

func (r *resource) view() resourceView {
	v := resourceView{LogicalResourceId: r.ID, PhysicalResourceId: r.PhysicalID, ResourceType: r.Type, ResourceStatus: r.Status,
		ResourceStatusReason: r.Reason, LastUpdatedTimestamp: stamp(r.Updated)}
	v.DriftInformation.StackResourceDriftStatus = "NOT_CHECKED"
	return v
}

// contents finds a stack and its resources, those that others refer to first.
func (s *Service) contents(ctx context.Context, r *api.Request) (*stack, []*resource, error) {
	name := r.Query.Get("StackName")
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, nil, err
	}
	if st == nil {
		return nil, nil, noStack(name)
	}
	m, err := s.resources(ctx, st)
	if err != nil {
		return nil, nil, err
	}
	order := dependents(m)
	slices.Reverse(order)
	return st, order, nil
}

func (s *Service) listResources(ctx context.Context, r *api.Request) (*api.Response, error) {
	_, resources, err := s.contents(ctx, r)
	if err != nil {
		return nil, err
	}
	out := struct{ StackResourceSummaries list[resourceView] }{}
	for _, r := range resources {
		out.StackResourceSummaries.Member = append(out.StackResourceSummaries.Member, r.view())
	}
	return result(out)
}

func (s *Service) describeResources(ctx context.Context, r *api.Request) (*api.Response, error) {
	st, resources, err := s.contents(ctx, r)
	if err != nil {
		return nil, err
	}
	out := struct{ StackResources list[resourceView] }{}
	wanted := r.Query.Get("LogicalResourceId")
	for _, r := range resources {
		if wanted != "" && r.ID != wanted {
			continue
		}
		v := r.view()
		v.StackId, v.StackName = st.ID, st.Name
		v.Timestamp, v.LastUpdatedTimestamp = v.LastUpdatedTimestamp, ""
		out.StackResources.Member = append(out.StackResources.Member, v)
	}
	return result(out)
}

func (s *Service) describeResource(ctx context.Context, r *api.Request) (*api.Response, error) {
	st, resources, err := s.contents(ctx, r)
	if err != nil {
		return nil, err
	}
	wanted := r.Query.Get("LogicalResourceId")
	i := slices.IndexFunc(resources, func(r *resource) bool { return r.ID == wanted })
	if i < 0 {
		return nil, invalid("Resource %s does not exist for stack %s", clip(wanted), st.Name)
	}
	v := resources[i].view()
	v.StackId, v.StackName = st.ID, st.Name
	if m := resources[i].Metadata; m != nil {
		b, err := m.MarshalJSON()
		if err != nil {
			return nil, err
		}
		v.Metadata = string(b)
	}
	return result(struct{ StackResourceDetail resourceView }{v})
}

type eventView struct {
	StackId, EventId, StackName, LogicalResourceId string
	PhysicalResourceId, ResourceType, Timestamp    string
	ResourceStatus                                 string
	ResourceStatusReason                           string `xml:",omitempty"`
	ResourceProperties                             string `xml:",omitempty"`
	ClientRequestToken                             string `xml:",omitempty"`
	OperationId                                    string `xml:",omitempty"`
}

const eventsPage = 100

// describeEvents lists events, newest first. A page's token is how many events there are from its first on back.
func (s *Service) describeEvents(ctx context.Context, r *api.Request) (*api.Response, error) {
	name := r.Query.Get("StackName")
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", clip(name))
	}
	var all []eventDoc
	err = s.each(ctx, spaceEvent, st.uuid()+"/", func(d store.Doc) error {
		var e eventDoc
		err := json.Unmarshal(d.Value, &e)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	from := len(all)
	if token := r.Query.Get("NextToken"); token != "" {
		if from, err = strconv.Atoi(token); err != nil || from < 1 || from > len(all) {
			return nil, invalid("Invalid NextToken")
		}
	}
	out := struct {
		StackEvents list[eventView]
		NextToken   string `xml:",omitempty"`
	}{}
	for i := from - 1; i >= max(0, from-eventsPage); i-- {
		e := all[i]
		out.StackEvents.Member = append(out.StackEvents.Member, eventView{
			StackId: st.ID, EventId: e.ID, StackName: st.Name, LogicalResourceId: e.Resource, PhysicalResourceId: e.Physical,
			ResourceType: e.Type, Timestamp: stamp(e.Time), ResourceStatus: e.Status, ResourceStatusReason: e.Reason,
			ResourceProperties: e.Properties, ClientRequestToken: e.Token, OperationId: e.Op,
		})
	}
	if from > eventsPage {
		out.NextToken = strconv.Itoa(from - eventsPage)
	}
	return result(out)
}
