package asl_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"time"
)

// matcher compares answers with recorded ones by the rules of the corpus: placeholders match patterns, JSON in texts is
// parsed where an object or a list is expected, and the metadata of calls is not looked into.
type matcher struct {
	marks map[string]mark
	bound map[string]string
	later map[string]bool
	any   map[string]bool // lists compared without order
}

type mark struct {
	Token, Kind, Pattern, Type, Format string
	OneOf                              []string
	OffsetSeconds                      int
}

func newMatcher(c *corpusCase, now time.Time) *matcher {
	m := &matcher{marks: map[string]mark{}, bound: map[string]string{}, later: map[string]bool{}, any: map[string]bool{}}
	for _, p := range c.Placeholders {
		m.marks[p.Token] = p
		switch {
		case p.Kind == "unique" && p.Format == "uuid":
			m.bound[p.Token] = "11111111-2222-4333-8444-" + fmt.Sprintf("%012d", len(m.bound))
		case p.Kind == "unique":
			m.bound[p.Token] = fmt.Sprintf("%08x", 0xabc00000+len(m.bound))
		case p.Kind == "time":
			m.bound[p.Token] = now.Add(time.Duration(p.OffsetSeconds) * time.Second).Format("2006-01-02T15:04:05")
		}
	}
	m.bound["<<account>>"], m.bound["<<region>>"] = testAccount, testRegion
	for _, n := range c.LaterMembers {
		m.later[n] = true
	}
	for _, n := range c.Unordered {
		m.any[n] = true
	}
	return m
}

// fill puts the known values into a text that is sent.
func (m *matcher) fill(s string) string {
	for token, v := range m.bound {
		s = strings.ReplaceAll(s, token, v)
	}
	return s
}

var placeholder = regexp.MustCompile(`<<[^<>]+>>`)

// diff tells how got differs from want; empty if it matches.
func (m *matcher) diff(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		return m.object(at, w, got)
	case []any:
		return m.list(at, w, got)
	case string:
		return m.text(at, w, got)
	case float64:
		if g, ok := got.(float64); ok && g == w {
			return ""
		}
	default:
		if reflect.DeepEqual(want, got) {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %v, got %v", at, brief(want), brief(got))
}

func brief(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 700 {
		return string(b[:700]) + "..."
	}
	return string(b)
}

func (m *matcher) object(at string, want map[string]any, got any) string {
	if s, ok := got.(string); ok {
		var parsed any
		if json.Unmarshal([]byte(s), &parsed) == nil {
			got = parsed
		}
	}
	g, ok := got.(map[string]any)
	if !ok {
		return fmt.Sprintf("%s: want an object %s, got %s", at, brief(want), brief(got))
	}
	used := map[string]bool{}
	for k, w := range want {
		name := m.fill(k)
		v, ok := g[name]
		if !ok && placeholder.MatchString(k) {
			for other := range g {
				if m.text("", k, other) == "" {
					name, v, ok = other, g[other], true
				}
			}
		}
		if !ok {
			return fmt.Sprintf("%s: %s is missing in %s", at, k, brief(got))
		}
		used[name] = true
		if name == "SdkResponseMetadata" {
			continue
		}
		if name == "SdkHttpMetadata" {
			continue
		}
		if d := m.diff(at+"/"+k, w, v); d != "" {
			return d
		}
	}
	for k := range g {
		if !used[k] && !m.later[k] {
			return fmt.Sprintf("%s: unexpected member %s in %s, want %s", at, k, brief(got), brief(want))
		}
	}
	return ""
}

func (m *matcher) list(at string, want []any, got any) string {
	if s, ok := got.(string); ok {
		var parsed any
		if json.Unmarshal([]byte(s), &parsed) == nil {
			got = parsed
		}
	}
	g, ok := got.([]any)
	if !ok || len(g) != len(want) {
		return fmt.Sprintf("%s: want the list %s, got %s", at, brief(want), brief(got))
	}
	for i := range want {
		if d := m.diff(fmt.Sprintf("%s[%d]", at, i), want[i], g[i]); d != "" {
			return d
		}
	}
	return ""
}

func (m *matcher) text(at, want string, got any) string {
	if p, ok := m.marks[want]; ok && p.Kind == "any" && p.Type != "" {
		return ""
	}
	g, ok := got.(string)
	if !ok {
		return fmt.Sprintf("%s: want %q, got %s", at, want, brief(got))
	}
	if want == g {
		return ""
	}
	var pattern strings.Builder
	pattern.WriteString(`(?s)^`)
	var names []string
	rest := want
	for {
		loc := placeholder.FindStringIndex(rest)
		if loc == nil {
			break
		}
		pattern.WriteString(regexp.QuoteMeta(rest[:loc[0]]))
		token := rest[loc[0]:loc[1]]
		rest = rest[loc[1]:]
		if v, ok := m.bound[token]; ok {
			pattern.WriteString(regexp.QuoteMeta(v))
			continue
		}
		p := m.marks[token]
		body := p.Pattern
		if len(p.OneOf) > 0 {
			var alternatives []string
			for _, o := range p.OneOf {
				alternatives = append(alternatives, regexp.QuoteMeta(m.fill(o)))
			}
			body = strings.Join(alternatives, "|")
		}
		if body == "" {
			body = regexp.QuoteMeta(token)
		}
		if p.Kind == "bind" {
			names = append(names, token)
			fmt.Fprintf(&pattern, "(?P<b%d>%s)", len(names)-1, body)
		} else {
			pattern.WriteString("(?:" + body + ")")
		}
	}
	pattern.WriteString(regexp.QuoteMeta(rest) + `$`)
	re, err := regexp.Compile(pattern.String())
	if err != nil {
		return fmt.Sprintf("%s: bad pattern %q: %v", at, want, err)
	}
	if found := re.FindStringSubmatch(g); found != nil {
		for i, name := range names {
			m.bound[name] = found[re.SubexpIndex(fmt.Sprintf("b%d", i))]
		}
		return ""
	}
	var a, b any
	if json.Unmarshal([]byte(m.fill(want)), &a) == nil && json.Unmarshal([]byte(g), &b) == nil {
		switch a.(type) {
		case map[string]any, []any:
			return m.diff(at, a, b)
		}
	}
	return fmt.Sprintf("%s: want %q, got %q", at, want, g)
}

// history compares events, in order, or, where the recording says so, without.
func (m *matcher) history(want, got []map[string]any, concurrent bool) string {
	if len(want) != len(got) {
		return fmt.Sprintf("want %d events, got %d:\n%s", len(want), len(got), outline(want, got))
	}
	first := ""
	for i := range want {
		w, g := want[i], got[i]
		if w["id"] == nil {
			g = without(g, "id", "previousEventId")
		}
		if d := m.diff(fmt.Sprintf("event %d %v", i+1, w["type"]), w, g); d != "" {
			first = d
			break
		}
	}
	if first == "" || !concurrent {
		return first
	}
	used := make([]bool, len(got))
next:
	for _, w := range want {
		for j, g := range got {
			if !used[j] && m.diff("", without(w, "id", "previousEventId"), without(g, "id", "previousEventId")) == "" {
				used[j] = true
				continue next
			}
		}
		return fmt.Sprintf("no event like %s\n%s", brief(w), outline(want, got))
	}
	return ""
}

func without(e map[string]any, names ...string) map[string]any {
	c := map[string]any{}
	for k, v := range e {
		c[k] = v
	}
	for _, n := range names {
		delete(c, n)
	}
	return c
}

func outline(want, got []map[string]any) string {
	var b strings.Builder
	for i := range max(len(want), len(got)) {
		l, r := "", ""
		if i < len(want) {
			l = fmt.Sprintf("%v<%v %v", want[i]["id"], want[i]["previousEventId"], want[i]["type"])
		}
		if i < len(got) {
			r = fmt.Sprintf("%v<%v %v", got[i]["id"], got[i]["previousEventId"], got[i]["type"])
		}
		fmt.Fprintf(&b, "  %-40s %s\n", l, r)
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
