package cfn

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// parseYAML reads a template in YAML. Short tags become the functions they stand for. Dates stay strings, since nothing
// but quotes tells them from one in a template; aliases count each time they are used, so that they cannot multiply
// without bound; merge keys are refused, as CloudFormation does.
func parseYAML(src []byte) (*Node, error) {
	if err := flat(src); err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		e := &Error{Message: "Template format error: YAML not well-formed."}
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			p := y.GetToken().Position
			e.Line, e.Column = p.Line, p.Column
			e.Message += fmt.Sprintf(" (line %d, column %d): %s", p.Line, p.Column, y.GetMessage())
		}
		return nil, e
	}
	if len(file.Docs) != 1 {
		return nil, plain("Template format error: a template is one YAML document, and this is %d", len(file.Docs))
	}
	r := &yamlReader{anchors: map[string]ast.Node{}}
	return r.value(file.Docs[0].Body, 0)
}

// flat refuses text that is nested so deeply that parsing it recurses too far, before it is parsed. What stands in quotes
// is counted too, which no sensible template comes near to.
func flat(src []byte) error {
	depth, line := 0, 1
	for _, c := range src {
		switch c {
		case '\n':
			line++
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		if depth > 4*maxDepth {
			return &Error{fmt.Sprintf("Template format error: the template is nested too deeply (line %d)", line), line, 1}
		}
	}
	line = 0
	for l := range bytes.Lines(src) {
		line++
		markers := 0
		for len(l) > 1 && (l[0] == '-' || l[0] == '?' || l[0] == ' ' || l[0] == ':') {
			if l[0] != ' ' {
				markers++
			}
			l = l[1:]
		}
		if markers > maxDepth && strings.Trim(string(l), "-\r\n") != "" {
			return &Error{fmt.Sprintf("Template format error: the template is nested too deeply (line %d)", line), line, 1}
		}
	}
	return nil
}

type yamlReader struct {
	anchors map[string]ast.Node
	nodes   int
}

func place(n ast.Node) (line, column int) {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}

func (r *yamlReader) value(y ast.Node, depth int) (*Node, error) {
	n := &Node{}
	if y == nil {
		return n, nil
	}
	n.Line, n.Column = place(y)
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, n.at("Template format error: the template is nested too deeply or has too many values")
	}
	switch y := y.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		n.Kind, n.Text = Bool, fmt.Sprint(y.Value)
	case *ast.IntegerNode:
		number(n, y.GetToken().Value, y.Value)
	case *ast.FloatNode:
		number(n, y.GetToken().Value, y.Value)
	case *ast.StringNode:
		n.Kind, n.Text = String, y.Value
	case *ast.LiteralNode:
		n.Kind, n.Text = String, y.Value.Value
	case *ast.InfinityNode, *ast.NanNode:
		n.Kind, n.Text = String, y.GetToken().Value
	case *ast.MappingNode:
		return n, r.mapping(n, y.Values, depth)
	case *ast.MappingValueNode:
		return n, r.mapping(n, []*ast.MappingValueNode{y}, depth)
	case *ast.SequenceNode:
		n.Kind = List
		for _, v := range y.Values {
			item, err := r.value(v, depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
	case *ast.AnchorNode:
		r.anchors[y.Name.GetToken().Value] = y.Value
		return r.value(y.Value, depth)
	case *ast.AliasNode:
		name := y.Value.GetToken().Value
		target, ok := r.anchors[name]
		if !ok {
			return nil, n.at("Template format error: the alias *%s has no anchor", name)
		}
		return r.value(target, depth+1)
	case *ast.TagNode:
		return r.tagged(n, y, depth)
	default:
		return nil, n.at("Template format error: YAML of the kind %s cannot stand in a template (line %d, column %d)", y.Type(), n.Line, n.Column)
	}
	return n, nil
}

// number keeps the text of a number that JSON can hold as it is. Others (octal, hexadecimal, with underscores) are
// written out.
func number(n *Node, text string, v any) {
	n.Kind, n.Text = Number, text
	if !jsonNumber(text) {
		n.Text = fmt.Sprint(v)
	}
	if !jsonNumber(n.Text) {
		n.Kind, n.Text = String, text
	}
}

func (r *yamlReader) mapping(n *Node, values []*ast.MappingValueNode, depth int) error {
	n.Kind = Map
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			line, column := place(v.Key)
			return &Error{fmt.Sprintf("Template format error: merge keys (<<) are not supported (line %d, column %d)", line, column), line, column}
		}
		key, err := r.value(v.Key, depth+1)
		if err != nil {
			return err
		}
		text, ok := key.Scalar()
		if !ok {
			return key.at("Template format error: [a key] must be a string (line %d, column %d)", key.Line, key.Column)
		}
		if seen[text] {
			return key.at("Template format error: duplicate key %q (line %d, column %d)", text, key.Line, key.Column)
		}
		seen[text] = true
		item, err := r.value(v.Value, depth+1)
		if err != nil {
			return err
		}
		n.Keys, n.Items = append(n.Keys, text), append(n.Items, item)
	}
	return nil
}

// tagged turns !Sub x into {"Fn::Sub": x}. YAML's own tags for strings are kept to; everything else is unknown.
func (r *yamlReader) tagged(n *Node, y *ast.TagNode, depth int) (*Node, error) {
	tag := y.Start.Value
	v, err := r.value(y.Value, depth+1)
	if err != nil {
		return nil, err
	}
	name, ok := strings.CutPrefix(tag, "!")
	if !ok || strings.HasPrefix(name, "!") {
		if text, scalar := v.Scalar(); tag == "!!str" && scalar {
			n.Kind, n.Text = String, text
			return n, nil
		}
		return nil, n.at("Template format error: the tag %s is not supported (line %d, column %d)", tag, n.Line, n.Column)
	}
	switch name {
	case "Ref", "Condition":
	case "GetAtt":
		if text, scalar := v.Scalar(); scalar {
			id, attr, _ := strings.Cut(text, ".")
			v = &Node{Kind: List, Items: []*Node{{Kind: String, Text: id, Line: v.Line, Column: v.Column}, {Kind: String, Text: attr, Line: v.Line, Column: v.Column}}, Line: v.Line, Column: v.Column}
		}
		name = "Fn::GetAtt"
	default:
		name = "Fn::" + name
		if !functions[name] {
			return nil, n.at("Template format error: the tag %s is not supported (line %d, column %d)", tag, n.Line, n.Column)
		}
	}
	n.Kind, n.Keys, n.Items = Map, []string{name}, []*Node{v}
	return n, nil
}
