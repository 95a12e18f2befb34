package provider

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// machines makes AWS::StepFunctions::StateMachine.
type machines struct{ env Env }

func machineTypes(env Env) []*Type {
	m, v, a, act := machines{env}, machineVersions{env}, machineAliases{env}, activities{env}
	return []*Type{
		{
			Name: "AWS::StepFunctions::StateMachine",
			Properties: properties("DefinitionString Definition DefinitionS3Location DefinitionSubstitutions RoleArn LoggingConfiguration "+
				"TracingConfiguration EncryptionConfiguration Tags", "StateMachineName StateMachineType"),
			Required: []string{"RoleArn"}, Attributes: []string{"Arn", "Name", "StateMachineRevisionId"},
			Create: m.create, Update: m.update, Delete: m.delete,
		},
		{
			Name: "AWS::StepFunctions::StateMachineVersion", Properties: properties("", "StateMachineArn StateMachineRevisionId Description"),
			Required: []string{"StateMachineArn"}, Attributes: []string{"Arn"},
			Create: v.create, Delete: v.delete,
		},
		{
			Name: "AWS::StepFunctions::StateMachineAlias", Properties: properties("Description RoutingConfiguration DeploymentPreference", "Name"),
			Required: []string{"Name"}, Attributes: []string{"Arn"},
			Create: a.create, Update: a.update, Delete: a.delete,
		},
		{
			Name: "AWS::StepFunctions::Activity", Properties: properties("Tags", "Name EncryptionConfiguration"),
			Required: []string{"Name"}, Attributes: []string{"Arn", "Name"},
			Create: act.create, Update: act.create, Delete: act.delete,
		},
	}
}

// input is the properties as CreateStateMachine and UpdateStateMachine take them.
func (m machines) input(ctx context.Context, r *Request) (map[string]any, error) {
	definition, err := m.definition(ctx, r)
	if err != nil {
		return nil, err
	}
	in := map[string]any{"definition": definition, "roleArn": r.text("RoleArn")}
	for property, member := range map[string]string{"LoggingConfiguration": "loggingConfiguration", "TracingConfiguration": "tracingConfiguration", "EncryptionConfiguration": "encryptionConfiguration"} {
		if n := r.Properties.Get(property); n != nil {
			in[member] = lower(plain(n))
		} else if r.Old.Get(property) != nil {
			in[member] = map[string]any{"LoggingConfiguration": map[string]any{"level": "OFF"}, "TracingConfiguration": map[string]any{"enabled": false},
				"EncryptionConfiguration": map[string]any{"type": "AWS_OWNED_KEY"}}[property]
		}
	}
	booleans(in, "loggingConfiguration.includeExecutionData", "tracingConfiguration.enabled")
	numbers(in, "encryptionConfiguration.kmsDataKeyReusePeriodSeconds")
	return in, nil
}

// definition is the text that the properties give in one of three ways, with ${name} substituted.
func (m machines) definition(ctx context.Context, r *Request) (string, error) {
	text := r.text("DefinitionString")
	if n := r.Properties.Get("Definition"); n != nil {
		b, err := n.MarshalJSON()
		if err != nil {
			return "", err
		}
		text = string(b)
	}
	if n := r.Properties.Get("DefinitionS3Location"); n != nil {
		bucket, _ := n.Get("Bucket").Scalar()
		key, _ := n.Get("Key").Scalar()
		b, err := m.env.Caller.Call(ctx, Call{Service: "s3", Operation: "GetObject", Region: r.Region, Account: r.Account,
			Path: map[string]string{"Bucket": bucket, "Key": key}})
		if err != nil {
			return "", err
		}
		text = string(b)
		if !json.Valid(b) { // the file may be YAML
			n, err := cfn.ParseValue(b)
			if err != nil {
				return "", err
			}
			if b, err = n.MarshalJSON(); err != nil {
				return "", err
			}
			text = string(b)
		}
	}
	if text == "" {
		return "", errors.New("one of DefinitionString, Definition and DefinitionS3Location is required")
	}
	if n := r.Properties.Get("DefinitionSubstitutions"); n != nil {
		var pairs []string
		for i, k := range n.Keys {
			v, _ := n.Items[i].Scalar()
			pairs = append(pairs, "${"+k+"}", v)
		}
		text = strings.NewReplacer(pairs...).Replace(text)
	}
	return text, nil
}

func (m machines) create(ctx context.Context, r *Request) (*Result, error) {
	in, err := m.input(ctx, r)
	if err != nil {
		return nil, err
	}
	name := r.name("StateMachineName", 80)
	in["name"] = name
	if t := r.text("StateMachineType"); t != "" {
		in["type"] = t
	}
	if t := r.Properties.Get("Tags"); t != nil {
		in["tags"] = lower(plain(t))
	}
	var out struct {
		ARN string `json:"stateMachineArn"`
	}
	// A repetition with equal members is answered with what exists.
	if err := m.env.call(ctx, r, "states", "CreateStateMachine", nil, in, &out); err != nil {
		return nil, err
	}
	return m.result(ctx, r, out.ARN)
}

func (m machines) result(ctx context.Context, r *Request, id string) (*Result, error) {
	var out struct {
		Name       string `json:"name"`
		RevisionID string `json:"revisionId"`
	}
	if err := m.env.call(ctx, r, "states", "DescribeStateMachine", nil, map[string]any{"stateMachineArn": id}, &out); err != nil {
		return nil, err
	}
	revision := out.RevisionID
	if revision == "" {
		revision = "INITIAL"
	}
	return made(id, map[string]string{"Arn": id, "Name": out.Name, "StateMachineRevisionId": revision}), nil
}

func (m machines) update(ctx context.Context, r *Request) (*Result, error) {
	in, err := m.input(ctx, r)
	if err != nil {
		return nil, err
	}
	in["stateMachineArn"] = r.PhysicalID
	if err := m.env.call(ctx, r, "states", "UpdateStateMachine", nil, in, nil); err != nil {
		return nil, err
	}
	if err := retag(ctx, m.env, r); err != nil {
		return nil, err
	}
	return m.result(ctx, r, r.PhysicalID)
}

// retag brings the tags of a machine or an activity up to date.
func retag(ctx context.Context, env Env, r *Request) error {
	now, was := tags(r.Properties.Get("Tags")), tags(r.Old.Get("Tags"))
	var gone []string
	for k := range was {
		if _, kept := now[k]; !kept {
			gone = append(gone, k)
		}
	}
	if len(gone) > 0 {
		if err := env.call(ctx, r, "states", "UntagResource", nil, map[string]any{"resourceArn": r.PhysicalID, "tagKeys": gone}, nil); err != nil {
			return err
		}
	}
	if len(now) == 0 {
		return nil
	}
	return env.call(ctx, r, "states", "TagResource", nil, map[string]any{"resourceArn": r.PhysicalID, "tags": lower(plain(r.Properties.Get("Tags")))}, nil)
}

func (m machines) delete(ctx context.Context, r *Request) error {
	return m.env.call(ctx, r, "states", "DeleteStateMachine", nil, map[string]any{"stateMachineArn": r.PhysicalID}, nil)
}

// machineVersions makes AWS::StepFunctions::StateMachineVersion.
type machineVersions struct{ env Env }

func (v machineVersions) create(ctx context.Context, r *Request) (*Result, error) {
	in := map[string]any{"stateMachineArn": r.text("StateMachineArn")}
	if d := r.text("Description"); d != "" {
		in["description"] = d
	}
	if rev := r.text("StateMachineRevisionId"); rev != "" {
		in["revisionId"] = rev
	}
	var out struct {
		ARN string `json:"stateMachineVersionArn"`
	}
	if err := v.env.call(ctx, r, "states", "PublishStateMachineVersion", nil, in, &out); err != nil {
		return nil, err
	}
	return made(out.ARN, map[string]string{"Arn": out.ARN}), nil
}

func (v machineVersions) delete(ctx context.Context, r *Request) error {
	return v.env.call(ctx, r, "states", "DeleteStateMachineVersion", nil, map[string]any{"stateMachineVersionArn": r.PhysicalID}, nil)
}

// machineAliases makes AWS::StepFunctions::StateMachineAlias. A deployment preference shifts all traffic at once here.
type machineAliases struct{ env Env }

func (a machineAliases) routing(r *Request) (any, error) {
	if n := r.Properties.Get("DeploymentPreference"); n != nil {
		target, _ := n.Get("StateMachineVersionArn").Scalar()
		return []any{map[string]any{"stateMachineVersionArn": target, "weight": 100}}, nil
	}
	n := r.Properties.Get("RoutingConfiguration")
	if n == nil {
		return nil, errors.New("one of RoutingConfiguration and DeploymentPreference is required")
	}
	list, _ := lower(plain(n)).([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			numbers(m, "weight")
		}
	}
	return list, nil
}

func (a machineAliases) create(ctx context.Context, r *Request) (*Result, error) {
	routing, err := a.routing(r)
	if err != nil {
		return nil, err
	}
	in := map[string]any{"name": r.text("Name"), "description": r.text("Description"), "routingConfiguration": routing}
	var out struct {
		ARN string `json:"stateMachineAliasArn"`
	}
	if err := a.env.call(ctx, r, "states", "CreateStateMachineAlias", nil, in, &out); err != nil {
		return nil, err
	}
	return made(out.ARN, map[string]string{"Arn": out.ARN}), nil
}

func (a machineAliases) update(ctx context.Context, r *Request) (*Result, error) {
	routing, err := a.routing(r)
	if err != nil {
		return nil, err
	}
	in := map[string]any{"stateMachineAliasArn": r.PhysicalID, "description": r.text("Description"), "routingConfiguration": routing}
	if err := a.env.call(ctx, r, "states", "UpdateStateMachineAlias", nil, in, nil); err != nil {
		return nil, err
	}
	return made(r.PhysicalID, map[string]string{"Arn": r.PhysicalID}), nil
}

func (a machineAliases) delete(ctx context.Context, r *Request) error {
	err := a.env.call(ctx, r, "states", "DeleteStateMachineAlias", nil, map[string]any{"stateMachineAliasArn": r.PhysicalID}, nil)
	if is(err, "ResourceNotFound") {
		return nil
	}
	return err
}

// activities makes AWS::StepFunctions::Activity. Creating is idempotent, and only tags can change.
type activities struct{ env Env }

func (a activities) create(ctx context.Context, r *Request) (*Result, error) {
	if r.PhysicalID != "" {
		return made(r.PhysicalID, map[string]string{"Arn": r.PhysicalID, "Name": r.text("Name")}), retag(ctx, a.env, r)
	}
	in := map[string]any{"name": r.text("Name")}
	if t := r.Properties.Get("Tags"); t != nil {
		in["tags"] = lower(plain(t))
	}
	var out struct {
		ARN string `json:"activityArn"`
	}
	if err := a.env.call(ctx, r, "states", "CreateActivity", nil, in, &out); err != nil {
		return nil, err
	}
	return made(out.ARN, map[string]string{"Arn": out.ARN, "Name": r.text("Name")}), nil
}

func (a activities) delete(ctx context.Context, r *Request) error {
	return a.env.call(ctx, r, "states", "DeleteActivity", nil, map[string]any{"activityArn": r.PhysicalID}, nil)
}
