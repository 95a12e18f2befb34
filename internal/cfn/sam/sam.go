// Package sam is the transform AWS::Serverless-2016-10-31: it turns a template with serverless resources into one that
// CloudFormation understands. It is pure: a template (a [cfn.Node]) in, a template out, with what is wrong and where.
//
// [Transform] expands functions and state machines with their roles, versions, aliases, configurations, URLs and events,
// merges Globals, and lets references to F.Alias and F.Version point at what they became. Generated resources are named as
// AWS names them, so that a stack can move here and back. Before that it writes out the loops of AWS::LanguageExtensions,
// if the template asks for them. The result has none of the two transforms and no Globals; other transforms are left for
// the reader of the template to refuse. Nodes keep the place of what they come from, so that later errors have one too.
//
// Code is a place in S3 or inline text. A local path in CodeUri or DefinitionUri is an error, since whoever transforms has
// no files; with [Options.Local] it is kept, as the string that stands for the Code of the AWS::Lambda::Function or the
// DefinitionS3Location of the AWS::StepFunctions::StateMachine. A deployer that uploads such files can as well do so first
// and put {Bucket, Key} into the serverless template.
//
// What nothing can serve is refused by type and logical id: other serverless resources, events whose resources
// [Options.Types] does not know, gradual deployments. Read next: function.go, machine.go, role.go, references.go.
package sam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// The transforms that are done here.
const (
	Serverless = "AWS::Serverless-2016-10-31"
	Language   = "AWS::LanguageExtensions"
)

const prefix = "AWS::Serverless::"

// maxDiagnostics is how many errors are told at once.
const maxDiagnostics = 20

// Options are the surroundings of a transform.
type Options struct {
	Input cfn.Input              // parameters, region, partition
	Types func(name string) bool // tells whether resources of a type can be made; nil: all can
	Local bool                   // keep local paths
}

// Diagnostic is something that is wrong with a template. Message is what AWS says where that is known.
type Diagnostic struct {
	Resource     string // logical id; empty: it is about the template
	Message      string
	Line, Column int // 0: not known
}

// Declared are the transforms that a template names, in its order.
func Declared(root *cfn.Node) (names []string) {
	for _, n := range listed(root.Get("Transform")) {
		if name, ok := n.Scalar(); ok {
			names = append(names, name)
		}
	}
	return names
}

// Needed tells whether a template names a transform that is done here.
func Needed(root *cfn.Node) bool {
	names := Declared(root)
	return slices.Contains(names, Serverless) || slices.Contains(names, Language)
}

// Transform does the transforms that the template names. The result is nil if anything is wrong.
func Transform(root *cfn.Node, o Options) (*cfn.Node, []Diagnostic) {
	if root == nil || root.Kind != cfn.Map {
		return nil, []Diagnostic{{Message: "Template format error: unsupported structure."}}
	}
	names := Declared(root)
	if slices.Contains(names, Language) {
		expanded, err := cfn.ExpandLoops(root, o.Input)
		if err != nil {
			return nil, []Diagnostic{diagnose(err)}
		}
		root = expanded
	}
	if !slices.Contains(names, Serverless) {
		return without(root), nil
	}
	values, err := cfn.Values(root, o.Input)
	if err != nil {
		return nil, []Diagnostic{diagnose(err)}
	}
	x := &expansion{o: o, root: root, values: values, out: &cfn.Node{Kind: cfn.Map}, made: map[string]bool{}, became: map[string]string{}}
	result := x.run()
	if len(x.diagnostics) > 0 {
		return nil, x.diagnostics
	}
	return result, nil
}

// Failure makes one error of diagnostics, worded as CloudFormation does, at the place of the first.
func Failure(list []Diagnostic) error {
	if len(list) == 0 {
		return nil
	}
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = d.Message
		if d.Line > 0 && !strings.Contains(d.Message, "(line ") {
			texts[i] += fmt.Sprintf(" (line %d)", d.Line)
		}
	}
	message := texts[0]
	if slices.ContainsFunc(list, func(d Diagnostic) bool { return d.Resource != "" || strings.HasPrefix(d.Message, globalsInvalid) }) {
		message = fmt.Sprintf("Transform %s failed with: Invalid Serverless Application Specification document. Number of errors found: %d. %s",
			Serverless, len(list), strings.Join(texts, " "))
	}
	return &cfn.Error{Message: message, Line: list[0].Line, Column: list[0].Column}
}

func diagnose(err error) Diagnostic {
	d := Diagnostic{Message: err.Error()}
	if e, ok := err.(*cfn.Error); ok {
		d.Line, d.Column = e.Line, e.Column
	}
	return d
}

// without is the template without what the transforms are for.
func without(root *cfn.Node) *cfn.Node {
	out := &cfn.Node{Kind: cfn.Map, Line: root.Line, Column: root.Column}
	for i, k := range root.Keys {
		item := root.Items[i]
		switch k {
		case "Globals":
			if !slices.Contains(Declared(root), Serverless) {
				break // the reader of the template refuses it
			}
			continue
		case "Transform":
			item = others(item)
		}
		if item != nil {
			out.Keys, out.Items = append(out.Keys, k), append(out.Items, item)
		}
	}
	return out
}

// others are the transforms of a Transform section that are not done here; nil if there are none.
func others(n *cfn.Node) *cfn.Node {
	out := &cfn.Node{Kind: cfn.List, Line: n.Line, Column: n.Column}
	for _, t := range listed(n) {
		if t.Text != Serverless && t.Text != Language {
			out.Items = append(out.Items, t)
		}
	}
	if len(out.Items) == 0 {
		return nil
	}
	return out
}
