package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// alias is a name for a version, or for two by weight. Stored and answered in one shape; AliasArn only in answers.
type alias struct {
	AliasArn        string `json:",omitempty"`
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *routing `json:",omitempty"`
	RevisionId      string
}

type routing struct{ AdditionalVersionWeights map[string]float64 }

func (a *alias) weights() map[string]float64 {
	if a.RoutingConfig == nil {
		return nil
	}
	return a.RoutingConfig.AdditionalVersionWeights
}

// draw picks a version; random is a number in [0,1).
func (a *alias) draw(random func() float64) string {
	for v, w := range a.weights() { // at most one
		if random() < w {
			return v
		}
	}
	return a.FunctionVersion
}

type aliasInput struct {
	Name            string
	FunctionVersion *string
	Description     *string
	RoutingConfig   *routing
	RevisionId      string
}

func (in *aliasInput) check(c *checks) {
	if in.FunctionVersion != nil {
		c.longest(*in.FunctionVersion, "functionVersion", 1024)
		c.like(*in.FunctionVersion, "functionVersion", versionPattern)
	}
	if in.Description != nil {
		c.longest(*in.Description, "description", 256)
	}
}

// apply puts what was given into an alias of f, and checks what it then says.
func (s *Service) apply(ctx context.Context, f *record, in *aliasInput, a *alias) error {
	set(&a.FunctionVersion, in.FunctionVersion)
	set(&a.Description, in.Description)
	if in.RoutingConfig != nil {
		a.RoutingConfig = in.RoutingConfig
		if len(in.RoutingConfig.AdditionalVersionWeights) == 0 {
			a.RoutingConfig = nil
		}
	}
	versions := []string{a.FunctionVersion}
	if w := a.weights(); len(w) > 0 {
		if a.FunctionVersion == "$LATEST" {
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		}
		if len(w) > 1 {
			return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
		}
		for v, weight := range w {
			switch {
			case v == "$LATEST":
				return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
			case v == a.FunctionVersion:
				return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", v, v)
			case !isNumber(v) || weight < 0 || weight > 1:
				var c checks
				c.add("'{"+v+"="+formatFloat(weight)+"}'", "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]")
				return c.err()
			}
			versions = append(versions, v)
		}
	}
	for _, v := range versions {
		if v == "$LATEST" {
			continue
		}
		if rev, err := s.cat.version(ctx, f, v); err != nil {
			return err
		} else if rev == nil || rev.Gone {
			return f.ref().with(v).notFound()
		}
	}
	a.RevisionId = s.eng.NewID()
	return nil
}

func (s *Service) createAlias(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := unqualified(r)
	if err != nil {
		return nil, err
	}
	in, err := body[aliasInput](r)
	if err != nil {
		return nil, err
	}
	var c checks
	if c.required(in.Name, "name") {
		c.longest(in.Name, "name", 128)
		c.like(in.Name, "name", aliasPattern)
	}
	if in.FunctionVersion == nil {
		c.add("null", "functionVersion", "Member must not be null")
	}
	in.check(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	var out alias
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		if err := f.changeable(""); err != nil {
			return nil, err
		}
		if f.Aliases[in.Name] != nil {
			return nil, &api.Error{Code: "ResourceConflictException", Status: 409, Message: "Alias already exists: " + name.with(in.Name).full()}
		}
		a := &alias{Name: in.Name}
		if err := s.apply(ctx, f, in, a); err != nil {
			return nil, err
		}
		if f.Aliases == nil {
			f.Aliases = map[string]*alias{}
		}
		f.Aliases[in.Name] = a
		out = *a
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	out.AliasArn = name.with(in.Name).full()
	return answer(out)
}

func noAlias(r ref) error {
	return &api.Error{Code: "ResourceNotFoundException", Status: 404, Upper: true, Message: "Cannot find alias arn: " + r.full()}
}

// aliasOf reads the names in the path of an operation on one alias.
func aliasOf(r *api.Request) (ref, string, error) {
	name, err := unqualified(r)
	if err != nil {
		return ref{}, "", err
	}
	var c checks
	c.longest(r.Path["Name"], "name", 128)
	c.like(r.Path["Name"], "name", aliasPattern)
	return name, r.Path["Name"], c.err()
}

func (s *Service) getAlias(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, which, err := aliasOf(r)
	if err != nil {
		return nil, err
	}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil || f.Aliases[which] == nil {
		return nil, noAlias(name.with(which))
	}
	out := *f.Aliases[which]
	out.AliasArn = name.with(which).full()
	return answer(out)
}

func (s *Service) updateAlias(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, which, err := aliasOf(r)
	if err != nil {
		return nil, err
	}
	in, err := body[aliasInput](r)
	if err != nil {
		return nil, err
	}
	var c checks
	in.check(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	var out alias
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		a := f.Aliases[which]
		if a == nil {
			return nil, noAlias(name.with(which))
		}
		if in.RevisionId != "" && in.RevisionId != a.RevisionId {
			return nil, staleRevision(functionOrAlias)
		}
		if err := s.apply(ctx, f, in, a); err != nil {
			return nil, err
		}
		out = *a
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	out.AliasArn = name.with(which).full()
	return answer(out)
}

func (s *Service) deleteAlias(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, which, err := aliasOf(r)
	if err != nil {
		return nil, err
	}
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		delete(f.Aliases, which)
		delete(f.Policies, which)
		delete(f.Events, which)
		return s.dropURL(ctx, f, which)
	})
	return &api.Response{}, err
}

func (s *Service) listAliases(ctx context.Context, r *api.Request) (*api.Response, error) {
	l, err := s.list(ctx, r)
	if err != nil {
		return nil, err
	}
	out := struct {
		Aliases    []alias
		NextMarker string `json:",omitempty"`
	}{Aliases: []alias{}}
	version := r.Query.Get("FunctionVersion")
	names, next := page(l, l.f.Aliases, func(a *alias) bool { return version == "" || a.FunctionVersion == version })
	for _, n := range names {
		a := *l.f.Aliases[n]
		a.AliasArn = l.name.with(n).full()
		out.Aliases = append(out.Aliases, a)
	}
	out.NextMarker = next
	return answer(out)
}
