package states

import (
	"context"
	"fmt"
	"slices"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

const maxTags = 50

func checkTags(c *constraints, tags []tag) {
	for i := range tags {
		at := fmt.Sprintf("tags.%d.member.", i+1)
		c.text(at+"key", &tags[i].Key, 1, 128)
		c.text(at+"value", &tags[i].Value, 0, 256)
	}
}

type tagIn struct {
	Arn  *string `json:"resourceArn"`
	Tags *[]tag  `json:"tags"`
}

type untagIn struct {
	Arn  *string   `json:"resourceArn"`
	Keys *[]string `json:"tagKeys"`
}

type tagsIn struct {
	Arn *string `json:"resourceArn"`
}

type tagsOut struct {
	Tags []tag `json:"tags"`
}

func errNoResource(arn string) error {
	return &api.Error{Code: "ResourceNotFound", Message: fmt.Sprintf("Resource not found: '%s'", arn),
		Members: map[string]any{"resourceName": arn}}
}

// retag changes the tags of a state machine or activity; a nil f only reads them.
func (s *Service) retag(ctx context.Context, resource string, f func([]tag) ([]tag, error)) (tags []tag, err error) {
	err = s.change(ctx, func() ([]store.Doc, error) {
		var doc any
		var at *[]tag
		var space, k string
		var version uint64
		switch arn.StatesType(resource) {
		case "stateMachine":
			ref, err := machineArn(resource)
			if err != nil {
				return nil, err
			}
			d, err := s.findMachine(ctx, ref)
			if err != nil {
				return nil, err
			}
			if d == nil || ref.Qualifier != "" || ref.Label != "" {
				return nil, errNoResource(resource)
			}
			doc, at, space, k, version = d, &d.Tags, spaceMachine, d.key, d.version
		case "activity":
			ref, err := activityArn(resource)
			if err != nil {
				return nil, err
			}
			d, v, err := s.findActivity(ctx, ref)
			if err != nil {
				return nil, err
			}
			if d == nil {
				return nil, errNoResource(resource)
			}
			doc, at, space, k, version = d, &d.Tags, spaceActivity, activityKey(ref), v
		case "":
			return nil, invalidArn(resource)
		default:
			return nil, errNoResource(resource)
		}
		if f == nil {
			tags = *at
			return nil, nil
		}
		next, err := f(*at)
		if err != nil {
			return nil, err
		}
		*at = next
		out, err := writeDoc(space, k, version, doc)
		return []store.Doc{out}, err
	})
	return tags, err
}

func (s *Service) tagResource(ctx context.Context, _ *api.Request, in *tagIn) (*struct{}, error) {
	var c constraints
	c.need("resourceArn", in.Arn, 1, maxArn)
	if in.Tags == nil {
		c.missing("tags")
	} else {
		checkTags(&c, *in.Tags)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	_, err := s.retag(ctx, *in.Arn, func(old []tag) ([]tag, error) {
		next := slices.Clone(old)
		for _, t := range *in.Tags {
			if i := slices.IndexFunc(next, func(o tag) bool { return o.Key == t.Key }); i >= 0 {
				next[i] = t
			} else {
				next = append(next, t)
			}
		}
		if len(next) > maxTags {
			return nil, &api.Error{Code: "TooManyTags", Message: fmt.Sprintf("Too many tags: '%s'", *in.Arn),
				Members: map[string]any{"resourceName": *in.Arn}}
		}
		return next, nil
	})
	return &struct{}{}, err
}

func (s *Service) untagResource(ctx context.Context, _ *api.Request, in *untagIn) (*struct{}, error) {
	var c constraints
	c.need("resourceArn", in.Arn, 1, maxArn)
	if in.Keys == nil {
		c.missing("tagKeys")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	_, err := s.retag(ctx, *in.Arn, func(old []tag) ([]tag, error) {
		return slices.DeleteFunc(slices.Clone(old), func(t tag) bool { return slices.Contains(*in.Keys, t.Key) }), nil
	})
	return &struct{}{}, err
}

func (s *Service) listTags(ctx context.Context, _ *api.Request, in *tagsIn) (*tagsOut, error) {
	var c constraints
	c.need("resourceArn", in.Arn, 1, maxArn)
	if err := c.err(); err != nil {
		return nil, err
	}
	tags, err := s.retag(ctx, *in.Arn, nil)
	if tags == nil {
		tags = []tag{}
	}
	return &tagsOut{tags}, err
}
