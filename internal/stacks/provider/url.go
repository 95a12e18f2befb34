package provider

import (
	"context"
)

// functionURLs makes AWS::Lambda::Url.
type functionURLs struct{ env Env }

func urlTypes(env Env) []*Type {
	u := functionURLs{env}
	return []*Type{{
		Name: "AWS::Lambda::Url", Properties: properties("AuthType Cors InvokeMode", "TargetFunctionArn Qualifier"),
		Required: []string{"TargetFunctionArn", "AuthType"}, Attributes: []string{"FunctionUrl", "FunctionArn"},
		Create: u.create, Update: u.update, Delete: u.delete,
	}}
}

func (u functionURLs) call(r *Request, operation string, body any) Call {
	c := Call{Service: "lambda", Operation: operation, Region: r.Region, Account: r.Account, Body: body,
		Path: map[string]string{"FunctionName": r.text("TargetFunctionArn")}}
	if q := r.text("Qualifier"); q != "" {
		c.Query = map[string][]string{"Qualifier": {q}}
	}
	return c
}

func (u functionURLs) put(ctx context.Context, r *Request, operation string) (*Result, error) {
	in := object(r.Properties)
	delete(in, "TargetFunctionArn")
	delete(in, "Qualifier")
	numbers(in, "Cors.MaxAge")
	booleans(in, "Cors.AllowCredentials")
	if in["Cors"] == nil {
		in["Cors"] = map[string]any{} // takes away what an earlier template said
	}
	var out struct{ FunctionUrl, FunctionArn string }
	if err := u.env.do(ctx, u.call(r, operation, in), &out); err != nil {
		return nil, err
	}
	return made(out.FunctionArn, map[string]string{"FunctionUrl": out.FunctionUrl, "FunctionArn": out.FunctionArn}), nil
}

func (u functionURLs) create(ctx context.Context, r *Request) (*Result, error) {
	out, err := u.put(ctx, r, "CreateFunctionUrlConfig")
	if r.Retry && is(err, "ResourceConflictException") {
		return u.update(ctx, r)
	}
	return out, err
}

func (u functionURLs) update(ctx context.Context, r *Request) (*Result, error) {
	return u.put(ctx, r, "UpdateFunctionUrlConfig")
}

func (u functionURLs) delete(ctx context.Context, r *Request) error {
	err := u.env.do(ctx, u.call(r, "DeleteFunctionUrlConfig", nil), nil)
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}
