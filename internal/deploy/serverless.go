package deploy

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/cfn/sam"
)

const (
	serverlessFunction, serverlessMachine = "AWS::Serverless::Function", "AWS::Serverless::StateMachine"
	machineType                           = "AWS::StepFunctions::StateMachine"
)

// place is how a type of resource says where a file of it is in S3.
type place struct{ property, bucket, key string }

var places = map[string]place{
	functionType:       {"Code", "S3Bucket", "S3Key"},
	serverlessFunction: {"CodeUri", "Bucket", "Key"},
	machineType:        {"DefinitionS3Location", "Bucket", "Key"},
	serverlessMachine:  {"DefinitionUri", "Bucket", "Key"},
}

// set lets a resource's properties name an object in S3.
func (p place) set(properties map[string]any, bucket, key string) {
	properties[p.property] = map[string]any{p.bucket: bucket, p.key: key}
}

// local is the path that a resource of a type gives for a file; empty if it gives none.
func local(typ any, properties map[string]any) string {
	name, _ := typ.(string)
	path, _ := properties[places[name].property].(string)
	if strings.Contains(path, "://") {
		return ""
	}
	return path
}

// isFunction tells whether resources of a type have code.
func isFunction(typ any) bool { return typ == functionType || typ == serverlessFunction }

// checkServerless transforms a serverless template here to find what is wrong with its resources before anything is
// built, where the lines are those of the file.
func (p *Project) checkServerless(root *cfn.Node, o *Options) error {
	if !sam.Needed(root) {
		return nil
	}
	in := cfn.Input{Parameters: o.Parameters, Region: o.Client.Region(), StackName: p.Stack, URLSuffix: "amazonaws.com", Partition: "aws"}
	_, wrong := sam.Transform(root, sam.Options{Input: in, Local: true})
	var own []sam.Diagnostic
	for _, d := range wrong {
		if d.Resource != "" { // parameters may have values that only the server knows
			own = append(own, d)
		}
	}
	return sam.Failure(own)
}

// inherit writes into serverless functions what is asked about before Globals are merged: the code, the runtime and the
// architectures, of which there must be one for what is built here.
func inherit(whole map[string]any, resources map[string]map[string]any) {
	globals, _ := whole["Globals"].(map[string]any)
	common, _ := globals["Function"].(map[string]any)
	for _, r := range resources {
		if r["Type"] != serverlessFunction || r["IgnoreGlobals"] == "*" {
			continue
		}
		properties, ok := r["Properties"].(map[string]any)
		if !ok && r["Properties"] == nil {
			properties = map[string]any{}
			r["Properties"] = properties
		}
		for _, name := range []string{"CodeUri", "Runtime", "Architectures"} {
			if _, given := properties[name]; !given && common[name] != nil && !ignores(r["IgnoreGlobals"], name) && properties != nil {
				properties[name] = common[name]
			}
		}
	}
	for _, name := range []string{"CodeUri", "Runtime", "Architectures"} {
		if !named(resources, name) {
			delete(common, name)
		}
	}
}

func ignores(list any, name string) bool {
	names, _ := list.([]any)
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// named tells whether a resource ignores a global by its name, which therefore must stay.
func named(resources map[string]map[string]any, name string) bool {
	for _, r := range resources {
		if ignores(r["IgnoreGlobals"], name) {
			return true
		}
	}
	return false
}

// definitions uploads the definitions of state machines that are files and lets the machines refer to them.
func (p *Project) definitions(ctx context.Context, o *Options, u *uploads, resources map[string]map[string]any) (changed bool, err error) {
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		r := resources[id]
		properties, _ := r["Properties"].(map[string]any)
		path := local(r["Type"], properties)
		if path == "" || isFunction(r["Type"]) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(path)))
		if err != nil {
			return false, fmt.Errorf("the definition of %s: %w", id, err)
		}
		o.say("pack     %s (%s)", id, path)
		key, err := u.put(ctx, content, filepath.Ext(path))
		if err != nil {
			return false, err
		}
		places[r["Type"].(string)].set(properties, u.bucket, key)
		changed = true
	}
	return changed, nil
}
