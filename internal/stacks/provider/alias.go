package provider

import (
	"context"
	"strings"
)

// aliases makes AWS::Lambda::Alias.
type aliases struct{ env Env }

func (a aliases) input(r *Request) map[string]any {
	in := object(r.Properties)
	delete(in, "FunctionName")
	// The template has a list of {FunctionVersion, FunctionWeight}, the service a map.
	if list := r.Properties.Get("RoutingConfig").Get("AdditionalVersionWeights"); list != nil {
		weights := map[string]any{}
		for _, w := range list.Items {
			version, _ := w.Get("FunctionVersion").Scalar()
			weights[version] = plain(w.Get("FunctionWeight"))
		}
		in["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": weights}
	} else if r.Old.Get("RoutingConfig") != nil {
		in["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": map[string]any{}}
	}
	return in
}

func (a aliases) path(r *Request) map[string]string {
	return map[string]string{"FunctionName": r.text("FunctionName"), "Name": r.text("Name")}
}

func (a aliases) create(ctx context.Context, r *Request) (*Result, error) {
	var out struct{ AliasArn string }
	err := a.env.call(ctx, r, "lambda", "CreateAlias", map[string]string{"FunctionName": r.text("FunctionName")}, a.input(r), &out)
	if r.Retry && is(err, "ResourceConflictException") {
		return a.update(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return made(out.AliasArn, map[string]string{"AliasArn": out.AliasArn}), nil
}

func (a aliases) update(ctx context.Context, r *Request) (*Result, error) {
	in := a.input(r)
	delete(in, "Name")
	var out struct{ AliasArn string }
	if err := a.env.call(ctx, r, "lambda", "UpdateAlias", a.path(r), in, &out); err != nil {
		return nil, err
	}
	return made(out.AliasArn, map[string]string{"AliasArn": out.AliasArn}), nil
}

func (a aliases) delete(ctx context.Context, r *Request) error {
	function, name := splitLast(r.PhysicalID)
	err := a.env.call(ctx, r, "lambda", "DeleteAlias", map[string]string{"FunctionName": function, "Name": name}, nil, nil)
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}

func splitLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// permissions makes AWS::Lambda::Permission.
type permissions struct{ env Env }

func (p permissions) create(ctx context.Context, r *Request) (*Result, error) {
	in := object(r.Properties)
	delete(in, "FunctionName")
	id := r.generated(100)
	in["StatementId"] = id
	booleans(in, "InvokedViaFunctionUrl")
	err := p.env.call(ctx, r, "lambda", "AddPermission", map[string]string{"FunctionName": r.text("FunctionName")}, in, nil)
	if err != nil && !(r.Retry && is(err, "ResourceConflictException")) {
		return nil, err
	}
	return made(id, map[string]string{"Id": id}), nil
}

func (p permissions) delete(ctx context.Context, r *Request) error {
	path := map[string]string{"FunctionName": r.text("FunctionName"), "StatementId": r.PhysicalID}
	err := p.env.call(ctx, r, "lambda", "RemovePermission", path, nil, nil)
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}

// eventConfigs makes AWS::Lambda::EventInvokeConfig.
type eventConfigs struct{ env Env }

func (c eventConfigs) put(ctx context.Context, r *Request) (*Result, error) {
	in := object(r.Properties)
	delete(in, "FunctionName")
	delete(in, "Qualifier")
	numbers(in, "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
	if _, err := c.env.Caller.Call(ctx, c.callOf(r, "PutFunctionEventInvokeConfig", in)); err != nil {
		return nil, err
	}
	id := r.PhysicalID
	if id == "" {
		id = r.generated(100)
	}
	return &Result{PhysicalID: id}, nil
}

func (c eventConfigs) callOf(r *Request, operation string, body any) Call {
	call := Call{Service: "lambda", Operation: operation, Region: r.Region, Account: r.Account, Body: body,
		Path: map[string]string{"FunctionName": r.text("FunctionName")}}
	if q := r.text("Qualifier"); q != "$LATEST" {
		call.Query = map[string][]string{"Qualifier": {q}}
	}
	return call
}

func (c eventConfigs) delete(ctx context.Context, r *Request) error {
	_, err := c.env.Caller.Call(ctx, c.callOf(r, "DeleteFunctionEventInvokeConfig", nil))
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}
