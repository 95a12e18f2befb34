package stepfunctions

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"regexp"
	"strings"
	"time"
)

// bindings are the placeholders of a case and the values they have.
type bindings struct {
	marks  map[string]Placeholder
	values map[string]string
}

var token = regexp.MustCompile(`<<[^<>]+>>`)

func newBindings(c *Case, account, region string, now time.Time) *bindings {
	b := &bindings{marks: map[string]Placeholder{}, values: map[string]string{
		"<<account>>": account, "<<region>>": region, "<<account2>>": "111111111111",
	}}
	for _, p := range c.Placeholders {
		b.marks[p.Token] = p
		switch p.Kind {
		case "unique":
			b.values[p.Token] = unique(p.Format)
		case "time":
			b.values[p.Token] = now.UTC().Add(time.Duration(p.OffsetSeconds) * time.Second).Format("2006-01-02T15:04:05")
		}
	}
	return b
}

func unique(format string) string {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	h := hex.EncodeToString(raw)
	if format == "uuid" {
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	return h[:8]
}

// fill puts known values into a text that is sent.
func (b *bindings) fill(s string) string {
	return token.ReplaceAllStringFunc(s, func(t string) string {
		if v, ok := b.values[t]; ok {
			return v
		}
		return t
	})
}

// fillAll is fill for every text in a decoded JSON value, names included.
func (b *bindings) fillAll(v any) any {
	switch v := v.(type) {
	case string:
		return b.fill(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = b.fillAll(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, m := range v {
			out[b.fill(k)] = b.fillAll(m)
		}
		return out
	}
	return v
}

// try runs f and takes back what it bound if it is false.
func (b *bindings) try(f func() bool) bool {
	kept := maps.Clone(b.values)
	if f() {
		return true
	}
	b.values = kept
	return false
}

// text tells whether an answered text matches an expected one, and binds what it binds.
func (b *bindings) text(want, got string) bool {
	if want == got {
		return true
	}
	if !strings.Contains(want, "<<") {
		return false
	}
	var groups []string
	pattern := b.pattern(want, &groups)
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return false
	}
	m := re.FindStringSubmatch(got)
	if m == nil {
		return false
	}
	bound := map[string]string{}
	for i, name := range re.SubexpNames() {
		if !strings.HasPrefix(name, "bound") {
			continue
		}
		t := groups[indexOf(name)]
		if old, ok := bound[t]; ok && old != m[i] {
			return false
		}
		bound[t] = m[i]
	}
	maps.Copy(b.values, bound)
	return true
}

func indexOf(group string) int {
	n := 0
	for _, c := range strings.TrimPrefix(group, "bound") {
		n = n*10 + int(c-'0')
	}
	return n
}

// pattern is the regular expression of a text with placeholders; groups gets the names of those that are to be bound.
func (b *bindings) pattern(text string, groups *[]string) string {
	var p strings.Builder
	at := 0
	for _, loc := range token.FindAllStringIndex(text, -1) {
		p.WriteString(regexp.QuoteMeta(text[at:loc[0]]))
		at = loc[1]
		t := text[loc[0]:loc[1]]
		mark, known := b.marks[t]
		v, valued := b.values[t]
		switch {
		case valued:
			p.WriteString(regexp.QuoteMeta(v))
		case !known:
			p.WriteString(regexp.QuoteMeta(t))
		case mark.Kind == "any" && len(mark.OneOf) > 0:
			var alternatives []string
			for _, o := range mark.OneOf {
				alternatives = append(alternatives, b.pattern(o, groups))
			}
			p.WriteString("(?:" + strings.Join(alternatives, "|") + ")")
		case mark.Kind == "any":
			p.WriteString("(?:" + mark.Pattern + ")")
		default:
			*groups = append(*groups, t)
			p.WriteString("(?P<bound" + itoa(len(*groups)-1) + ">" + mark.Pattern + ")")
		}
	}
	p.WriteString(regexp.QuoteMeta(text[at:]))
	return p.String()
}
