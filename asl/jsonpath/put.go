package jsonpath

import (
	"errors"
	"fmt"

	"github.com/perdure/perdure/asl/value"
)

// ParseReference compiles a path that is written to: a reference path that begins at "$".
func ParseReference(text string) (*Path, error) {
	p, err := Parse(text)
	switch {
	case err != nil:
		return nil, err
	case p.root != rootInput:
		return nil, errors.New("a reference path begins with $")
	case !p.Reference():
		return nil, errors.New("a reference path names exactly one node")
	}
	return p, nil
}

// Put answers root with v at the path's place: missing levels become objects, v replaces what is there. root itself is
// not changed. It fails where the path leads through something that is neither object nor array, or past the end of an
// array.
func (p *Path) Put(root, v value.Value) (value.Value, error) { return p.put(root, v, 0) }

func (p *Path) put(at, v value.Value, n int) (value.Value, error) {
	if n == len(p.steps) {
		return v, nil
	}
	s := &p.steps[n]
	if s.kind == stepIndex {
		i := s.indexes[0]
		if at.Kind() != value.KindArray || i < 0 || i >= at.Len() {
			return value.Value{}, unfit(s, at)
		}
		item, err := p.put(at.Index(i), v, n+1)
		if err != nil {
			return value.Value{}, err
		}
		items := append([]value.Value(nil), at.Items()...)
		items[i] = item
		return value.Array(items...), nil
	}
	var o *value.Object
	switch at.Kind() {
	case value.KindObject:
		o = at.Object().Clone()
	case value.KindUndefined:
		o = value.NewObject(1)
	default:
		return value.Value{}, unfit(s, at)
	}
	old, _ := o.Get(s.names[0])
	member, err := p.put(old, v, n+1)
	if err != nil {
		return value.Value{}, err
	}
	o.Set(s.names[0], member)
	return value.FromObject(o), nil
}

func unfit(s *step, at value.Value) error {
	name := s.text
	if s.kind == stepName {
		name = s.names[0]
	}
	return fmt.Errorf("Unable to apply step \"%s\" to input %s", name, at.Append(nil)) //nolint:staticcheck // AWS's text
}
