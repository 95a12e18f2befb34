package cfn

import (
	"slices"
	"strings"
)

// Input is what a template is instantiated with.
type Input struct {
	Parameters map[string]string
	StackName  string
	StackID    string
	Region     string
	Account    string
	Partition  string
	URLSuffix  string // "amazonaws.com"
	// Notifications are the topics that hear of the stack: AWS::NotificationARNs.
	Notifications []string
	// SSM finds the value of an SSM parameter; Import that of an export. Both may be nil: nothing is found.
	SSM    func(name string) (string, bool)
	Import func(name string) (string, bool)
}

// Stack is a template with its parameters. It is safe for use by one goroutine at a time.
type Stack struct {
	Template   *Template
	Parameters []Given
	// Resources are those whose condition holds, each after all that it refers to.
	Resources []*Resource
	// Needs names, for each of them, the resources it refers to or depends on.
	Needs   map[string][]string
	Imports []string // names of exports that were used
	scope   *scope
}

// Given is a parameter's value.
type Given struct {
	ID       string
	Value    string // as given, or the default
	Resolved string // what the SSM parameter of that name holds; empty for other types
	NoEcho   bool
}

// Instantiate checks parameters, rules, conditions and references, and puts the resources in order.
func (t *Template) Instantiate(in Input) (*Stack, error) {
	s := &Stack{Template: t, Needs: map[string][]string{}}
	s.scope = &scope{
		mappings: t.Mappings, conditions: t.Conditions, truth: map[string]bool{}, pending: map[string]bool{},
		resources: map[string]*Resource{}, region: in.Region, section: "Parameters",
		imports: func(name string) (string, bool) {
			if !slices.Contains(s.Imports, name) {
				s.Imports = append(s.Imports, name)
			}
			if in.Import == nil {
				return "", false
			}
			return in.Import(name)
		},
		look: func(string, string) (*Node, error) { return unknown, nil },
		values: map[string]*Node{
			"AWS::AccountId": Text(in.Account), "AWS::Region": Text(in.Region), "AWS::StackName": Text(in.StackName),
			"AWS::StackId": Text(in.StackID), "AWS::Partition": Text(in.Partition), "AWS::URLSuffix": Text(in.URLSuffix),
			"AWS::NotificationARNs": texts(in.Notifications),
		},
	}
	if err := s.give(in); err != nil {
		return nil, err
	}
	if err := s.rules(); err != nil {
		return nil, err
	}
	if err := s.choose(); err != nil {
		return nil, err
	}
	if err := s.refer(); err != nil {
		return nil, err
	}
	return s, s.order()
}

// texts makes a List of strings.
func texts(list []string) *Node {
	n := &Node{Kind: List}
	for _, s := range list {
		n.Items = append(n.Items, Text(s))
	}
	return n
}

// give sets the parameters.
func (s *Stack) give(in Input) error {
	var missing []string
	known := map[string]bool{}
	for i := range s.Template.Parameters {
		p := &s.Template.Parameters[i]
		known[p.ID] = true
		v, ok := in.Parameters[p.ID]
		if !ok {
			if p.Default == nil {
				missing = append(missing, p.ID)
				continue
			}
			v = *p.Default
		}
		g := Given{ID: p.ID, Value: v, NoEcho: p.NoEcho}
		if p.SSM() {
			resolved, found := "", false
			if in.SSM != nil {
				resolved, found = in.SSM(v)
			}
			if !found {
				return plain("Unable to fetch parameters [%s] from parameter store for this account.", v)
			}
			g.Resolved, v = resolved, resolved
		} else if err := p.check(v); err != nil {
			return err
		}
		s.scope.values[p.ID] = Text(v)
		if p.list() {
			l := &Node{Kind: List}
			for part := range strings.SplitSeq(v, ",") {
				l.Items = append(l.Items, Text(strings.TrimSpace(part)))
			}
			s.scope.values[p.ID] = l
		}
		s.Parameters = append(s.Parameters, g)
	}
	if len(missing) > 0 {
		return plain("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	var strange []string
	for id := range in.Parameters {
		if !known[id] {
			strange = append(strange, id)
		}
	}
	if slices.Sort(strange); len(strange) > 0 {
		return plain("Parameters: [%s] do not exist in the template", strings.Join(strange, ", "))
	}
	return nil
}

// rules tests the assertions of Rules, which see parameters only.
func (s *Stack) rules() error {
	s.scope.section = "Rules"
	if s.Template.Rules == nil {
		return nil
	}
	for i, name := range s.Template.Rules.Keys {
		rule := s.Template.Rules.Items[i]
		if c := rule.Get("RuleCondition"); c != nil {
			applies, err := s.scope.test(c)
			if err != nil {
				return err
			}
			if !applies {
				continue
			}
		}
		list := rule.Get("Assertions")
		if list == nil {
			return rule.at("Template format error: Every Rules member must contain Assertions: %s", name)
		}
		for _, a := range list.Items {
			condition := a.Get("Assert")
			if condition == nil {
				return a.at("Template format error: an assertion of rule %s has no Assert", name)
			}
			ok, err := s.scope.test(condition)
			if err != nil {
				return err
			}
			if !ok {
				text, _ := a.Get("AssertDescription").Scalar()
				if text == "" {
					text = "the assertion does not hold"
				}
				return a.at("Template constraint failed: Rule %s: %s", name, text)
			}
		}
	}
	return nil
}

// choose evaluates every condition and keeps the resources whose own holds.
func (s *Stack) choose() error {
	s.scope.section = "Conditions"
	if c := s.Template.Conditions; c != nil {
		for i, name := range c.Keys {
			if _, err := s.scope.condition(c.Items[i], name); err != nil {
				return err
			}
		}
	}
	s.scope.section = "Resources"
	for _, r := range s.Template.Resources {
		if r.Condition != "" {
			yes, err := s.scope.condition(r.node, r.Condition)
			if err != nil {
				return err
			}
			if !yes {
				continue
			}
		}
		s.scope.resources[r.ID] = r
		s.Resources = append(s.Resources, r)
	}
	if len(s.Resources) == 0 {
		return plain("Template format error: At least one Resources member must be defined.")
	}
	return nil
}

// refer finds what each resource refers to, by evaluating it with nothing known. Outputs are evaluated for their errors.
func (s *Stack) refer() error {
	for _, r := range s.Resources {
		needs := []string{}
		s.scope.look = func(id, _ string) (*Node, error) {
			if !slices.Contains(needs, id) {
				needs = append(needs, id)
			}
			return unknown, nil
		}
		s.scope.steps, s.scope.output = 0, 0
		if _, err := s.scope.eval(r.Properties); err != nil {
			return err
		}
		for _, id := range r.DependsOn {
			if s.scope.resources[id] == nil {
				if slices.ContainsFunc(s.Template.Resources, func(r *Resource) bool { return r.ID == id }) {
					continue // it has a condition that does not hold
				}
				return r.node.at("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", id)
			}
			if !slices.Contains(needs, id) {
				needs = append(needs, id)
			}
		}
		s.Needs[r.ID] = needs
	}
	_, err := s.Outputs(func(string, string) (*Node, error) { return unknown, nil })
	return err
}

// order sorts the resources so that each comes after what it needs; among those that are free, the template's order.
func (s *Stack) order() error {
	var sorted []*Resource
	placed := map[string]bool{}
	rest := s.Resources
	for len(rest) > 0 {
		var stuck []*Resource
		for _, r := range rest {
			if slices.ContainsFunc(s.Needs[r.ID], func(id string) bool { return !placed[id] }) {
				stuck = append(stuck, r)
				continue
			}
			placed[r.ID] = true
			sorted = append(sorted, r)
		}
		if len(stuck) == len(rest) {
			return stuck[0].node.at("Circular dependency between resources: [%s]", strings.Join(s.cycle(stuck), ", "))
		}
		rest = stuck
	}
	s.Resources = sorted
	return nil
}

// cycle takes away, from resources that wait for each other, those that only wait and are waited for by nobody.
func (s *Stack) cycle(stuck []*Resource) []string {
	for {
		var kept []*Resource
		for _, r := range stuck {
			if slices.ContainsFunc(stuck, func(o *Resource) bool { return slices.Contains(s.Needs[o.ID], r.ID) }) {
				kept = append(kept, r)
			}
		}
		if len(kept) == len(stuck) {
			break
		}
		stuck = kept
	}
	ids := make([]string, len(stuck))
	for i, r := range stuck {
		ids[i] = r.ID
	}
	return ids
}

// Properties evaluates a resource's properties; nil if it has none.
func (s *Stack) Properties(id string, look Lookup) (*Node, error) {
	s.scope.look, s.scope.section = look, "Resources"
	s.scope.steps, s.scope.output = 0, 0
	v, err := s.scope.eval(s.scope.resources[id].Properties)
	if v == nil && err == nil {
		v = &Node{Kind: Map}
	}
	return v, err
}

// Resource finds an included resource by its id, or gives nil.
func (s *Stack) Resource(id string) *Resource { return s.scope.resources[id] }

// OutputValue is an evaluated output. Value and Export may be unknown while the stack is not complete.
type OutputValue struct {
	ID, Description string
	Value, Export   *Node    // Export may be nil
	Attributes      []string // ids of the resources whose attributes it is made of
}

// Outputs evaluates the outputs whose condition holds.
func (s *Stack) Outputs(look Lookup) ([]OutputValue, error) {
	var attributes []string
	s.scope.section = "Outputs"
	s.scope.look = func(id, attr string) (*Node, error) {
		if attr != "" && !slices.Contains(attributes, id) {
			attributes = append(attributes, id)
		}
		return look(id, attr)
	}
	var out []OutputValue
	for _, o := range s.Template.Outputs {
		s.scope.steps, s.scope.output, attributes = 0, 0, nil
		if o.Condition != "" {
			yes, err := s.scope.condition(o.Value, o.Condition)
			if err != nil {
				return nil, err
			}
			if !yes {
				continue
			}
		}
		v, err := s.scope.eval(o.Value)
		if err != nil {
			return nil, err
		}
		export, err := s.scope.eval(o.Export)
		if err != nil {
			return nil, err
		}
		if _, scalar := v.Scalar(); !scalar && v.Kind != Unknown {
			return nil, o.Value.at("Template format error: Output %s is malformed. The Value field of every Outputs member must evaluate to a String.", o.ID)
		}
		out = append(out, OutputValue{o.ID, o.Description, v, export, attributes})
	}
	return out, nil
}
