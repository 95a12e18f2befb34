package stepfunctions

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// matcher compares answers with recorded ones by the rules of the corpus.
type matcher struct {
	*bindings
	later     []string // members that answers may have beside the expected ones
	unordered []string // members whose lists are compared without regard to order
	why       []string // the first differences of the last comparison
}

// diff notes a difference and is false.
func (m *matcher) diff(at, format string, args ...any) bool {
	if len(m.why) < 5 {
		m.why = append(m.why, at+": "+fmt.Sprintf(format, args...))
	}
	return false
}

// decode reads JSON, numbers as they are written.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

func show(v any) string {
	data, _ := json.Marshal(v)
	if len(data) > 300 {
		data = append(data[:300], "..."...)
	}
	return string(data)
}

// match compares an answered value with an expected one.
func (m *matcher) match(at string, want, got any) bool {
	if s, ok := want.(string); ok {
		return m.matchText(at, s, got)
	}
	if s, ok := got.(string); ok && composite(want) {
		parsed, err := decode([]byte(s))
		if err != nil {
			return m.diff(at, "want %s, got the text %q", show(want), s)
		}
		got = parsed
	}
	switch w := want.(type) {
	case map[string]any:
		return m.matchObject(at, w, got)
	case []any:
		return m.matchList(at, w, got)
	case nil:
		return got == nil || m.diff(at, "want null, got %s", show(got))
	case bool:
		return got == any(w) || m.diff(at, "want %v, got %s", w, show(got))
	}
	a, okA := number(want)
	b, okB := number(got)
	return okA && okB && a.Cmp(b) == 0 || m.diff(at, "want %s, got %s", show(want), show(got))
}

func composite(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

func number(v any) (*big.Rat, bool) {
	switch n := v.(type) {
	case json.Number:
		return new(big.Rat).SetString(n.String())
	case float64:
		return new(big.Rat).SetString(strconv.FormatFloat(n, 'g', -1, 64))
	}
	return nil, false
}

func (m *matcher) matchText(at, want string, got any) bool {
	if mark, ok := m.marks[want]; ok && mark.Kind == "any" && mark.Type != "" {
		switch got.(type) {
		case json.Number, float64:
			return true
		case string:
			if mark.Type == "timestamp" || mark.Type == "any" {
				return true
			}
		default:
			if mark.Type == "any" && got != nil {
				return true
			}
		}
		return m.diff(at, "want a %s, got %s", mark.Type, show(got))
	}
	s, ok := got.(string)
	if !ok {
		return m.diff(at, "want the text %q, got %s", want, show(got))
	}
	if m.try(func() bool { return m.text(want, s) }) {
		return true
	}
	a, errA := decode([]byte(want))
	b, errB := decode([]byte(s))
	if errA == nil && errB == nil && composite(a) && composite(b) {
		return m.match(at+"(JSON)", a, b)
	}
	return m.diff(at, "want %q, got %q", m.fill(want), s)
}

func (m *matcher) matchObject(at string, want map[string]any, got any) bool {
	g, ok := got.(map[string]any)
	if !ok {
		return m.diff(at, "want %s, got %s", show(want), show(got))
	}
	seen := map[string]bool{}
	all := true
	for _, name := range names(want) {
		actual, there := m.member(name, g)
		if !there {
			all = m.diff(at, "%q is missing", m.fill(name))
			continue
		}
		seen[actual] = true
		switch name {
		case "SdkHttpMetadata":
			all = m.metadata(at, want[name], g[actual]) && all
		case "SdkResponseMetadata":
			if _, ok := g[actual].(map[string]any); !ok {
				all = m.diff(at, "SdkResponseMetadata is no object")
			}
		default:
			all = m.list(at+"."+name, name, want[name], g[actual]) && all
		}
	}
	for name := range g {
		if !seen[name] && !slices.Contains(m.later, lowered(name)) {
			all = m.diff(at, "%q is not expected: %s", name, show(g[name]))
		}
	}
	return all
}

// lowered is a member's name as the API spells it: inside of data, such as a result of a task, the same member has a
// capital (redriveCount, RedriveCount).
func lowered(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func names(o map[string]any) []string {
	out := make([]string, 0, len(o))
	for n := range o {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// member finds the member that an expected name, which may hold placeholders, stands for.
func (m *matcher) member(name string, got map[string]any) (string, bool) {
	filled := m.fill(name)
	if _, ok := got[filled]; ok {
		return filled, true
	}
	if strings.Contains(filled, "<<") {
		for _, n := range names(got) {
			if m.try(func() bool { return m.text(name, n) }) {
				return n, true
			}
		}
	}
	return "", false
}

// metadata compares the status code alone.
func (m *matcher) metadata(at string, want, got any) bool {
	w, _ := want.(map[string]any)
	g, ok := got.(map[string]any)
	if !ok {
		return m.diff(at, "SdkHttpMetadata is no object")
	}
	return m.match(at+".HttpStatusCode", w["HttpStatusCode"], g["HttpStatusCode"])
}

func (m *matcher) list(at, name string, want, got any) bool {
	if slices.Contains(m.unordered, name) {
		w, okW := want.([]any)
		g, okG := got.([]any)
		if okW && okG {
			return m.anyOrder(at, w, g)
		}
	}
	return m.match(at, want, got)
}

func (m *matcher) matchList(at string, want []any, got any) bool {
	g, ok := got.([]any)
	if !ok || len(g) != len(want) {
		return m.diff(at, "want %d items, got %s", len(want), show(got))
	}
	all := true
	for i := range want {
		all = m.match(at+"["+itoa(i)+"]", want[i], g[i]) && all
	}
	return all
}

// anyOrder finds an item of its own for each expected one.
func (m *matcher) anyOrder(at string, want, got []any) bool {
	if len(want) != len(got) {
		return m.diff(at, "want %d items, got %d", len(want), len(got))
	}
	used := make([]bool, len(got))
	for i, w := range want {
		found := false
		for j := range got {
			if !used[j] && m.quiet(func() bool { return m.match("", w, got[j]) }) {
				used[j], found = true, true
				break
			}
		}
		if !found {
			return m.diff(at+"["+itoa(i)+"]", "no item matches %s", show(w))
		}
	}
	return true
}

// contains finds the expected items of lists, in order, among others.
func (m *matcher) contains(at string, want, got any) bool {
	w, ok := want.(map[string]any)
	if !ok {
		return m.match(at, want, got)
	}
	g, ok := got.(map[string]any)
	if !ok {
		return m.diff(at, "want an object, got %s", show(got))
	}
	for _, name := range names(w) {
		items, ok := w[name].([]any)
		all, ok2 := g[name].([]any)
		if !ok || !ok2 {
			return m.diff(at+"."+name, "want a list, got %s", show(g[name]))
		}
		for _, item := range items {
			i := slices.IndexFunc(all, func(v any) bool { return m.quiet(func() bool { return m.match("", item, v) }) })
			if i < 0 {
				return m.diff(at+"."+name, "no item matches %s", show(item))
			}
			all = all[i+1:]
		}
	}
	return true
}

// part compares the members that are named, at every level.
func (m *matcher) part(at string, want, got any) bool {
	if s, ok := got.(string); ok && composite(want) {
		if parsed, err := decode([]byte(s)); err == nil {
			got = parsed
		}
	}
	w, ok := want.(map[string]any)
	if !ok {
		return m.match(at, want, got)
	}
	g, ok := got.(map[string]any)
	if !ok {
		return m.diff(at, "want an object, got %s", show(got))
	}
	for _, name := range names(w) {
		if !m.part(at+"."+name, w[name], g[name]) {
			return false
		}
	}
	return true
}

// quiet is try without a trace of why it failed.
func (m *matcher) quiet(f func() bool) bool {
	kept := m.why
	ok := m.try(f)
	m.why = kept
	return ok
}
