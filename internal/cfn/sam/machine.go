package sam

import (
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// machine expands an AWS::Serverless::StateMachine.
func (s *source) machine() {
	tags := s.tags("stateMachine:createdBy")
	role, policies := s.get("Role"), s.get("Policies")
	if role != nil && !empty(policies) {
		s.fail(policies, "Specify either 'Role' or 'Policies' (but not both at the same time) or neither of them")
	}
	generated := role == nil
	if generated {
		role = attribute(s.id+"Role", "Arn")
	}
	definition, place, substitutions := s.definition()
	alias := s.alias()
	tracing := s.get("Tracing")
	if s.bad {
		return
	}
	s.add(s.id, "AWS::StepFunctions::StateMachine", true, nil, object("DefinitionString", definition, "DefinitionS3Location", place,
		"DefinitionSubstitutions", substitutions, "RoleArn", role, "StateMachineName", s.get("Name"), "StateMachineType", s.get("Type"),
		"LoggingConfiguration", s.get("Logging"), "TracingConfiguration", tracing, "Tags", tags))
	if generated {
		var managed []*cfn.Node
		if enabled := tracing.Get("Enabled"); enabled != nil && scalar(enabled) == "true" {
			managed = append(managed, s.managed("AWSXrayWriteOnlyAccess"))
		}
		s.makeRole(trust("states.amazonaws.com"), nil, nil, managed, tags)
	}
	target := ref(s.id)
	byAlias := s.flag("UseAliasAsEventTarget")
	if alias != "" {
		published := s.publishMachine(alias)
		if byAlias {
			target = published
		}
	} else if byAlias {
		s.fail(s.get("UseAliasAsEventTarget"), "'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified.")
	}
	s.machineEvents(target)
}

// publishMachine makes the version and the alias of a state machine and returns a reference to the alias. The version has
// the machine's revision for a property, so that it is replaced when the machine changes; old versions are retained.
func (s *source) publishMachine(alias string) *cfn.Node {
	at := s.get("AutoPublishAlias")
	version, id := s.id+"Version", s.id+"Alias"+aliasID(alias)
	s.add(version, "AWS::StepFunctions::StateMachineVersion", false, at, object("StateMachineArn", ref(s.id),
		"StateMachineRevisionId", attribute(s.id, "StateMachineRevisionId")),
		"DeletionPolicy", text("Retain"), "UpdateReplacePolicy", text("Retain"))
	s.add(id, "AWS::StepFunctions::StateMachineAlias", false, at, object("Name", text(alias),
		"DeploymentPreference", object("Type", text("ALL_AT_ONCE"), "StateMachineVersionArn", ref(version))))
	s.became[s.id+".Version"], s.became[s.id+".Alias"] = version, id
	return ref(id)
}

// definition is the definition as a string or a place in S3, with what is to be substituted in it.
func (s *source) definition() (definition, place, substitutions *cfn.Node) {
	body, uri := s.get("Definition"), s.get("DefinitionUri")
	substitutions = s.get("DefinitionSubstitutions")
	if empty(substitutions) {
		substitutions = nil
	}
	switch {
	case !empty(body) && !empty(uri):
		s.fail(uri, "Specify either 'Definition' or 'DefinitionUri' property and not both.")
	case !empty(uri):
		place = s.location("DefinitionUri", uri, "Bucket", "Key", "Version")
	case empty(body):
		s.fail(nil, "Either 'Definition' or 'DefinitionUri' property must be specified.")
	case intrinsic(body):
		s.fail(body, "Definition must be a map, not the result of a function.")
	default:
		e := &extraction{}
		lines := e.node(body)
		made := &cfn.Node{Kind: cfn.Map}
		if substitutions != nil {
			made.Keys, made.Items = append(made.Keys, substitutions.Keys...), append(made.Items, substitutions.Items...)
		}
		for i, v := range e.values {
			if name := e.name(i); substitutions.Get(name) != nil {
				s.fail(substitutions, "DefinitionSubstitutions cannot have the name %s, which the transform uses.", name)
			} else {
				made.Keys, made.Items = append(made.Keys, name), append(made.Items, v)
			}
		}
		if len(made.Keys) > 0 {
			substitutions = made
		}
		definition = split(canonical(lines, true))
	}
	return definition, place, substitutions
}

// split is a text as a join of its lines, which makes it readable in the template.
func split(s string) *cfn.Node {
	lines := list()
	for line := range strings.SplitSeq(s, "\n") {
		lines.Items = append(lines.Items, text(line))
	}
	return object("Fn::Join", list(text("\n"), lines))
}

// extraction takes calls of functions out of a definition and leaves names of substitutions in their place.
type extraction struct{ values []*cfn.Node }

func (e *extraction) name(i int) string { return "definition_substitution_" + strconv.Itoa(i+1) }

// node works through maps in the order of their keys, as AWS does, which numbers the substitutions.
func (e *extraction) node(n *cfn.Node) *cfn.Node {
	if intrinsic(n) || n.Kind == cfn.String && strings.Contains(n.Text, "{{resolve:") {
		e.values = append(e.values, n)
		return text("${" + e.name(len(e.values)-1) + "}")
	}
	if len(n.Items) == 0 {
		return n
	}
	out := &cfn.Node{Kind: n.Kind, Keys: n.Keys, Items: make([]*cfn.Node, len(n.Items)), Line: n.Line, Column: n.Column}
	for _, i := range sortedByKey(n) {
		out.Items[i] = e.node(n.Items[i])
	}
	return out
}
