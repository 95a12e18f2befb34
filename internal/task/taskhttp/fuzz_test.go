package taskhttp

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/value"
)

// FuzzRequest: whatever the arguments are, there is a request or a reason why not; a request goes to an https URL or to this
// machine, and has no header that a state must not set.
func FuzzRequest(f *testing.F) {
	for _, args := range []string{
		`{"ApiEndpoint":"http://localhost/a?b=c#d","Method":"POST","InvocationConfig":{"ConnectionArn":"plain"},"RequestBody":{"a":[1,{"b":null}]},` +
			`"Headers":{"Content-Type":"a","X":["1",2,true]},"QueryParameters":{"a":["b","c"],"d":{"e":"f"}}}`,
		`{"ApiEndpoint":"https://a.example/","Method":"GET","Authentication":{"ConnectionArn":"rich"},"Transform":{"RequestBodyEncoding":"URL_ENCODED",` +
			`"RequestEncodingOptions":{"ArrayFormat":"COMMAS"}},"RequestBody":{"a":["b",[1]],"ü":{}}}`,
		`{"ApiEndpoint":"http://[::1]:1/%zz","Method":"HEAD"}`, `[]`, `{"Headers":{"Authorization":"x"}}`,
	} {
		f.Add([]byte(args))
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		v, err := value.Decode(args, value.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		c, problem := parse(v)
		if problem != "" {
			return
		}
		for _, conn := range conns {
			req, problem := c.request(context.Background(), conn, "eu-west-1")
			if problem != "" {
				continue
			}
			if req.URL.Scheme != "https" && !local(req.URL.Hostname()) {
				t.Fatalf("a call in the clear to %s", req.URL)
			}
			for name := range req.Header {
				if refused(name) && (name != "Authorization" || len(conn.Headers) == 0) {
					t.Fatalf("the header %s is sent", name)
				}
			}
			if err := req.Write(io.Discard); err != nil && !strings.Contains(err.Error(), "invalid") {
				t.Fatalf("%s cannot be written: %v", args, err)
			}
		}
	})
}
