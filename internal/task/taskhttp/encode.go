package taskhttp

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// encoding is how the body is written.
type encoding struct {
	form   bool
	arrays string // "" is indices
}

// The formats of arrays in forms.
const (
	indices  = "INDICES"
	repeat   = "REPEAT"
	commas   = "COMMAS"
	brackets = "BRACKETS"
)

// transform reads the field Transform.
func transform(v value.Value) (e encoding, problem string) {
	if v.Kind() != value.KindObject {
		return e, invalid("Transform", "an object")
	}
	o := v.Object()
	for i := range o.Len() {
		name, member := o.Key(i), o.At(i)
		switch {
		case name == "RequestBodyEncoding" && (member.Str() == "URL_ENCODED" || member.Str() == "NONE"):
			e.form = member.Str() == "URL_ENCODED"
		case name == "RequestBodyEncoding":
			return e, invalid("Transform.RequestBodyEncoding", "NONE or URL_ENCODED")
		case name == "RequestEncodingOptions":
			format, ok := arrayFormat(member)
			if !ok {
				return e, invalid("Transform.RequestEncodingOptions", "an object with an ArrayFormat of INDICES, REPEAT, COMMAS or BRACKETS")
			}
			e.arrays = format
		default:
			return e, "The field 'Transform." + name + "' is not supported by Step Functions"
		}
	}
	return e, ""
}

func arrayFormat(v value.Value) (string, bool) {
	if v.Kind() != value.KindObject || v.Object().Len() > 1 {
		return "", false
	}
	if v.Object().Len() == 0 {
		return indices, true
	}
	switch f := v.Get("ArrayFormat").Str(); f {
	case indices, repeat, commas, brackets:
		return f, true
	}
	return "", false
}

// form writes names and values as a query or a form: members of objects as outer[inner], in their order.
type form struct {
	b      strings.Builder
	arrays string
}

func (f *form) pair(name, text string) {
	if f.b.Len() > 0 {
		f.b.WriteByte('&')
	}
	f.b.WriteString(escape(name))
	f.b.WriteByte('=')
	f.b.WriteString(text)
}

// escape is percent-encoding, with %20 for a space.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// object writes the members; outer is "" at the top.
func (f *form) object(outer string, o *value.Object) {
	for i := range o.Len() {
		name := o.Key(i)
		if outer != "" {
			name = outer + "[" + name + "]"
		}
		f.member(name, o.At(i))
	}
}

func (f *form) member(name string, v value.Value) {
	switch v.Kind() {
	case value.KindObject:
		f.object(name, v.Object())
	case value.KindArray:
		f.array(name, v.Items())
	default:
		text, _ := scalar(v) // null is empty
		f.pair(name, escape(text))
	}
}

func (f *form) array(name string, items []value.Value) {
	if f.arrays == commas && flat(items) {
		texts := make([]string, len(items))
		for i, item := range items {
			text, _ := scalar(item)
			texts[i] = escape(text)
		}
		f.pair(name, strings.Join(texts, ","))
		return
	}
	for i, item := range items {
		switch f.arrays {
		case repeat:
			f.member(name, item)
		case brackets:
			f.member(name+"[]", item)
		default: // commas cannot tell where an object ends
			f.member(name+"["+strconv.Itoa(i)+"]", item)
		}
	}
}

// flat tells whether there is neither an array nor an object in an array.
func flat(items []value.Value) bool {
	for _, item := range items {
		if k := item.Kind(); k == value.KindArray || k == value.KindObject {
			return false
		}
	}
	return true
}
