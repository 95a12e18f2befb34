package lambda

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/internal/api"
)

// checks gathers violations of the API model. AWS names all of a request's in one ValidationException.
type checks struct{ found []string }

// quoted is a value in the text of a violation.
func quoted(v any) string { return fmt.Sprintf("'%v'", v) }

func (c *checks) add(value, member, constraint string) {
	c.found = append(c.found, "Value "+value+" at '"+member+"' failed to satisfy constraint: "+constraint)
}

func (c *checks) err() error {
	switch len(c.found) {
	case 0:
		return nil
	case 1:
		return api.Errorf("ValidationException", "1 validation error detected: %s", c.found[0])
	}
	return api.Errorf("ValidationException", "%d validation errors detected: %s", len(c.found), strings.Join(c.found, "; "))
}

// between checks an optional number.
func (c *checks) between(v *int, member string, least, most int) {
	switch {
	case v == nil:
	case *v < least:
		c.add(quoted(*v), member, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case *v > most:
		c.add(quoted(*v), member, fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
}

func (c *checks) longest(v, member string, most int) {
	if utf8.RuneCountInString(v) > most {
		c.add(quoted(v), member, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
}

func (c *checks) oneOf(v, member string, set ...string) {
	for _, s := range set {
		if v == s {
			return
		}
	}
	c.add(quoted(v), member, "Member must satisfy enum value set: ["+strings.Join(set, ", ")+"]")
}

// like checks against an anchored pattern whose text is shown without the anchors.
func (c *checks) like(v, member string, p *pattern) {
	if !p.match(v) {
		c.add(quoted(v), member, "Member must satisfy regular expression pattern: "+p.text)
	}
}

func (c *checks) required(v, member string) bool {
	if v == "" {
		c.add("null", member, "Member must not be null")
	}
	return v != ""
}

// pattern is a regular expression of the API model: its own text, and the part that Go can run.
type pattern struct {
	text string
	re   *regexp.Regexp
	also func(string) bool // what the expression says with a lookahead; may be nil
}

func newPattern(text, re string) *pattern {
	return &pattern{text: text, re: regexp.MustCompile("^(?:" + re + ")$")}
}

func (p *pattern) match(s string) bool {
	return p.re.MatchString(s) && (p.also == nil || p.also(s))
}

// region is the part of the model's patterns that stands for a region.
const regionPattern = `(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}`

var (
	functionNamePattern = same(`(arn:(aws[a-zA-Z-]*)?:lambda:)?(` + regionPattern + `:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`)
	namespacedPattern   = same(`(arn:(aws[a-zA-Z-]*)?:lambda:` + regionPattern + `:\d{12}:|((` + regionPattern + `:)?(\d{12}:)?))(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`)
	qualifierPattern    = newPattern(`\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`, `\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9\-_$]+`)
	rolePattern         = same(`arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`)
	handlerPattern      = same(`[^\s]+`)
	tenantPattern       = same(`[a-zA-Z0-9\._:\/=+\-@ ]+`)
	statementPattern    = newPattern(`([a-zA-Z0-9-_]+)`, `[a-zA-Z0-9\-_]+`)
	actionPattern       = same(`(lambda:[*]|lambda:[a-zA-Z]+|[*])`)
	aliasPattern        = &pattern{
		text: `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`, re: regexp.MustCompile(`^[a-zA-Z0-9\-_]+$`),
		also: func(s string) bool { return strings.Trim(s, "0123456789") != "" },
	}
	versionPattern = same(`(\$LATEST|[0-9]+)`)
)

// same makes a pattern whose text Go can run, but for a bare "-" between ranges.
func same(text string) *pattern {
	return newPattern(text, strings.ReplaceAll(strings.ReplaceAll(text, `0-9-_`, `0-9\-_`), `A-Z-]`, `A-Z\-]`))
}

func invalid(format string, args ...any) error {
	return api.Errorf("InvalidParameterValueException", format, args...)
}
