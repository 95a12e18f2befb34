package asl

import "slices"

// uses notes that an expression of a state refers to a variable.
func (p *parser) uses(s *state, name string) {
	if !slices.Contains(s.variables, name) {
		s.variables = append(s.variables, name)
	}
}

// VariableReferences tells which variables the expressions of each state refer to, sorted; states without any are left
// out. Nested states are listed under their own names. Nil if there are none.
func (m *Machine) VariableReferences() map[string][]string {
	var out map[string][]string
	for _, s := range m.order {
		if len(s.variables) == 0 {
			continue
		}
		if out == nil {
			out = map[string][]string{}
		}
		names := slices.Clone(s.variables)
		slices.Sort(names)
		out[s.name] = names
	}
	return out
}
