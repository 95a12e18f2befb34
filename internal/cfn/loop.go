package cfn

import (
	"regexp"
	"slices"
	"strings"
)

const loopPrefix = "Fn::ForEach::"

// maxLoopDepth is how far loops of AWS::LanguageExtensions may be nested.
const maxLoopDepth = 5

var loopName = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// Values are the parameters and pseudo parameters that a template (as a node) has with an input: what Ref gives of them.
func Values(root *Node, in Input) (map[string]*Node, error) {
	s, err := constants(root, in)
	if err != nil {
		return nil, err
	}
	return s.values, nil
}

// constants is a scope in which nothing but parameters and mappings can be asked for.
func constants(root *Node, in Input) (*scope, error) {
	t := &Template{Mappings: root.Get("Mappings"), Resources: []*Resource{{node: root}}}
	if p := root.Get("Parameters"); p != nil {
		if p.Kind != Map && p.Kind != Null {
			return nil, p.at("Template format error: [/Parameters] 'null' values are not allowed in templates")
		}
		if err := t.readParameters(p); err != nil {
			return nil, err
		}
	}
	s, err := t.Instantiate(in)
	if err != nil {
		return nil, err
	}
	s.scope.resources = map[string]*Resource{}
	s.scope.section = "Fn::ForEach"
	return s.scope, nil
}

// FromNode reads a template from a value that [ParseValue] has read and a transform may have changed.
func FromNode(root *Node) (*Template, error) {
	if root == nil || root.Kind != Map {
		return nil, root.at("Template format error: unsupported structure.")
	}
	t := &Template{}
	if err := t.read(root); err != nil {
		return nil, err
	}
	return t, nil
}

// ExpandLoops writes out every Fn::ForEach of a template. Loops may stand wherever a map does; their collections may use
// parameters and mappings. What comes of them is bounded like the text of a template.
func ExpandLoops(root *Node, in Input) (*Node, error) {
	if !hasLoop(root) {
		return root, nil
	}
	s, err := constants(root, in)
	if err != nil {
		return nil, err
	}
	l := &loops{scope: s}
	return l.node(root, nil)
}

func hasLoop(n *Node) bool {
	if n == nil {
		return false
	}
	return slices.ContainsFunc(n.Keys, func(k string) bool { return strings.HasPrefix(k, loopPrefix) }) ||
		slices.ContainsFunc(n.Items, hasLoop)
}

// loops is an expansion under way.
type loops struct {
	scope *scope
	nodes int
	text  int
}

// variable is a loop's identifier with its value in the present turn.
type variable struct{ name, value string }

func (l *loops) charge(n *Node, text int) error {
	l.nodes++
	l.text += text
	if l.nodes > maxNodes || l.text > 2*MaxBytes {
		return n.at("Template error: Fn::ForEach makes the template too large")
	}
	return nil
}

// node copies a value with the loops in it written out and the variables put in.
func (l *loops) node(n *Node, vars []variable) (*Node, error) {
	text, err := l.fill(n, n.Text, vars)
	if err != nil {
		return nil, err
	}
	if err := l.charge(n, len(text)); err != nil {
		return nil, err
	}
	out := &Node{Kind: n.Kind, Text: text, Line: n.Line, Column: n.Column}
	if n.Kind == Map && len(n.Keys) == 1 && n.Keys[0] == "Ref" && n.Items[0].Kind == String {
		for _, v := range vars {
			if v.name == n.Items[0].Text {
				return &Node{Kind: String, Text: v.value, Line: n.Line, Column: n.Column}, nil
			}
		}
	}
	if n.Kind == Map {
		return out, l.entries(out, n, make(map[string]bool, len(n.Keys)), vars)
	}
	for _, item := range n.Items {
		v, err := l.node(item, vars)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

// entries adds to a map those of another, and what its loops give. seen are the map's keys.
func (l *loops) entries(out, n *Node, seen map[string]bool, vars []variable) error {
	for i, key := range n.Keys {
		item := n.Items[i]
		if strings.HasPrefix(key, loopPrefix) {
			if err := l.loop(out, key, item, seen, vars); err != nil {
				return err
			}
			continue
		}
		v, err := l.node(item, vars)
		if err != nil {
			return err
		}
		if key, err = l.fill(item, key, vars); err != nil {
			return err
		}
		if seen[key] {
			return item.at("Template error: the key %s stands twice once Fn::ForEach is written out", key)
		}
		seen[key] = true
		if err := l.charge(item, len(key)); err != nil {
			return err
		}
		out.Keys, out.Items = append(out.Keys, key), append(out.Items, v)
	}
	return nil
}

// loop writes out one Fn::ForEach: a list of an identifier, a collection and a map.
func (l *loops) loop(out *Node, key string, n *Node, seen map[string]bool, vars []variable) error {
	if n.Kind != List || len(n.Items) != 3 || n.Items[0].Kind != String || n.Items[2].Kind != Map {
		return n.at("Template error: %s requires a list of three: an identifier, a collection and a map", key)
	}
	name := n.Items[0].Text
	switch {
	case !loopName.MatchString(name):
		return n.Items[0].at("Template error: the identifier of %s must be alphanumeric", key)
	case slices.ContainsFunc(vars, func(v variable) bool { return v.name == name }) || l.scope.values[name] != nil:
		return n.Items[0].at("Template error: the identifier %s of %s is taken already", name, key)
	case len(vars) == maxLoopDepth:
		return n.at("Template error: Fn::ForEach may be nested %d deep at most", maxLoopDepth)
	}
	collection, err := l.node(n.Items[1], vars)
	if err != nil {
		return err
	}
	if collection, err = l.scope.eval(collection); err != nil {
		return err
	}
	if collection.Kind != List {
		return n.Items[1].at("Template error: the collection of %s must be a list", key)
	}
	for _, item := range collection.Items {
		value, ok := item.Scalar()
		if !ok {
			return n.Items[1].at("Template error: the collection of %s must hold strings", key)
		}
		if err := l.charge(n, 0); err != nil {
			return err
		}
		turn := append(vars[:len(vars):len(vars)], variable{name, value})
		if err := l.entries(out, n.Items[2], seen, turn); err != nil {
			return err
		}
	}
	return nil
}

// fill puts variables into text: ${Name}, and &{Name}, which leaves out what is not alphanumeric.
func (l *loops) fill(n *Node, text string, vars []variable) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	for _, v := range vars {
		for _, form := range [...]variable{{"${" + v.name + "}", v.value}, {"&{" + v.name + "}", alphanumeric(v.value)}} {
			if count := strings.Count(text, form.name); count*len(form.value) > 2*MaxBytes {
				return "", l.charge(n, count*len(form.value)) // refused before the text is made
			}
			text = strings.ReplaceAll(text, form.name, form.value)
		}
	}
	return text, nil
}

func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}
