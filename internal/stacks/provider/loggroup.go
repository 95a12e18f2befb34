package provider

import (
	"context"

	"github.com/perdure/perdure/internal/arn"
)

// groups makes AWS::Logs::LogGroup. A group that is there already is adopted: functions make their own when they first
// print something, and groups outlive their stack where the template retains them.
type groups struct{ env Env }

func logTypes(env Env) []*Type {
	g := groups{env}
	return []*Type{{
		Name: "AWS::Logs::LogGroup",
		Properties: properties("RetentionInDays KmsKeyId DataProtectionPolicy LogGroupClass Tags FieldIndexPolicies ResourcePolicyDocument",
			"LogGroupName"),
		Attributes: []string{"Arn"},
		Create:     g.create, Update: g.update, Delete: g.delete,
	}}
}

func (g groups) create(ctx context.Context, r *Request) (*Result, error) {
	name := r.name("LogGroupName", 512)
	err := g.env.call(ctx, r, "logs", "CreateLogGroup", nil, map[string]any{"logGroupName": name}, nil)
	if err != nil && !is(err, "ResourceAlreadyExistsException") {
		return nil, err
	}
	return g.retain(ctx, r, name)
}

func (g groups) update(ctx context.Context, r *Request) (*Result, error) {
	return g.retain(ctx, r, r.PhysicalID)
}

// retain sets how long events are kept.
func (g groups) retain(ctx context.Context, r *Request, name string) (*Result, error) {
	out := made(name, map[string]string{"Arn": arn.New("logs", r.Region, r.Account, "log-group:"+name+":*").String()})
	in := map[string]any{"logGroupName": name}
	if days := r.Properties.Get("RetentionInDays"); days != nil {
		in["retentionInDays"] = plain(days)
		numbers(in, "retentionInDays")
		return out, g.env.call(ctx, r, "logs", "PutRetentionPolicy", nil, in, nil)
	}
	if r.Old.Get("RetentionInDays") != nil {
		return out, g.env.call(ctx, r, "logs", "DeleteRetentionPolicy", nil, in, nil)
	}
	return out, nil
}

func (g groups) delete(ctx context.Context, r *Request) error {
	err := g.env.call(ctx, r, "logs", "DeleteLogGroup", nil, map[string]any{"logGroupName": r.PhysicalID}, nil)
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}
