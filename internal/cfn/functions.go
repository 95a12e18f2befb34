package cfn

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// simple are the functions whose argument is evaluated before they see it.
var simple = map[string]func(s *scope, n, arg *Node) (*Node, error){
	"Fn::Join":         join,
	"Fn::Select":       choose,
	"Fn::Split":        split,
	"Fn::Base64":       base64Of,
	"Fn::ImportValue":  importValue,
	"Fn::GetAZs":       zones,
	"Fn::ToJsonString": toJSON,
	"Fn::Length":       length,
	"Fn::Cidr":         cidr,
}

var unknown = &Node{Kind: Unknown}

func join(s *scope, n, arg *Node) (*Node, error) {
	if arg.Kind != List || len(arg.Items) != 2 {
		return nil, n.at("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
	}
	delimiter, list := arg.Items[0], arg.Items[1]
	if arg.Has(Unknown) {
		return unknown, nil
	}
	if delimiter.Kind != String || list.Kind != List {
		return nil, n.at("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
	}
	parts := make([]string, len(list.Items))
	size := 0
	for i, item := range list.Items {
		text, ok := item.Scalar()
		if !ok {
			return nil, n.at("Template error: Fn::Join cannot join what is not a string")
		}
		parts[i] = text
		size += len(text) + len(delimiter.Text)
	}
	if err := s.charge(n, size); err != nil {
		return nil, err
	}
	return Text(strings.Join(parts, delimiter.Text)), nil
}

func choose(_ *scope, n, arg *Node) (*Node, error) {
	if arg.Kind != List || len(arg.Items) != 2 {
		return nil, n.at("Template error: Fn::Select requires a list argument with two elements: an integer index and a list")
	}
	if arg.Items[0].Kind == Unknown || arg.Items[1].Kind == Unknown {
		return unknown, nil
	}
	text, _ := arg.Items[0].Scalar()
	i, err := strconv.Atoi(text)
	if err != nil || arg.Items[1].Kind != List {
		return nil, n.at("Template error: Fn::Select requires a list argument with two elements: an integer index and a list")
	}
	if i < 0 || i >= len(arg.Items[1].Items) {
		return nil, n.at("Template error: Fn::Select cannot select nonexistent value at index %d", i)
	}
	return arg.Items[1].Items[i], nil
}

func split(s *scope, n, arg *Node) (*Node, error) {
	if arg.Kind != List || len(arg.Items) != 2 || arg.Items[0].Kind != String || arg.Items[0].Text == "" {
		return nil, n.at("Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.")
	}
	if arg.Items[1].Kind == Unknown {
		return unknown, nil
	}
	text, ok := arg.Items[1].Scalar()
	if !ok {
		return nil, n.at("Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.")
	}
	out := &Node{Kind: List, Line: n.Line, Column: n.Column}
	for part := range strings.SplitSeq(text, arg.Items[0].Text) {
		if err := s.charge(n, len(part)); err != nil {
			return nil, err
		}
		out.Items = append(out.Items, Text(part))
	}
	return out, nil
}

func base64Of(s *scope, n, arg *Node) (*Node, error) {
	if arg.Kind == Unknown {
		return unknown, nil
	}
	text, ok := arg.Scalar()
	if !ok {
		return nil, n.at("Template error: every Fn::Base64 object must have a String-typed value.")
	}
	return Text(base64.StdEncoding.EncodeToString([]byte(text))), s.charge(n, 2*len(text))
}

func importValue(s *scope, n, arg *Node) (*Node, error) {
	name, ok := arg.Scalar()
	if !ok {
		return nil, n.at("Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs")
	}
	v, ok := s.imports(name)
	if !ok {
		return nil, n.at("No export named %s found.", name)
	}
	return Text(v), nil
}

func zones(s *scope, n, arg *Node) (*Node, error) {
	region, ok := arg.Scalar()
	if !ok {
		return nil, n.at("Template error: Fn::GetAZs cannot depend on any resources")
	}
	if region == "" {
		region = s.region
	}
	return &Node{Kind: List, Items: []*Node{Text(region + "a"), Text(region + "b"), Text(region + "c")}}, nil
}

func toJSON(s *scope, n, arg *Node) (*Node, error) {
	if arg.Has(Unknown) {
		return unknown, nil
	}
	b, err := arg.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return Text(string(b)), s.charge(n, len(b))
}

func length(_ *scope, n, arg *Node) (*Node, error) {
	if arg.Kind == Unknown {
		return unknown, nil
	}
	if arg.Kind != List {
		return nil, n.at("Template error: Fn::Length requires a list")
	}
	return &Node{Kind: Number, Text: strconv.Itoa(len(arg.Items))}, nil
}

// sub replaces ${Name} and ${Name.Attribute}; ${!Name} stays ${Name}.
func (s *scope) sub(n, arg *Node) (*Node, error) {
	vars := map[string]*Node{}
	if arg.Kind == List && len(arg.Items) == 2 && arg.Items[1].Kind == Map {
		for i, k := range arg.Items[1].Keys {
			v, err := s.eval(arg.Items[1].Items[i])
			if err != nil {
				return nil, err
			}
			vars[k] = v
		}
		arg = arg.Items[0]
	}
	if arg.Kind != String {
		return nil, n.at("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string")
	}
	var b strings.Builder
	later := false
	rest := arg.Text
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, n.at("Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons")
		}
		rest = tail
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			b.WriteString("${" + literal + "}")
			continue
		}
		v, err := s.variable(n, strings.TrimSpace(name), vars)
		if err != nil {
			return nil, err
		}
		if v.Kind == Unknown {
			later = true
			continue
		}
		text, ok := v.Scalar()
		if !ok {
			return nil, n.at("Template error: Fn::Sub expression does not resolve to a string: %s", name)
		}
		b.WriteString(text)
	}
	if later {
		return unknown, nil
	}
	return Text(b.String()), s.charge(n, b.Len())
}

func (s *scope) variable(n *Node, name string, vars map[string]*Node) (*Node, error) {
	if v := vars[name]; v != nil {
		return v, nil
	}
	if id, attr, dotted := strings.Cut(name, "."); dotted {
		if s.resources[id] == nil {
			return nil, n.at("Template error: instance of Fn::Sub references invalid resource attribute %s", name)
		}
		return s.lookup(n, id, attr)
	}
	return s.ref(n, name)
}

// test evaluates a condition, of Conditions or of Rules.
func (s *scope) test(n *Node) (bool, error) {
	if err := s.charge(n, 0); err != nil {
		return false, err
	}
	if n.Kind == Map && len(n.Keys) == 1 && n.Keys[0] == "Condition" && n.Items[0].Kind == String {
		return s.condition(n, n.Items[0].Text)
	}
	name, arg, ok := function(n)
	if !ok || arg.Kind != List {
		return false, n.at("Template format error: Every Condition member must be a boolean function")
	}
	switch name {
	case "Fn::Equals":
		return s.equals(n, arg)
	case "Fn::And", "Fn::Or":
		if len(arg.Items) < 2 || len(arg.Items) > 10 {
			return false, n.at("Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters.", name)
		}
		for _, item := range arg.Items {
			v, err := s.test(item)
			if err != nil || v == (name == "Fn::Or") {
				return v, err
			}
		}
		return name == "Fn::And", nil
	case "Fn::Not":
		if len(arg.Items) != 1 {
			return false, n.at("Template error: every Fn::Not object requires one boolean parameter.")
		}
		v, err := s.test(arg.Items[0])
		return !v, err
	case "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
		return s.members(n, name, arg)
	}
	return false, n.at("Template format error: Every Condition member must be a boolean function, and %s is none", name)
}

func (s *scope) equals(n, arg *Node) (bool, error) {
	if len(arg.Items) != 2 {
		return false, n.at("Template error: every Fn::Equals object requires a list of 2 string parameters.")
	}
	a, err := s.eval(arg.Items[0])
	if err != nil {
		return false, err
	}
	b, err := s.eval(arg.Items[1])
	if err != nil {
		return false, err
	}
	return a.Equal(b), nil
}

// members is the functions of Rules about lists.
func (s *scope) members(n *Node, name string, arg *Node) (bool, error) {
	if len(arg.Items) != 2 {
		return false, n.at("Template error: %s requires two parameters", name)
	}
	a, err := s.eval(arg.Items[0])
	if err != nil {
		return false, err
	}
	b, err := s.eval(arg.Items[1])
	if err != nil {
		return false, err
	}
	switch name {
	case "Fn::Contains":
		return contains(a, b), nil
	case "Fn::EachMemberEquals":
		for _, item := range a.Items {
			if !item.Equal(b) {
				return false, nil
			}
		}
		return true, nil
	}
	for _, item := range a.Items {
		if !contains(b, item) {
			return false, nil
		}
	}
	return true, nil
}

func contains(list, v *Node) bool {
	for _, item := range list.Items {
		if item.Equal(v) {
			return true
		}
	}
	return false
}
