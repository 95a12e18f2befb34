package durop

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// shape collects what the AWS model's constraints are violated by, in the order of the members (check 0 of section 4.7).
type shape struct{ found []string }

func (s *shape) add(at, value, constraint string) {
	if len(s.found) < 20 { // more tell nobody anything
		s.found = append(s.found, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", value, at, constraint))
	}
}

// err is the ValidationException, nil if every member is well formed.
func (s *shape) err() error {
	if len(s.found) == 0 {
		return nil
	}
	noun := "error"
	if len(s.found) > 1 {
		noun = "errors"
	}
	return api.Errorf("ValidationException", "%d validation %s detected: %s", len(s.found), noun, strings.Join(s.found, "; "))
}

func (s *shape) required(value, at string) {
	if value != "" {
		return
	}
	for _, f := range s.found {
		if strings.Contains(f, "'"+at+"'") { // empty was found already
			return
		}
	}
	if len(s.found) < 20 {
		s.found = append(s.found, "Value null at '"+at+"' failed to satisfy constraint: Member must not be null")
	}
}

// pattern checks length 1..most and that every byte is one of the class; expr is the class as the model writes it.
func (s *shape) pattern(value, at string, most int, expr string, ok func(byte) bool) {
	switch {
	case value == "":
		s.add(at, value, "Member must have length greater than or equal to 1")
		return
	case len(value) > most:
		s.add(at, value, fmt.Sprintf("Member must have length less than or equal to %d", most))
		return
	}
	for i := range len(value) {
		if !ok(value[i]) {
			s.add(at, value, "Member must satisfy regular expression pattern: "+expr)
			return
		}
	}
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (s *shape) id(value, at string, most int) {
	s.pattern(value, at, most, "[a-zA-Z0-9-_]+", func(c byte) bool { return alphanumeric(c) || c == '-' || c == '_' })
}

func (s *shape) tenant(value, at string) {
	s.pattern(value, at, 256, `[a-zA-Z0-9\._:\/=+\-@ ]+`, func(c byte) bool {
		return alphanumeric(c) || strings.IndexByte("._:/=+-@ ", c) >= 0
	})
}

func (s *shape) token(value, at string) {
	if value == "" {
		return
	}
	body := strings.TrimSuffix(strings.TrimSuffix(value, "="), "=")
	const expr = "[A-Za-z0-9+/]+={0,2}"
	if body == "" {
		s.add(at, value, "Member must satisfy regular expression pattern: "+expr)
		return
	}
	s.pattern(body, at, 2048, expr, func(c byte) bool { return alphanumeric(c) || c == '+' || c == '/' })
}

func (s *shape) oneOf(value, at string, words ...string) {
	for _, w := range words {
		if w == value {
			return
		}
	}
	s.add(at, value, "Member must satisfy enum value set: ["+strings.Join(words, ", ")+"]")
}

// within checks a number's range and returns it, 0 if it is absent.
func (s *shape) within(n *int64, at string, least, most int64) int64 {
	switch {
	case n == nil:
		return 0
	case *n < least:
		s.add(at, fmt.Sprint(*n), fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case *n > most:
		s.add(at, fmt.Sprint(*n), fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return *n
}

const namespacedFunction = `(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:|` +
	`(((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?))(function:)?([a-zA-Z0-9-_\.]+)` +
	`(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`

var namespacedFunctionExpr = regexp.MustCompile("^(?:" + strings.ReplaceAll(namespacedFunction, "9-_", `9\-_`) + ")$")

func (s *shape) function(value, at string) {
	switch {
	case value == "":
		s.add(at, value, "Member must have length greater than or equal to 1")
	case len(value) > 256:
		s.add(at, value, "Member must have length less than or equal to 256")
	case !namespacedFunctionExpr.MatchString(value):
		s.add(at, value, "Member must satisfy regular expression pattern: "+namespacedFunction)
	}
}
