package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/lambda"
)

// said is an error's code and message.
func said(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	return fmt.Sprint(err)
}

func TestAFunctionAndItsAliasesHaveURLs(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	must[*sdk.PublishVersionOutput](t)(c.PublishVersion(c.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("fn")}))
	must[*sdk.CreateAliasOutput](t)(c.CreateAlias(c.Context(), &sdk.CreateAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live"), FunctionVersion: aws.String("1")}))
	made := must[*sdk.CreateFunctionUrlConfigOutput](t)(c.CreateFunctionUrlConfig(c.Context(), &sdk.CreateFunctionUrlConfigInput{FunctionName: aws.String("fn"), AuthType: types.FunctionUrlAuthTypeNone}))
	if !strings.HasPrefix(*made.FunctionUrl, c.url+lambda.URLPath) || !strings.HasSuffix(*made.FunctionUrl, "/") || made.InvokeMode != types.InvokeModeBuffered {
		t.Errorf("made %+v", made)
	}
	alias := must[*sdk.CreateFunctionUrlConfigOutput](t)(c.CreateFunctionUrlConfig(c.Context(), &sdk.CreateFunctionUrlConfigInput{
		FunctionName: aws.String("fn"), Qualifier: aws.String("live"), AuthType: types.FunctionUrlAuthTypeAwsIam,
		Cors: &types.Cors{AllowOrigins: []string{"*"}, MaxAge: aws.Int32(5)}}))
	equal(t, "the alias", (*alias.FunctionArn)[strings.LastIndexByte(*alias.FunctionArn, ':'):], ":live")
	list := must[*sdk.ListFunctionUrlConfigsOutput](t)(c.ListFunctionUrlConfigs(c.Context(), &sdk.ListFunctionUrlConfigsInput{FunctionName: aws.String("fn"), MaxItems: aws.Int32(1)}))
	equal(t, "first page", fmt.Sprint(len(list.FunctionUrlConfigs), *list.FunctionUrlConfigs[0].FunctionUrl == *made.FunctionUrl), "1 true")
	list = must[*sdk.ListFunctionUrlConfigsOutput](t)(c.ListFunctionUrlConfigs(c.Context(), &sdk.ListFunctionUrlConfigsInput{FunctionName: aws.String("fn"), Marker: list.NextMarker}))
	equal(t, "second page", fmt.Sprint(len(list.FunctionUrlConfigs), *list.FunctionUrlConfigs[0].FunctionUrl == *alias.FunctionUrl, list.NextMarker == nil), "1 true true")
	changed := must[*sdk.UpdateFunctionUrlConfigOutput](t)(c.UpdateFunctionUrlConfig(c.Context(), &sdk.UpdateFunctionUrlConfigInput{
		FunctionName: aws.String("fn"), Qualifier: aws.String("live"), Cors: &types.Cors{}}))
	equal(t, "without Cors", fmt.Sprint(changed.Cors == nil, " ", changed.AuthType), "true AWS_IAM")
	_, err := c.DeleteAlias(c.Context(), &sdk.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("live")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetFunctionUrlConfig(c.Context(), &sdk.GetFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("live")})
	equal(t, "with its alias the URL is gone", said(err), "ResourceNotFoundException: The resource you requested does not exist.")
	if _, err := c.DeleteFunction(c.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn")}); err != nil {
		t.Fatal(err)
	}
	docs, err := c.store.Docs(c.Context(), "lambda/url", "", "", 10)
	equal(t, "left behind", fmt.Sprint(len(docs), err), "0 <nil>")
}

func TestURLsThatCannotBeAreRefused(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	make := func(change func(*sdk.CreateFunctionUrlConfigInput)) string {
		in := &sdk.CreateFunctionUrlConfigInput{FunctionName: aws.String("fn"), AuthType: types.FunctionUrlAuthTypeNone}
		change(in)
		_, err := c.CreateFunctionUrlConfig(c.Context(), in)
		return said(err)
	}
	for want, change := range map[string]func(*sdk.CreateFunctionUrlConfigInput){
		"ValidationException: 1 validation error detected: Value 'SOME' at 'authType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, AWS_IAM]":                        func(in *sdk.CreateFunctionUrlConfigInput) { in.AuthType = "SOME" },
		"InvalidParameterValueException: InvokeMode RESPONSE_STREAM is not supported here: responses are buffered. Use BUFFERED.":                                                               func(in *sdk.CreateFunctionUrlConfigInput) { in.InvokeMode = types.InvokeModeResponseStream },
		"ValidationException: 1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)": func(in *sdk.CreateFunctionUrlConfigInput) { in.Qualifier = aws.String("1") },
		"ValidationException: 1 validation error detected: Value '86401' at 'cors.maxAge' failed to satisfy constraint: Member must have value less than or equal to 86400":                     func(in *sdk.CreateFunctionUrlConfigInput) { in.Cors = &types.Cors{MaxAge: aws.Int32(86401)} },
		"ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:" + account + ":function:fn:dev":                                                                               func(in *sdk.CreateFunctionUrlConfigInput) { in.Qualifier = aws.String("dev") },
		"ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:" + account + ":function:other":                                                                                func(in *sdk.CreateFunctionUrlConfigInput) { in.FunctionName = aws.String("other") },
	} {
		equal(t, "refusal", make(change), want)
	}
	equal(t, "the first", make(func(*sdk.CreateFunctionUrlConfigInput) {}), "<nil>")
	equal(t, "the second", make(func(*sdk.CreateFunctionUrlConfigInput) {}), "ResourceConflictException: Failed to create function url config for [functionArn = arn:aws:lambda:us-east-1:"+
		account+":function:fn]. Error message:  FunctionUrlConfig exists for this Lambda function")
}

// url makes a function with a URL.
func (c *cloud) withURL(name string) *lambda.URL {
	c.Helper()
	made := must[*sdk.CreateFunctionUrlConfigOutput](c.T)(c.CreateFunctionUrlConfig(c.Context(), &sdk.CreateFunctionUrlConfigInput{FunctionName: &name, AuthType: types.FunctionUrlAuthTypeNone}))
	u, err := c.svc.URL(c.Context(), strings.Trim(strings.TrimPrefix(*made.FunctionUrl, c.url+lambda.URLPath), "/"))
	if err != nil || u == nil {
		c.Fatal(u, err)
	}
	return u
}

func TestAURLsRequestBecomesAnEvent(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	u := c.withURL("fn")
	var got string
	c.answers("fn", func(in *host.Invocation) (*host.Result, error) {
		got = string(in.Payload)
		return &host.Result{Payload: []byte(`{}`)}, nil
	})
	request := &lambda.URLRequest{
		Method: "POST", Path: "/a%20b", RawQuery: "p=1&p=2&q=x%20y", Host: "h:1", Protocol: "HTTP/1.1", SourceIP: "127.0.0.1", RequestID: "r",
		Header: http.Header{"Content-Type": {"application/json"}, "Cookie": {"a=1; b=2"}, "X-Twice": {"1", "2"}, "User-Agent": {"me"}},
		Body:   []byte(`{"x":1}`),
	}
	if _, err := c.svc.InvokeURL(c.Context(), u, request); err != nil {
		t.Fatal(err)
	}
	equal(t, "the event", got, `{"version":"2.0","routeKey":"$default","rawPath":"/a%20b","rawQueryString":"p=1\u0026p=2\u0026q=x%20y","cookies":["a=1","b=2"],`+
		`"headers":{"content-type":"application/json","cookie":"a=1; b=2","host":"h:1","user-agent":"me","x-forwarded-for":"127.0.0.1","x-twice":"1,2"},`+
		`"queryStringParameters":{"p":"1,2","q":"x y"},"requestContext":{"accountId":"anonymous","apiId":"`+u.ID+`","domainName":"h:1","domainPrefix":"`+u.ID+`",`+
		`"http":{"method":"POST","path":"/a%20b","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"me"},"requestId":"r","routeKey":"$default","stage":"$default",`+
		`"time":"31/Jan/2026:12:00:00 +0000","timeEpoch":1769860800000},"body":"{\"x\":1}","isBase64Encoded":false}`)
	for contentType, want := range map[string]string{
		"text/plain; charset=utf-8": "hi false", "application/octet-stream": "aGk= true", "": "aGk= true", "application/vnd.x+json": "hi false",
	} {
		request.Header, request.Body = http.Header{"Content-Type": {contentType}}, []byte("hi")
		if _, err := c.svc.InvokeURL(c.Context(), u, request); err != nil {
			t.Fatal(err)
		}
		var e struct {
			Body            string
			IsBase64Encoded bool
		}
		if err := json.Unmarshal([]byte(got), &e); err != nil {
			t.Fatal(err)
		}
		equal(t, contentType, fmt.Sprint(e.Body, " ", e.IsBase64Encoded), want)
	}
}

func TestWhatTheFunctionReturnsBecomesTheURLsResponse(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	u := c.withURL("fn")
	for answer, want := range map[string]string{
		`{"message":"hi"}`:                  `200 map[Content-Type:[application/json]] {"message":"hi"}`,
		`"Hello, world!"`:                   `200 map[Content-Type:[application/json]] "Hello, world!"`,
		`null`:                              `200 map[Content-Type:[application/json]] null`,
		`{"statusCode":204}`:                `204 map[Content-Type:[application/json]] `,
		`{"statusCode":"201","body":"x"}`:   `201 map[Content-Type:[application/json]] x`,
		`{"statusCode":200,"body":{"a":1}}`: `200 map[Content-Type:[application/json]] {"a":1}`,
		`{"statusCode":200,"headers":{"content-type":"text/html","x-n":1,"connection":"close","bad name":"x"},"cookies":["a=1","b=2"],"body":"<p>"}`: `200 map[Content-Type:[text/html] Set-Cookie:[a=1 b=2] X-N:[1]] <p>`,
		`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`:                                                                                    `200 map[Content-Type:[application/json]] hi`,
		`{"statusCode":200,"body":"?","isBase64Encoded":true}`:                                                                                       `502 map[Content-Type:[text/plain]] Internal Server Error`,
		`{"statusCode":99}`:         `502 map[Content-Type:[text/plain]] Internal Server Error`,
		`{"statusCode":"many"}`:     `502 map[Content-Type:[text/plain]] Internal Server Error`,
		`{"statusCode":{"a":true}}`: `502 map[Content-Type:[text/plain]] Internal Server Error`,
	} {
		c.answers("fn", func(*host.Invocation) (*host.Result, error) { return &host.Result{Payload: []byte(answer)}, nil })
		res, err := c.svc.InvokeURL(c.Context(), u, &lambda.URLRequest{Method: "GET", Path: "/", Header: http.Header{}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, answer, fmt.Sprint(res.Status, " ", res.Header, " ", string(res.Body)), want)
	}
	c.answers("fn", func(*host.Invocation) (*host.Result, error) { return functionError("Oops"), nil })
	res, err := c.svc.InvokeURL(c.Context(), u, &lambda.URLRequest{Method: "GET", Path: "/", Header: http.Header{}})
	equal(t, "a function that fails", fmt.Sprint(res.Status, string(res.Body), err), "502Internal Server Error<nil>")
}

func TestADurableFunctionIsInvokedByTheURLOfAnAliasOnly(t *testing.T) {
	c := newCloud(t)
	for name, timeout := range map[string]int32{"short": 60, "long": 3600} {
		c.create(name, func(in *sdk.CreateFunctionInput) { in.DurableConfig = &types.DurableConfig{ExecutionTimeout: &timeout} })
	}
	_, err := c.svc.InvokeURL(c.Context(), c.withURL("short"), &lambda.URLRequest{Method: "GET", Path: "/", Header: http.Header{}})
	equal(t, "of the function", fmt.Sprint(err), "InvalidParameterValueException: You cannot invoke a durable function using an unqualified ARN.")
	u := *c.withURL("long")
	must[*sdk.PublishVersionOutput](t)(c.PublishVersion(c.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("long")}))
	must[*sdk.CreateAliasOutput](t)(c.CreateAlias(c.Context(), &sdk.CreateAliasInput{FunctionName: aws.String("long"), Name: aws.String("live"), FunctionVersion: aws.String("1")}))
	u.Alias = "live"
	_, err = c.svc.InvokeURL(c.Context(), &u, &lambda.URLRequest{Method: "GET", Path: "/", Header: http.Header{}})
	equal(t, "of one that may take an hour", fmt.Sprint(err),
		"InvalidParameterValueException: You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.")
}
