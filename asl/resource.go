package asl

import "strings"

// Resource is a Task state's Resource, parsed (spec section 4.1).
type Resource struct {
	ARN     string // as written
	Kind    Kind
	Service string // Service: "lambda", "states", "aws-sdk:s3", "http"
	Action  string // Service: "invoke", "startExecution"
	Pattern string // Service: "", ".sync", ".sync:2", ".waitForTaskToken"
}

// Kind tells the forms of a Resource apart.
type Kind uint8

// The kinds of Resource.
const (
	Unrecognized Kind = iota
	Service           // arn:aws:states:::service:action
	Lambda            // arn of a Lambda function
	Activity          // arn of an activity
)

// Event is the resource member of a service task's events: the action with its pattern.
func (r Resource) Event() string { return r.Action + r.Pattern }

// waits tells whether the answer to the call is only a submission.
func (r Resource) waits() bool { return r.Pattern != "" }

// ParseResource reads a Resource. Whether a service offers the action is not looked at.
func ParseResource(s string) Resource {
	r := Resource{ARN: s}
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[5] == "" {
		return r
	}
	switch rest := p[5]; {
	case p[2] == "lambda" && strings.HasPrefix(rest, "function:") && rest != "function:":
		r.Kind = Lambda
	case p[2] == "states" && strings.HasPrefix(rest, "activity:") && rest != "activity:":
		r.Kind = Activity
	case p[2] == "states" && p[3] == "" && p[4] == "":
		r.parseService(rest)
	}
	return r
}

func (r *Resource) parseService(rest string) {
	for _, pattern := range []string{".waitForTaskToken", ".sync:2", ".sync"} {
		if body, ok := strings.CutSuffix(rest, pattern); ok {
			rest, r.Pattern = body, pattern
			break
		}
	}
	i := strings.LastIndexByte(rest, ':')
	if i <= 0 || i == len(rest)-1 {
		return
	}
	r.Service, r.Action = rest[:i], rest[i+1:]
	sdk := strings.HasPrefix(r.Service, "aws-sdk:") && strings.Count(r.Service, ":") == 1 && r.Service != "aws-sdk:"
	if sdk || !strings.Contains(r.Service, ":") {
		r.Kind = Service
	}
}

// recognized tells whether the resource has one of the forms, and, for the optimized integrations, names an action and a
// pattern that the service has (spec section 4.4).
func (r Resource) recognized() bool {
	if r.Kind != Service {
		return r.Kind != Unrecognized
	}
	if strings.HasPrefix(r.Service, "aws-sdk:") {
		return r.Pattern == "" || r.Pattern == ".waitForTaskToken"
	}
	patterns, ok := integrations[r.Service][r.Action]
	return ok && (r.Pattern == "" || strings.Contains(patterns+" ", r.Pattern+" "))
}
