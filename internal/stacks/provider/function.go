package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/perdure/perdure/internal/arn"
)

// functions makes AWS::Lambda::Function.
type functions struct{ env Env }

func functionTypes(env Env) []*Type {
	f, v, a := functions{env}, versions{env}, aliases{env}
	p, c := permissions{env}, eventConfigs{env}
	return []*Type{
		{
			Name: "AWS::Lambda::Function",
			Properties: properties("Architectures Code Description DurableConfig Environment EphemeralStorage Handler ImageConfig "+
				"KmsKeyArn LoggingConfig MemorySize ReservedConcurrentExecutions Role Runtime SnapStart Tags Timeout TracingConfig "+
				"DeadLetterConfig VpcConfig FileSystemConfigs RecursiveLoop RuntimeManagementConfig CodeSigningConfigArn", "FunctionName PackageType TenancyConfig"),
			Required:   []string{"Code", "Role"},
			Attributes: []string{"Arn"},
			Create:     f.create, Update: f.update, Delete: f.delete,
		},
		{
			Name: "AWS::Lambda::Version", Properties: properties("", "FunctionName CodeSha256 Description"),
			Required: []string{"FunctionName"}, Attributes: []string{"Version", "FunctionArn"},
			Create: v.create, Delete: v.delete,
		},
		{
			Name: "AWS::Lambda::Alias", Properties: properties("FunctionVersion Description RoutingConfig", "Name FunctionName"),
			Required: []string{"Name", "FunctionName", "FunctionVersion"}, Attributes: []string{"AliasArn"},
			Create: a.create, Update: a.update, Delete: a.delete,
		},
		{
			Name: "AWS::Lambda::Permission", Properties: properties("", "FunctionName Action Principal SourceArn SourceAccount EventSourceToken PrincipalOrgID FunctionUrlAuthType InvokedViaFunctionUrl"),
			Required: []string{"FunctionName", "Action", "Principal"}, Attributes: []string{"Id"},
			Create: p.create, Delete: p.delete,
		},
		{
			Name: "AWS::Lambda::EventInvokeConfig", Properties: properties("MaximumRetryAttempts MaximumEventAgeInSeconds DestinationConfig", "FunctionName Qualifier"),
			Required: []string{"FunctionName", "Qualifier"},
			Create:   c.put, Update: c.put, Delete: c.delete,
		},
	}
}

func (f functions) create(ctx context.Context, r *Request) (*Result, error) {
	in, reserved, err := f.input(r)
	if err != nil {
		return nil, err
	}
	name := r.name("FunctionName", 64)
	in["FunctionName"] = name
	if t := tags(r.Properties.Get("Tags")); t != nil {
		in["Tags"] = t
	}
	err = f.env.call(ctx, r, "lambda", "CreateFunction", nil, in, nil)
	if r.Retry && is(err, "ResourceConflictException") { // it was made before the crash
		return f.apply(ctx, r, name, reserved)
	}
	if err != nil {
		return nil, err
	}
	return f.result(r, name), f.reserve(ctx, r, name, reserved)
}

func (f functions) result(r *Request, name string) *Result {
	return made(name, map[string]string{"Arn": arn.New("lambda", r.Region, r.Account, "function:"+name).String()})
}

// input is the properties as CreateFunction takes them. Reserved concurrency is an operation of its own.
func (f functions) input(r *Request) (in map[string]any, reserved any, err error) {
	in = object(r.Properties)
	numbers(in, "Timeout", "MemorySize", "EphemeralStorage.Size", "DurableConfig.ExecutionTimeout", "DurableConfig.RetentionPeriodInDays", "ReservedConcurrentExecutions")
	texts(in, "Environment.Variables")
	reserved = in["ReservedConcurrentExecutions"]
	if k, ok := in["KmsKeyArn"]; ok {
		in["KMSKeyArn"] = k
	}
	for _, own := range []string{"Tags", "ReservedConcurrentExecutions", "KmsKeyArn", "FunctionName"} {
		delete(in, own)
	}
	for _, other := range []string{"RecursiveLoop", "RuntimeManagementConfig"} {
		if _, ok := in[other]; ok {
			return nil, nil, errors.New("the property " + other + " of AWS::Lambda::Function is not supported here")
		}
	}
	if code, ok := in["Code"].(map[string]any); ok {
		if source, ok := code["ZipFile"].(string); ok {
			packed, err := inline(source, r.text("Runtime"))
			if err != nil {
				return nil, nil, err
			}
			code["ZipFile"] = packed
		}
	}
	return in, reserved, nil
}

func (f functions) update(ctx context.Context, r *Request) (*Result, error) {
	_, reserved, err := f.input(r)
	if err != nil {
		return nil, err
	}
	return f.apply(ctx, r, r.PhysicalID, reserved)
}

// apply gives an existing function the code and the configuration of the properties. What was removed from the template
// goes back to its default.
func (f functions) apply(ctx context.Context, r *Request, name string, reserved any) (*Result, error) {
	in, _, err := f.input(r)
	if err != nil {
		return nil, err
	}
	path := map[string]string{"FunctionName": name}
	code, _ := in["Code"].(map[string]any)
	if !r.Properties.Get("Code").Equal(r.Old.Get("Code")) || !r.Properties.Get("Architectures").Equal(r.Old.Get("Architectures")) {
		if a, ok := in["Architectures"]; ok {
			code["Architectures"] = a
		}
		if err := f.env.call(ctx, r, "lambda", "UpdateFunctionCode", path, code, nil); err != nil {
			return nil, err
		}
	}
	for _, fixed := range []string{"Code", "Architectures", "PackageType", "TenancyConfig", "CodeSigningConfigArn"} {
		delete(in, fixed)
	}
	for property, value := range defaults {
		if r.Old.Get(property) != nil && r.Properties.Get(property) == nil {
			in[property] = value
		}
	}
	if err := f.env.call(ctx, r, "lambda", "UpdateFunctionConfiguration", path, in, nil); err != nil {
		return nil, err
	}
	if err := f.reserve(ctx, r, name, reserved); err != nil {
		return nil, err
	}
	return f.result(r, name), f.retag(ctx, r, name)
}

// defaults are what UpdateFunctionConfiguration is sent to undo a property that is gone.
var defaults = map[string]any{
	"Description": "", "Timeout": 3, "MemorySize": 128, "Environment": map[string]any{"Variables": map[string]any{}},
	"EphemeralStorage": map[string]any{"Size": 512}, "TracingConfig": map[string]any{"Mode": "PassThrough"},
}

func (f functions) reserve(ctx context.Context, r *Request, name string, reserved any) error {
	path := map[string]string{"FunctionName": name}
	if reserved != nil {
		return f.env.call(ctx, r, "lambda", "PutFunctionConcurrency", path, map[string]any{"ReservedConcurrentExecutions": reserved}, nil)
	}
	if r.Old.Get("ReservedConcurrentExecutions") != nil {
		return f.env.call(ctx, r, "lambda", "DeleteFunctionConcurrency", path, nil, nil)
	}
	return nil
}

func (f functions) retag(ctx context.Context, r *Request, name string) error {
	now, was := tags(r.Properties.Get("Tags")), tags(r.Old.Get("Tags"))
	id := arn.New("lambda", r.Region, r.Account, "function:"+name).String()
	path := map[string]string{"Resource": id}
	var gone []string
	for k := range was {
		if _, kept := now[k]; !kept {
			gone = append(gone, k)
		}
	}
	if len(gone) > 0 {
		_, err := f.env.Caller.Call(ctx, Call{Service: "lambda", Operation: "UntagResource", Region: r.Region, Account: r.Account,
			Path: path, Query: map[string][]string{"tagKeys": gone}})
		if err != nil {
			return err
		}
	}
	if len(now) == 0 {
		return nil
	}
	return f.env.call(ctx, r, "lambda", "TagResource", path, map[string]any{"Tags": now}, nil)
}

func (f functions) delete(ctx context.Context, r *Request) error {
	err := f.env.call(ctx, r, "lambda", "DeleteFunction", map[string]string{"FunctionName": r.PhysicalID}, nil, nil)
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}

// versions makes AWS::Lambda::Version.
type versions struct{ env Env }

func (v versions) create(ctx context.Context, r *Request) (*Result, error) {
	in := object(r.Properties)
	delete(in, "FunctionName")
	var out struct{ FunctionArn, Version string }
	if err := v.env.call(ctx, r, "lambda", "PublishVersion", map[string]string{"FunctionName": r.text("FunctionName")}, in, &out); err != nil {
		return nil, err
	}
	return made(out.FunctionArn, map[string]string{"Version": out.Version, "FunctionArn": out.FunctionArn}), nil
}

func (v versions) delete(ctx context.Context, r *Request) error {
	i := strings.LastIndexByte(r.PhysicalID, ':')
	if i < 0 {
		return nil
	}
	_, err := v.env.Caller.Call(ctx, Call{Service: "lambda", Operation: "DeleteFunction", Region: r.Region, Account: r.Account,
		Path: map[string]string{"FunctionName": r.PhysicalID[:i]}, Query: map[string][]string{"Qualifier": {r.PhysicalID[i+1:]}}})
	if is(err, "ResourceNotFoundException") {
		return nil
	}
	return err
}
