package wire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/wire"
)

var noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// echo answers with what reached the handler.
func echo(_ context.Context, r *api.Request) (*api.Response, error) {
	b, err := json.Marshal(map[string]any{
		"Service": r.Service, "Operation": r.Operation, "Region": r.Region, "Account": r.Account, "AccessKey": r.AccessKey,
		"Path": r.Path, "Query": r.Query, "Body": string(r.Body), "Endpoint": r.Endpoint,
	})
	return &api.Response{Body: b}, err
}

func failing(e error) api.Handler {
	return func(context.Context, *api.Request) (*api.Response, error) { return nil, e }
}

func services() []wire.Service {
	return []wire.Service{
		{
			Name: "states", Protocol: wire.JSON10, Target: "AWSStepFunctions", Namespace: "com.amazonaws.swf.service.v2.model",
			Operations: []api.Operation{
				{Name: "StartExecution", Handle: echo},
				{Name: "Broken", Handle: failing(errors.New("disk on fire"))},
				{Name: "Panics", Handle: func(context.Context, *api.Request) (*api.Response, error) { panic("oh") }},
				{Name: "Invalid", Handle: failing(api.Errorf("InvalidName", "Invalid Name: 'a<b'"))},
				{Name: "Missing", Handle: failing(&api.Error{Code: "ResourceNotFound", Message: "none", Members: map[string]any{"resourceName": "x"}})},
				{Name: "Constraint", Handle: failing(api.Errorf("ValidationException", "1 validation error"))},
			},
		},
		{
			Name: "lambda", Protocol: wire.RESTJSON,
			Operations: []api.Operation{
				{Name: "ListFunctions", Method: "GET", Path: "/2015-03-31/functions", Handle: echo},
				{Name: "GetFunction", Method: "GET", Path: "/2015-03-31/functions/{FunctionName}", Handle: echo},
				{Name: "Invoke", Method: "POST", Path: "/2015-03-31/functions/{FunctionName}/invocations", MaxBody: 64, Handle: echo},
				{Name: "GetDurableExecutionHistory", Method: "GET", Path: "/2025-12-01/durable-executions/{DurableExecutionArn}/history", Handle: echo},
				{Name: "Lower", Method: "GET", Path: "/lower", Handle: failing(&api.Error{Code: "ResourceConflictException", Message: "busy", Status: 409})},
				{Name: "Upper", Method: "GET", Path: "/upper", Handle: failing(&api.Error{Code: "ResourceNotFoundException", Message: "gone", Status: 404, Upper: true})},
				{Name: "Broken", Method: "GET", Path: "/broken", Handle: failing(errors.New("disk on fire"))},
				{Name: "Throttled", Method: "GET", Path: "/throttled", Handle: failing(&api.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429, RetryAfter: 2, Members: map[string]any{"Reason": "CallerRateLimitExceeded"}})},
			},
		},
		{
			Name: "sts", Protocol: wire.Query, Version: "2011-06-15", XMLNS: "https://sts.amazonaws.com/doc/2011-06-15/",
			Operations: []api.Operation{
				{Name: "GetCallerIdentity", Handle: func(_ context.Context, r *api.Request) (*api.Response, error) {
					return &api.Response{Body: []byte("<Account>" + r.Account + "</Account>")}, nil
				}},
				{Name: "Invalid", Handle: failing(api.Errorf("ValidationError", "Stack with id <a> does not exist"))},
			},
		},
		{
			Name: "s3", Protocol: wire.S3,
			Operations: []api.Operation{
				{Name: "ListBuckets", Method: "GET", Path: "/", Handle: echo},
				{Name: "ListObjectsV2", Method: "GET", Path: "/{Bucket}", Match: "list-type", Handle: echo},
				{Name: "GetBucketLocation", Method: "GET", Path: "/{Bucket}", Match: "location", Handle: echo},
				{Name: "ListObjects", Method: "GET", Path: "/{Bucket}", Handle: echo},
				{Name: "GetObject", Method: "GET", Path: "/{Bucket}/{Key+}", Handle: echo},
				{Name: "HeadObject", Method: "HEAD", Path: "/{Bucket}/{Key+}", Handle: failing(&api.Error{Code: "NoSuchKey", Message: "no", Status: 404})},
				{Name: "PutObject", Method: "PUT", Path: "/{Bucket}/{Key+}", MaxBody: 1 << 20, Handle: echo},
				{Name: "UploadPart", Method: "PUT", Path: "/{Bucket}/{Key+}", Match: "partNumber", MaxBody: 1 << 20, Handle: echo},
			},
		},
	}
}

func front(t *testing.T, change func(*wire.Config)) http.Handler {
	t.Helper()
	cfg := wire.Config{
		Services: services(), Account: "000000000000",
		Now: func() time.Time { return noon }, NewID: func() string { return "id-1" },
		Guard: wire.Guard{Loopback: true}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	return wire.New(cfg)
}

const auth = "AWS4-HMAC-SHA256 Credential=test/20250601/eu-west-1/%s/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"

// ask sends a request; head lines are "Name: value", and "for: states" is an unverified credential for that service.
func ask(t *testing.T, h http.Handler, method, target, body string, head ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Host = "127.0.0.1:4566"
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	for _, line := range head {
		k, v, _ := strings.Cut(line, ": ")
		switch k {
		case "for":
			req.Header.Set("Authorization", strings.Replace(auth, "%s", v, 1))
		case "Host":
			req.Host = v
		default:
			req.Header.Add(k, v)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestRequestReachesTheOperationItNames(t *testing.T) {
	h := front(t, nil)
	form := "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, target, body string
		head                       []string
		want                       []string // parts of the echo
	}{
		{"by scope and target", "POST", "/", `{"a":1}`, []string{"for: states", "X-Amz-Target: AWSStepFunctions.StartExecution"},
			[]string{`"Operation":"StartExecution"`, `"Region":"eu-west-1"`, `"AccessKey":"test"`, `"Body":"{\"a\":1}"`}},
		{"by target alone", "POST", "/", `{}`, []string{"X-Amz-Target: AWSStepFunctions.StartExecution"},
			[]string{`"Operation":"StartExecution"`, `"Region":"us-east-1"`, `"Account":"000000000000"`}},
		{"host prefix of SDKs", "POST", "/", `{}`, []string{"Host: sync-localhost:4566", "X-Amz-Target: AWSStepFunctions.StartExecution"},
			[]string{`"Endpoint":"http://localhost:4566"`}},
		{"by path alone", "GET", "/2015-03-31/functions/f%3A1", "", nil, []string{`"Operation":"GetFunction"`, `"FunctionName":"f:1"`}},
		{"trailing slash", "GET", "/2015-03-31/functions/?MaxItems=3", "", []string{"for: lambda"}, []string{`"ListFunctions"`, `"MaxItems":["3"]`}},
		{"escaped slash stays in its segment and is decoded once", "GET",
			"/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3A1%2Fdurable-execution%2Fn%2Fa%2525/history?MaxItems=5", "", []string{"for: lambda"},
			[]string{`"arn:aws:lambda:1/durable-execution/n/a%25"`, `"GetDurableExecutionHistory"`}},
		{"plus is a plus in a path", "GET", "/2015-03-31/functions/a+b", "", nil, []string{`"FunctionName":"a+b"`}},
		{"query protocol by scope", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", []string{"for: sts", form}, []string{
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`}},
		{"query protocol by version", "POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", []string{form}, []string{"<Account>"}},
		{"query protocol by action", "GET", "/?Action=GetCallerIdentity", "", nil, []string{"<Account>"}},
		{"s3 path style", "GET", "/bucket/a/b%2Fc%20d", "", []string{"for: s3"}, []string{`"GetObject"`, `"Bucket":"bucket"`, `"Key":"a/b/c d"`}},
		{"s3 key with a trailing slash", "GET", "/bucket/a/", "", []string{"for: s3"}, []string{`"Key":"a/"`}},
		{"s3 host style", "GET", "/k?x-id=GetObject", "", []string{"for: s3", "Host: b.localhost:4566"}, []string{`"Bucket":"b"`, `"Key":"k"`}},
		{"s3 host style of the cloud", "GET", "/", "", []string{"for: s3", "Host: b.c.s3.eu-west-1.localhost"}, []string{`"Bucket":"b.c"`, `"ListObjects"`}},
		{"s3 subresource", "GET", "/b?location", "", []string{"for: s3"}, []string{`"GetBucketLocation"`}},
		{"s3 by query key", "GET", "/b/?list-type=2&prefix=a%2Fb", "", []string{"for: s3"}, []string{`"ListObjectsV2"`, `"prefix":["a/b"]`}},
		{"s3 presigned", "GET", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20250601%2Fus-west-2%2Fs3%2Faws4_request&X-Amz-SignedHeaders=host&X-Amz-Signature=00", "",
			nil, []string{`"GetObject"`, `"Region":"us-west-2"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(t, h, c.method, c.target, c.body, c.head...)
			if w.Code != 200 {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			for _, part := range c.want {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("no %s in %s", part, w.Body)
				}
			}
		})
	}
}

func TestErrorsHaveTheShapeOfTheirProtocol(t *testing.T) {
	h := front(t, nil)
	form := "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, target, body string
		head                       []string
		status                     int
		typ, want                  string
	}{
		{"json: service error", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: AWSStepFunctions.Invalid"}, 400, "InvalidName",
			`{"__type":"com.amazonaws.swf.service.v2.model#InvalidName","message":"Invalid Name: 'a<b'"}`},
		{"json: members", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: AWSStepFunctions.Missing"}, 400, "ResourceNotFound",
			`{"__type":"com.amazonaws.swf.service.v2.model#ResourceNotFound","message":"none","resourceName":"x"}`},
		{"json: model constraint", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: AWSStepFunctions.Constraint"}, 400, "ValidationException",
			`{"__type":"com.amazon.coral.validate#ValidationException","message":"1 validation error"}`},
		{"json: unknown operation", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: AWSStepFunctions.Fly"}, 400, "UnknownOperationException", "states:Fly is not supported here"},
		{"json: other service's target", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: DynamoDB_20120810.StartExecution"}, 400, "UnknownOperationException", "StartExecution is not supported"},
		{"json: fault", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: AWSStepFunctions.Broken"}, 500, "InternalFailure", "unknown error"},
		{"json: panic", "POST", "/", "{}", []string{"for: states", "X-Amz-Target: AWSStepFunctions.Panics"}, 500, "InternalFailure", "unknown error"},
		{"rest: lower message", "GET", "/lower", "", []string{"for: lambda"}, 409, "ResourceConflictException", `{"Type":"User","message":"busy"}`},
		{"rest: upper message", "GET", "/upper", "", []string{"for: lambda"}, 404, "ResourceNotFoundException", `{"Message":"gone","Type":"User"}`},
		{"rest: fault", "GET", "/broken", "", []string{"for: lambda"}, 500, "ServiceException", `"Type":"Server"`},
		{"rest: members", "GET", "/throttled", "", []string{"for: lambda"}, 429, "TooManyRequestsException", `"Reason":"CallerRateLimitExceeded"`},
		{"rest: unknown path", "GET", "/2015-03-31/functions/f/dance", "", []string{"for: lambda"}, 404, "UnknownOperationException", "lambda:GET /2015-03-31/functions/f/dance is not supported here"},
		{"rest: empty parameter", "GET", "/2025-12-01/durable-executions//history", "", []string{"for: lambda"}, 404, "UnknownOperationException", "not supported"},
		{"query: error", "POST", "/", "Action=Invalid", []string{"for: sts", form}, 400, "",
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id &lt;a&gt; does not exist</Message></Error><RequestId>id-1</RequestId></ErrorResponse>`},
		{"query: unknown action", "POST", "/", "Action=Fly", []string{"for: sts", form}, 400, "", "<Code>InvalidAction</Code><Message>The action Fly is not valid for this web service.</Message>"},
		{"query: bad form", "POST", "/", "Action=%zz", []string{"for: sts", form}, 400, "", "<Code>MalformedQueryString</Code>"},
		{"s3: unknown subresource", "GET", "/b/k?torrent", "", []string{"for: s3"}, 400, "", "<Code>NotImplemented</Code>"},
		{"s3: write of a subresource is no write of the object", "PUT", "/b/k?tagging", "x", []string{"for: s3"}, 400, "", "PUT /b/k?tagging"},
		{"service not offered", "POST", "/", "{}", []string{"for: dynamodb", "X-Amz-Target: DynamoDB_20120810.PutItem"}, 400, "UnknownOperationException",
			"the service dynamodb is not offered here; offered are lambda, s3, states, sts"},
		{"target of nobody", "POST", "/", "{}", []string{"X-Amz-Target: Foo.Bar"}, 400, "UnknownOperationException", "the service Foo is not offered"},
		{"broken credential", "POST", "/", "{}", []string{"Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00"}, 403, "IncompleteSignatureException", "5 slash-delimited"},
		{"other algorithm", "POST", "/", "{}", []string{"Authorization: Bearer abc"}, 403, "IncompleteSignatureException", "AWS4-HMAC-SHA256"},
		{"too large", "POST", "/2015-03-31/functions/f/invocations", strings.Repeat("x", 65), []string{"for: lambda"}, 413, "RequestEntityTooLargeException", "Request must be smaller than 64 bytes"},
		{"no AWS request at all", "GET", "/favicon.ico", "", nil, 404, "", "no request of an AWS service"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(t, h, c.method, c.target, c.body, c.head...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("status %d, want %d; body %s, want %s", w.Code, c.status, w.Body, c.want)
			}
			if got := w.Header().Get("X-Amzn-Errortype"); got != c.typ {
				t.Errorf("error type %q, want %q", got, c.typ)
			}
		})
	}
	t.Run("retry after", func(t *testing.T) {
		if got := ask(t, h, "GET", "/throttled", "", "for: lambda").Header().Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After %q", got)
		}
	})
	t.Run("head has no body", func(t *testing.T) {
		if w := ask(t, h, "HEAD", "/b/k", "", "for: s3"); w.Code != 404 || w.Body.Len() != 0 {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}

func TestWebPagesAreKeptOut(t *testing.T) {
	h := front(t, func(c *wire.Config) {
		c.Guard.Hosts = []string{"host.docker.internal"}
		c.Guard.Origins = []string{"http://localhost:3000"}
	})
	for _, c := range []struct {
		name string
		head []string
		want int
	}{
		{"address", []string{"Host: 127.0.0.1:4566"}, 200},
		{"other loopback address", []string{"Host: 127.8.8.8"}, 200},
		{"v6", []string{"Host: [::1]:4566"}, 200},
		{"mapped v4", []string{"Host: [::ffff:127.0.0.1]:4566"}, 200},
		{"localhost in capitals", []string{"Host: LocalHost:4566"}, 200},
		{"name under localhost", []string{"Host: a.localhost:4566"}, 200},
		{"allowed name", []string{"Host: host.docker.internal:4566"}, 200},
		{"name that resolves here", []string{"Host: rebound.example:4566"}, 403},
		{"name that begins like us", []string{"Host: 127.0.0.1.example:4566"}, 403},
		{"name that ends like us", []string{"Host: evillocalhost:4566"}, 403},
		{"other address", []string{"Host: 10.0.0.1:4566"}, 403},
		{"no host", []string{"Host: "}, 403},
		{"own origin", []string{"Origin: http://127.0.0.1:4566"}, 200},
		{"allowed origin", []string{"Origin: http://localhost:3000"}, 200},
		{"foreign origin", []string{"Origin: https://example.com"}, 403},
		{"other port is another origin", []string{"Origin: http://127.0.0.1:8080"}, 403},
		{"sandboxed page", []string{"Origin: null"}, 403},
		{"cross-site without origin", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"cross-site link", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if w := ask(t, h, "GET", "/2015-03-31/functions", "", c.head...); w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
		})
	}
}

func TestCompressedBodyIsUnpackedWithinTheLimit(t *testing.T) {
	h := front(t, nil)
	pack := func(n int) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(bytes.Repeat([]byte("x"), n))
		z.Close()
		return b.String()
	}
	target := "/2015-03-31/functions/f/invocations"
	if w := ask(t, h, "POST", target, pack(60), "for: lambda", "Content-Encoding: gzip"); !strings.Contains(w.Body.String(), strings.Repeat("x", 60)) {
		t.Errorf("not unpacked: %s", w.Body)
	}
	if w := ask(t, h, "POST", target, pack(60_000), "for: lambda", "Content-Encoding: gzip"); w.Code != 413 {
		t.Errorf("a bomb was answered %d %s", w.Code, w.Body)
	}
	if w := ask(t, h, "POST", target, "zzz", "for: lambda", "Content-Encoding: gzip"); w.Code != 400 {
		t.Errorf("no gzip was answered %d %s", w.Code, w.Body)
	}
}

func TestChunkedUploadIsUnframed(t *testing.T) {
	h := front(t, nil)
	body := "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
	w := ask(t, h, "PUT", "/b/k", body, "for: s3", "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content-Encoding: aws-chunked")
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"Body":"hello world"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, bad := range []string{"5\r\nhell", "zz\r\n", "ffffffffff\r\nx\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "", "0\r\nno colon\r\n\r\n"} {
		w := ask(t, h, "PUT", "/b/k", bad+" ", "for: s3", "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		if w.Code != 400 {
			t.Errorf("%q was answered %d %s", bad, w.Code, w.Body)
		}
	}
}

func TestObserverHearsOfEveryCall(t *testing.T) {
	var heard []string
	h := front(t, func(c *wire.Config) {
		c.Observe = func(service, op string, status int, _ time.Duration) {
			heard = append(heard, service+":"+op+":"+http.StatusText(status))
		}
	})
	ask(t, h, "POST", "/", "{}", "for: states", "X-Amz-Target: AWSStepFunctions.StartExecution")
	ask(t, h, "POST", "/", "{}", "for: states", "X-Amz-Target: AWSStepFunctions.Nothing")
	ask(t, h, "POST", "/", "{}", "for: states", "X-Amz-Target: AWSStepFunctions.Panics")
	want := "states:StartExecution:OK states:unknown:Bad Request states:Panics:Internal Server Error"
	if got := strings.Join(heard, " "); got != want {
		t.Errorf("heard %s\nwant  %s", got, want)
	}
}

func BenchmarkSmallCall(b *testing.B) {
	h := wire.New(wire.Config{Services: services(), Now: time.Now, NewID: func() string { return "id" }, Guard: wire.Guard{Loopback: true}})
	req := httptest.NewRequest("GET", "/2015-03-31/functions/f", nil)
	req.Host = "127.0.0.1:4566"
	req.Header.Set("Authorization", strings.Replace(auth, "%s", "lambda", 1))
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(nowhere{http.Header{}}, req)
	}
}

type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

func TestHostsOfFunctionURLsAreRecognisedAndOnlyThose(t *testing.T) {
	local := wire.Guard{Loopback: true, Hosts: []string{"host.docker.internal"}}
	for host, want := range map[string]string{
		"abc.lambda-url.us-east-1.localhost:4566":            "abc us-east-1",
		"ABC.lambda-url.us-east-1.LOCALHOST":                 "abc us-east-1",
		"abc.lambda-url.us-east-1.127.0.0.1:4566":            "abc us-east-1",
		"abc.lambda-url.us-east-1.host.docker.internal:4566": "abc us-east-1",
		"abc.lambda-url.us-east-1.example.com":               "",
		"abc.lambda-url.localhost":                           "",
		"a.b.lambda-url.us-east-1.localhost":                 "",
		".lambda-url.us-east-1.localhost":                    "",
		"localhost:4566":                                     "",
	} {
		id, region, ok := local.URLHost(host)
		if got := strings.TrimSpace(id + " " + region); got != want || ok != (want != "") {
			t.Errorf("%s is %q, %v, want %q", host, got, ok, want)
		}
	}
	everywhere := wire.Guard{}
	if id, _, ok := everywhere.URLHost("abc.lambda-url.us-east-1.example.com"); !ok || id != "abc" {
		t.Error("a server that listens beyond loopback does not know its own name's URLs")
	}
}
