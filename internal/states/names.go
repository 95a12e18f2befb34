package states

import (
	"strings"
	"unicode"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
)

// Longest members of the API (specification, section 5.2), in characters; data in bytes.
const (
	maxArn        = 256
	maxLongArn    = 2000
	maxName       = 80
	maxDefinition = 1 << 20
	maxData       = 256 << 10
	maxToken      = 1024
	maxTrace      = 256
	maxPage       = 1000
	defaultPage   = 100
)

const badNameChars = " \t\n\r<>{}[]?*\"#%\\^|~`$&,;:/"

// checkName refuses the names of state machines, executions and activities that AWS refuses.
func checkName(name string) error {
	for _, r := range name {
		if strings.ContainsRune(badNameChars, r) || unicode.IsSpace(r) || r < 0x20 || r >= 0x7f && r <= 0x9f {
			return api.Errorf("InvalidName", "Invalid Name: '%s'", name)
		}
	}
	return nil
}

func invalidArn(s string) *api.Error {
	if kind := arn.StatesType(s); kind != "" {
		return api.Errorf("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: %s'", kind)
	}
	return api.Errorf("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: %s'", s)
}

func machineArn(s string) (arn.StateMachine, error) {
	m, err := arn.ParseStateMachine(s)
	if err != nil {
		return m, invalidArn(s)
	}
	return m, nil
}

// executionArn reads the ARN of a standard execution; express ones cannot be described, listed or stopped, unless they are
// children of a map run.
func executionArn(s string) (arn.Execution, error) {
	e, err := arn.ParseExecution(s)
	if err != nil || e.Express() && e.Label == "" {
		return e, invalidArn(s)
	}
	return e, nil
}

func activityArn(s string) (arn.Activity, error) {
	a, err := arn.ParseActivity(s)
	if err != nil {
		return a, invalidArn(s)
	}
	return a, nil
}

// key makes a key of parts that hold no slash.
func key(parts ...string) string { return strings.Join(parts, "/") }

// str is the text behind p, empty if there is none.
func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// optional is nil for the empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
