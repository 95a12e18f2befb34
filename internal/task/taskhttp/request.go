package taskhttp

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// request makes the request of a call over a connection; problem tells why that is not possible.
func (c *call) request(ctx context.Context, conn *Connection, region string) (req *http.Request, problem string) {
	u := *c.endpoint
	query := &form{arrays: repeat}
	query.object("", over(c.query, conn.Query))
	u.RawQuery = joined([]string{u.RawQuery, query.b.String()})
	text, some, problem := c.written(conn)
	if problem != "" {
		return nil, problem
	}
	var body io.Reader
	if some {
		body = strings.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, u.String(), body)
	if err != nil {
		return nil, invalid("ApiEndpoint", "an HTTPS URL")
	}
	req.Header = c.allHeaders(conn, region, some)
	return req, ""
}

// over is an object with a connection's parameters over its members.
func over(o *value.Object, parameters []Parameter) *value.Object {
	if len(parameters) == 0 {
		return o
	}
	out := o.Clone()
	for _, p := range parameters {
		out.Set(p.Key, value.String(p.Value))
	}
	return out
}

// written is the body as it is sent, if there is one.
func (c *call) written(conn *Connection) (text string, some bool, problem string) {
	body := c.body
	if len(conn.Body) > 0 {
		switch body.Kind() {
		case value.KindUndefined, value.KindNull:
			body = value.FromObject(value.NewObject(len(conn.Body)))
		case value.KindObject:
		default:
			return "", false, "The field 'RequestBody' must be an object, because the connection has body parameters to merge with it"
		}
		body = value.FromObject(over(body.Object(), conn.Body))
	}
	switch {
	case body.IsUndefined(), body.IsNull():
		return "", false, ""
	case body.Kind() == value.KindString:
		return body.Str(), true, ""
	case !c.encoding.form:
		return body.Text(), true, ""
	case body.Kind() != value.KindObject:
		return "", false, "The field 'RequestBody' must be an object to be URL-encoded"
	}
	f := &form{arrays: c.encoding.arrays}
	f.object("", body.Object())
	return f.b.String(), true, ""
}
