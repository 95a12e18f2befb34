package states

import (
	"context"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
)

type validateIn struct {
	Definition *string `json:"definition"`
	Type       *string `json:"type"`
	Severity   *string `json:"severity"`
	Max        *int64  `json:"maxResults"`
}

type diagnostic struct {
	Code     string `json:"code"`
	Location string `json:"location,omitempty"`
	Message  string `json:"message"`
	Severity string `json:"severity"`
}

type validateOut struct {
	Diagnostics []diagnostic `json:"diagnostics"`
	Result      string       `json:"result"`
	Truncated   bool         `json:"truncated"`
}

// validate is ValidateStateMachineDefinition; nothing is stored.
func (s *Service) validate(_ context.Context, _ *api.Request, in *validateIn) (*validateOut, error) {
	var c constraints
	if in.Definition == nil {
		c.missing("definition")
	}
	c.secret("definition", in.Definition, 1, maxDefinition)
	c.enum("type", in.Type, typeStandard, typeExpress)
	c.enum("severity", in.Severity, string(asl.Error), string(asl.Warning))
	c.number("maxResults", in.Max, 0, defaultPage)
	if err := c.err(); err != nil {
		return nil, err
	}
	_, found := asl.Parse([]byte(*in.Definition), asl.Options{Express: str(in.Type) == typeExpress})
	out := &validateOut{Diagnostics: []diagnostic{}, Result: "OK"}
	for _, d := range found {
		if d.Severity == asl.Error {
			out.Result = "FAIL"
		} else if str(in.Severity) != string(asl.Warning) {
			continue
		}
		if len(out.Diagnostics) == pageSize(in.Max) {
			out.Truncated = true
			continue
		}
		out.Diagnostics = append(out.Diagnostics, diagnostic{d.Code, d.Location, d.Message, string(d.Severity)})
	}
	return out, nil
}
