package sam

import (
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// The properties of the serverless types, each with what it must be unless it is a function's call: text, map, list, bool,
// or anything. Those after "-" are known and cannot be served here.
var (
	functionProperties = properties(`FunctionName:text Handler Runtime CodeUri ImageUri PackageType InlineCode DeadLetterQueue:map
		Description MemorySize Timeout VpcConfig Role:text AssumeRolePolicyDocument:map Policies RolePath PermissionsBoundary:text
		Environment:map Events:map Tags:map PropagateTags:bool Tracing:text KmsKeyArn DeploymentPreference:map
		ReservedConcurrentExecutions Layers:list EventInvokeConfig:map EphemeralStorage AutoPublishAlias:text
		AutoPublishCodeSha256:text AutoPublishAliasAllProperties:bool VersionDescription ProvisionedConcurrencyConfig
		FileSystemConfigs ImageConfig CodeSigningConfigArn Architectures SnapStart:map FunctionUrlConfig:map
		RuntimeManagementConfig LoggingConfig RecursiveLoop SourceKMSKeyArn VersionDeletionPolicy:text TenancyConfig:map
		DurableConfig:map -CapacityProviderConfig -FunctionScalingConfig -PublishToLatestPublished`)
	machineProperties = properties(`Definition:map DefinitionUri DefinitionSubstitutions:map Logging:map Name:text Role:text RolePath
		Policies Type:text Tags:map PropagateTags:bool Tracing:map Events:map PermissionsBoundary:text AutoPublishAlias:text
		UseAliasAsEventTarget:bool -DeploymentPreference`)
)

// refused marks a property that is known and refused.
const refused = "-"

func properties(spec string) map[string]string {
	m := map[string]string{}
	for _, word := range strings.Fields(spec) {
		name, kind, _ := strings.Cut(word, ":")
		if rest, ok := strings.CutPrefix(name, refused); ok {
			name, kind = rest, refused
		}
		m[name] = kind
	}
	return m
}

// check merges the globals into a resource's properties and looks at their names and kinds.
func (s *source) check(known map[string]string) bool {
	typ := s.node.Get("Type")
	for i, k := range s.node.Keys {
		if !shared[k] && !own[k] && k != "Type" && k != "Properties" && k != "IgnoreGlobals" {
			s.fail(s.node.Items[i], "The resource attribute '%s' is not supported here.", k)
			return false
		}
	}
	p := s.node.Get("Properties")
	if p == nil || p.Kind == cfn.Null {
		p = &cfn.Node{Kind: cfn.Map, Line: s.node.Line, Column: s.node.Column}
	}
	if p.Kind != cfn.Map {
		s.fail(p, "Properties must be a map.")
		return false
	}
	globals, ok := s.globalsOf(strings.TrimPrefix(typ.Text, prefix))
	if !ok {
		return false
	}
	s.props = merge(globals, p)
	for i, name := range s.props.Keys {
		v := s.props.Items[i]
		kind, ok := known[name]
		switch {
		case !ok:
			s.fail(v, "property %s not defined for resource of type %s", name, typ.Text)
		case v.Kind == cfn.Null || nothing(v):
		case kind == refused:
			s.fail(v, "The property %s of %s is not supported here.", name, typ.Text)
		case !fits(v, kind):
			s.fail(v, "Type of property '%s' is invalid.", name)
		}
	}
	return !s.bad
}

// fits tells whether a value is of a kind, or may become so.
func fits(v *cfn.Node, kind string) bool {
	if intrinsic(v) {
		return true
	}
	_, simple := v.Scalar()
	switch kind {
	case "text":
		return simple
	case "map":
		return v.Kind == cfn.Map
	case "list":
		return v.Kind == cfn.List
	case "bool":
		return simple && (strings.EqualFold(v.Text, "true") || strings.EqualFold(v.Text, "false"))
	}
	return true
}

func (s *source) get(name string) *cfn.Node { return given(s.props, name) }

// flag is a property that is true or false. A parameter may say which.
func (s *source) flag(name string) bool {
	v := s.get(name)
	if v == nil {
		return false
	}
	word, ok := s.constant(v)
	if !ok || !strings.EqualFold(word, "true") && !strings.EqualFold(word, "false") {
		s.fail(v, "Type of property '%s' is invalid.", name)
	}
	return strings.EqualFold(word, "true")
}

// alias is the name in AutoPublishAlias; empty if there is none.
func (s *source) alias() string {
	v := s.get("AutoPublishAlias")
	if v == nil {
		return ""
	}
	name, ok := s.constant(v)
	switch {
	case !ok:
		s.fail(v, "'AutoPublishAlias' must be a string or a Ref to a template parameter")
	case !aliasName(name):
		s.fail(v, "AutoPublishAlias name ('%s') must contain only alphanumeric characters, hyphens, or underscores matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern.", name)
	}
	return name
}

func aliasName(s string) bool {
	digits := true
	for _, c := range s {
		digit := c >= '0' && c <= '9'
		if !digit && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			return false
		}
		digits = digits && digit
	}
	return !digits && len(s) <= 128
}

// aliasID is the part of an alias' logical id that comes from its name.
func aliasID(name string) string { return strings.NewReplacer("-", "D", "_", "U").Replace(name) }
