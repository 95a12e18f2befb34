package taskhttp

import (
	"net/http"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// forbidden are headers that a state must not set.
var forbidden = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`a-im accept-charset accept-datetime accept-encoding authorization cache-control connection
		content-encoding content-md5 date expect forwarded from host http2-settings if-match if-modified-since if-none-match if-range
		if-unmodified-since max-forwards origin pragma proxy-authorization referer server te trailer transfer-encoding upgrade via
		warning`) {
		m[name] = true
	}
	return m
}()

// ours are headers that Step Functions sets, whatever others say.
var ours = map[string]bool{"User-Agent": true, "Range": true, "Host": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true}

func refused(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"x-forwarded-", "x-amz-", "x-amzn-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return forbidden[name]
}

// readHeaders takes a state's headers: each a text, or an array of texts.
func (c *call) readHeaders(v value.Value) (problem string) {
	if v.Kind() != value.KindObject {
		return invalid("Headers", "an object")
	}
	o := v.Object()
	for i := range o.Len() {
		name := o.Key(i)
		if refused(name) {
			return "The header '" + name + "' is not allowed in the field 'Headers'"
		}
		values := []value.Value{o.At(i)}
		if o.At(i).Kind() == value.KindArray {
			values = o.At(i).Items()
		}
		for _, item := range values {
			text, ok := scalar(item)
			if !ok || !fieldName(name) || !fieldValue(text) {
				return "The header '" + name + "' is not valid in the field 'Headers'"
			}
			c.headers.Add(name, text)
		}
	}
	return ""
}

// fieldName tells whether a text can be a header's name.
func fieldName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}

// fieldValue tells whether a text can be a header's value.
func fieldValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}

// allHeaders are a request's: the state's, over them the connection's, over them those of Step Functions.
func (c *call) allHeaders(conn *Connection, region string, body bool) http.Header {
	h := c.headers.Clone()
	for _, p := range conn.Headers {
		h.Del(p.Key)
	}
	for _, p := range conn.Headers {
		h.Add(p.Key, p.Value)
	}
	for name := range ours {
		h.Del(name)
	}
	h.Set("User-Agent", "Amazon|StepFunctions|HttpInvoke|"+region)
	h.Set("Range", "bytes=0-262144")
	if body && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=UTF-8")
	}
	return h
}
