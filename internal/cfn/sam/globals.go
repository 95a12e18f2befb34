package sam

import (
	"maps"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

const globalsInvalid = "'Globals' section is invalid. "

// globalProperties are what Globals may set, by kind of resource.
var globalProperties = map[string][]string{
	"Function": strings.Fields(`Handler Runtime CodeUri DeadLetterQueue Description MemorySize Timeout VpcConfig Environment Tags
		PropagateTags Tracing KmsKeyArn AutoPublishAlias AutoPublishAliasAllProperties Layers DeploymentPreference RolePath
		PermissionsBoundary ReservedConcurrentExecutions ProvisionedConcurrencyConfig AssumeRolePolicyDocument EventInvokeConfig
		FileSystemConfigs CodeSigningConfigArn Architectures SnapStart EphemeralStorage FunctionUrlConfig
		RuntimeManagementConfig LoggingConfig RecursiveLoop SourceKMSKeyArn TenancyConfig DurableConfig CapacityProviderConfig
		FunctionScalingConfig PublishToLatestPublished VersionDeletionPolicy`),
	"StateMachine": {"PropagateTags"},
	// Kinds of which no resource is served: what is set for them has no effect.
	"Api": nil, "CapacityProvider": nil, "HttpApi": nil, "LayerVersion": nil, "SimpleTable": nil, "WebSocketApi": nil,
}

// readGlobals checks the section Globals.
func (x *expansion) readGlobals() bool {
	x.globals = map[string]*cfn.Node{}
	g := x.root.Get("Globals")
	if g == nil {
		return true
	}
	if g.Kind != cfn.Map {
		x.report("", g, globalsInvalid+"It must be a non-empty dictionary")
		return false
	}
	for i, kind := range g.Keys {
		section := g.Items[i]
		names, ok := globalProperties[kind]
		switch {
		case !ok:
			x.report("", section, globalsInvalid+"'"+kind+"' is not supported. Must be one of the following values - "+quoted(slices.Sorted(maps.Keys(globalProperties))))
			continue
		case section.Kind != cfn.Map:
			x.report("", section, globalsInvalid+"Value of "+kind+" must be a dictionary")
			continue
		}
		for j, name := range section.Keys {
			if names != nil && !slices.Contains(names, name) {
				x.report("", section.Items[j], globalsInvalid+"'"+name+"' is not a supported property of '"+kind+"'. Must be one of the following values - "+quoted(names))
			}
		}
		x.globals[kind] = section
	}
	return len(x.diagnostics) == 0
}

func quoted(names []string) string { return "['" + strings.Join(names, "', '") + "']" }

// globalsOf are the globals for a resource, without those that its IgnoreGlobals names.
func (s *source) globalsOf(kind string) (*cfn.Node, bool) {
	globals, ignored := s.globals[kind], s.node.Get("IgnoreGlobals")
	switch {
	case globals == nil:
		return nil, true
	case ignored == nil:
		return globals, s.inherit(globals)
	case ignored.Kind == cfn.String && ignored.Text == "*":
		return nil, true
	case ignored.Kind != cfn.List:
		s.fail(ignored, "Resource %s has invalid resource attribute 'IgnoreGlobals'.", s.id)
		return nil, false
	}
	out := &cfn.Node{Kind: cfn.Map}
	for _, name := range ignored.Items {
		if globals.Get(scalar(name)) == nil {
			s.fail(name, "Resource %s has invalid resource attribute 'IgnoreGlobals' on item '%s'.", s.id, scalar(name))
			return nil, false
		}
	}
	for i, name := range globals.Keys {
		if !slices.ContainsFunc(ignored.Items, func(n *cfn.Node) bool { return n.Text == name }) {
			out.Keys, out.Items = append(out.Keys, name), append(out.Items, globals.Items[i])
		}
	}
	return out, s.inherit(out)
}

// inherit keeps what globals bring within the bounds of a template: every resource may have them.
func (s *source) inherit(globals *cfn.Node) bool {
	if s.inherited += weight(globals); s.inherited > maxText {
		s.fail(nil, "Globals make the template too large.")
		return false
	}
	return true
}

// weight is roughly the size of a value.
func weight(n *cfn.Node) int {
	w := len(n.Text) + 1
	for i, item := range n.Items {
		if n.Kind == cfn.Map {
			w += len(n.Keys[i])
		}
		w += weight(item)
	}
	return w
}

// merge puts a resource's own value over a global one: maps are merged key by key, lists follow one another, and of
// anything else, and of calls of functions, the resource's own wins.
func merge(global, own *cfn.Node) *cfn.Node {
	switch {
	case global == nil:
		return own
	case global.Kind == cfn.List && own.Kind == cfn.List:
		out := &cfn.Node{Kind: cfn.List, Line: own.Line, Column: own.Column}
		out.Items = append(append(out.Items, global.Items...), own.Items...)
		return out
	case global.Kind != cfn.Map || own.Kind != cfn.Map || intrinsic(global) || intrinsic(own):
		return own
	}
	out := &cfn.Node{Kind: cfn.Map, Line: own.Line, Column: own.Column}
	at := make(map[string]int, len(own.Keys))
	for i, k := range own.Keys {
		at[k] = i
	}
	for i, k := range global.Keys {
		v := global.Items[i]
		if j, both := at[k]; both {
			v = merge(v, own.Items[j])
			delete(at, k)
		}
		out.Keys, out.Items = append(out.Keys, k), append(out.Items, v)
	}
	for i, k := range own.Keys {
		if _, rest := at[k]; rest {
			out.Keys, out.Items = append(out.Keys, k), append(out.Items, own.Items[i])
		}
	}
	return out
}
