package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/internal/host"
)

func (c *cloud) invoke(change func(*sdk.InvokeInput)) (*sdk.InvokeOutput, error) {
	in := &sdk.InvokeInput{FunctionName: aws.String("fn")}
	if change != nil {
		change(in)
	}
	return c.Invoke(c.Context(), in)
}

// answers makes a function answer.
func (c *cloud) answers(name string, do func(*host.Invocation) (*host.Result, error)) {
	c.code.mu.Lock()
	defer c.code.mu.Unlock()
	c.code.do[name] = func(_ context.Context, _ *host.Spec, in *host.Invocation) (*host.Result, error) { return do(in) }
}

func functionError(typ string) *host.Result {
	return &host.Result{Payload: []byte(`{"errorType":"` + typ + `","errorMessage":"no"}`), FunctionError: "Unhandled", ErrorType: typ}
}

func TestASynchronousInvokeAnswersWhatTheCodeAnswers(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	out := must[*sdk.InvokeOutput](t)(c.invoke(func(in *sdk.InvokeInput) { in.Payload, in.LogType = []byte(`{"a": 1}`), "Tail" }))
	log, _ := base64.StdEncoding.DecodeString(*out.LogResult)
	equal(t, "answer", fmt.Sprint(out.StatusCode, string(out.Payload), *out.ExecutedVersion, string(log), out.FunctionError == nil), "200{\"a\": 1}$LATESTSTART\nEND\ntrue")
	out = must[*sdk.InvokeOutput](t)(c.invoke(nil))
	equal(t, "without a body", string(out.Payload)+fmt.Sprint(out.LogResult == nil), "{}true")
	out = must[*sdk.InvokeOutput](t)(c.invoke(func(in *sdk.InvokeInput) { in.InvocationType = "DryRun" }))
	equal(t, "dry run", fmt.Sprint(out.StatusCode, len(c.code.ran())), "204 2")
}

func TestACodeErrorIsAnAnswer(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	c.answers("fn", func(*host.Invocation) (*host.Result, error) { return functionError("Oops"), nil })
	out := must[*sdk.InvokeOutput](t)(c.invoke(nil))
	equal(t, "answer", fmt.Sprint(out.StatusCode, *out.FunctionError, string(out.Payload)), `200Unhandled{"errorType":"Oops","errorMessage":"no"}`)
	c.answers("fn", func(*host.Invocation) (*host.Result, error) {
		return nil, &host.StartError{Type: "Runtime.InvalidEntrypoint", Message: "no bootstrap"}
	})
	out = must[*sdk.InvokeOutput](t)(c.invoke(nil))
	var e struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(out.Payload, &e); err != nil || e.ErrorType != "Runtime.InvalidEntrypoint" || !strings.HasSuffix(e.ErrorMessage, " Error: no bootstrap") || !strings.HasPrefix(e.ErrorMessage, "RequestId: ") {
		t.Errorf("%s", out.Payload)
	}
	c.answers("fn", func(*host.Invocation) (*host.Result, error) { return nil, host.ErrThrottled })
	_, err := c.invoke(nil)
	refused(t, err, "TooManyRequestsException", 429, "Rate Exceeded.")
}

func TestTheCodeSeesHowItWasAddressed(t *testing.T) {
	c := newCloud(t)
	c.create("fn", func(in *sdk.CreateFunctionInput) { in.Publish = true })
	c.answers("fn", func(in *host.Invocation) (*host.Result, error) {
		b, _ := json.Marshal([]string{in.InvokedARN, in.TraceID, in.ClientContext, in.RequestID})
		return &host.Result{Payload: b}, nil
	})
	for qualifier, want := range map[string]string{"": prefix + "fn", "1": prefix + "fn:1", "$LATEST": prefix + "fn:$LATEST"} {
		var got []string
		out := must[*sdk.InvokeOutput](t)(c.invoke(func(in *sdk.InvokeInput) {
			in.ClientContext = aws.String("e30=")
			if qualifier != "" {
				in.Qualifier = &qualifier
			}
		}))
		if err := json.Unmarshal(out.Payload, &got); err != nil || got[0] != want || !strings.HasPrefix(got[1], "Root=1-") || got[2] != "e30=" || len(got[3]) != 36 {
			t.Errorf("%q: %v", qualifier, got)
		}
	}
}

func TestInvokesThatAreRefused(t *testing.T) {
	c := newCloud(t)
	c.create("fn", func(in *sdk.CreateFunctionInput) { in.Publish = true })
	c.create("tenants", func(in *sdk.CreateFunctionInput) {
		in.TenancyConfig = &types.TenancyConfig{TenantIsolationMode: "PER_TENANT"}
	})
	c.create("durable", func(in *sdk.CreateFunctionInput) {
		in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(3600)}
	})
	for _, x := range []struct {
		change func(*sdk.InvokeInput)
		code   string
		status int
		text   string
	}{
		{func(in *sdk.InvokeInput) { in.FunctionName = aws.String("none") }, "ResourceNotFoundException", 404, "Function not found: " + prefix + "none:$LATEST"},
		{func(in *sdk.InvokeInput) { in.Qualifier = aws.String("2") }, "ResourceNotFoundException", 404, "Function not found: " + prefix + "fn:2"},
		{func(in *sdk.InvokeInput) { in.Qualifier = aws.String("live") }, "ResourceNotFoundException", 404, "Function not found: " + prefix + "fn:live"},
		{func(in *sdk.InvokeInput) { in.FunctionName, in.Qualifier = aws.String("fn:1"), aws.String("$LATEST") }, "InvalidParameterValueException", 400, "The derived qualifier from the function name does not match the specified qualifier."},
		{func(in *sdk.InvokeInput) { in.Payload = []byte(`{"a"`) }, "InvalidRequestContentException", 400, "Could not parse request body into json: Could not parse payload into json: "},
		{func(in *sdk.InvokeInput) { in.ClientContext = aws.String("???") }, "InvalidRequestContentException", 400, "Client context must be a valid Base64-encoded JSON object."},
		{func(in *sdk.InvokeInput) { in.InvocationType = "Later" }, "ValidationException", 400, "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"},
		{func(in *sdk.InvokeInput) {
			in.InvocationType, in.Payload = "Event", []byte(`"`+strings.Repeat("x", 1_048_575)+`"`)
		}, "RequestTooLargeException", 413, "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"},
		{func(in *sdk.InvokeInput) { in.Payload = []byte(`"` + strings.Repeat("x", 6*1024*1024-1) + `"`) }, "RequestTooLargeException", 413, "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
		{func(in *sdk.InvokeInput) { in.FunctionName = aws.String("tenants") }, "InvalidParameterValueException", 400, "The invoked function is enabled with tenancy configuration."},
		{func(in *sdk.InvokeInput) { in.TenantId = aws.String("blue") }, "InvalidParameterValueException", 400, "The invoked function is not enabled with tenancy configuration."},
		{func(in *sdk.InvokeInput) { in.FunctionName = aws.String("durable") }, "InvalidParameterValueException", 400, "You cannot invoke a durable function using an unqualified ARN."},
		{func(in *sdk.InvokeInput) { in.FunctionName, in.InvocationType = aws.String("durable"), "Event" }, "InvalidParameterValueException", 400, "You cannot invoke a durable function using an unqualified ARN."},
		{func(in *sdk.InvokeInput) { in.FunctionName = aws.String("durable:$LATEST") }, "InvalidParameterValueException", 400, "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes."},
	} {
		_, err := c.invoke(x.change)
		if err == nil {
			t.Errorf("answered, want %s: %s", x.code, x.text)
			continue
		}
		refused(t, err, x.code, x.status, x.text)
	}
	if ran := c.code.ran(); len(ran) > 0 {
		t.Errorf("ran %v", ran)
	}
}

func TestTenantsDoNotShareInstances(t *testing.T) {
	c := newCloud(t)
	c.create("fn", func(in *sdk.CreateFunctionInput) {
		in.TenancyConfig = &types.TenancyConfig{TenantIsolationMode: "PER_TENANT"}
	})
	keys := map[string]bool{}
	c.code.do["fn"] = func(_ context.Context, s *host.Spec, in *host.Invocation) (*host.Result, error) {
		keys[s.Key+" "+in.TenantID] = true
		return &host.Result{Payload: []byte("1")}, nil
	}
	for _, tenant := range []string{"blue", "green", "blue"} {
		must[*sdk.InvokeOutput](t)(c.invoke(func(in *sdk.InvokeInput) { in.TenantId = &tenant }))
	}
	if len(keys) != 2 {
		t.Errorf("pools %v", keys)
	}
}

func TestReservedConcurrencyBoundsWhatRunsAtOnce(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	must[*sdk.PutFunctionConcurrencyOutput](t)(c.PutFunctionConcurrency(t.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String("fn"), ReservedConcurrentExecutions: aws.Int32(1)}))
	running, finish := make(chan bool), make(chan bool)
	c.answers("fn", func(*host.Invocation) (*host.Result, error) {
		running <- true
		<-finish
		return &host.Result{Payload: []byte("1")}, nil
	})
	first := make(chan error)
	go func() { _, err := c.invoke(nil); first <- err }()
	<-running
	_, err := c.invoke(nil)
	refused(t, err, "TooManyRequestsException", 429, "Rate Exceeded.")
	var reason *types.TooManyRequestsException
	if !asError(err, &reason) || reason.Reason != "ReservedFunctionConcurrentInvocationLimitExceeded" || *reason.RetryAfterSeconds != "1" {
		t.Errorf("%+v", reason)
	}
	finish <- true
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestThePackageIsWhereGetFunctionSays(t *testing.T) {
	c := newCloud(t)
	c.create("fn", nil)
	got := must[*sdk.GetFunctionOutput](t)(c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("fn")}))
	res, err := http.Get(*got.Code.Location)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(b) != string(pack("fn")) {
		t.Errorf("%s: %d, %d bytes", *got.Code.Location, res.StatusCode, len(b))
	}
}
