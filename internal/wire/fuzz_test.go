package wire_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Whatever comes in, the answer is a success or a 4xx with a body; only operations made to fail may say 500.
func FuzzFrontDoor(f *testing.F) {
	f.Add("GET", "/2015-03-31/functions/a%2Fb?Qualifier=1", "AWS4-HMAC-SHA256 Credential=a/20250601/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00", "", "", "127.0.0.1", "")
	f.Add("POST", "/", "", "AWSStepFunctions.StartExecution", "", "localhost:1", "{}")
	f.Add("POST", "/?Action=GetCallerIdentity", "", "", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "b.localhost", "5\r\nhello\r\n0\r\n\r\n")
	f.Add("PUT", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=t%2F20250601%2Fr%2Fs3%2Faws4_request&X-Amz-SignedHeaders=host&X-Amz-Signature=00", "", "", "", "[::1]", "x")
	f.Fuzz(func(t *testing.T, method, target, authorization, amzTarget, hash, host, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || method == "" {
			return
		}
		for _, h := range []http.Handler{front(t, nil), verifying(t, noon)} {
			req := httptest.NewRequest("GET", "/", strings.NewReader(body))
			req.Method, req.URL, req.RequestURI, req.Host = method, u, target, host
			req.Header = http.Header{"Authorization": {authorization}, "X-Amz-Target": {amzTarget}, "X-Amz-Content-Sha256": {hash}, "X-Amz-Date": {"20250601T120000Z"}}
			for k, v := range req.Header {
				if v[0] == "" {
					delete(req.Header, k)
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code >= 500 && !strings.Contains(target, "/broken") && amzTarget != "AWSStepFunctions.Broken" && amzTarget != "AWSStepFunctions.Panics" {
				t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
			}
		}
	})
}
