package cfn

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// Template is a template that has been read and whose shape is right. It is immutable.
type Template struct {
	Description string
	Parameters  []Parameter
	Mappings    *Node
	Conditions  *Node
	Rules       *Node
	Metadata    *Node
	Transforms  []string
	Resources   []*Resource
	Outputs     []*Output
}

// Resource is one entry of Resources.
type Resource struct {
	ID                  string
	Type                string
	Condition           string
	Properties          *Node // may be nil
	Metadata            *Node
	DependsOn           []string
	DeletionPolicy      string // Delete, Retain, RetainExceptOnCreate, Snapshot; empty means Delete
	UpdateReplacePolicy string
	node                *Node
}

// Output is one entry of Outputs.
type Output struct {
	ID          string
	Description string
	Condition   string
	Value       *Node
	Export      *Node // name; may be nil
}

// Limits of CloudFormation.
const (
	maxResources  = 500
	maxParameters = 200
	maxOutputs    = 200
	maxMappings   = 200
)

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// Parse reads a template in JSON or YAML.
func Parse(src []byte) (*Template, error) {
	if len(src) > MaxBytes {
		return nil, plain("Template may not exceed %d bytes in size.", MaxBytes)
	}
	var root *Node
	var err error
	if trimmed := bytes.TrimLeft(src, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		root, err = parseJSON(src)
	} else {
		root, err = parseYAML(src)
	}
	if err != nil {
		return nil, err
	}
	if root.Kind != Map {
		return nil, root.at("Template format error: unsupported structure.")
	}
	t := &Template{}
	if err := t.read(root); err != nil {
		return nil, err
	}
	return t, nil
}

var sections = []string{"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions",
	"Transform", "Resources", "Outputs", "Rules", "Hooks"}

func (t *Template) read(root *Node) error {
	for i, k := range root.Keys {
		if !slices.Contains(sections, k) {
			return root.Items[i].at("Template format error: Invalid template property or properties [%s]", k)
		}
	}
	if v := root.Get("AWSTemplateFormatVersion"); v != nil && v.Text != "2010-09-09" {
		return v.at("Template format error: unsupported value for AWSTemplateFormatVersion.")
	}
	if d := root.Get("Description"); d != nil {
		if d.Kind != String {
			return d.at("Template format error: Template description must be a string.")
		}
		t.Description = d.Text
	}
	for _, name := range []string{"Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Rules"} {
		if n := root.Get(name); n != nil && n.Kind != Map && !(n.Kind == Null && name != "Resources") {
			return n.at("Template format error: [/%s] 'null' values are not allowed in templates", name)
		}
	}
	t.Mappings, t.Conditions, t.Rules, t.Metadata = root.Get("Mappings"), root.Get("Conditions"), root.Get("Rules"), root.Get("Metadata")
	if h := root.Get("Hooks"); h != nil {
		return h.at("Template format error: the section Hooks is not supported here")
	}
	if err := t.readTransforms(root.Get("Transform")); err != nil {
		return err
	}
	if err := t.readParameters(root.Get("Parameters")); err != nil {
		return err
	}
	if err := t.readResources(root.Get("Resources")); err != nil {
		return err
	}
	if n := t.Mappings; n != nil && len(n.Keys) > maxMappings {
		return n.at("Template format error: Number of mappings, %d, is greater than maximum allowed, %d", len(n.Keys), maxMappings)
	}
	return t.readOutputs(root.Get("Outputs"))
}

func (t *Template) readTransforms(n *Node) error {
	if n == nil {
		return nil
	}
	items := []*Node{n}
	if n.Kind == List {
		items = n.Items
	}
	for _, i := range items {
		name, ok := i.Scalar()
		if !ok {
			return i.at("Template format error: a transform with parameters is not supported here")
		}
		t.Transforms = append(t.Transforms, name)
		if name != "AWS::LanguageExtensions" {
			return i.at("No transform named %s found.", name)
		}
	}
	return nil
}

func (t *Template) readResources(n *Node) error {
	if n == nil || len(n.Keys) == 0 {
		return n.at("Template format error: At least one Resources member must be defined.")
	}
	if len(n.Keys) > maxResources {
		return n.at("Template format error: Number of resources, %d, is greater than maximum allowed, %d", len(n.Keys), maxResources)
	}
	for i, id := range n.Keys {
		r, err := readResource(id, n.Items[i])
		if err != nil {
			return err
		}
		t.Resources = append(t.Resources, r)
	}
	return nil
}

var resourceKeys = []string{"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy",
	"UpdatePolicy", "CreationPolicy"}

func readResource(id string, n *Node) (*Resource, error) {
	if !logicalID.MatchString(id) {
		return nil, n.at("Template format error: Resource name %s is non alphanumeric.", id)
	}
	if n.Kind != Map {
		return nil, n.at("Template format error: [/Resources/%s] resource definition is malformed", id)
	}
	for i, k := range n.Keys {
		if !slices.Contains(resourceKeys, k) {
			return nil, n.Items[i].at("Invalid template resource property '%s'", k)
		}
	}
	typ := n.Get("Type")
	if typ == nil || typ.Kind != String || typ.Text == "" {
		return nil, n.at("Template format error: [/Resources/%s] Every Resources object must contain a Type member.", id)
	}
	r := &Resource{ID: id, Type: typ.Text, Metadata: n.Get("Metadata"), node: n}
	if p := n.Get("Properties"); p != nil && p.Kind != Null {
		if p.Kind != Map {
			return nil, p.at("Template format error: [/Resources/%s/Properties] 'null' values are not allowed in templates", id)
		}
		r.Properties = p
	}
	if c := n.Get("Condition"); c != nil {
		if c.Kind != String {
			return nil, c.at("Template format error: [/Resources/%s/Condition] must be a string", id)
		}
		r.Condition = c.Text
	}
	var err error
	if r.DeletionPolicy, err = policy(n, "DeletionPolicy", id); err != nil {
		return nil, err
	}
	if r.UpdateReplacePolicy, err = policy(n, "UpdateReplacePolicy", id); err != nil {
		return nil, err
	}
	if d := n.Get("DependsOn"); d != nil {
		items := []*Node{d}
		if d.Kind == List {
			items = d.Items
		}
		for _, i := range items {
			if i.Kind != String {
				return nil, i.at("Template format error: DependsOn must be a string or list of strings.")
			}
			if !slices.Contains(r.DependsOn, i.Text) {
				r.DependsOn = append(r.DependsOn, i.Text)
			}
		}
	}
	return r, nil
}

func policy(n *Node, name, id string) (string, error) {
	p := n.Get(name)
	if p == nil {
		return "", nil
	}
	switch p.Text {
	case "Delete", "Retain", "RetainExceptOnCreate", "Snapshot":
		return p.Text, nil
	}
	return "", p.at("Template format error: Unrecognized %s %s for resource %s", name, p.Text, id)
}

func (t *Template) readOutputs(n *Node) error {
	if n == nil {
		return nil
	}
	if len(n.Keys) > maxOutputs {
		return n.at("Template format error: Number of outputs, %d, is greater than maximum allowed, %d", len(n.Keys), maxOutputs)
	}
	for i, id := range n.Keys {
		item := n.Items[i]
		if !logicalID.MatchString(id) {
			return item.at("Template format error: Output name %s is non alphanumeric.", id)
		}
		o := &Output{ID: id, Value: item.Get("Value"), Export: item.Get("Export").Get("Name")}
		if item.Kind != Map || o.Value == nil {
			return item.at("Template format error: Output %s is malformed. The Value field of every Outputs member must be specified.", id)
		}
		if d := item.Get("Description"); d != nil {
			o.Description = d.Text
		}
		if c := item.Get("Condition"); c != nil {
			o.Condition = c.Text
		}
		t.Outputs = append(t.Outputs, o)
	}
	return nil
}

// Types are the resource types that the template names, each once, in order.
func (t *Template) Types() []string {
	var types []string
	for _, r := range t.Resources {
		if !slices.Contains(types, r.Type) {
			types = append(types, r.Type)
		}
	}
	return types
}

// Capabilities are those that the template needs to be acknowledged: IAM, or IAM with names that are chosen.
func (t *Template) Capabilities() (needs []string, reason []string) {
	named := false
	for _, r := range t.Resources {
		if !strings.HasPrefix(r.Type, "AWS::IAM::") {
			continue
		}
		reason = append(reason, r.ID)
		for _, p := range []string{"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"} {
			named = named || r.Properties.Get(p) != nil
		}
	}
	switch {
	case named:
		needs = []string{"CAPABILITY_NAMED_IAM"}
	case len(reason) > 0:
		needs = []string{"CAPABILITY_IAM"}
	}
	return needs, reason
}

// ParseValue reads any JSON or YAML value, such as a definition kept in a file of its own.
func ParseValue(src []byte) (*Node, error) {
	if len(src) > MaxBytes {
		return nil, plain("the text may not exceed %d bytes", MaxBytes)
	}
	if trimmed := bytes.TrimLeft(src, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		return parseJSON(src)
	}
	return parseYAML(src)
}
