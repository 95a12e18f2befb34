package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

// CloudControlTarget precedes the operation in X-Amz-Target.
const CloudControlTarget = "CloudApiService"

// CloudControl is the little of the Cloud Control API that hot-swapping uses, for resources of stacks. An update is done
// within the call and leaves the stack's record alone: the next deployment brings the resource to what its template says.
func (s *Service) CloudControl() []api.Operation {
	return []api.Operation{
		{Name: "GetResource", Handle: api.JSON(s.controlGet)},
		{Name: "UpdateResource", Handle: api.JSON(s.controlUpdate)},
	}
}

type controlInput struct{ TypeName, Identifier, PatchDocument, ClientToken string }

// controlled finds a resource of any stack by type and physical id.
func (s *Service) controlled(ctx context.Context, r *api.Request, in *controlInput) (st *stack, found *resource, _ error) {
	err := s.each(ctx, spaceStack, r.Region+"/"+r.Account+"/", func(d store.Doc) error {
		candidate, err := readStack(d)
		if err != nil || found != nil {
			return err
		}
		resources, err := s.resources(ctx, candidate)
		for _, res := range resources {
			if res.Type == in.TypeName && res.PhysicalID != "" && res.PhysicalID == in.Identifier {
				st, found = candidate, res
			}
		}
		return err
	})
	if err == nil && found == nil {
		err = api.Errorf("ResourceNotFoundException", "Resource of type '%s' with identifier '%s' was not found in any stack.", clip(in.TypeName), clip(in.Identifier))
	}
	return st, found, err
}

type controlDescription struct {
	TypeName            string
	ResourceDescription struct{ Identifier, Properties string }
}

func (s *Service) controlGet(ctx context.Context, r *api.Request, in *controlInput) (*controlDescription, error) {
	_, res, err := s.controlled(ctx, r, in)
	if err != nil {
		return nil, err
	}
	properties, err := tree(res.Properties)
	if err != nil {
		return nil, err
	}
	for k, v := range res.Attributes {
		properties[k] = v
	}
	b, err := json.Marshal(properties)
	out := &controlDescription{TypeName: res.Type}
	out.ResourceDescription.Identifier, out.ResourceDescription.Properties = res.PhysicalID, string(b)
	return out, err
}

type controlProgress struct {
	ProgressEvent struct {
		TypeName, Identifier, RequestToken, Operation, OperationStatus string
		EventTime                                                      float64 // epoch seconds
	}
}

func (s *Service) controlUpdate(ctx context.Context, r *api.Request, in *controlInput) (*controlProgress, error) {
	st, res, err := s.controlled(ctx, r, in)
	if err != nil {
		return nil, err
	}
	t := s.cfg.Types[res.Type]
	if t == nil || t.Update == nil || t.Open || t.Name == provider.NestedStack {
		return nil, api.Errorf("UnsupportedActionException", "Resource type %s does not support UPDATE action", res.Type)
	}
	after, err := patched(res.Properties, in.PatchDocument)
	if err != nil {
		return nil, api.Errorf("ValidationException", "the patch document cannot be applied: %v", err)
	}
	if err := t.Check(res.ID, after); err != nil {
		return nil, api.Errorf("InvalidRequestException", "%v", err)
	}
	_, err = t.Update(ctx, &provider.Request{
		Region: st.Region, Account: st.Account, Partition: arn.Partition(st.Region), StackName: st.Name, StackID: st.ID,
		LogicalID: res.ID, Suffix: res.Suffix, Retry: true, PhysicalID: res.PhysicalID, Properties: after, Old: res.Properties,
	})
	if err != nil {
		return nil, api.Errorf("InvalidRequestException", "%v", err)
	}
	out := &controlProgress{}
	p := &out.ProgressEvent
	p.TypeName, p.Identifier, p.RequestToken, p.Operation, p.OperationStatus = res.Type, res.PhysicalID, s.cfg.NewID(), "UPDATE", "SUCCESS"
	p.EventTime = float64(s.cfg.Now().UnixMilli()) / 1000
	return out, nil
}

func tree(n *cfn.Node) (map[string]any, error) {
	m := map[string]any{}
	if n == nil {
		return m, nil
	}
	b, err := n.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return m, json.Unmarshal(b, &m)
}

// patched applies a JSON patch (RFC 6902) with the operations add, replace and remove.
func patched(n *cfn.Node, document string) (*cfn.Node, error) {
	var steps []struct {
		Op, Path string
		Value    any
	}
	if err := json.Unmarshal([]byte(document), &steps); err != nil {
		return nil, err
	}
	root, err := tree(n)
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		if step.Op != "add" && step.Op != "replace" && step.Op != "remove" {
			return nil, fmt.Errorf("the operation %q is none of add, replace and remove", step.Op)
		}
		path := strings.Split(step.Path, "/")
		if len(path) < 2 || path[0] != "" {
			return nil, fmt.Errorf("%q is not a path below the properties", step.Path)
		}
		for i := range path {
			path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(path[i])
		}
		changed, err := change(root, path[1:], step.Op, step.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.Path, err)
		}
		root, _ = changed.(map[string]any)
	}
	b, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	return cfn.ParseValue(b)
}

var errNoPlace = errors.New("there is no such place")

// change changes what is at path in v and returns v as it then is.
func change(v any, path []string, op string, value any) (any, error) {
	key, rest := path[0], path[1:]
	switch v := v.(type) {
	case map[string]any:
		old, there := v[key]
		switch {
		case len(rest) > 0 && there:
			changed, err := change(old, rest, op, value)
			v[key] = changed
			return v, err
		case len(rest) > 0, op == "remove" && !there:
			return nil, errNoPlace
		case op == "remove":
			delete(v, key)
		default:
			v[key] = value
		}
		return v, nil
	case []any:
		i, err := strconv.Atoi(key)
		if key == "-" && op == "add" && len(rest) == 0 {
			return append(v, value), nil
		}
		if err != nil || i < 0 || i > len(v) || i == len(v) && (op != "add" || len(rest) > 0) {
			return nil, errNoPlace
		}
		switch {
		case len(rest) > 0:
			v[i], err = change(v[i], rest, op, value)
			return v, err
		case op == "add":
			return append(v[:i:i], append([]any{value}, v[i:]...)...), nil
		case op == "remove":
			return append(v[:i:i], v[i+1:]...), nil
		}
		v[i] = value
		return v, nil
	}
	return nil, errNoPlace
}
