package taskhttp

import (
	"context"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/task"
)

// answer reads what an endpoint has answered.
func (r *Runner) answer(caller, limited context.Context, resp *http.Response) (*task.Result, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return r.broken(caller, limited, err)
	}
	readable := utf8.Valid(body)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		res := &task.Result{Error: "States.Http.StatusCode." + strconv.Itoa(resp.StatusCode)}
		if readable {
			res.Cause = string(body)
		}
		return res, nil
	}
	kind := resp.Header.Get("Content-Type")
	switch {
	case len(body) > maxBody:
		return &task.Result{Error: "States.DataLimitExceeded",
			Cause: "The state/task 'http' returned a result with a size exceeding the maximum number of bytes service limit."}, nil
	case unsupported(kind):
		return &task.Result{Error: "States.Runtime", Cause: "The HTTP response has the content type '" + kind + "', which is not supported"}, nil
	case !readable:
		return &task.Result{Error: "States.Runtime", Cause: "The body of the HTTP response is not text"}, nil
	}
	return &task.Result{Output: result(resp, body)}, nil
}

// result is that of the state; members are in alphabetical order.
func result(resp *http.Response, body []byte) []byte {
	headers := value.NewObject(len(resp.Header))
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		var values []value.Value
		for _, text := range resp.Header[name] {
			values = append(values, value.String(text))
		}
		headers.Set(strings.ToLower(name), value.Array(values...))
	}
	content, err := value.Decode(body, value.Limits{})
	if err != nil {
		content = value.String(string(body))
	}
	o := value.NewObject(4)
	o.Set("Headers", value.FromObject(headers))
	o.Set("ResponseBody", content)
	o.Set("StatusCode", value.Int(int64(resp.StatusCode)))
	o.Set("StatusText", value.String(phrase(resp)))
	return value.FromObject(o).JSON()
}

// unsupported tells whether a content type is one of those that HTTP Tasks do not take.
func unsupported(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = strings.ToLower(contentType)
	}
	for _, prefix := range []string{"image/", "video/", "audio/"} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return kind == "application/octet-stream"
}

// phrase is the text after the status code, which HTTP/2 does not send.
func phrase(resp *http.Response) string {
	if _, text, ok := strings.Cut(resp.Status, " "); ok && text != "" {
		return text
	}
	return http.StatusText(resp.StatusCode)
}

// reason is an error without the URL, in whose query a connection's secrets may be.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
