// Package cfn understands CloudFormation templates. It is pure: text and values in, text and values out.
//
// [Parse] reads JSON or YAML into a [Template]; [Template.Instantiate] gives it parameters and yields a [Stack]: the
// resources whose condition holds, in the order in which they can be created, with everything checked that can be checked
// before anything is done. [Stack.Properties] evaluates one resource once those it refers to exist, and [Stack.Plan] says
// what an update would change.
//
// Errors are *[Error] with the text CloudFormation uses where it is known, and the line. Sizes, depths and the work of an
// evaluation are bounded, so that no template can hang or exhaust the process. Read next: template.go, eval.go, plan.go.
package cfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Kind is what a Node is.
type Kind uint8

// The kinds. Unknown is a value that only exists once a resource does; NoValue is what removes a property.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
	Unknown
	NoValue
)

// Node is a value of a template, with its place in the text. Maps keep their order. Nodes are not changed once made.
type Node struct {
	Kind   Kind
	Text   string  // Bool, Number, String
	Items  []*Node // List; values of a Map
	Keys   []string
	Line   int
	Column int
}

// Text makes a String node.
func Text(s string) *Node { return &Node{Kind: String, Text: s} }

// Get is a Map's value for a key, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	if i := slices.Index(n.Keys, key); i >= 0 {
		return n.Items[i]
	}
	return nil
}

// Scalar is the text of a String, Number or Bool.
func (n *Node) Scalar() (string, bool) {
	if n != nil && (n.Kind == String || n.Kind == Number || n.Kind == Bool) {
		return n.Text, true
	}
	return "", false
}

// Has reports whether a node of the kind is anywhere in n.
func (n *Node) Has(k Kind) bool {
	if n == nil {
		return false
	}
	return n.Kind == k || slices.ContainsFunc(n.Items, func(i *Node) bool { return i.Has(k) })
}

// Equal compares values: maps without regard to order, and scalars by their text, as CloudFormation does, to which
// "60" and 60 are the same.
func (n *Node) Equal(o *Node) bool {
	if n == nil || o == nil {
		return n == o
	}
	a, scalar := n.Scalar()
	if b, other := o.Scalar(); scalar || other {
		return scalar && other && a == b
	}
	if n.Kind != o.Kind || len(n.Items) != len(o.Items) {
		return false
	}
	if n.Kind == Map {
		for i, k := range n.Keys {
			if !n.Items[i].Equal(o.Get(k)) {
				return false
			}
		}
		return true
	}
	return slices.EqualFunc(n.Items, o.Items, (*Node).Equal)
}

// MarshalJSON writes the value as JSON. Unknown and NoValue are null.
func (n *Node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes(), nil
}

func (n *Node) write(b *bytes.Buffer) {
	if n == nil {
		b.WriteString("null")
		return
	}
	switch n.Kind {
	case Bool, Number:
		b.WriteString(n.Text)
	case String:
		writeString(b, n.Text)
	case List:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.write(b)
		}
		b.WriteByte(']')
	case Map:
		b.WriteByte('{')
		for i, k := range n.Keys {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, k)
			b.WriteByte(':')
			n.Items[i].write(b)
		}
		b.WriteByte('}')
	default:
		b.WriteString("null")
	}
}

func writeString(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) == nil { // a string always encodes
		b.Truncate(b.Len() - 1)
	}
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Node) UnmarshalJSON(b []byte) error {
	got, err := parseJSON(b)
	if err != nil {
		return err
	}
	*n = *got
	return nil
}

// Error is what is wrong with a template, and where.
type Error struct {
	Message      string
	Line, Column int // 0: not known
}

func (e *Error) Error() string { return e.Message }

// at makes an error at a node.
func (n *Node) at(format string, args ...any) *Error {
	e := &Error{Message: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	return e
}

// At makes an error at the resource's place in the template.
func (r *Resource) At(format string, args ...any) *Error { return r.node.at(format, args...) }

func plain(format string, args ...any) *Error { return (*Node)(nil).at(format, args...) }

// jsonNumber tells whether text can stand in JSON as a number.
func jsonNumber(text string) bool {
	if text == "" || text[0] == '+' {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil && json.Valid([]byte(text))
}
