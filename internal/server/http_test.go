package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
)

// httpCalls does the operations that HTTP Tasks need.
type httpCalls struct {
	*testing.T
	s   *Server
	sfn *awssfn.Client
}

func newHTTPCalls(t *testing.T, s *Server) *httpCalls {
	return &httpCalls{t, s, awssfn.New(awssfn.Options{BaseEndpoint: aws.String(s.URL()), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})}
}

// events calls EventBridge in its JSON protocol.
func (c *httpCalls) events(operation, body string) (int, string) {
	c.Helper()
	req, err := http.NewRequest("POST", c.s.URL(), strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "AWSEvents."+operation)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// connect creates a connection with an API key and returns its ARN.
func (c *httpCalls) connect() string {
	c.Helper()
	return c.connectAs("api", "API_KEY", `{"ApiKeyAuthParameters":{"ApiKeyName":"X-Key","ApiKeyValue":"hush"}}`)
}

func (c *httpCalls) connectAs(name, kind, parameters string) string {
	c.Helper()
	status, answer := c.events("CreateConnection", fmt.Sprintf(`{"Name":%q,"AuthorizationType":%q,"AuthParameters":%s}`, name, kind, parameters))
	_, rest, _ := strings.Cut(answer, `"ConnectionArn":"`)
	arn, _, _ := strings.Cut(rest, `"`)
	if status != 200 || arn == "" {
		c.Fatal(status, answer)
	}
	return arn
}

// start creates a machine of one HTTP Task and starts it.
func (c *httpCalls) start(name, arguments, more string) *string {
	c.Helper()
	return c.task(name, "http:invoke", arguments, more)
}

// task creates a machine of one Task state and starts it.
func (c *httpCalls) task(name, resource, arguments, more string) *string {
	c.Helper()
	made, err := c.sfn.CreateStateMachine(c.Context(), &awssfn.CreateStateMachineInput{Name: &name, RoleArn: aws.String("arn:aws:iam::000000000000:role/r"),
		Definition: aws.String(`{"QueryLanguage":"JSONata","StartAt":"H","States":{"H":{"Type":"Task","Resource":"arn:aws:states:::` + resource +
			`","Arguments":` + arguments + more + `,"End":true}}}`)})
	if err != nil {
		c.Fatal(err)
	}
	started, err := c.sfn.StartExecution(c.Context(), &awssfn.StartExecutionInput{StateMachineArn: made.StateMachineArn, Input: aws.String(`{"n":1}`)})
	if err != nil {
		c.Fatal(err)
	}
	return started.ExecutionArn
}

// end waits for the end of an execution: its output, or its error and cause.
func (c *httpCalls) end(arn *string) string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := c.sfn.DescribeExecution(ctx, &awssfn.DescribeExecutionInput{ExecutionArn: arn})
		if err != nil {
			c.Fatal(err)
		}
		switch d.Status {
		case "RUNNING":
			<-tick.C
		case "SUCCEEDED":
			return *d.Output
		default:
			return aws.ToString(d.Error) + ": " + aws.ToString(d.Cause)
		}
	}
}

func TestHTTPTasksCallEndpointsOverConnections(t *testing.T) {
	s := start(t, nil)
	c := newHTTPCalls(t, s)
	tries := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.Header()["Date"] = nil
		w.Header().Set("Content-Type", "application/json")
		switch req.URL.Path {
		case "/flaky":
			if tries++; tries < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				io.WriteString(w, "busy")
			}
		case "/large":
			fmt.Fprintf(w, "%q", strings.Repeat("x", 262_144))
		case "/slow":
			<-req.Context().Done()
		default:
			fmt.Fprintf(w, `{"key":%q,"got":%s}`, req.Header.Get("X-Key"), body)
		}
	}))
	t.Cleanup(api.Close)
	dead := httptest.NewServer(nil)
	dead.Close()
	arn := c.connect()
	arguments := func(url string) string {
		return fmt.Sprintf(`{"ApiEndpoint":%q,"Method":"POST","InvocationConfig":{"ConnectionArn":%q},"RequestBody":"{%% $states.input %%}"}`, url, arn)
	}
	for _, step := range []struct{ name, arguments, more, want string }{
		{"answer", arguments(api.URL + "/"), "", `{"Headers":{"content-length":["28"],"content-type":["application/json"]},` +
			`"ResponseBody":{"key":"hush","got":{"n":1}},"StatusCode":200,"StatusText":"OK"}`},
		{"retry", arguments(api.URL + "/flaky"), `,"Retry":[{"ErrorEquals":["States.Http.StatusCode.503"],"IntervalSeconds":1,"BackoffRate":1}],` +
			`"Output":"{% $states.result.StatusCode %}"`, "200"},
		{"large", arguments(api.URL + "/large"), "", "States.DataLimitExceeded: The state/task 'http' returned a result with a size exceeding"},
		{"slow", arguments(api.URL + "/slow"), `,"TimeoutSeconds":1`, "States.Timeout: "},
		{"dead", arguments(dead.URL), "", "States.Http.Socket: Unable to execute HTTP request: dial tcp"},
		{"elsewhere", arguments("http://example.com/"), "", "HTTP is for loopback addresses only"},
	} {
		if got := c.end(c.start(step.name, step.arguments, step.more)); !strings.Contains(got, step.want) {
			t.Errorf("%s:\n got %.500s\nwant %s", step.name, got, step.want)
		}
	}
	if status, answer := c.events("DeleteConnection", `{"Name":"api"}`); status != 200 {
		t.Fatal(answer)
	}
	if got := c.end(c.start("gone", arguments(api.URL), "")); !strings.HasPrefix(got, "Events.ConnectionResource.ResourceNotFound: ") {
		t.Errorf("over a connection that was deleted: %s", got)
	}
}

func TestAnHTTPTaskUnderWayAtTheEndOfTheServerIsDoneAgain(t *testing.T) {
	dir := t.TempDir()
	came := make(chan int, 2)
	n := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n++
		came <- n
		if n == 1 {
			io.ReadAll(req.Body)
			<-req.Context().Done()
			return
		}
		io.WriteString(w, "done")
	}))
	t.Cleanup(api.Close)
	first, err := Start(context.Background(), Config{Listen: "127.0.0.1:0", Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := newHTTPCalls(t, first)
	arn := c.start("m", fmt.Sprintf(`{"ApiEndpoint":%q,"Method":"GET","InvocationConfig":{"ConnectionArn":%q}}`, api.URL, c.connect()),
		`,"Output":"{% $states.result.ResponseBody %}"`)
	<-came
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, func(cfg *Config) { cfg.Data = dir })
	if got := newHTTPCalls(t, second).end(arn); got != `"done"` || <-came != 2 {
		t.Errorf("got %s after %d calls", got, n)
	}
}

func TestWhatElseEventBridgeHasIsRefusedByName(t *testing.T) {
	c := newHTTPCalls(t, start(t, nil))
	for _, operation := range []string{"PutEvents", "PutRule", "DeauthorizeConnection", "CreateApiDestination"} {
		if status, answer := c.events(operation, "{}"); status != 400 || !strings.Contains(answer, "events:"+operation+" is not supported here") {
			t.Errorf("%s: %d %s", operation, status, answer)
		}
	}
}

func TestTaskStatesReadAndWriteObjects(t *testing.T) {
	c := newHTTPCalls(t, start(t, nil))
	for i, step := range []struct{ action, arguments, want string }{
		{"createBucket", `{"Bucket":"my-bucket"}`, `{"Location":"/my-bucket"}`},
		{"putObject", `{"Bucket":"my-bucket","Key":"k","Body":"{% $states.input %}"}`, `{"ETag":"`},
		{"getObject", `{"Bucket":"my-bucket","Key":"k"}`, `"Body":"{\"n\":1}"`},
		{"getObject", `{"Bucket":"my-bucket","Key":"none"}`, "S3.NoSuchKeyException: The specified key does not exist. (Service: S3, Status Code: 404, "},
	} {
		if got := c.end(c.task(fmt.Sprint("m", i), "aws-sdk:s3:"+step.action, step.arguments, "")); !strings.Contains(got, step.want) {
			t.Errorf("%s %s:\n got %s\nwant %s", step.action, step.arguments, got, step.want)
		}
	}
}

func TestHTTPTasksGetTokensForOAuth(t *testing.T) {
	c := newHTTPCalls(t, start(t, nil))
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/token" && req.FormValue("client_id")+req.FormValue("client_secret")+req.FormValue("grant_type") == "mehushclient_credentials" {
			io.WriteString(w, `{"access_token":"t"}`)
			return
		}
		io.WriteString(w, req.Header.Get("Authorization"))
	}))
	t.Cleanup(api.Close)
	arn := c.connectAs("oauth", "OAUTH_CLIENT_CREDENTIALS", fmt.Sprintf(`{"OAuthParameters":{"AuthorizationEndpoint":%q,"HttpMethod":"POST",`+
		`"ClientParameters":{"ClientID":"me","ClientSecret":"hush"},"OAuthHttpParameters":{"BodyParameters":[{"Key":"grant_type","Value":"client_credentials"}]}}}`,
		api.URL+"/token"))
	got := c.end(c.start("m", fmt.Sprintf(`{"ApiEndpoint":%q,"Method":"GET","Authentication":{"ConnectionArn":%q}}`, api.URL, arn), ""))
	if !strings.Contains(got, `"ResponseBody":"Bearer t"`) {
		t.Error(got)
	}
}
