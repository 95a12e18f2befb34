package cfn

import (
	"slices"
)

// Replacement is whether changing a property makes a new resource.
type Replacement string

// The replacements, as change sets say them.
const (
	Never         Replacement = "Never"
	Conditionally Replacement = "Conditionally"
	Always        Replacement = "Always"
)

// Existing is a resource of a stack as it stands.
type Existing struct {
	ID         string
	Type       string
	PhysicalID string
	Attribute  func(name string) (v *Node, ok bool) // nil: it has none
	Properties *Node                                // as last evaluated
	Metadata   *Node
}

// Change is what an operation does with one resource.
type Change struct {
	Action      string // Add, Modify, Remove
	ID          string
	Type        string
	PhysicalID  string // not for Add
	Replacement string // Modify: True, False, Conditional
	Scope       []string
	Details     []Detail
}

// Detail is one changed property, or the resource's metadata if Name is empty.
type Detail struct {
	Name               string
	RequiresRecreation Replacement
	Dynamic            bool // it may turn out the same: it depends on what another change brings
	Before, After      *Node
	Causes             []string // Dynamic: ids of the resources it depends on
}

// Plan says what an update from old to this stack changes, in the template's order, removals last. replaces tells what a
// changed property does to a type.
func (s *Stack) Plan(old []Existing, replaces func(typ, property string) Replacement) ([]Change, error) {
	was := map[string]*Existing{}
	for i := range old {
		was[old[i].ID] = &old[i]
	}
	replaced := map[string]bool{}
	changes := map[string]Change{}
	for _, r := range s.Resources { // each after what it refers to
		o := was[r.ID]
		if o == nil {
			changes[r.ID] = Change{Action: "Add", ID: r.ID, Type: r.Type}
			replaced[r.ID] = true
			continue
		}
		if o.Type != r.Type {
			return nil, r.node.at("Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", r.ID)
		}
		c, err := s.modify(r, o, was, replaced, replaces)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		changes[r.ID] = *c
		replaced[r.ID] = c.Replacement != "False"
	}
	var out []Change
	for _, r := range s.Template.Resources {
		if c, ok := changes[r.ID]; ok {
			out = append(out, c)
		}
	}
	for i := range old {
		if s.scope.resources[old[i].ID] == nil {
			out = append(out, Change{Action: "Remove", ID: old[i].ID, Type: old[i].Type, PhysicalID: old[i].PhysicalID})
		}
	}
	return out, nil
}

// modify compares a resource with what it was; nil means no change.
func (s *Stack) modify(r *Resource, o *Existing, was map[string]*Existing, replaced map[string]bool,
	replaces func(string, string) Replacement) (*Change, error) {
	after, err := s.Properties(r.ID, func(id, attr string) (*Node, error) {
		if replaced[id] {
			return unknown, nil
		}
		if attr == "" {
			return Text(was[id].PhysicalID), nil
		}
		if was[id].Attribute == nil {
			return unknown, nil
		}
		if v, ok := was[id].Attribute(attr); ok {
			return v, nil
		}
		return unknown, nil
	})
	if err != nil {
		return nil, err
	}
	c := &Change{Action: "Modify", ID: r.ID, Type: r.Type, PhysicalID: o.PhysicalID, Replacement: "False"}
	for _, name := range names(o.Properties, after) {
		before, now := o.Properties.Get(name), after.Get(name)
		if before.Equal(now) {
			continue
		}
		d := Detail{Name: name, RequiresRecreation: replaces(r.Type, name), Before: before, After: now}
		if now.Has(Unknown) {
			d.Dynamic, d.Causes = true, s.causes(r, name, replaced)
		}
		switch {
		case d.RequiresRecreation == Always && !d.Dynamic:
			c.Replacement = "True"
		case d.RequiresRecreation != Never && c.Replacement == "False":
			c.Replacement = "Conditional"
		}
		c.Details = append(c.Details, d)
	}
	if len(c.Details) > 0 {
		c.Scope = append(c.Scope, "Properties")
	}
	if !r.Metadata.Equal(o.Metadata) {
		c.Scope = append(c.Scope, "Metadata")
		c.Details = append(c.Details, Detail{RequiresRecreation: Never, Before: o.Metadata, After: r.Metadata})
	}
	if len(c.Details) == 0 {
		return nil, nil
	}
	return c, nil
}

// causes are the changing resources that a property refers to.
func (s *Stack) causes(r *Resource, property string, replaced map[string]bool) (ids []string) {
	s.scope.look = func(id, _ string) (*Node, error) {
		if replaced[id] && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		return unknown, nil
	}
	if _, err := s.scope.eval(r.Properties.Get(property)); err != nil {
		return nil // it has been evaluated before
	}
	return ids
}

// names are the keys of two maps, each once, in order.
func names(a, b *Node) []string {
	var out []string
	for _, n := range []*Node{a, b} {
		if n == nil {
			continue
		}
		for _, k := range n.Keys {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}
