package provider

import (
	"context"
	"fmt"
)

// parameters makes AWS::SSM::Parameter.
type parameters struct{ env Env }

func parameterTypes(env Env) []*Type {
	p := parameters{env}
	return []*Type{{
		Name:       "AWS::SSM::Parameter",
		Properties: properties("AllowedPattern DataType Description Policies Tags Tier Type Value", "Name"),
		Required:   []string{"Type", "Value"}, Attributes: []string{"Type", "Value"},
		Create: p.create, Update: p.update, Delete: p.delete,
	}}
}

func (p parameters) put(ctx context.Context, r *Request, name string, overwrite bool) (*Result, error) {
	in := object(r.Properties)
	delete(in, "Tags")
	in["Name"], in["Overwrite"] = name, overwrite
	for _, k := range []string{"Value", "Type"} {
		in[k] = r.text(k)
	}
	err := p.env.call(ctx, r, "ssm", "PutParameter", nil, in, nil)
	if is(err, "ParameterAlreadyExists") {
		return nil, fmt.Errorf("%s already exists", name)
	}
	if err != nil {
		return nil, err
	}
	return made(name, map[string]string{"Type": r.text("Type"), "Value": r.text("Value")}), nil
}

func (p parameters) create(ctx context.Context, r *Request) (*Result, error) {
	return p.put(ctx, r, r.name("Name", 1011), r.Retry)
}

func (p parameters) update(ctx context.Context, r *Request) (*Result, error) {
	return p.put(ctx, r, r.PhysicalID, true)
}

func (p parameters) delete(ctx context.Context, r *Request) error {
	err := p.env.call(ctx, r, "ssm", "DeleteParameter", nil, map[string]any{"Name": r.PhysicalID}, nil)
	if is(err, "ParameterNotFound") {
		return nil
	}
	return err
}
