package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// urlStack makes a function with two URLs, one for everybody and one for those who sign.
const urlStack = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Echo:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.13
      Handler: index.handler
      Timeout: 30
      Code:
        ZipFile: |
          def handler(e, context):
              http = e["requestContext"]["http"]
              body = " ".join([http["method"], e["rawPath"], e["rawQueryString"], e.get("body", ""), e["requestContext"]["accountId"]])
              return {"statusCode": 200, "headers": {"content-type": "text/html", "access-control-allow-origin": "https://mine"}, "body": body}
  Open:
    Type: AWS::Lambda::Url
    Properties:
      TargetFunctionArn: !Ref Echo
      AuthType: NONE
      Cors: {AllowOrigins: ["https://app.example"], AllowMethods: [GET], MaxAge: MAXAGE}
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Echo}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Echo, FunctionVersion: !GetAtt Version.Version, Name: live}
  Closed:
    Type: AWS::Lambda::Url
    DependsOn: Live
    Properties: {TargetFunctionArn: !Ref Echo, Qualifier: live, AuthType: AWS_IAM}
  Everybody:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Echo, Action: lambda:InvokeFunctionUrl, Principal: "*", FunctionUrlAuthType: NONE}
Outputs:
  Open: {Value: !GetAtt Open.FunctionUrl}
  OpenArn: {Value: !Ref Open}
  Closed: {Value: !GetAtt Closed.FunctionUrl}
  ClosedArn: {Value: !GetAtt Closed.FunctionArn}
`

// outputs deploys a template as the stack s and gives its outputs.
func outputs(t *testing.T, s *Server, template string, update bool) map[string]string {
	t.Helper()
	ctx, c := context.Background(), cf.NewFromConfig(awsConfig(s, "me", "secret", ""))
	var err error
	if update {
		_, err = c.UpdateStack(ctx, &cf.UpdateStackInput{StackName: aws.String("s"), TemplateBody: &template, Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
	} else {
		_, err = c.CreateStack(ctx, &cf.CreateStackInput{StackName: aws.String("s"), TemplateBody: &template, Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		out, err := c.DescribeStacks(ctx, &cf.DescribeStacksInput{StackName: aws.String("s")})
		if err != nil {
			t.Fatal(err)
		}
		st := out.Stacks[0]
		switch st.StackStatus {
		case types.StackStatusCreateComplete, types.StackStatusUpdateComplete:
			m := map[string]string{}
			for _, o := range st.Outputs {
				m[*o.OutputKey] = *o.OutputValue
			}
			return m
		case types.StackStatusCreateInProgress, types.StackStatusUpdateInProgress, types.StackStatusUpdateCompleteCleanupInProgress:
		default:
			t.Fatalf("the stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
		}
	}
}

// ask sends a request with headers, does not follow redirects, and gives the answer with its body.
func ask(t *testing.T, method, url, host, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return send(t, req)
}

func send(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestFunctionURLsAreServedToThoseWhoMay(t *testing.T) {
	interpreter(t, "python3")
	s := start(t, func(c *Config) { c.Credentials = []Credential{{"me", "secret"}} })
	template := strings.Replace(urlStack, "MAXAGE", "60", 1)
	out := outputs(t, s, template, false)
	if !strings.Contains(out["OpenArn"], ":function:") || !strings.HasSuffix(out["ClosedArn"], ":live") {
		t.Errorf("the outputs are %v", out)
	}
	id := func(name string) string {
		return strings.Trim(out[name][strings.LastIndexByte(strings.TrimSuffix(out[name], "/"), '/'):], "/")
	}
	port := s.URL()[strings.LastIndexByte(s.URL(), ':')+1:]
	own := id("Open") + ".lambda-url.us-east-1.localhost:" + port
	for _, tc := range []struct {
		what, method, url, host string
		headers                 []string
		want                    string
	}{
		{"by path", "POST", out["Open"] + "a/b%20c?x=1", "", []string{"Content-Type", "text/plain"}, "200 POST /a/b%20c x=1 hello anonymous"},
		{"by host", "POST", s.URL() + "/a/b?x=1", own, []string{"Content-Type", "text/plain"}, "200 POST /a/b x=1 hello anonymous"},
		{"by host, what would be an operation", "GET", s.URL() + "/2015-03-31/functions", own, nil, "200 GET /2015-03-31/functions   anonymous"},
		{"by host, what would be metrics", "GET", s.URL() + "/metrics", own, nil, "200 GET /metrics   anonymous"},
		{"from a page", "GET", out["Open"], "", []string{"Origin", "https://app.example"}, "200 GET /   anonymous"},
		{"in another region", "GET", s.URL() + "/", strings.Replace(own, "us-east-1", "eu-west-1", 1), nil, `404 {"Message":"there is no such function URL"}`},
		{"another id", "GET", s.URL() + "/_perdure/url/nothing/", "", nil, `404 {"Message":"there is no such function URL"}`},
		{"by a name that is not this machine's", "GET", s.URL() + "/", strings.Replace(own, "localhost", "example.com", 1), nil, "403 "},
		{"by path, by such a name", "GET", out["Open"], "example.com", nil, "403 "},
		{"unsigned", "GET", out["Closed"], "", nil, `403 {"Message":"Missing Authentication Token"}`},
	} {
		body := ""
		if tc.method == "POST" {
			body = "hello"
		}
		resp, got := ask(t, tc.method, tc.url, tc.host, body, tc.headers...)
		if got := fmt.Sprint(resp.StatusCode, " ", got); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: got %s, want %s", tc.what, got, tc.want)
		}
	}
	signed := func(key, secret string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequest("POST", out["Closed"]+"x", strings.NewReader("hi"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "text/plain")
		sum := sha256.Sum256([]byte("hi"))
		err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, req, hex.EncodeToString(sum[:]), "lambda", "us-east-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return send(t, req)
	}
	if resp, got := signed("me", "secret"); resp.StatusCode != 200 || got != "POST /x  hi "+DefaultAccount {
		t.Errorf("signed: %d %s", resp.StatusCode, got)
	}
	if resp, got := signed("me", "wrong"); resp.StatusCode != 403 || !strings.Contains(got, "signature we calculated does not match") {
		t.Errorf("signed by somebody else: %d %s", resp.StatusCode, got)
	}
	again := outputs(t, s, strings.Replace(urlStack, "MAXAGE", "90", 1), true)
	if again["Open"] != out["Open"] {
		t.Errorf("an update made another URL: %v, was %v", again, out)
	}
	resp, got := ask(t, "OPTIONS", out["Open"], "", "", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
	if h := resp.Header; resp.StatusCode != 200 || got != "" || h.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		h.Get("Access-Control-Max-Age") != "90" || h.Get("Access-Control-Allow-Methods") != "GET" {
		t.Errorf("preflight: %d %s %v", resp.StatusCode, got, h)
	}
}

func TestPagesOfFunctionURLsAreKeptFromTheServersOperations(t *testing.T) {
	interpreter(t, "python3")
	s := start(t, nil)
	out := outputs(t, s, strings.Replace(urlStack, "MAXAGE", "60", 1), false)
	resp, _ := ask(t, "GET", out["Open"]+"a?b=c", "", "", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	id := strings.Split(out["Open"], "/")[5]
	if want := "http://" + id + ".lambda-url.us-east-1.localhost:" + s.URL()[strings.LastIndexByte(s.URL(), ':')+1:] + "/a?b=c"; resp.StatusCode != 307 || resp.Header.Get("Location") != want {
		t.Errorf("a browser is sent to %d %s, want %s", resp.StatusCode, resp.Header.Get("Location"), want)
	}
	resp, _ = ask(t, "GET", out["Open"], "", "")
	if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "sandbox") {
		t.Errorf("a page that has the server's own origin is not in a sandbox: %q", got)
	}
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "": ""} {
		resp, _ := ask(t, "GET", out["Open"], "", "", "Origin", origin)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("pages of %q may read as %q, want %q", origin, got, want)
		}
	}
	resp, body := ask(t, "GET", s.URL()+"/2015-03-31/functions", "", "", "Origin", "http://"+id+".lambda-url.us-east-1.localhost:1")
	if resp.StatusCode != 403 {
		t.Errorf("a function's page may call operations: %d %s", resp.StatusCode, body)
	}
	if resp, _ := ask(t, "GET", out["Closed"], "", "", "Authorization", "AWS4-HMAC-SHA256 Credential=a/20250101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00"); resp.StatusCode != 200 {
		t.Errorf("signed, on a server that checks no signatures: %d", resp.StatusCode)
	}
}
