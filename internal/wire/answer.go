package wire

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/perdure/perdure/internal/api"
)

// answer writes a handler's response in the service's protocol.
func answer(w http.ResponseWriter, c *call, r *api.Request, resp *api.Response) int {
	status := resp.Status
	if status == 0 {
		status = c.op.Status
	}
	if status == 0 {
		status = http.StatusOK
	}
	body := resp.Body
	if c.svc.Protocol == Query {
		body = queryResult(c.svc, c.opName, r.RequestID, body)
	}
	head := w.Header()
	for k, v := range resp.Header {
		head[k] = v
	}
	setID(head, c.svc.Protocol, r.RequestID)
	if head["Content-Type"] == nil && len(body) > 0 {
		head["Content-Type"] = contentTypes[c.svc.Protocol]
	}
	if bodyAllowed(r.Method, status) && head["Content-Length"] == nil {
		head["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead && len(body) > 0 {
		w.Write(body) // the client has gone if this fails: nothing to do about it
	}
	return status
}

var contentTypes = [...][]string{
	JSON10:   {"application/x-amz-json-1.0"},
	JSON11:   {"application/x-amz-json-1.1"},
	RESTJSON: {"application/json"},
	Query:    {"text/xml"},
	S3:       {"application/xml"},
}

func setID(head http.Header, p Protocol, id string) {
	if p == S3 {
		head["X-Amz-Request-Id"] = []string{id}
		return
	}
	head["X-Amzn-Requestid"] = []string{id}
}

func bodyAllowed(method string, status int) bool {
	return method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified && status >= 200
}

// queryResult puts the envelope around the content of a Result element.
func queryResult(s *service, op, id string, result []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(result) + 4*len(op) + len(s.XMLNS) + 160)
	b.WriteString("<" + op + `Response xmlns="` + s.XMLNS + `">`)
	if len(result) > 0 {
		b.WriteString("<" + op + "Result>")
		b.Write(result)
		b.WriteString("</" + op + "Result>")
	}
	b.WriteString("<ResponseMetadata><RequestId>" + id + "</RequestId></ResponseMetadata></" + op + "Response>")
	return b.Bytes()
}

func escapeXML(b *bytes.Buffer, s string) { xml.EscapeText(b, []byte(s)) }
