package sam

import (
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

func text(s string) *cfn.Node { return cfn.Text(s) }

func truth(b bool) *cfn.Node {
	if b {
		return &cfn.Node{Kind: cfn.Bool, Text: "true"}
	}
	return &cfn.Node{Kind: cfn.Bool, Text: "false"}
}

// list makes a list of what is not nil.
func list(items ...*cfn.Node) *cfn.Node {
	n := &cfn.Node{Kind: cfn.List}
	for _, i := range items {
		if i != nil {
			n.Items = append(n.Items, i)
		}
	}
	return n
}

// listOrNil is nil rather than an empty list.
func listOrNil(items []*cfn.Node) *cfn.Node {
	if len(items) == 0 {
		return nil
	}
	return list(items...)
}

// object makes a map of the pairs whose value is not nil.
func object(pairs ...any) *cfn.Node {
	n := &cfn.Node{Kind: cfn.Map}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v, _ := pairs[i+1].(*cfn.Node); v != nil {
			n.Keys, n.Items = append(n.Keys, pairs[i].(string)), append(n.Items, v)
		}
	}
	return n
}

// pick makes pairs for object of a map's values under the same names.
func pick(from *cfn.Node, names string) (pairs []any) {
	for _, name := range strings.Fields(names) {
		pairs = append(pairs, name, given(from, name))
	}
	return pairs
}

func ref(id string) *cfn.Node { return object("Ref", text(id)) }

func attribute(id, name string) *cfn.Node { return object("Fn::GetAtt", list(text(id), text(name))) }

// listed is a list's items, or the value as the only one; none for nil.
func listed(n *cfn.Node) []*cfn.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == cfn.List:
		return n.Items
	}
	return []*cfn.Node{n}
}

// intrinsic tells whether a value is a call of a function.
func intrinsic(n *cfn.Node) bool {
	return n != nil && n.Kind == cfn.Map && len(n.Keys) == 1 && (n.Keys[0] == "Ref" || strings.HasPrefix(n.Keys[0], "Fn::"))
}

// nothing tells whether a value is the reference that removes a property.
func nothing(n *cfn.Node) bool { return intrinsic(n) && n.Get("Ref").Equal(text("AWS::NoValue")) }

// given is a map's value, or nil if there is none or one that stands for none.
func given(n *cfn.Node, name string) *cfn.Node {
	v := n.Get(name)
	if v == nil || v.Kind == cfn.Null || nothing(v) {
		return nil
	}
	return v
}

// empty tells whether a value is absent or holds nothing.
func empty(n *cfn.Node) bool {
	return n == nil || (n.Kind == cfn.Map || n.Kind == cfn.List) && len(n.Items) == 0 || n.Kind == cfn.String && n.Text == ""
}

// scalar is the text of a scalar, or empty.
func scalar(n *cfn.Node) string {
	s, _ := n.Scalar()
	return s
}

// placed is a copy of a value at the place of another.
func placed(n, at *cfn.Node) *cfn.Node {
	if n == nil || at == nil {
		return n
	}
	c := *n
	c.Line, c.Column = at.Line, at.Column
	return &c
}

// with is a copy of a map with a further value; nil adds nothing.
func with(n *cfn.Node, key string, v *cfn.Node) *cfn.Node {
	if v == nil {
		return n
	}
	out := &cfn.Node{Kind: cfn.Map}
	if n != nil {
		out.Line, out.Column = n.Line, n.Column
		for i, k := range n.Keys {
			if k != key {
				out.Keys, out.Items = append(out.Keys, k), append(out.Items, n.Items[i])
			}
		}
	}
	out.Keys, out.Items = append(out.Keys, key), append(out.Items, v)
	return out
}
