package sam

import (
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// lines finds a policy template in the table.
func lines(name string) (parameters, statements []string, ok bool) {
	for line := range strings.Lines(policyTable) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
		case line[0] != '\t':
			if ok {
				return parameters, statements, true
			}
			words := strings.Fields(line)
			if words[0] == name {
				parameters, ok = words[1:], true
			}
		case !ok:
		case strings.HasPrefix(line, "\t\t"):
			statements[len(statements)-1] += " " + line
		default:
			statements = append(statements, line)
		}
	}
	return parameters, statements, ok
}

func isTemplate(name string) bool {
	_, _, ok := lines(name)
	return ok
}

// template is the document that a policy template stands for.
func (s *source) template(n *cfn.Node) *cfn.Node {
	name, arguments := n.Keys[0], n.Items[0]
	parameters, statements, _ := lines(name)
	if arguments.Kind != cfn.Map && arguments.Kind != cfn.Null {
		s.fail(n, "Must specify valid parameter values for policy template '%s'", name)
		return nil
	}
	var missing []string
	for _, p := range parameters {
		if arguments.Get(p) == nil {
			missing = append(missing, p)
		}
	}
	if missing != nil {
		s.fail(n, "Following required parameters of template '%s' don't have values: %s", name, quoted(missing))
		return nil
	}
	out := list()
	for _, line := range statements {
		out.Items = append(out.Items, statement(line, parameters, arguments))
	}
	return object("Statement", out)
}

// statement reads a line of the table: actions @ resources, and perhaps ? a key that must equal something.
func statement(line string, parameters []string, arguments *cfn.Node) *cfn.Node {
	words := strings.Fields(line)
	at := slices.Index(words, "@")
	actions := list()
	for _, w := range words[:at] {
		service, names, many := strings.Cut(w, ":")
		for n := range strings.SplitSeq(names, ",") {
			if many {
				n = service + ":" + n
			}
			actions.Items = append(actions.Items, text(n))
		}
	}
	resources := words[at+1:]
	var condition *cfn.Node
	if q := slices.Index(resources, "?"); q >= 0 {
		condition = object("StringEquals", object(resources[q+1], place(resources[q+2], parameters, arguments)))
		resources = resources[:q]
	}
	places := list()
	for _, r := range resources {
		places.Items = append(places.Items, place(r, parameters, arguments))
	}
	if len(places.Items) == 1 {
		places = places.Items[0]
	}
	return object("Action", actions, "Effect", text("Allow"), "Resource", places, "Condition", condition)
}

// place is a resource of the table with the arguments put in.
func place(pattern string, parameters []string, arguments *cfn.Node) *cfn.Node {
	if !strings.Contains(pattern, "${") {
		return text(pattern)
	}
	vars := &cfn.Node{Kind: cfn.Map}
	for rest := pattern; ; {
		_, after, found := strings.Cut(rest, "${")
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		if i := slices.IndexFunc(parameters, func(p string) bool { return strings.EqualFold(p, name) }); i >= 0 {
			vars = with(vars, name, arguments.Get(parameters[i]))
		}
	}
	if empty(vars) {
		return object("Fn::Sub", text(pattern))
	}
	return object("Fn::Sub", list(text(pattern), vars))
}
