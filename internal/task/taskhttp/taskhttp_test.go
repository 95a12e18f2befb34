package taskhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/task"
)

// fixed are connections by ARN.
type fixed map[string]*Connection

func (f fixed) Connection(_ context.Context, arn string) (*Connection, error) {
	switch c := f[arn]; {
	case arn == "broken":
		return nil, errors.New("the store is gone")
	case c == nil:
		return nil, api.Errorf("ResourceNotFoundException", "Connection '%s' does not exist.", arn)
	default:
		return c, nil
	}
}

var conns = fixed{
	"plain": {},
	"rich": {Headers: []Parameter{{"Authorization", "Basic bWU6aHVzaA=="}, {"header-param", "of the connection"}, {"user-agent", "other"}},
		Query: []Parameter{{"QueryParam", "of the connection"}, {"key", "hush"}}, Body: []Parameter{{"BodyParam", "of the connection"}}},
}

func runner(t *testing.T) *Runner {
	t.Helper()
	r := New(conns, time.Now)
	t.Cleanup(r.Close)
	return r
}

// run calls with a state's arguments, in which $U stands for the endpoint and $C for a plain connection.
func run(t *testing.T, r *Runner, url, args string) *task.Result {
	t.Helper()
	args = strings.NewReplacer("$U", url, "$C", `"InvocationConfig":{"ConnectionArn":"plain"}`,
		"$R", `"Authentication":{"ConnectionArn":"rich"}`).Replace(args)
	res, err := r.Run(t.Context(), &task.Request{Action: "invoke", Region: "eu-west-1", Arguments: []byte(args)})
	if err != nil {
		t.Fatalf("%s: %v", args, err)
	}
	return res
}

// echo answers with what it was asked, as text.
func echo(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s\n", req.Method, req.RequestURI)
		req.Header.Del("Content-Length")
		if err := req.Header.Write(w); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "\n%s", body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWhatAStateAndItsConnectionSayIsSent(t *testing.T) {
	r, url := runner(t), echo(t)
	const (
		ours = "Range: bytes=0-262144\r\n"
		us   = "User-Agent: Amazon|StepFunctions|HttpInvoke|eu-west-1\r\n"
		json = "Content-Type: application/json; charset=UTF-8\r\n"
	)
	for args, want := range map[string]string{
		`{"ApiEndpoint":"$U","Method":"GET",$C}`: "GET /\n" + ours + us + "\n",
		`{"ApiEndpoint":"$U/a?x=1","Method":"POST",$C,"RequestBody":{"b":1,"a":[true,null]},"QueryParameters":{"q r":"ü&","n":2,"l":["1","2"],"o":{"i":"j"}}}`: "POST /a?x=1&q%20r=%C3%BC%26&n=2&l=1&l=2&o%5Bi%5D=j\n" + json + ours + us + "\n" + `{"b":1,"a":[true,null]}`,
		`{"ApiEndpoint":"$U/path","Method":"POST",$R,"Headers":{"Request-Id":"my_request_id","Header-Param":"of the state","many":["1","2"]},` +
			`"RequestBody":{"Job":"Engineer","BodyParam":"of the state","Company":"C"},"QueryParameters":{"QueryParam":"of the state"}}`: "POST /path?QueryParam=of%20the%20connection&key=hush\nAuthorization: Basic bWU6aHVzaA==\r\n" + json + "Header-Param: of the connection\r\n" +
			"Many: 1\r\nMany: 2\r\n" + ours + "Request-Id: my_request_id\r\n" + us + "\n" + `{"Job":"Engineer","BodyParam":"of the connection","Company":"C"}`,
		`{"ApiEndpoint":"$U","Method":"PUT",$C,"RequestBody":"<a/>","Headers":{"content-type":"text/xml","range":"bytes=1-2"}}`: "PUT /\nContent-Type: text/xml\r\n" + ours + us + "\n<a/>",
		`{"ApiEndpoint":"$U","Method":"DELETE",$R}`: "DELETE /?QueryParam=of%20the%20connection&key=hush\nAuthorization: Basic bWU6aHVzaA==\r\n" + json +
			"Header-Param: of the connection\r\n" + ours + us + "\n" + `{"BodyParam":"of the connection"}`,
	} {
		res := run(t, r, url, args)
		var out struct{ ResponseBody string }
		if err := decode(res.Output, &out); err != nil || res.Error != "" || out.ResponseBody != want {
			t.Errorf("%s:\n got %q %s %s\nwant %q", args, out.ResponseBody, res.Error, res.Cause, want)
		}
	}
}

func decode(data []byte, v any) error { return json.Unmarshal(data, v) }

func TestBodiesAreURLEncodedAsTheTransformSays(t *testing.T) {
	r, url := runner(t), echo(t)
	for options, want := range map[string]string{
		`"RequestBodyEncoding":"NONE"`:        `{"customer":"c 1","meta":{"k":[1,"b&"]},"tags":["a","b"],"none":null}`,
		`"RequestBodyEncoding":"URL_ENCODED"`: "customer=c%201&meta%5Bk%5D%5B0%5D=1&meta%5Bk%5D%5B1%5D=b%26&tags%5B0%5D=a&tags%5B1%5D=b&none=",
		`"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"INDICES"}`:  "customer=c%201&meta%5Bk%5D%5B0%5D=1&meta%5Bk%5D%5B1%5D=b%26&tags%5B0%5D=a&tags%5B1%5D=b&none=",
		`"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"REPEAT"}`:   "customer=c%201&meta%5Bk%5D=1&meta%5Bk%5D=b%26&tags=a&tags=b&none=",
		`"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"COMMAS"}`:   "customer=c%201&meta%5Bk%5D=1,b%26&tags=a,b&none=",
		`"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"BRACKETS"}`: "customer=c%201&meta%5Bk%5D%5B%5D=1&meta%5Bk%5D%5B%5D=b%26&tags%5B%5D=a&tags%5B%5D=b&none=",
	} {
		res := run(t, r, url, `{"ApiEndpoint":"$U","Method":"POST",$C,"RequestBody":{"customer":"c 1","meta":{"k":[1,"b&"]},"tags":["a","b"],"none":null},"Transform":{`+options+`}}`)
		var out struct{ ResponseBody string }
		if err := decode(res.Output, &out); err != nil {
			t.Fatal(res.Error, res.Cause)
		}
		if _, body, _ := strings.Cut(out.ResponseBody, "\n\n"); body != want {
			t.Errorf("%s:\n got %s\nwant %s", options, body, want)
		}
	}
}

func TestArgumentsThatCannotMakeACallAreRefused(t *testing.T) {
	r, url := runner(t), echo(t)
	for args, want := range map[string]string{
		`[]`:                                  "they must be an object",
		`{}`:                                  "The field 'ApiEndpoint' is required but was missing",
		`{"ApiEndpoint":"$U",$C}`:             "The field 'Method' is required but was missing",
		`{"ApiEndpoint":"$U","Method":"GET"}`: "The field 'InvocationConfig' is required but was missing",
		`{"ApiEndpoint":"$U","Method":"GET","Authentication":{}}`:                                                    "The field 'Authentication.ConnectionArn' is required but was missing",
		`{"ApiEndpoint":"$U","Method":"GET","InvocationConfig":"a"}`:                                                 "The field 'InvocationConfig.ConnectionArn' is required but was missing",
		`{"ApiEndpoint":7,"Method":"GET",$C}`:                                                                        "must be an HTTPS URL",
		`{"ApiEndpoint":"/path","Method":"GET",$C}`:                                                                  "must be an HTTPS URL",
		`{"ApiEndpoint":"ftp://localhost/","Method":"GET",$C}`:                                                       "must be an HTTPS URL",
		`{"ApiEndpoint":"http://example.com/","Method":"GET",$C}`:                                                    "HTTP is for loopback addresses only",
		`{"ApiEndpoint":"https://me:hush@localhost/","Method":"GET",$C}`:                                             "must be an HTTPS URL",
		`{"ApiEndpoint":"$U","Method":"TRACE",$C}`:                                                                   "The value of the field 'Method' must be one of GET, POST",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Other":1}`:                                                           "The field 'Other' is not supported by Step Functions",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Headers":"a"}`:                                                       "The value of the field 'Headers' must be an object",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Headers":{"a b":"c"}}`:                                               "The header 'a b' is not valid",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Headers":{"a":"\n"}}`:                                                "The header 'a' is not valid",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Headers":{"a":{}}}`:                                                  "The header 'a' is not valid",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Headers":{"authorization":"x"}}`:                                     "The header 'authorization' is not allowed",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Headers":{"X-Amz-Date":"x"}}`:                                        "The header 'X-Amz-Date' is not allowed",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"QueryParameters":"a=b"}`:                                             "The value of the field 'QueryParameters' must be an object",
		`{"ApiEndpoint":"$U","Method":"GET",$R,"RequestBody":"text"}`:                                                "must be an object, because the connection has body parameters",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"RequestBody":[1],"Transform":{"RequestBodyEncoding":"URL_ENCODED"}}`: "must be an object to be URL-encoded",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Transform":{"RequestBodyEncoding":"GZIP"}}`:                          "must be NONE or URL_ENCODED",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Transform":{"RequestEncodingOptions":{"ArrayFormat":"X"}}}`:          "INDICES, REPEAT, COMMAS or BRACKETS",
		`{"ApiEndpoint":"$U","Method":"GET",$C,"Transform":{"Other":1}}`:                                             "The field 'Transform.Other' is not supported",
	} {
		res := run(t, r, url, args)
		if res.Error != "States.Runtime" || !strings.HasPrefix(res.Cause, "The Parameters '") || !strings.Contains(res.Cause, want) {
			t.Errorf("%s: %s %s, want %s", args, res.Error, res.Cause, want)
		}
	}
}

func TestAnswersBecomeResultsOrErrors(t *testing.T) {
	r := runner(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h["Date"] = nil
		switch req.URL.Path {
		case "/json":
			h.Set("Content-Type", "application/json")
			h.Add("X-Two", "1")
			h.Add("X-Two", "2")
			w.WriteHeader(206)
			io.WriteString(w, `{"b":1.0,"a":"<"}`)
		case "/text":
			h.Set("Content-Type", "text/html")
			io.WriteString(w, "<p>ü</p>")
		case "/none":
			w.WriteHeader(204)
		case "/image":
			h.Set("Content-Type", "image/png")
			io.WriteString(w, "text")
		case "/octets":
			h.Set("Content-Type", "Application/Octet-Stream; a=b")
		case "/binary":
			h.Set("Content-Type", "text/plain")
			w.Write([]byte{0xff, 0xfe})
		case "/large":
			h.Set("Content-Type", "text/plain")
			io.WriteString(w, strings.Repeat("x", maxBody+1))
		case "/found":
			h.Set("Content-Type", "text/plain")
			http.Redirect(w, req, "/json", http.StatusFound)
		case "/teapot":
			h.Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "short and stout")
		case "/gone":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		}
	}))
	t.Cleanup(s.Close)
	for path, want := range map[string]string{
		"/json":   `{"Headers":{"content-length":["17"],"content-type":["application/json"],"x-two":["1","2"]},"ResponseBody":{"b":1.0,"a":"<"},"StatusCode":206,"StatusText":"Partial Content"}`,
		"/text":   `{"Headers":{"content-length":["9"],"content-type":["text/html"]},"ResponseBody":"<p>ü</p>","StatusCode":200,"StatusText":"OK"}`,
		"/none":   `{"Headers":{},"ResponseBody":"","StatusCode":204,"StatusText":"No Content"}`,
		"/image":  "States.Runtime: The HTTP response has the content type 'image/png', which is not supported",
		"/octets": "States.Runtime: The HTTP response has the content type 'Application/Octet-Stream; a=b', which is not supported",
		"/binary": "States.Runtime: The body of the HTTP response is not text",
		"/large":  "States.DataLimitExceeded: The state/task 'http' returned a result with a size exceeding the maximum number of bytes service limit.",
		"/found":  "States.Http.StatusCode.302: ",
		"/teapot": "States.Http.StatusCode.418: short and stout",
		"/gone":   "States.Http.Socket: Unable to execute HTTP request: EOF",
	} {
		res := run(t, r, s.URL, `{"ApiEndpoint":"$U`+path+`","Method":"POST",$C,"QueryParameters":{"key":"hush"}}`)
		got := string(res.Output)
		if res.Error != "" {
			got = res.Error + ": " + res.Cause
		}
		if got != want {
			t.Errorf("%s:\n got %.400s\nwant %s", path, got, want)
		}
	}
}

func TestCallsThatGetNoAnswerFailWithSocket(t *testing.T) {
	r := runner(t)
	dead := httptest.NewServer(nil)
	dead.Close()
	res := run(t, r, dead.URL, `{"ApiEndpoint":"$U","Method":"GET",$R}`)
	if res.Error != "States.Http.Socket" || !strings.Contains(res.Cause, "connection refused") || strings.Contains(res.Cause, "hush") {
		t.Errorf("a dead endpoint: %+v", res)
	}
	secret := httptest.NewUnstartedServer(nil)
	secret.Config.ErrorLog = log.New(io.Discard, "", 0)
	secret.StartTLS()
	t.Cleanup(secret.Close)
	if res := run(t, r, secret.URL, `{"ApiEndpoint":"$U","Method":"GET",$C}`); res.Error != "States.Http.Socket" || !strings.Contains(res.Cause, "certificate") {
		t.Errorf("a certificate that nobody trusts: %+v", res)
	}
	r.timeout = 50 * time.Millisecond
	for _, early := range []bool{false, true} { // the headers come, the body does not
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if early {
				w.(http.Flusher).Flush()
			}
			<-req.Context().Done()
		}))
		t.Cleanup(s.Close)
		if res := run(t, r, s.URL, `{"ApiEndpoint":"$U","Method":"GET",$C}`); res.Error != "States.Http.Socket" ||
			res.Cause != "The HTTP request did not complete within 50ms." {
			t.Errorf("a slow endpoint, headers %v: %+v", early, res)
		}
	}
}

func TestTrustedEndpointsAreCalledOverTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "7") }))
	t.Cleanup(s.Close)
	r := runner(t)
	r.client.Transport = s.Client().Transport
	if res := run(t, r, s.URL, `{"ApiEndpoint":"$U","Method":"GET",$C}`); !strings.Contains(string(res.Output), `"ResponseBody":7,`) {
		t.Errorf("%s %+v", res.Output, res)
	}
}

func TestACallWhoseCallerIsGoneIsNoFailureOfTheTask(t *testing.T) {
	called := make(chan bool, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		called <- true
		<-req.Context().Done()
	}))
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-called
		cancel()
	}()
	args := fmt.Sprintf(`{"ApiEndpoint":%q,"Method":"GET","InvocationConfig":{"ConnectionArn":"plain"}}`, s.URL)
	if res, err := runner(t).Run(ctx, &task.Request{Action: "invoke", Arguments: []byte(args)}); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestConnectionsThatAreNotThereFailTheTask(t *testing.T) {
	r := runner(t)
	res := run(t, r, "http://localhost", `{"ApiEndpoint":"$U","Method":"GET","InvocationConfig":{"ConnectionArn":"none"}}`)
	if res.Error != "Events.ConnectionResource.ResourceNotFound" || res.Cause != "Connection 'none' does not exist." {
		t.Errorf("%+v", res)
	}
	args := `{"ApiEndpoint":"http://localhost","Method":"GET","InvocationConfig":{"ConnectionArn":"broken"}}`
	if _, err := r.Run(t.Context(), &task.Request{Action: "invoke", Arguments: []byte(args)}); err == nil {
		t.Error("a store that cannot be read is no failure of the task")
	}
}
