package cfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"
)

// Bounds of a template's text and of what comes of it.
const (
	MaxBytes = 1 << 20 // text; CloudFormation's own limit for templates in S3
	maxDepth = 100
	maxNodes = 200_000 // also with every YAML alias written out
)

// jsonReader builds nodes from tokens, which tell their offset.
type jsonReader struct {
	dec   *json.Decoder
	lines []int // offsets of line starts
	nodes int
}

func parseJSON(src []byte) (*Node, error) {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(src)), lines: []int{0}}
	r.dec.UseNumber()
	for i, c := range src {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	n, err := r.value(0)
	if err == nil {
		if _, extra := r.dec.Token(); extra != io.EOF {
			err = r.malformed()
		}
	}
	return n, err
}

// place is where the decoder stands.
func (r *jsonReader) place() (line, column int) {
	off := int(r.dec.InputOffset())
	line = sort.SearchInts(r.lines, off+1)
	return line, off - r.lines[line-1] + 1
}

func (r *jsonReader) malformed() error {
	line, column := r.place()
	return &Error{fmt.Sprintf("Template format error: JSON not well-formed. (line %d, column %d)", line, column), line, column}
}

func (r *jsonReader) value(depth int) (*Node, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.malformed()
	}
	n := &Node{}
	n.Line, n.Column = r.place()
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, n.at("Template format error: the template is nested too deeply or has too many values")
	}
	switch t := t.(type) {
	case nil:
	case bool:
		n.Kind, n.Text = Bool, fmt.Sprint(t)
	case json.Number:
		n.Kind, n.Text = Number, t.String()
	case string:
		n.Kind, n.Text = String, t
	case json.Delim:
		if err := r.container(n, t, depth); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (r *jsonReader) container(n *Node, open json.Delim, depth int) error {
	n.Kind = List
	var seen map[string]bool
	if open == '{' {
		n.Kind, seen = Map, map[string]bool{}
	}
	for r.dec.More() {
		if seen != nil {
			k, err := r.dec.Token()
			if err != nil {
				return r.malformed()
			}
			key, _ := k.(string) // a decoder gives nothing else here
			if seen[key] {
				line, column := r.place()
				return &Error{fmt.Sprintf("Template format error: duplicate key %q (line %d, column %d)", key, line, column), line, column}
			}
			seen[key] = true
			n.Keys = append(n.Keys, key)
		}
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	if _, err := r.dec.Token(); err != nil {
		return r.malformed()
	}
	return nil
}
