package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/wire"
)

const (
	region  = "us-east-1"
	account = "000000000000"
	role    = "arn:aws:iam::000000000000:role/r"
	prefix  = "arn:aws:lambda:us-east-1:000000000000:function:"
)

// code is the host of the tests: functions by name.
type code struct {
	mu      sync.Mutex
	do      map[string]func(context.Context, *host.Spec, *host.Invocation) (*host.Result, error)
	runs    []string // "function:version payload"
	retired []string
}

func (c *code) Invoke(ctx context.Context, s *host.Spec, in *host.Invocation) (*host.Result, error) {
	c.mu.Lock()
	c.runs = append(c.runs, s.FunctionName+":"+s.Version+" "+string(in.Payload))
	do := c.do[s.FunctionName]
	c.mu.Unlock()
	if do == nil {
		return &host.Result{Payload: in.Payload, Log: []byte("START\nEND\n")}, nil
	}
	return do(ctx, s, in)
}

func (c *code) Retire(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = append(c.retired, key)
}

func (c *code) Close() error { return nil }

func (c *code) ran() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.runs...)
}

// cloud is the service behind a real HTTP front door, with the real client before it and a clock that the test moves.
type cloud struct {
	*testing.T
	*sdk.Client
	code   *code
	store  *mem.Store
	engine *engine.Engine
	svc    *lambda.Service
	url    string
}

var counter struct {
	sync.Mutex
	n int
}

func newID() string {
	counter.Lock()
	defer counter.Unlock()
	counter.n++
	return fmt.Sprintf("%08d-0000-4000-8000-000000000000", counter.n)
}

func newCloud(t *testing.T) *cloud {
	return startCloud(t, mem.New(), &code{do: map[string]func(context.Context, *host.Spec, *host.Invocation) (*host.Result, error){}})
}

func startCloud(t *testing.T, st *mem.Store, c *code) *cloud {
	t.Helper()
	clock := engine.NewManualClock(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))
	eng := engine.New(engine.Config{Store: st, Clock: clock, NewID: newID, Random: func() float64 { return 0.5 }})
	svc := lambda.New(lambda.Config{Engine: eng, Host: c, Object: func(_ context.Context, _, bucket, key string) ([]byte, error) {
		if bucket == "b" && key == "k.zip" {
			return pack("from s3"), nil
		}
		return nil, errors.New("no such object")
	}})
	for kind, b := range svc.Behaviours() {
		eng.Register(kind, b)
	}
	if err := eng.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	front := wire.New(wire.Config{
		Services: []wire.Service{{Name: "lambda", Protocol: wire.RESTJSON, Operations: svc.Operations()}},
		Account:  account, Now: time.Now, NewID: newID, Guard: wire.Guard{Loopback: true},
	})
	srv := httptest.NewServer(front)
	t.Cleanup(func() { srv.Close(); eng.Close() })
	client := sdk.New(sdk.Options{
		Region: region, BaseEndpoint: aws.String(srv.URL), Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		RetryMaxAttempts: 1,
	})
	return &cloud{T: t, Client: client, code: c, store: st, engine: eng, svc: svc, url: srv.URL}
}

func pack(text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("bootstrap")
	w.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

func input(name string) *sdk.CreateFunctionInput {
	return &sdk.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role), Runtime: "provided.al2023", Handler: aws.String("bootstrap"),
		Code: &types.FunctionCode{ZipFile: pack(name)},
	}
}

func (c *cloud) create(name string, change func(*sdk.CreateFunctionInput)) *sdk.CreateFunctionOutput {
	c.Helper()
	in := input(name)
	if change != nil {
		change(in)
	}
	out, err := c.CreateFunction(c.Context(), in)
	if err != nil {
		c.Fatal(err)
	}
	return out
}

// refused checks an error's code, HTTP status and text.
func refused(t *testing.T, err error, code string, status int, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	var http interface{ HTTPStatusCode() int }
	if !errors.As(err, &http) || http.HTTPStatusCode() != status || e.ErrorCode() != code || !strings.HasPrefix(e.ErrorMessage(), text) {
		t.Errorf("got  %d %s: %s\nwant %d %s: %s", http.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage(), status, code, text)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestAFunctionIsPendingWhenCreatedAndActiveAfterwards(t *testing.T) {
	c := newCloud(t)
	out := c.create("fn", func(in *sdk.CreateFunctionInput) { in.Tags = map[string]string{"a": "b"} })
	equal(t, "ARN", *out.FunctionArn, prefix+"fn")
	equal(t, "state", fmt.Sprint(out.State, " ", *out.StateReason, " ", out.StateReasonCode, out.LastUpdateStatus), "Pending The function is being created. Creating")
	equal(t, "version", *out.Version, "$LATEST")
	equal(t, "defaults", fmt.Sprint(*out.Timeout, *out.MemorySize, out.PackageType, out.Architectures, out.EphemeralStorage.Size == nil, out.TracingConfig.Mode), "3 128Zip[x86_64] falsePassThrough")
	equal(t, "logging", fmt.Sprint(out.LoggingConfig.LogFormat, *out.LoggingConfig.LogGroup), "Text/aws/lambda/fn")
	equal(t, "LastModified", *out.LastModified, "2026-01-31T12:00:00.000+0000")
	if len(*out.CodeSha256) != 44 || out.CodeSize == 0 || out.DurableConfig != nil {
		t.Errorf("code %s of %d bytes, durable %v", *out.CodeSha256, out.CodeSize, out.DurableConfig)
	}
	for _, name := range []string{"fn", prefix + "fn", account + ":function:fn", account + ":fn"} {
		got := must[*sdk.GetFunctionOutput](t)(c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: &name}))
		equal(t, "state", fmt.Sprint(got.Configuration.State, got.Configuration.LastUpdateStatus, got.Tags), "ActiveSuccessfulmap[a:b]")
		equal(t, "ARN", *got.Configuration.FunctionArn, prefix+"fn")
	}
	w := sdk.NewFunctionActiveV2Waiter(c.Client)
	if err := w.Wait(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("fn")}, time.Minute); err != nil {
		t.Error(err)
	}
	conf := must[*sdk.GetFunctionConfigurationOutput](t)(c.GetFunctionConfiguration(t.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: aws.String("fn:$LATEST")}))
	equal(t, "qualified ARN", *conf.FunctionArn, prefix+"fn:$LATEST")
}

func TestFunctionsThatCannotBeCreated(t *testing.T) {
	c := newCloud(t)
	c.create("taken", nil)
	big := map[string]string{"BIG": strings.Repeat("x", 4096)}
	for _, x := range []struct {
		change func(*sdk.CreateFunctionInput)
		code   string
		status int
		text   string
	}{
		{func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("taken") }, "ResourceConflictException", 409, "Function already exist: taken"},
		{func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("a b") }, "ValidationException", 400, "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}"},
		{func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String(strings.Repeat("x", 65)) }, "ValidationException", 400, "1 validation error detected: Value 'xxx"},
		{func(in *sdk.CreateFunctionInput) {
			in.FunctionName = aws.String("arn:aws:lambda:eu-west-1:000000000000:function:f")
		}, "ResourceNotFoundException", 404, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"},
		{func(in *sdk.CreateFunctionInput) { in.Role = aws.String("nobody") }, "ValidationException", 400, "1 validation error detected: Value 'nobody' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"},
		{func(in *sdk.CreateFunctionInput) { in.Runtime = "cobol" }, "InvalidParameterValueException", 400, "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs24.x, "},
		{func(in *sdk.CreateFunctionInput) { in.Runtime = "" }, "InvalidParameterValueException", 400, "Runtime and Handler are mandatory parameters for functions created with deployment packages."},
		{func(in *sdk.CreateFunctionInput) { in.Code.ZipFile = []byte("no zip") }, "InvalidParameterValueException", 400, "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{func(in *sdk.CreateFunctionInput) { in.Code = &types.FunctionCode{} }, "InvalidParameterValueException", 400, "Please provide a source for function code."},
		{func(in *sdk.CreateFunctionInput) { in.Timeout, in.MemorySize = aws.Int32(901), aws.Int32(1) }, "ValidationException", 400,
			"2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900; Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{func(in *sdk.CreateFunctionInput) { in.Environment = &types.Environment{Variables: big} }, "InvalidParameterValueException", 400,
			"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {\"BIG\":\"xx"},
		{func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x"}}
		}, "InvalidParameterValueException", 400, "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION"},
		{func(in *sdk.CreateFunctionInput) { in.PackageType, in.Code.ImageUri = "Image", aws.String("x") }, "InvalidParameterValueException", 400, "Functions from container images are not supported here"},
		{func(in *sdk.CreateFunctionInput) { in.Layers = []string{"arn:x"} }, "InvalidParameterValueException", 400, "Layers are not supported here"},
		{func(in *sdk.CreateFunctionInput) { in.DurableConfig = &types.DurableConfig{} }, "InvalidParameterValueException", 400, "You cannot create a function with a durable configuration without an executionTimeout"},
		{func(in *sdk.CreateFunctionInput) {
			in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(0)}
		}, "ValidationException", 400, "1 validation error detected: Value '0' at 'durableConfig.executionTimeout' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{func(in *sdk.CreateFunctionInput) {
			in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(31_622_401), RetentionPeriodInDays: aws.Int32(91)}
		}, "ValidationException", 400, "2 validation errors detected: Value '31622401' at 'durableConfig.executionTimeout' failed to satisfy constraint: Member must have value less than or equal to 31622400; Value '91' at 'durableConfig.retentionPeriodInDays'"},
	} {
		in := input("new")
		x.change(in)
		_, err := c.CreateFunction(t.Context(), in)
		if err == nil {
			t.Errorf("created, want %s: %s", x.code, x.text)
			c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: in.FunctionName})
			continue
		}
		refused(t, err, x.code, x.status, x.text)
	}
	huge := input("new")
	huge.Code.ZipFile = make([]byte, 52_428_801)
	_, err := c.CreateFunction(t.Context(), huge)
	refused(t, err, "RequestEntityTooLargeException", 413, "Zipped size must be smaller than 52428800 bytes")
}

func TestCodeFromS3(t *testing.T) {
	c := newCloud(t)
	c.create("fn", func(in *sdk.CreateFunctionInput) {
		in.Code = &types.FunctionCode{S3Bucket: aws.String("b"), S3Key: aws.String("k.zip")}
	})
}

func TestDurableFunctionsHaveTheirOwnDefaults(t *testing.T) {
	c := newCloud(t)
	out := c.create("short", func(in *sdk.CreateFunctionInput) {
		in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(60)}
	})
	equal(t, "defaults", fmt.Sprint(*out.Timeout, *out.DurableConfig.ExecutionTimeout, *out.DurableConfig.RetentionPeriodInDays, out.LoggingConfig.LogFormat, out.LoggingConfig.ApplicationLogLevel, out.LoggingConfig.SystemLogLevel), "60 60 14JSONINFOINFO")
	out = c.create("long", func(in *sdk.CreateFunctionInput) {
		in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(86400)}
	})
	equal(t, "timeout", *out.Timeout, 900)
	up := must[*sdk.UpdateFunctionConfigurationOutput](t)(c.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("long"), DurableConfig: &types.DurableConfig{RetentionPeriodInDays: aws.Int32(3)},
	}))
	equal(t, "merged", fmt.Sprint(*up.DurableConfig.ExecutionTimeout, *up.DurableConfig.RetentionPeriodInDays), "86400 3")
	c.create("plain", nil)
	_, err := c.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("plain"), DurableConfig: &types.DurableConfig{ExecutionTimeout: aws.Int32(5)},
	})
	refused(t, err, "InvalidParameterValueException", 400, "You cannot add a durable configuration to a function that was originally created with no durable configuration")
}

func TestUpdatesMakeANewRevisionAndRetireInstances(t *testing.T) {
	c := newCloud(t)
	first := c.create("fn", nil)
	up := must[*sdk.UpdateFunctionConfigurationOutput](t)(c.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("fn"), Timeout: aws.Int32(10), Description: aws.String("d"), Environment: &types.Environment{Variables: map[string]string{"AB": "1"}},
	}))
	equal(t, "answer", fmt.Sprint(up.State, up.LastUpdateStatus, up.LastUpdateStatusReasonCode, *up.Timeout, *up.Description, up.Environment.Variables), "ActiveInProgressCreating10dmap[AB:1]")
	if *up.RevisionId == *first.RevisionId || len(c.code.retired) != 1 {
		t.Errorf("revision %s, retired %v", *up.RevisionId, c.code.retired)
	}
	code := must[*sdk.UpdateFunctionCodeOutput](t)(c.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: pack("two"), RevisionId: up.RevisionId}))
	if *code.CodeSha256 == *first.CodeSha256 || *code.Timeout != 10 {
		t.Errorf("code %s, timeout %d", *code.CodeSha256, *code.Timeout)
	}
	_, err := c.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: pack("three"), RevisionId: first.RevisionId})
	refused(t, err, "PreconditionFailedException", 412, "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	dry := must[*sdk.UpdateFunctionCodeOutput](t)(c.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: pack("four"), DryRun: true}))
	now := must[*sdk.GetFunctionOutput](t)(c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("fn")}))
	if *dry.CodeSha256 == *code.CodeSha256 || *now.Configuration.CodeSha256 != *code.CodeSha256 {
		t.Errorf("dry run %s, then %s", *dry.CodeSha256, *now.Configuration.CodeSha256)
	}
	_, err = c.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("none"), ZipFile: pack("x")})
	refused(t, err, "ResourceNotFoundException", 404, "Function not found: "+prefix+"none")
	if _, err := c.store.Blob(t.Context(), "lambda/code/us-east-1/000000000000/fn/"+"x"); err == nil {
		t.Error("a package nobody stored")
	}
}

func TestVersionsAreImmutableAndUnchangedOnesAreNotPublishedAgain(t *testing.T) {
	c := newCloud(t)
	out := c.create("fn", func(in *sdk.CreateFunctionInput) { in.Publish = true })
	equal(t, "published with the creation", *out.FunctionArn+" "+*out.Version+" "+string(out.State), prefix+"fn:1 1 Pending")
	publish := func(in *sdk.PublishVersionInput) *sdk.PublishVersionOutput {
		in.FunctionName = aws.String("fn")
		return must[*sdk.PublishVersionOutput](t)(c.PublishVersion(t.Context(), in))
	}
	equal(t, "unchanged", *publish(&sdk.PublishVersionInput{}).Version, "1")
	must[*sdk.UpdateFunctionConfigurationOutput](t)(c.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Timeout: aws.Int32(9)}))
	v2 := publish(&sdk.PublishVersionInput{Description: aws.String("second")})
	equal(t, "changed", *v2.Version+" "+*v2.FunctionArn+" "+*v2.Description, "2 "+prefix+"fn:2 second")
	equal(t, "unchanged again", *publish(&sdk.PublishVersionInput{}).Version, "2")
	got := must[*sdk.GetFunctionConfigurationOutput](t)(c.GetFunctionConfiguration(t.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")}))
	equal(t, "version 1", fmt.Sprint(*got.Timeout, *got.FunctionArn), "3"+prefix+"fn:1")
	list := must[*sdk.ListVersionsByFunctionOutput](t)(c.ListVersionsByFunction(t.Context(), &sdk.ListVersionsByFunctionInput{FunctionName: aws.String("fn")}))
	var names []string
	for _, v := range list.Versions {
		names = append(names, *v.Version)
	}
	equal(t, "versions", names, "[$LATEST 1 2]")
	_, err := c.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("fn"), CodeSha256: aws.String("X")})
	refused(t, err, "InvalidParameterValueException", 400, "CodeSHA256 (X) is different from current CodeSHA256 in $LATEST ("+*v2.CodeSha256+"). Please try again with the CodeSHA256 in $LATEST.")

	_, err = c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("$LATEST")})
	refused(t, err, "InvalidParameterValueException", 400, "$LATEST version cannot be deleted without deleting the function.")
	must[*sdk.DeleteFunctionOutput](t)(c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")}))
	_, err = c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("fn:1")})
	refused(t, err, "ResourceNotFoundException", 404, "Function not found: "+prefix+"fn:1")
	equal(t, "the number of a deleted version is not used again", *publish(&sdk.PublishVersionInput{}).Version, "2")
}

func TestListsAreCutIntoPages(t *testing.T) {
	c := newCloud(t)
	for n := range 7 {
		c.create(fmt.Sprintf("fn%d", n), nil)
	}
	var names []string
	p := sdk.NewListFunctionsPaginator(c.Client, &sdk.ListFunctionsInput{MaxItems: aws.Int32(3)})
	for pages := 0; p.HasMorePages(); pages++ {
		out := must[*sdk.ListFunctionsOutput](t)(p.NextPage(t.Context()))
		if len(out.Functions) > 3 {
			t.Errorf("%d functions on a page", len(out.Functions))
		}
		for _, f := range out.Functions {
			names = append(names, *f.FunctionName)
			if f.State != "" {
				t.Errorf("%s is listed with state %s", *f.FunctionName, f.State)
			}
		}
	}
	equal(t, "names", names, "[fn0 fn1 fn2 fn3 fn4 fn5 fn6]")
	_, err := c.ListFunctions(t.Context(), &sdk.ListFunctionsInput{Marker: aws.String("!")})
	refused(t, err, "InvalidParameterValueException", 400, "Invalid Marker")
}

func TestADeletedFunctionIsGoneWithItsPackages(t *testing.T) {
	c := newCloud(t)
	c.create("fn", func(in *sdk.CreateFunctionInput) { in.Publish = true })
	must[*sdk.DeleteFunctionOutput](t)(c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn")}))
	_, err := c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: aws.String("fn")})
	refused(t, err, "ResourceNotFoundException", 404, "Function not found: "+prefix+"fn")
	_, err = c.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn")})
	refused(t, err, "ResourceNotFoundException", 404, "Function not found: "+prefix+"fn")
	docs := must[int](t)(func() (int, error) {
		d, err := c.store.Docs(t.Context(), "lambda/version", "", "", 10)
		return len(d), err
	}())
	equal(t, "versions left", docs, 0)
	c.create("fn", nil)
}
