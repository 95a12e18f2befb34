package lambda

import (
	"context"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// shown finds what a name and qualifier mean to the reading operations: the configuration with its ARN as it was asked
// for. Aliases show the version they point to first.
func (s *Service) shown(ctx context.Context, name ref) (*record, *Configuration, error) {
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	if f == nil || s.drained(ctx, f) {
		return nil, nil, name.notFound()
	}
	number := name.qualifier
	if a := f.Aliases[number]; a != nil {
		number = a.FunctionVersion
	}
	v := &f.Latest
	if number != "" && number != "$LATEST" {
		if v, err = s.cat.version(ctx, f, number); err != nil {
			return nil, nil, err
		}
		if v == nil || v.Gone {
			return nil, nil, name.notFound()
		}
	}
	c := v.Config.at(name.full())
	if f.Deleting {
		c.State, c.StateReason, c.StateReasonCode = "Deleting", "The function is waiting for its durable executions to end.", "DrainingDurableExecutions"
	}
	return f, &c, nil
}

func (s *Service) getConfiguration(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, namespacedPattern)
	if err != nil {
		return nil, err
	}
	_, c, err := s.shown(ctx, name)
	if err != nil {
		return nil, err
	}
	return answer(c)
}

type getFunctionOutput struct {
	Configuration *Configuration
	Code          codeLocation
	Tags          map[string]string `json:",omitempty"`
	Concurrency   *concurrency      `json:",omitempty"`
}

type codeLocation struct{ RepositoryType, Location string }

func (s *Service) getFunction(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, namespacedPattern)
	if err != nil {
		return nil, err
	}
	f, c, err := s.shown(ctx, name)
	if err != nil {
		return nil, err
	}
	out := getFunctionOutput{Configuration: c, Tags: f.Tags, Code: codeLocation{RepositoryType: "S3"}}
	out.Code.Location = r.Endpoint + functions + "/" + name.name + "/code?Qualifier=" + strings.ReplaceAll(c.Version, "$", "%24")
	if f.Reserved != nil {
		out.Concurrency = &concurrency{*f.Reserved}
	}
	return answer(out)
}

// downloadCode answers the package of a version under the location that GetFunction gives. It is not in AWS's model: there,
// the location is a signed URL of S3.
func (s *Service) downloadCode(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, namespacedPattern)
	if err != nil {
		return nil, err
	}
	v, err := s.resolve(ctx, name, false)
	if err != nil {
		return nil, err
	}
	data, err := s.eng.Store().Blob(ctx, v.Spec.Code)
	if err != nil {
		return nil, err
	}
	return &api.Response{Body: data, Header: map[string][]string{"Content-Type": {"application/zip"}}}, nil
}

func (s *Service) listFunctions(ctx context.Context, r *api.Request) (*api.Response, error) {
	limit, after, err := window(r)
	if err != nil {
		return nil, err
	}
	all := r.Query.Get("FunctionVersion")
	if all != "" && all != "ALL" {
		var c checks
		c.oneOf(all, "functionVersion", "ALL")
		return nil, c.err()
	}
	prefix := r.Region + "/" + r.Account + "/"
	out := struct {
		Functions  []Configuration
		NextMarker string `json:",omitempty"`
	}{Functions: []Configuration{}}
	docs, err := s.eng.Store().Docs(ctx, spaceFunction, prefix, after, limit+1)
	if err != nil {
		return nil, err
	}
	if len(docs) > limit {
		docs = docs[:limit]
		out.NextMarker = marker(docs[limit-1].Key)
	}
	for _, d := range docs {
		f, err := decodeFunction(d)
		if err != nil {
			return nil, err
		}
		if f.Deleting && s.drained(ctx, f) {
			continue
		}
		name := f.ref()
		if all == "" {
			out.Functions = append(out.Functions, f.Latest.Config.at(name.arn()).listed())
			continue
		}
		versions, err := s.versionsOf(ctx, f)
		if err != nil {
			return nil, err
		}
		out.Functions = append(out.Functions, versions...)
	}
	return answer(out)
}

// versionsOf lists $LATEST and all published versions with their ARNs.
func (s *Service) versionsOf(ctx context.Context, f *record) ([]Configuration, error) {
	name := f.ref()
	out := []Configuration{f.Latest.Config.at(name.with("$LATEST").full()).listed()}
	for after := 0; after < f.LastVersion; {
		vs, err := s.cat.published(ctx, name, after, 200)
		if err != nil {
			return nil, err
		}
		if len(vs) == 0 {
			break
		}
		for _, v := range vs {
			after, _ = strconv.Atoi(v.Config.Version)
			if !v.Gone {
				out = append(out, v.Config.at(name.with(v.Config.Version).full()).listed())
			}
		}
	}
	return out, nil
}

func (s *Service) listVersions(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := named(r, namespacedPattern)
	if err != nil {
		return nil, err
	}
	limit, after, err := window(r)
	if err != nil {
		return nil, err
	}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil || s.drained(ctx, f) {
		return nil, name.notFound()
	}
	all, err := s.versionsOf(ctx, f)
	if err != nil {
		return nil, err
	}
	out := struct {
		Versions   []Configuration
		NextMarker string `json:",omitempty"`
	}{Versions: []Configuration{}}
	passed := after == ""
	for _, c := range all {
		switch {
		case !passed:
			passed = c.Version == after
		case len(out.Versions) == limit:
			out.NextMarker = marker(out.Versions[limit-1].Version)
			return answer(out)
		default:
			out.Versions = append(out.Versions, c)
		}
	}
	return answer(out)
}
