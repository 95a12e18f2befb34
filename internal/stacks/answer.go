package stacks

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
)

// list is how query answers hold several of a kind; an empty one is an empty element rather than none.
type list[T any] struct {
	Member []T `xml:"member"`
}

// result encodes the members of v, without an element around them.
func result(v any) (*api.Response, error) {
	var b bytes.Buffer
	if err := xml.NewEncoder(&b).EncodeElement(v, xml.StartElement{Name: xml.Name{Local: "R"}}); err != nil {
		return nil, err
	}
	body := bytes.TrimSuffix(bytes.TrimPrefix(b.Bytes(), []byte("<R>")), []byte("</R>"))
	return &api.Response{Body: body}, nil
}

// stamp writes Unix milliseconds as the protocol does; empty for 0.
func stamp(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// invalid is CloudFormation's answer to most of what is wrong.
func invalid(format string, args ...any) *api.Error {
	return api.Errorf("ValidationError", format, args...)
}

func noStack(name string) *api.Error { return invalid("Stack with id %s does not exist", clip(name)) }

func clip(s string) string {
	if len(s) > 300 {
		return s[:300] + "..."
	}
	return s
}

// refusal makes an answer of what a template or its parameters have wrong.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := api.As(err); ok {
		return err
	}
	var located *cfn.Error
	if errors.As(err, &located) && located.Line > 0 && !strings.Contains(located.Message, "(line ") {
		return invalid("%s (line %d, column %d of the template)", err, located.Line, located.Column)
	}
	return invalid("%s", err)
}
