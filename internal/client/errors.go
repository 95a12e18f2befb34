package client

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// answerError reads an error in any of the protocols' shapes.
func answerError(resp *http.Response, body []byte) *api.Error {
	e := &api.Error{Status: resp.StatusCode}
	code, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	var shape struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // the decoder takes "Message" as well
	}
	if json.Unmarshal(body, &shape) == nil {
		_, after, ok := strings.Cut(shape.Type, "#")
		if !ok {
			after = shape.Type
		}
		e.Code, e.Message = cmp.Or(code, after), shape.Message
	} else {
		e.Code, e.Message = xmlError(body)
	}
	e.Code = cmp.Or(e.Code, code, http.StatusText(resp.StatusCode))
	e.Message = cmp.Or(e.Message, resp.Status)
	return e
}

// xmlError reads S3's <Error> and the query protocol's <ErrorResponse><Error>.
func xmlError(body []byte) (code, message string) {
	var shape struct {
		Code    string
		Message string
		Error   struct{ Code, Message string }
	}
	if xml.Unmarshal(body, &shape) != nil {
		return "", ""
	}
	return cmp.Or(shape.Code, shape.Error.Code), cmp.Or(shape.Message, shape.Error.Message)
}
