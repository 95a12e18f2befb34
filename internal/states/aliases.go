package states

import (
	"context"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

type aliasIn struct {
	Arn *string `json:"stateMachineAliasArn"`
}

// aliasArn reads the ARN of an alias.
func aliasArn(in *string) (arn.StateMachine, error) {
	var c constraints
	c.need("stateMachineAliasArn", in, 1, maxArn)
	if err := c.err(); err != nil {
		return arn.StateMachine{}, err
	}
	ref, err := machineArn(*in)
	if err == nil && (ref.Qualifier == "" || ref.Version()) {
		err = invalidArn(*in)
	}
	return ref, err
}

type aliasOut struct {
	Arn         string  `json:"stateMachineAliasArn"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Routes      []route `json:"routingConfiguration"`
	Created     stamp   `json:"creationDate"`
	Updated     stamp   `json:"updateDate"`
}

func (s *Service) describeAlias(ctx context.Context, _ *api.Request, in *aliasIn) (*aliasOut, error) {
	ref, err := aliasArn(in.Arn)
	if err != nil {
		return nil, err
	}
	a, _, err := s.findAlias(ctx, machineKey(ref), ref.Qualifier)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, errNoneFound
	}
	return &aliasOut{ref.String(), a.Name, a.Description, a.Routes, stamp(a.Created), stamp(a.Updated)}, nil
}

type updateAliasIn struct {
	Arn         *string   `json:"stateMachineAliasArn"`
	Description *string   `json:"description"`
	Routes      []routeIn `json:"routingConfiguration"`
}

type updateAliasOut struct {
	Updated stamp `json:"updateDate"`
}

func (s *Service) updateAlias(ctx context.Context, _ *api.Request, in *updateAliasIn) (*updateAliasOut, error) {
	var c constraints
	c.text("description", in.Description, 0, 256)
	if in.Routes != nil {
		checkRoutes(&c, in.Routes)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := aliasArn(in.Arn)
	if err != nil {
		return nil, err
	}
	if in.Description == nil && in.Routes == nil {
		return nil, api.Errorf("ValidationException", "Either the description or the RoutingConfiguration must be specified")
	}
	now := s.engine.Now().UnixMilli()
	return &updateAliasOut{stamp(now)}, s.change(ctx, func() ([]store.Doc, error) {
		a, version, err := s.findAlias(ctx, machineKey(ref), ref.Qualifier)
		if err != nil {
			return nil, err
		}
		if a == nil {
			return nil, errNoneFound
		}
		if in.Routes != nil {
			d, routes, err := s.routes(ctx, in.Routes)
			if err != nil {
				return nil, err
			}
			if d.key != machineKey(ref) {
				return nil, api.Errorf("ValidationException",
					"Routing configuration must contain versions of the same state machine. Received: [%s]", routes[0].Version)
			}
			a.Routes = routes
		}
		if in.Description != nil {
			a.Description = *in.Description
		}
		a.Updated = now
		doc, err := writeDoc(spaceAlias, aliasKey(machineKey(ref), a.Name), version, a)
		return []store.Doc{doc}, err
	})
}

func (s *Service) deleteAlias(ctx context.Context, _ *api.Request, in *aliasIn) (*struct{}, error) {
	ref, err := aliasArn(in.Arn)
	if err != nil {
		return nil, err
	}
	return &struct{}{}, s.change(ctx, func() ([]store.Doc, error) {
		a, version, err := s.findAlias(ctx, machineKey(ref), ref.Qualifier)
		if err != nil || a == nil {
			return nil, err
		}
		return []store.Doc{{Space: spaceAlias, Key: aliasKey(machineKey(ref), a.Name), Version: version}}, nil
	})
}

type aliasItem struct {
	Arn     string `json:"stateMachineAliasArn"`
	Created stamp  `json:"creationDate"`
}

type aliasesOut struct {
	Aliases []aliasItem `json:"stateMachineAliases"`
	Token   *string     `json:"nextToken,omitempty"`
}

// listAliases answers the oldest first; of a version's ARN, those that route to it.
func (s *Service) listAliases(ctx context.Context, _ *api.Request, in *versionsIn) (*aliasesOut, error) {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxArn)
	c.page(in.Max, in.Token, maxToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	scope := spaceAlias + "|" + *in.Arn
	after, err := pageAfter(scope, in.Token)
	if err != nil {
		return nil, err
	}
	from, err := strconv.ParseUint("0"+after, 10, 64)
	if err != nil {
		return nil, errPageToken()
	}
	d, err := s.findMachine(ctx, ref)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, errNoMachine(*in.Arn)
	}
	all, err := s.aliases(ctx, d.key)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(a aliasDoc) bool {
		routed := slices.ContainsFunc(a.Routes, func(r route) bool { return r.Version == *in.Arn })
		return a.Seq <= from || ref.Version() && !routed
	})
	out := &aliasesOut{Aliases: []aliasItem{}}
	for i, a := range all {
		if i == pageSize(in.Max) {
			out.Token = nextPage(scope, strconv.FormatUint(all[i-1].Seq, 10))
			break
		}
		out.Aliases = append(out.Aliases, aliasItem{d.ref(a.Name).String(), stamp(a.Created)})
	}
	return out, nil
}
