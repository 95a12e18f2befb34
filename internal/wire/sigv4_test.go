package wire_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/perdure/perdure/internal/wire"
)

func secrets(key, token string) (string, string, bool) {
	switch {
	case key == "AKIDEXAMPLE" && token == "":
		return "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "111122223333", true
	case key == "ASIATEMP" && token == "tok":
		return "temporary", "111122223333", true
	}
	return "", "", false
}

func verifying(t *testing.T, now time.Time) http.Handler {
	return front(t, func(c *wire.Config) {
		c.Secrets = secrets
		c.Now = func() time.Time { return now }
		c.Guard = wire.Guard{}
	})
}

// signed makes a request as the SDK's signer signs it.
func signed(t *testing.T, creds aws.Credentials, service, method, target, body string, head map[string]string, at time.Time) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, "http://127.0.0.1:4566"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range head {
		req.Header.Set(k, v)
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	if claim := req.Header.Get("X-Amz-Content-Sha256"); claim != "" {
		hash = claim
	} else if service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	if err := signer.SignHTTP(context.Background(), creds, req, hash, service, "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	return arrived(req, body)
}

// arrived is the request as a server sees it.
func arrived(req *http.Request, body string) *http.Request {
	in := httptest.NewRequest(req.Method, req.URL.RequestURI(), strings.NewReader(body))
	in.Host, in.Header = req.URL.Host, req.Header.Clone()
	return in
}

var akid = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

func send(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestSignaturesOfTheSDKAreAccepted(t *testing.T) {
	h := verifying(t, noon)
	target := map[string]string{"X-Amz-Target": "AWSStepFunctions.StartExecution", "Content-Type": "application/x-amz-json-1.0"}
	for _, c := range []struct {
		name, service, method, target, body string
		head                                map[string]string
		creds                               aws.Credentials
	}{
		{"json", "states", "POST", "/", `{"a":1}`, target, akid},
		{"session token", "states", "POST", "/", `{}`, target, aws.Credentials{AccessKeyID: "ASIATEMP", SecretAccessKey: "temporary", SessionToken: "tok"}},
		{"escaped path", "lambda", "GET", "/2025-12-01/durable-executions/arn%3Aaws%3Ax%2Fy%2Fz/history?MaxItems=5&Marker=a%2Bb%3D%3D", "", nil, akid},
		{"query in another order, repeated, empty and odd", "lambda", "GET", "/2015-03-31/functions?b=2&a=x%20y&b=1&c=&a-b=3&%C3%A9=%2A~", "", nil, akid},
		{"s3 key with spaces and signs", "s3", "GET", "/bucket/a%20b/%2B%25c", "", nil, akid},
		{"s3 upload", "s3", "PUT", "/bucket/k", "data", nil, akid},
		{"s3 unsigned payload", "s3", "PUT", "/bucket/k", "data", map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}, akid},
		{"header with runs of spaces", "states", "POST", "/", "{}", map[string]string{"X-Amz-Target": "AWSStepFunctions.StartExecution", "X-Amz-Meta-A": "  a   b  c "}, akid},
		{"form", "sts", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, akid},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := send(h, signed(t, c.creds, c.service, c.method, c.target, c.body, c.head, noon.Add(-time.Minute)))
			if w.Code != 200 || !strings.Contains(w.Body.String(), "111122223333") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestTamperedRequestsAreRefused(t *testing.T) {
	h := verifying(t, noon)
	head := map[string]string{"X-Amz-Target": "AWSStepFunctions.StartExecution"}
	fresh := func() *http.Request { return signed(t, akid, "states", "POST", "/", `{"a":1}`, head, noon) }
	for _, c := range []struct {
		name string
		make func() *http.Request
		code string
	}{
		{"other body", func() *http.Request {
			r := fresh()
			r.Body = io.NopCloser(strings.NewReader(`{"a":2}`))
			return r
		}, "InvalidSignatureException"},
		{"other target", func() *http.Request { r := fresh(); r.Header.Set("X-Amz-Target", "AWSStepFunctions.Invalid"); return r }, "InvalidSignatureException"},
		{"other host", func() *http.Request { r := fresh(); r.Host = "elsewhere"; return r }, "InvalidSignatureException"},
		{"other query", func() *http.Request { r := fresh(); r.URL.RawQuery = "a=1"; return r }, "InvalidSignatureException"},
		{"wrong secret", func() *http.Request {
			return signed(t, aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "guess"}, "states", "POST", "/", "{}", head, noon)
		}, "InvalidSignatureException"},
		{"unknown key", func() *http.Request {
			return signed(t, aws.Credentials{AccessKeyID: "NOBODY", SecretAccessKey: "x"}, "states", "POST", "/", "{}", head, noon)
		}, "UnrecognizedClientException"},
		{"no token", func() *http.Request {
			return signed(t, aws.Credentials{AccessKeyID: "ASIATEMP", SecretAccessKey: "temporary"}, "states", "POST", "/", "{}", head, noon)
		}, "UnrecognizedClientException"},
		{"no signature", func() *http.Request { r := fresh(); r.Header.Del("Authorization"); return r }, "MissingAuthenticationTokenException"},
		{"old", func() *http.Request {
			return signed(t, akid, "states", "POST", "/", "{}", head, noon.Add(-16*time.Minute))
		}, "InvalidSignatureException"},
		{"of the future", func() *http.Request {
			return signed(t, akid, "states", "POST", "/", "{}", head, noon.Add(16*time.Minute))
		}, "InvalidSignatureException"},
		{"another day's scope", func() *http.Request {
			r := fresh()
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/20250601/", "/20250531/", 1))
			return r
		}, "IncompleteSignatureException"},
		{"host not signed", func() *http.Request {
			r := fresh()
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "host;", "", 1))
			return r
		}, "InvalidSignatureException"},
		{"target not signed", func() *http.Request {
			r := signed(t, akid, "states", "POST", "/", "{}", nil, noon)
			r.Header.Set("X-Amz-Target", "AWSStepFunctions.StartExecution")
			return r
		}, "InvalidSignatureException"},
		{"signature that is no hex", func() *http.Request {
			r := fresh()
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:strings.Index(a, "Signature=")]+"Signature=zz")
			return r
		}, "InvalidSignatureException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := send(h, c.make())
			if w.Code != 403 || w.Header().Get("X-Amzn-Errortype") != c.code {
				t.Errorf("%d %s %s", w.Code, w.Header().Get("X-Amzn-Errortype"), w.Body)
			}
		})
	}
	t.Run("body that is not what its signed hash says", func(t *testing.T) {
		r := signed(t, akid, "s3", "PUT", "/b/k", "data", nil, noon)
		w := send(h, arrived(&http.Request{Method: "PUT", URL: mustURL(t, "http://127.0.0.1:4566/b/k"), Header: r.Header}, "atad"))
		if w.Code != 403 || !strings.Contains(w.Body.String(), "<Code>SignatureDoesNotMatch</Code>") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestPresignedURLIsGoodUntilItExpires(t *testing.T) {
	req, _ := http.NewRequest("GET", "http://127.0.0.1:4566/bucket/a%20b?X-Amz-Expires=60", nil)
	uri, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
		PresignHTTP(context.Background(), akid, req, "UNSIGNED-PAYLOAD", "s3", "eu-west-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	get := func(at time.Time, uri string) *httptest.ResponseRecorder {
		r, _ := http.NewRequest("GET", uri, nil)
		return send(verifying(t, at), arrived(r, ""))
	}
	if w := get(noon.Add(59*time.Second), uri); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(noon.Add(61*time.Second), uri); w.Code != 403 {
		t.Errorf("after its time: %d %s", w.Code, w.Body)
	}
	if w := get(noon, strings.Replace(uri, "a%20b", "other", 1)); w.Code != 403 {
		t.Errorf("for another key: %d %s", w.Code, w.Body)
	}
	if w := get(noon, strings.Replace(uri, "X-Amz-Expires=60", "X-Amz-Expires=6000000", 1)); w.Code != 403 {
		t.Errorf("for too long: %d %s", w.Code, w.Body)
	}
}

// The worked example of the S3 documentation, "Transferring Payload in Multiple Chunks": its keys, dates and signatures.
func TestSignedChunksOfTheDocumentationAreAccepted(t *testing.T) {
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	h := front(t, func(c *wire.Config) {
		c.Now, c.Guard = func() time.Time { return at }, wire.Guard{}
		c.Secrets = func(key, _ string) (string, string, bool) {
			return "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "000000000000", key == "AKIAIOSFODNN7EXAMPLE"
		}
	})
	upload := func(first byte) *httptest.ResponseRecorder {
		var b bytes.Buffer
		a := bytes.Repeat([]byte("a"), 65536)
		a[0] = first
		fmt.Fprintf(&b, "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n%s\r\n", a)
		fmt.Fprintf(&b, "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n%s\r\n", bytes.Repeat([]byte("a"), 1024))
		b.WriteString("0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n")
		req := httptest.NewRequest("PUT", "/examplebucket/chunkObject.txt", &b)
		req.Host = "s3.amazonaws.com"
		for k, v := range map[string]string{
			"X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "Content-Encoding": "aws-chunked", "Content-Length": "66824",
			"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "X-Amz-Decoded-Content-Length": "66560",
			"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
				"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class," +
				"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		} {
			req.Header.Set(k, v)
		}
		return send(h, req)
	}
	if w := upload('a'); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := upload('b'); w.Code != 403 {
		t.Errorf("a changed chunk was answered %d %s", w.Code, w.Body)
	}
}
