package sam

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/cfn"
)

// maxResources is CloudFormation's limit.
const maxResources = 500

// expansion is a transform under way.
type expansion struct {
	o           Options
	root        *cfn.Node
	values      map[string]*cfn.Node // parameters and pseudo parameters
	globals     map[string]*cfn.Node // properties by kind: Function, StateMachine
	out         *cfn.Node            // resources
	made        map[string]bool      // ids in out
	became      map[string]string    // what F.Alias and the like are called now
	inherited   int                  // bytes and nodes that globals have brought
	diagnostics []Diagnostic
}

// source is one serverless resource of the template.
type source struct {
	*expansion
	id    string
	node  *cfn.Node
	props *cfn.Node // with the globals
	bad   bool
}

func (x *expansion) report(id string, at *cfn.Node, message string) {
	if len(x.diagnostics) < maxDiagnostics {
		d := Diagnostic{Resource: id, Message: message}
		if at != nil {
			d.Line, d.Column = at.Line, at.Column
		}
		x.diagnostics = append(x.diagnostics, d)
	}
}

// fail notes an error of the resource, at a node or, if that has no place, at the resource itself.
func (s *source) fail(at *cfn.Node, format string, args ...any) {
	if at == nil || at.Line == 0 {
		at = s.node
	}
	s.bad = true
	s.report(s.id, at, fmt.Sprintf("Resource with id [%s] is invalid. ", s.id)+fmt.Sprintf(format, args...))
}

func (x *expansion) run() *cfn.Node {
	resources := x.root.Get("Resources")
	if resources == nil || resources.Kind != cfn.Map || len(resources.Keys) > maxResources {
		return without(x.root) // the reader of the template says what is wrong
	}
	if !x.readGlobals() {
		return nil
	}
	x.out.Line, x.out.Column = resources.Line, resources.Column
	for i, id := range resources.Keys {
		x.resource(id, resources.Items[i])
	}
	if len(x.diagnostics) > 0 {
		return nil
	}
	return x.assemble()
}

// resource expands a resource, or takes it as it is.
func (x *expansion) resource(id string, n *cfn.Node) {
	kind, serverless := strings.CutPrefix(scalar(n.Get("Type")), prefix)
	if !serverless {
		x.put(id, n)
		return
	}
	s := &source{expansion: x, id: id, node: n}
	switch kind {
	case "Function":
		if s.check(functionProperties) {
			s.function()
		}
	case "StateMachine":
		if s.check(machineProperties) {
			s.machine()
		}
	default:
		s.fail(n.Get("Type"), "Resources of the type %s are not supported here; of the serverless types, %sFunction and %sStateMachine are.",
			prefix+kind, prefix, prefix)
	}
}

// put adds a resource to the result.
func (x *expansion) put(id string, n *cfn.Node) {
	x.made[id] = true
	x.out.Keys, x.out.Items = append(x.out.Keys, id), append(x.out.Items, n)
}

// add makes a resource. It has the attributes that generated resources share with their source (all of them if whole),
// and the place of at in the template.
func (s *source) add(id, typ string, whole bool, at, properties *cfn.Node, attributes ...any) {
	if at == nil {
		at = s.node
	}
	if s.o.Types != nil && !s.o.Types(typ) {
		s.fail(at, "It needs a resource of the type %s, which is not supported here.", typ)
		return
	}
	if s.made[id] || id != s.id && s.root.Get("Resources").Get(id) != nil {
		s.fail(at, "The transform gives it a resource with the id %s, which the template has already.", id)
		return
	}
	n := object("Type", text(typ))
	for i, k := range s.node.Keys {
		if shared[k] || whole && own[k] {
			n = with(n, k, s.node.Items[i])
		}
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		key := attributes[i].(string)
		if v, _ := attributes[i+1].(*cfn.Node); n.Get(key) == nil {
			n = with(n, key, v)
		}
	}
	n = with(n, "Properties", placed(properties, at))
	s.put(id, placed(n, at))
}

// shared are the attributes that go to all that comes of a resource, own those that go to the resource itself only.
var (
	shared = map[string]bool{"Condition": true, "DeletionPolicy": true, "UpdateReplacePolicy": true}
	own    = map[string]bool{"DependsOn": true, "Metadata": true, "UpdatePolicy": true, "CreationPolicy": true}
)

// maxPlace is more than a name or a place in S3 has bytes.
const maxPlace = 4096

var functionVariable = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// resolve puts the values of parameters into a value, as far as they are known.
func (x *expansion) resolve(n *cfn.Node) *cfn.Node {
	if n == nil || len(n.Items) == 0 {
		return n
	}
	if name := n.Get("Ref"); name != nil && len(n.Keys) == 1 && name.Kind == cfn.String {
		if v := x.values[name.Text]; v != nil {
			return placed(v, n)
		}
		return n
	}
	out := &cfn.Node{Kind: n.Kind, Keys: n.Keys, Line: n.Line, Column: n.Column}
	for i, item := range n.Items {
		if n.Kind == cfn.Map && n.Keys[i] == "Fn::Sub" && item.Kind == cfn.String {
			item = placed(text(x.substitute(item.Text)), item)
		}
		out.Items = append(out.Items, x.resolve(item))
	}
	return out
}

func (x *expansion) substitute(s string) string {
	if len(s) > maxPlace {
		return s
	}
	return functionVariable.ReplaceAllStringFunc(s, func(v string) string {
		if value, ok := x.values[strings.TrimSpace(v[2:len(v)-1])].Scalar(); ok && len(value) <= maxPlace {
			return value
		}
		return v
	})
}

// constant is a value's text if parameters are all that it depends on.
func (x *expansion) constant(n *cfn.Node) (string, bool) {
	n = x.resolve(n)
	if sub := n.Get("Fn::Sub"); intrinsic(n) && sub != nil && sub.Kind == cfn.String && !strings.Contains(sub.Text, "${") {
		return sub.Text, true
	}
	return n.Scalar()
}

// managed is the ARN of a policy of AWS.
func (x *expansion) managed(path string) *cfn.Node {
	return text("arn:" + x.partition() + ":iam::aws:policy/" + path)
}

func (x *expansion) partition() string {
	if p := x.o.Input.Partition; p != "" {
		return p
	}
	return arn.Partition(x.o.Input.Region)
}
