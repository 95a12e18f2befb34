package states

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/internal/api"
)

// constraints collects what the API model forbids about a request; it is checked before everything else (specification,
// section 5.3).
type constraints struct{ found []string }

// add notes a breach; value is shown unless it is nil (a secret).
func (c *constraints) add(value *string, path, rule string) {
	shown := ""
	if value != nil {
		shown = " '" + *value + "'"
	}
	c.found = append(c.found, fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: Member must %s", shown, path, rule))
}

func (c *constraints) missing(path string) {
	c.found = append(c.found, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path))
}

// text checks the length of an optional member, in characters.
func (c *constraints) text(path string, value *string, low, high int) {
	c.length(path, value, value, low, high)
}

// secret is text for members that are not echoed.
func (c *constraints) secret(path string, value *string, low, high int) {
	c.length(path, value, nil, low, high)
}

func (c *constraints) length(path string, value, shown *string, low, high int) {
	if value == nil {
		return
	}
	if n := utf8.RuneCountInString(*value); n < low {
		c.add(shown, path, fmt.Sprintf("have length greater than or equal to %d", low))
	} else if n > high {
		c.add(shown, path, fmt.Sprintf("have length less than or equal to %d", high))
	}
}

// need is text for a member that must be there.
func (c *constraints) need(path string, value *string, low, high int) {
	if value == nil {
		c.missing(path)
	}
	c.text(path, value, low, high)
}

// data checks JSON documents, whose limit counts bytes.
func (c *constraints) data(path string, value *string, high int) {
	if value != nil && len(*value) > high {
		c.add(nil, path, fmt.Sprintf("have length less than or equal to %d", high))
	}
}

func (c *constraints) number(path string, value *int64, low, high int64) {
	if value == nil {
		return
	}
	shown := strconv.FormatInt(*value, 10)
	if *value < low {
		c.add(&shown, path, fmt.Sprintf("have value greater than or equal to %d", low))
	} else if *value > high {
		c.add(&shown, path, fmt.Sprintf("have value less than or equal to %d", high))
	}
}

// shownFloat is a number as a message shows it.
func shownFloat(f float64) *string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	return &s
}

func (c *constraints) enum(path string, value *string, set ...string) {
	if value == nil {
		return
	}
	for _, s := range set {
		if s == *value {
			return
		}
	}
	c.add(value, path, "satisfy enum value set: ["+strings.Join(set, ", ")+"]")
}

func (c *constraints) pattern(path string, value *string, re *regexp.Regexp, shown string) {
	if value != nil && !re.MatchString(*value) {
		c.add(value, path, "satisfy regular expression pattern: "+shown)
	}
}

// page checks the members of a paged list.
func (c *constraints) page(maxResults *int64, nextToken *string, longest int) {
	c.number("maxResults", maxResults, 0, 1000)
	c.text("nextToken", nextToken, 1, longest)
}

// err is the answer to a request with breaches, nil if there are none.
func (c *constraints) err() error {
	if len(c.found) == 0 {
		return nil
	}
	plural := "s"
	if len(c.found) == 1 {
		plural = ""
	}
	return &api.Error{Code: "ValidationException",
		Message: fmt.Sprintf("%d validation error%s detected: %s", len(c.found), plural, strings.Join(c.found, "; "))}
}
