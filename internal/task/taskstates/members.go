package taskstates

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/perdure/perdure/asl/value"
)

// textual are the members of requests that are texts which hold JSON.
var textual = map[string]bool{"input": true, "output": true, "definition": true}

// lowered turns the parameters of a state ("StateMachineArn") into the members of a request ("stateMachineArn").
func lowered(args []byte) ([]byte, error) {
	v, err := value.Decode(args, value.Limits{})
	if err != nil {
		return nil, err
	}
	o := v.Object()
	out := value.NewObject(o.Len())
	for i := range o.Len() {
		name := renamed(o.Key(i), unicode.ToLower)
		member := o.At(i)
		if textual[name] && member.Kind() != value.KindString {
			member = value.String(string(member.Append(nil)))
		}
		out.Set(name, rename(member, unicode.ToLower))
	}
	return value.FromObject(out).Append(nil), nil
}

// raised turns the members of an answer into those of a result; times become texts.
func raised(body []byte) (json.RawMessage, error) {
	if len(body) == 0 {
		return json.RawMessage("{}"), nil
	}
	v, err := value.Decode(body, value.Limits{})
	if err != nil {
		return nil, err
	}
	return rename(dated(v), unicode.ToUpper).Append(nil), nil
}

func rename(v value.Value, first func(rune) rune) value.Value {
	switch v.Kind() {
	case value.KindArray:
		items := make([]value.Value, v.Len())
		for i, item := range v.Items() {
			items[i] = rename(item, first)
		}
		return value.Array(items...)
	case value.KindObject:
		o := v.Object()
		out := value.NewObject(o.Len())
		for i := range o.Len() {
			out.Set(renamed(o.Key(i), first), rename(o.At(i), first))
		}
		return value.FromObject(out)
	}
	return v
}

func renamed(name string, first func(rune) rune) string {
	r, n := utf8.DecodeRuneInString(name)
	return string(first(r)) + name[n:]
}

// dated turns the times of an answer, seconds in members named so, into ISO 8601.
func dated(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindArray:
		items := make([]value.Value, v.Len())
		for i, item := range v.Items() {
			items[i] = dated(item)
		}
		return value.Array(items...)
	case value.KindObject:
		o := v.Object()
		out := value.NewObject(o.Len())
		for i := range o.Len() {
			name, member := o.Key(i), o.At(i)
			if member.Kind() == value.KindNumber && (strings.HasSuffix(name, "Date") || name == "timestamp") {
				t := time.UnixMilli(int64(member.Float()*1000 + 0.5)).UTC()
				out.Set(name, value.String(t.Format("2006-01-02T15:04:05.000Z")))
				continue
			}
			out.Set(name, dated(member))
		}
		return value.FromObject(out)
	}
	return v
}
