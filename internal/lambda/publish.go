package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

type publishInput struct{ CodeSha256, Description, RevisionId, PublishTo string }

func (s *Service) publishVersion(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := unqualified(r)
	if err != nil {
		return nil, err
	}
	in, err := body[publishInput](r)
	if err != nil {
		return nil, err
	}
	var c checks
	c.longest(in.Description, "description", 256)
	if err := c.err(); err != nil {
		return nil, err
	}
	if in.PublishTo != "" {
		return nil, invalid("PublishTo is not supported here.")
	}
	var out Configuration
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		if err := f.changeable(in.RevisionId); err != nil {
			return nil, err
		}
		if sum := f.Latest.Config.CodeSha256; in.CodeSha256 != "" && in.CodeSha256 != sum {
			return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", in.CodeSha256, sum)
		}
		if last, err := s.cat.version(ctx, f, itoa(f.LastVersion)); err != nil {
			return nil, err
		} else if last != nil && !last.Gone && last.same(&f.Latest) {
			out = last.Config.at(name.with(last.Config.Version).full())
			return nil, nil
		}
		d, err := s.publish(f, in.Description)
		if err != nil {
			return nil, err
		}
		out = f.Latest.Config.at(name.with(itoa(f.LastVersion)).full()).pending()
		out.Version = itoa(f.LastVersion)
		if in.Description != "" {
			out.Description = in.Description
		}
		return []store.Doc{*d}, nil
	})
	if err != nil {
		return nil, err
	}
	return answer(out)
}

// same tells whether two revisions have one code and one configuration.
func (v *revision) same(o *revision) bool {
	return v.Config.CodeSha256 == o.Config.CodeSha256 && v.Config.ConfigSha256 == o.Config.ConfigSha256
}
