package sam

import (
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// Outline is a template before its transforms in a form that can be read without parameters, to tell what parameters and
// resources it has: without Transform and Globals, and with the body of each loop once.
func Outline(root *cfn.Node) *cfn.Node {
	out := &cfn.Node{Kind: cfn.Map, Line: root.Line, Column: root.Column}
	for i, k := range root.Keys {
		item := root.Items[i]
		switch k {
		case "Globals", "Transform":
			continue
		case "Resources", "Outputs", "Conditions":
			item = once(item)
		}
		out.Keys, out.Items = append(out.Keys, k), append(out.Items, item)
	}
	return out
}

// once is a section with loops, wherever they are nested in it, replaced by their body.
func once(n *cfn.Node) *cfn.Node {
	if n.Kind != cfn.Map {
		return n
	}
	out := &cfn.Node{Kind: cfn.Map, Line: n.Line, Column: n.Column}
	seen := map[string]bool{}
	var add func(n *cfn.Node)
	add = func(n *cfn.Node) {
		for i, k := range n.Keys {
			item := n.Items[i]
			if strings.HasPrefix(k, "Fn::ForEach::") {
				if item.Kind == cfn.List && len(item.Items) == 3 && item.Items[2].Kind == cfn.Map {
					add(item.Items[2])
				}
				continue
			}
			if strings.ContainsAny(k, "${&}") {
				k = alphanumeric(k)
			}
			if !seen[k] {
				seen[k] = true
				out.Keys, out.Items = append(out.Keys, k), append(out.Items, serverless(item))
			}
		}
	}
	add(n)
	return out
}

// serverless drops attributes that only the transform understands from a resource.
func serverless(n *cfn.Node) *cfn.Node {
	if n.Get("IgnoreGlobals") == nil && n.Get("Connectors") == nil {
		return n
	}
	out := &cfn.Node{Kind: cfn.Map, Line: n.Line, Column: n.Column}
	for i, k := range n.Keys {
		if k != "IgnoreGlobals" && k != "Connectors" {
			out.Keys, out.Items = append(out.Keys, k), append(out.Items, n.Items[i])
		}
	}
	return out
}
