package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

const (
	tagsPath = "/2017-03-31/tags/{Resource+}"
	maxTags  = 50
)

func partition(r ref) string { return arn.Partition(r.region) }

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Number of tags exceeds resource tag limit of %d.", maxTags)
	}
	var c checks
	for k, v := range tags {
		if k == "" || len(k) > 128 {
			c.add(quoted(k), "tags", "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]")
		}
		c.longest(v, "tags", 256)
	}
	return c.err()
}

// tagged reads the ARN of an operation on tags.
func tagged(r *api.Request) (ref, error) {
	name, err := parse(r.Region, r.Account, r.Path["Resource"], "", functionNamePattern)
	if err == nil && name.qualifier != "" {
		err = invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return name, err
}

func (s *Service) listTags(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := tagged(r)
	if err != nil {
		return nil, err
	}
	f, err := s.found(ctx, name)
	if err != nil {
		return nil, err
	}
	tags := f.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	return answer(map[string]any{"Tags": tags})
}

func (s *Service) tagResource(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := tagged(r)
	if err != nil {
		return nil, err
	}
	in, err := body[struct{ Tags map[string]string }](r)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, invalid("An error occurred and the request cannot be processed.")
	}
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		if f.Tags == nil {
			f.Tags = map[string]string{}
		}
		for k, v := range in.Tags {
			f.Tags[k] = v
		}
		return nil, checkTags(f.Tags)
	})
	return &api.Response{}, err
}

func (s *Service) untagResource(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := tagged(r)
	if err != nil {
		return nil, err
	}
	keys := r.Query["tagKeys"]
	if len(keys) == 0 {
		var c checks
		c.add("null", "tagKeys", "Member must not be null")
		return nil, c.err()
	}
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		for _, k := range keys {
			delete(f.Tags, k)
		}
		return nil, nil
	})
	return &api.Response{}, err
}
