package sam

import (
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// Bounds of the result: nodes, and bytes of text. CloudFormation has the second for what a transform makes, too.
const (
	maxNodes = 200_000
	maxText  = cfn.MaxBytes
)

// references copies values and lets what referred to F.Alias or F.Version refer to the resource that it became.
type references struct {
	became      map[string]string
	nodes, text int
}

// assemble is the template with the expanded resources.
func (x *expansion) assemble() *cfn.Node {
	root := without(x.root)
	out := &cfn.Node{Kind: cfn.Map, Line: root.Line, Column: root.Column, Keys: root.Keys}
	r := &references{became: x.became}
	for i, k := range root.Keys {
		v := root.Items[i]
		switch k {
		case "Resources":
			v = r.node(x.out)
		case "Outputs", "Conditions":
			v = r.node(v)
		}
		out.Items = append(out.Items, v)
	}
	if r.full() {
		x.report("", x.out, "The template that the transform "+Serverless+" makes is too large.")
		return nil
	}
	return out
}

func (r *references) full() bool { return r.nodes > maxNodes || r.text > maxText }

func (r *references) node(n *cfn.Node) *cfn.Node {
	r.nodes++
	r.text += len(n.Text)
	if len(n.Items) == 0 || r.full() {
		return n
	}
	if intrinsic(n) {
		if changed := r.call(n.Keys[0], n.Items[0]); changed != nil {
			n = &cfn.Node{Kind: cfn.Map, Keys: n.Keys, Items: []*cfn.Node{changed}, Line: n.Line, Column: n.Column}
		}
	}
	out := &cfn.Node{Kind: n.Kind, Keys: n.Keys, Items: make([]*cfn.Node, 0, len(n.Items)), Line: n.Line, Column: n.Column}
	for _, k := range n.Keys {
		r.text += len(k)
	}
	for _, item := range n.Items {
		out.Items = append(out.Items, r.node(item))
	}
	return out
}

// call is the argument of a function once references in it are changed; nil if there are none.
func (r *references) call(name string, arg *cfn.Node) *cfn.Node {
	switch name {
	case "Ref":
		if id := r.became[arg.Text]; id != "" && arg.Kind == cfn.String {
			return placed(text(id), arg)
		}
	case "Fn::GetAtt":
		return r.attribute(arg)
	case "Fn::Sub":
		switch {
		case arg.Kind == cfn.String:
			return placed(text(r.substitute(arg.Text)), arg)
		case arg.Kind == cfn.List && len(arg.Items) == 2 && arg.Items[0].Kind == cfn.String:
			return placed(list(placed(text(r.substitute(arg.Items[0].Text)), arg.Items[0]), arg.Items[1]), arg)
		}
	}
	return nil
}

// attribute changes F.Alias.Name, and the list of F and Alias.Name or of F.Alias and Name.
func (r *references) attribute(arg *cfn.Node) *cfn.Node {
	whole := arg.Text
	if arg.Kind == cfn.List {
		parts := make([]string, len(arg.Items))
		for i, item := range arg.Items {
			if item.Kind != cfn.String {
				return nil
			}
			parts[i] = item.Text
		}
		whole = strings.Join(parts, ".")
	}
	id, name, ok := r.dotted(whole)
	if !ok || name == "" {
		return nil
	}
	return placed(list(text(id), text(name)), arg)
}

// dotted splits F.Alias.Name into what F.Alias became, and Name.
func (r *references) dotted(s string) (id, name string, ok bool) {
	parts := strings.SplitN(s, ".", 3)
	if len(parts) < 2 {
		return "", "", false
	}
	id = r.became[parts[0]+"."+parts[1]]
	if len(parts) == 3 {
		name = parts[2]
	}
	return id, name, id != ""
}

// substitute changes ${F.Alias} and ${F.Version.Name}.
func (r *references) substitute(s string) string {
	if len(r.became) == 0 {
		return s
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		variable, tail, closed := strings.Cut(after, "}")
		if !closed {
			return b.String() + "${" + after // the reader of the template refuses it
		}
		if id, name, ok := r.dotted(strings.TrimSpace(variable)); ok {
			variable = id
			if name != "" {
				variable += "." + name
			}
		}
		b.WriteString("${" + variable + "}")
		s = tail
	}
}
