package provider

import (
	"encoding/json"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// plain turns a node into what encoding/json writes.
func plain(n *cfn.Node) any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case cfn.Bool:
		return n.Text == "true"
	case cfn.Number:
		return json.Number(n.Text)
	case cfn.String:
		return n.Text
	case cfn.List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = plain(item)
		}
		return out
	case cfn.Map:
		return object(n)
	}
	return nil
}

// object is plain for a map.
func object(n *cfn.Node) map[string]any {
	out := make(map[string]any, len(n.Keys))
	for i, k := range n.Keys {
		out[k] = plain(n.Items[i])
	}
	return out
}

// Templates may write numbers, booleans and strings for one another; services are not so generous.

// numbers makes numbers of strings at the given places, such as "Timeout" or "DurableConfig.ExecutionTimeout".
func numbers(m map[string]any, places ...string) {
	for _, p := range places {
		at(m, p, func(v any) any {
			if s, ok := v.(string); ok && json.Valid([]byte(s)) {
				return json.Number(s)
			}
			return v
		})
	}
}

// booleans makes booleans of "true" and "false".
func booleans(m map[string]any, places ...string) {
	for _, p := range places {
		at(m, p, func(v any) any {
			switch s, _ := v.(string); strings.ToLower(s) {
			case "true":
				return true
			case "false":
				return false
			}
			return v
		})
	}
}

// texts makes strings of all members of a map.
func texts(m map[string]any, place string) {
	at(m, place, func(v any) any {
		inner, ok := v.(map[string]any)
		if !ok {
			return v
		}
		for k, v := range inner {
			switch v := v.(type) {
			case json.Number:
				inner[k] = v.String()
			case bool:
				inner[k] = map[bool]string{true: "true", false: "false"}[v]
			}
		}
		return inner
	})
}

func at(m map[string]any, place string, change func(any) any) {
	head, rest, nested := strings.Cut(place, ".")
	v, ok := m[head]
	if !ok {
		return
	}
	if !nested {
		m[head] = change(v)
		return
	}
	if inner, ok := v.(map[string]any); ok {
		at(inner, rest, change)
	}
}

// lower makes the first letter of every key small, all the way down: CloudFormation's spelling to that of Step Functions.
func lower(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[strings.ToLower(k[:min(1, len(k))])+k[min(1, len(k)):]] = lower(item)
		}
		return out
	case []any:
		for i := range v {
			v[i] = lower(v[i])
		}
	}
	return v
}

// tags turns a list of {Key, Value} into a map.
func tags(n *cfn.Node) map[string]string {
	if n == nil {
		return nil
	}
	out := map[string]string{}
	for _, item := range n.Items {
		k, _ := item.Get("Key").Scalar()
		v, _ := item.Get("Value").Scalar()
		out[k] = v
	}
	return out
}
