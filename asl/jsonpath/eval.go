package jsonpath

import (
	"fmt"

	"github.com/perdure/perdure/asl/value"
)

// maxVisits bounds the nodes one evaluation looks at, so that "$..*..*..*" on a large input ends.
const maxVisits = 1_000_000

// Eval answers what the path selects: one node if it is definite, an array of them otherwise. The only errors are
// *PathError.
func (p *Path) Eval(s *Scope) (value.Value, error) {
	w := &walk{path: p, scope: s}
	return w.eval(s.root(p))
}

// walk is one evaluation.
type walk struct {
	path   *Path
	scope  *Scope
	found  []value.Value
	visits int
}

func (w *walk) eval(root value.Value) (value.Value, error) {
	if root.IsUndefined() {
		return root, w.fail("No results for path: %s", w.path.printed(len(w.path.steps)))
	}
	definite := w.path.Definite()
	if err := w.visit(root, 0, definite); err != nil {
		return value.Value{}, err
	}
	switch {
	case !definite:
		return value.Array(w.found...), nil
	case len(w.found) == 0:
		return value.Value{}, w.fail("No results for path: %s", w.path.printed(len(w.path.steps)))
	}
	return w.found[0], nil
}

func (w *walk) fail(format string, args ...any) error {
	return &PathError{w.path, fmt.Sprintf(format, args...)}
}

// visit applies step n and those after it to v. sure: the whole path is definite, so that a mismatch is an error; other
// paths then select nothing, as recorded.
func (w *walk) visit(v value.Value, n int, sure bool) error {
	if w.visits++; w.visits > maxVisits {
		return w.fail("The path visits more than %d nodes", maxVisits)
	}
	if n == len(w.path.steps) {
		w.found = append(w.found, v)
		return nil
	}
	s := &w.path.steps[n]
	if s.deep {
		return w.descend(v, n)
	}
	return w.apply(v, n, sure)
}

func (w *walk) apply(v value.Value, n int, sure bool) error {
	s := &w.path.steps[n]
	last := n == len(w.path.steps)-1
	switch s.kind {
	case stepName:
		return w.named(v, n, sure, last)
	case stepIndex:
		return w.indexed(v, n, sure)
	case stepSlice:
		if v.Kind() != value.KindArray {
			return w.notArray(v, n, sure)
		}
		return w.sliced(v, n)
	case stepAll:
		return w.each(v, func(item value.Value) error { return w.visit(item, n+1, false) })
	default:
		return w.tested(v, n, sure)
	}
}

// each calls f for the items of an array or the members of an object.
func (w *walk) each(v value.Value, f func(value.Value) error) error {
	switch v.Kind() {
	case value.KindArray:
		for _, item := range v.Items() {
			if err := f(item); err != nil {
				return err
			}
		}
	case value.KindObject:
		o := v.Object()
		for i := range o.Len() {
			if err := f(o.At(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// descend applies step n to v and to everything below it, parents first.
func (w *walk) descend(v value.Value, n int) error {
	if w.visits++; w.visits > maxVisits {
		return w.fail("The path visits more than %d nodes", maxVisits)
	}
	if err := w.apply(v, n, false); err != nil {
		return err
	}
	return w.each(v, func(item value.Value) error { return w.descend(item, n) })
}

func (w *walk) named(v value.Value, n int, sure, last bool) error {
	s := &w.path.steps[n]
	o := v.Object()
	if o == nil {
		if !sure {
			return nil
		}
		return w.fail("Expected to find an object with property %s in path %s but found '%s'. This is not a json object "+
			"according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
			s.text, w.path.printed(n), nodeClass(v))
	}
	if len(s.names) > 1 && last {
		merged := value.NewObject(len(s.names))
		for _, name := range s.names {
			if m, ok := o.Get(name); ok {
				merged.Set(name, m)
			}
		}
		return w.visit(value.FromObject(merged), n+1, sure)
	}
	for _, name := range s.names {
		m, ok := o.Get(name)
		if !ok {
			if !last && sure && len(s.names) == 1 {
				return w.fail("Missing property in path %s", w.path.printed(n+1))
			}
			continue
		}
		if err := w.visit(m, n+1, sure && len(s.names) == 1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) notArray(v value.Value, n int, sure bool) error {
	if !sure {
		return nil
	}
	if v.IsNull() {
		return w.fail("The path %s is null", w.path.printed(n))
	}
	return w.fail("Filter: %s can only be applied to arrays. Current context is: %s", w.path.steps[n].text, v.Append(nil))
}

func (w *walk) indexed(v value.Value, n int, sure bool) error {
	s := &w.path.steps[n]
	if v.Kind() != value.KindArray {
		return w.notArray(v, n, sure)
	}
	for _, i := range s.indexes {
		if i < 0 {
			i += v.Len()
		}
		if i < 0 || i >= v.Len() {
			continue
		}
		if err := w.visit(v.Index(i), n+1, sure && len(s.indexes) == 1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) sliced(v value.Value, n int) error {
	s := &w.path.steps[n].slice
	from, to, by := 0, v.Len(), 1
	if s.hasFrom {
		from = clamp(s.from, v.Len())
	}
	if s.hasTo {
		to = clamp(s.to, v.Len())
	}
	if s.hasBy {
		by = s.by
	}
	for i := from; i < to; {
		if err := w.visit(v.Index(i), n+1, false); err != nil {
			return err
		}
		if by >= to-i {
			break
		}
		i += by
	}
	return nil
}

// clamp turns an index that may count from the end into one of 0..length.
func clamp(i, length int) int {
	if i < 0 {
		i += length
	}
	return min(max(i, 0), length)
}

// tested keeps the items of an array, or an object itself, that pass the filter.
func (w *walk) tested(v value.Value, n int, sure bool) error {
	t := w.path.steps[n].test
	check := func(item value.Value) error {
		if w.visits++; w.visits > maxVisits {
			return w.fail("The path visits more than %d nodes", maxVisits)
		}
		ok, err := t.holds(w, item)
		if err != nil || !ok {
			return err
		}
		return w.visit(item, n+1, false)
	}
	switch v.Kind() {
	case value.KindArray:
		return w.each(v, check)
	case value.KindObject:
		return check(v)
	}
	if sure {
		return w.fail("Filter: %s can not be applied to primitives. Current context is: %s", w.path.steps[n].text, v.Append(nil))
	}
	return nil
}

// nodeClass is the library's name for what v is.
func nodeClass(v value.Value) string {
	const pkg = "com.fasterxml.jackson.databind.node."
	switch v.Kind() {
	case value.KindBool:
		return pkg + "BooleanNode"
	case value.KindString:
		return pkg + "TextNode"
	case value.KindArray:
		return pkg + "ArrayNode"
	case value.KindNumber:
		i, whole := v.Int64()
		switch {
		case !whole:
			return pkg + "DoubleNode"
		case i != int64(int32(i)):
			return pkg + "LongNode"
		}
		return pkg + "IntNode"
	}
	return pkg + "NullNode"
}
