package cfn

import (
	"strings"
)

// Lookup finds what a resource is called (attr empty) or one of its attributes. A node of kind Unknown says that it is not
// known yet.
type Lookup func(id, attr string) (*Node, error)

// Bounds of evaluating one node.
const (
	maxSteps  = 400_000
	maxOutput = 16 << 20 // bytes of text
)

// scope is what functions see.
type scope struct {
	mappings   *Node
	conditions *Node
	values     map[string]*Node // parameters and pseudo parameters
	truth      map[string]bool  // conditions evaluated so far
	pending    map[string]bool  // conditions being evaluated: a second visit is a cycle
	resources  map[string]*Resource
	imports    func(name string) (string, bool)
	region     string
	look       Lookup
	section    string // where in the template, for messages
	steps      int
	output     int
}

// functions are the intrinsic functions that may stand where a value does.
var functions = map[string]bool{
	"Ref": true, "Fn::GetAtt": true, "Fn::Sub": true, "Fn::Join": true, "Fn::If": true, "Fn::Select": true, "Fn::Split": true,
	"Fn::FindInMap": true, "Fn::Base64": true, "Fn::ImportValue": true, "Fn::GetAZs": true, "Fn::ToJsonString": true,
	"Fn::Length": true, "Fn::Equals": true, "Fn::And": true, "Fn::Or": true, "Fn::Not": true, "Fn::Contains": true,
	"Fn::EachMemberEquals": true, "Fn::EachMemberIn": true, "Fn::Cidr": true,
}

func (s *scope) charge(n *Node, bytes int) error {
	s.steps++
	s.output += bytes
	if s.steps > maxSteps || s.output > maxOutput {
		return n.at("Template error: evaluating %s takes too much work", s.section)
	}
	return nil
}

// eval evaluates a value. Maps and lists lose what evaluates to AWS::NoValue.
func (s *scope) eval(n *Node) (*Node, error) {
	if n == nil {
		return nil, nil
	}
	if err := s.charge(n, len(n.Text)); err != nil {
		return nil, err
	}
	switch n.Kind {
	case List:
		out := &Node{Kind: List, Line: n.Line, Column: n.Column}
		for _, item := range n.Items {
			v, err := s.eval(item)
			if err != nil {
				return nil, err
			}
			if v.Kind != NoValue {
				out.Items = append(out.Items, v)
			}
		}
		return out, nil
	case Map:
		if name, arg, ok := function(n); ok {
			return s.call(n, name, arg)
		}
		out := &Node{Kind: Map, Line: n.Line, Column: n.Column}
		for i, item := range n.Items {
			if strings.HasPrefix(n.Keys[i], "Fn::") {
				return nil, item.at("Template error: %s cannot stand beside other keys", n.Keys[i])
			}
			v, err := s.eval(item)
			if err != nil {
				return nil, err
			}
			if v.Kind != NoValue {
				out.Keys, out.Items = append(out.Keys, n.Keys[i]), append(out.Items, v)
			}
		}
		return out, nil
	case String:
		if strings.Contains(n.Text, "{{resolve:") {
			return nil, n.at("Template error: dynamic references ({{resolve:...}}) are not supported here")
		}
	}
	return n, nil
}

// function tells whether a map is a call of an intrinsic function.
func function(n *Node) (name string, arg *Node, ok bool) {
	if n.Kind != Map || len(n.Keys) != 1 {
		return "", nil, false
	}
	name = n.Keys[0]
	return name, n.Items[0], name == "Ref" || strings.HasPrefix(name, "Fn::")
}

func (s *scope) call(n *Node, name string, arg *Node) (*Node, error) {
	switch name {
	case "Ref":
		if arg.Kind != String {
			return nil, n.at("Template error: every Ref object must have a single String value.")
		}
		return s.ref(n, arg.Text)
	case "Fn::GetAtt":
		return s.getAtt(n, arg)
	case "Fn::Sub":
		return s.sub(n, arg)
	case "Fn::If":
		return s.ifElse(n, arg)
	case "Fn::FindInMap":
		return s.findInMap(n, arg)
	}
	if f := simple[name]; f != nil {
		v, err := s.eval(arg)
		if err != nil {
			return nil, err
		}
		return f(s, n, v)
	}
	return nil, n.at("Template error: the function %s is not supported here", name)
}

// ref is a parameter, a pseudo parameter, or a resource.
func (s *scope) ref(n *Node, name string) (*Node, error) {
	if name == "AWS::NoValue" {
		return &Node{Kind: NoValue}, nil
	}
	if v := s.values[name]; v != nil {
		return v, s.charge(n, weight(v))
	}
	if s.resources[name] == nil {
		return nil, n.at("Template format error: Unresolved resource dependencies [%s] in the %s block of the template", name, s.section)
	}
	return s.lookup(n, name, "")
}

func (s *scope) lookup(n *Node, id, attr string) (*Node, error) {
	v, err := s.look(id, attr)
	if err != nil {
		return nil, n.at("%s", err)
	}
	return v, s.charge(n, len(v.Text))
}

func (s *scope) getAtt(n, arg *Node) (*Node, error) {
	var id, attr string
	switch {
	case arg.Kind == String:
		id, attr, _ = strings.Cut(arg.Text, ".")
	case arg.Kind == List && len(arg.Items) == 2 && arg.Items[0].Kind == String:
		a, err := s.eval(arg.Items[1])
		if err != nil {
			return nil, err
		}
		id, attr = arg.Items[0].Text, a.Text
	}
	if id == "" || attr == "" {
		return nil, n.at("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")
	}
	if s.resources[id] == nil {
		return nil, n.at("Template error: instance of Fn::GetAtt references undefined resource %s", id)
	}
	return s.lookup(n, id, attr)
}

func (s *scope) ifElse(n, arg *Node) (*Node, error) {
	if arg.Kind != List || len(arg.Items) != 3 || arg.Items[0].Kind != String {
		return nil, n.at("Template error: Fn::If requires a list argument with three elements")
	}
	yes, err := s.condition(n, arg.Items[0].Text)
	if err != nil {
		return nil, err
	}
	if yes {
		return s.eval(arg.Items[1])
	}
	return s.eval(arg.Items[2])
}

func (s *scope) findInMap(n, arg *Node) (*Node, error) {
	if arg.Kind != List || len(arg.Items) < 3 || len(arg.Items) > 4 {
		return nil, n.at("Template error: FindInMap object requires a list of three or four elements")
	}
	var names [3]string
	for i := range names {
		v, err := s.eval(arg.Items[i])
		if err != nil {
			return nil, err
		}
		if v.Kind == Unknown {
			return nil, n.at("Template error: FindInMap cannot use what is only known once a resource exists")
		}
		names[i] = v.Text
	}
	v := s.mappings.Get(names[0]).Get(names[1]).Get(names[2])
	if v != nil {
		return v, s.charge(n, weight(v))
	}
	if len(arg.Items) == 4 {
		if d := arg.Items[3].Get("DefaultValue"); d != nil {
			return s.eval(d)
		}
	}
	return nil, n.at("Template error: Unable to get mapping for %s::%s::%s", names[0], names[1], names[2])
}

// weight is the text in a value, roughly.
func weight(n *Node) int {
	w := len(n.Text) + 1
	for _, i := range n.Items {
		w += weight(i)
	}
	return w
}

// condition evaluates a named condition, once.
func (s *scope) condition(n *Node, name string) (bool, error) {
	if v, done := s.truth[name]; done {
		return v, nil
	}
	c := s.conditions.Get(name)
	if c == nil {
		return false, n.at("Template format error: Unresolved condition dependency %s in the %s block of the template", name, s.section)
	}
	if s.pending[name] {
		return false, c.at("Template format error: Circular dependency between conditions: %s", name)
	}
	s.pending[name] = true
	v, err := s.test(c)
	delete(s.pending, name)
	if err == nil {
		s.truth[name] = v
	}
	return v, err
}
