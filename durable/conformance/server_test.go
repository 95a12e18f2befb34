package conformance_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/durable/conformance"
)

// pace is how much faster than real time the server's clock goes.
const pace = 4

// TestMain lets many requirements wait beside each other: they need time, not processors.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "48"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestRequirementsOnTheServer plays every requirement as a function on a perdure process, over HTTP, through the AWS SDK.
func TestRequirementsOnTheServer(t *testing.T) {
	api := deployed(t)
	all, err := conformance.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		cases[c.ID] = c
	}
	t.Run("all", func(t *testing.T) {
		for _, r := range all {
			t.Run(r.ID, func(t *testing.T) {
				t.Parallel()
				p := &player{t: t, api: api, c: cases[r.ID], r: r, actions: cases[r.ID].Actions, tended: map[string]bool{}}
				p.play()
			})
		}
	})
}

// deployed starts a server with the two functions.
func deployed(t *testing.T) *lambda.Client {
	t.Helper()
	dir := t.TempDir()
	server, fn := filepath.Join(dir, "perdure"), filepath.Join(dir, "bootstrap")
	for out, pkg := range map[string]string{server: "../../cmd/perdure", fn: "./handler"} {
		build := exec.Command("go", "build", "-buildvcs=false", "-tags", "lambda.norpc", "-o", out, pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if said, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", pkg, err, said)
		}
	}
	url := serve(t, server, filepath.Join(dir, "data"))
	api := lambda.New(lambda.Options{BaseEndpoint: &url, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	code := zipped(t, fn)
	create(t, api, "conformance", code, nil, map[string]string{"TARGET_FUNCTION_NAME": "target:$LATEST", "TENANT_FUNCTION_NAME": "tenants:$LATEST", "TMPDIR": t.TempDir()})
	create(t, api, "target", code, nil, map[string]string{"ROLE": "target"})
	create(t, api, "tenants", code, &types.TenancyConfig{TenantIsolationMode: types.TenantIsolationModePerTenant}, map[string]string{"ROLE": "target"})
	return api
}

func serve(t *testing.T, server, data string) string {
	t.Helper()
	cmd := exec.Command(server, "serve", "--listen", "127.0.0.1:0", "--data", data, "--durability", "relaxed", fmt.Sprintf("--time=scale=%d", pace))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(url)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if u, ok := strings.CutPrefix(lines.Text(), "Ready. "); ok {
				url <- strings.TrimSpace(u)
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		<-read
		_ = cmd.Wait()
	})
	u, ok := <-url
	if !ok {
		t.Fatal("the server ended before it was ready")
	}
	return u
}

func zipped(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(content)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func create(t *testing.T, api *lambda.Client, name string, code []byte, tenancy *types.TenancyConfig, env map[string]string) {
	t.Helper()
	arch := types.ArchitectureX8664
	if runtime.GOARCH == "arm64" {
		arch = types.ArchitectureArm64
	}
	_, err := api.CreateFunction(context.Background(), &lambda.CreateFunctionInput{FunctionName: &name, Role: aws.String("arn:aws:iam::000000000000:role/fn"),
		Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Timeout: aws.Int32(60), Architectures: []types.Architecture{arch},
		Code: &types.FunctionCode{ZipFile: code}, Environment: &types.Environment{Variables: env},
		TenancyConfig: tenancy, DurableConfig: &types.DurableConfig{ExecutionTimeout: aws.Int32(300), RetentionPeriodInDays: aws.Int32(7)}})
	if err != nil {
		t.Fatal(err)
	}
}

// player runs one requirement.
type player struct {
	t       *testing.T
	api     *lambda.Client
	c       conformance.Case
	r       conformance.Requirement
	actions []conformance.Action
	tended  map[string]bool // callbacks with an action on its way
}

func (p *player) play() {
	payload := p.c.Input
	if payload == "" {
		payload = "null"
	}
	in := &lambda.InvokeInput{FunctionName: aws.String("conformance"), Qualifier: aws.String("$LATEST"), Payload: []byte(payload),
		DurableExecutionName: aws.String(p.r.ID), InvocationType: types.InvocationTypeRequestResponse}
	if p.r.Async {
		in.InvocationType = types.InvocationTypeEvent
	}
	out, err := p.api.Invoke(p.t.Context(), in)
	if err != nil {
		p.t.Fatal(err)
	}
	deadline := time.Now().Add(60 * time.Second)
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		events, letters := p.history(*out.DurableExecutionArn)
		x, err := p.api.GetDurableExecution(p.t.Context(), &lambda.GetDurableExecutionInput{DurableExecutionArn: out.DurableExecutionArn})
		if err != nil {
			p.t.Fatal(err)
		}
		over := x.Status != types.ExecutionStatusRunning
		if over || p.r.End == "open" && p.r.Fits(letters) || time.Now().After(deadline) {
			tick.Stop()
			_, letters = p.history(*out.DurableExecutionArn)
			p.judge(x, letters)
			return
		}
		p.tend(events)
		<-tick.C
	}
}

func (p *player) history(arn string) ([]types.Event, []string) {
	h, err := p.api.GetDurableExecutionHistory(p.t.Context(), &lambda.GetDurableExecutionHistoryInput{DurableExecutionArn: &arn, IncludeExecutionData: aws.Bool(true)})
	if err != nil {
		p.t.Fatal(err)
	}
	var kinds []string
	for _, e := range h.Events {
		kinds = append(kinds, string(e.EventType))
	}
	return h.Events, conformance.Letters(kinds)
}

// tend picks an action for callbacks that nobody looks after yet.
func (p *player) tend(events []types.Event) {
	for _, e := range events {
		if e.EventType != types.EventTypeCallbackStarted {
			continue
		}
		id := *e.CallbackStartedDetails.CallbackId
		if p.tended[id] {
			continue
		}
		for i, a := range p.actions {
			if a.Name != "*" && a.Name != aws.ToString(e.Name) {
				continue
			}
			p.actions = append(append([]conformance.Action(nil), p.actions[:i]...), p.actions[i+1:]...)
			p.tended[id] = a.Kind != "heartbeat" // that leaves the callback open for the next action
			p.act(id, a)
			break
		}
	}
}

// act waits until the server's clock is there, and answers.
func (p *player) act(id string, a conformance.Action) {
	<-time.After(time.Duration(a.Delay) * time.Second / pace)
	var err error
	switch a.Kind {
	case "heartbeat":
		_, err = p.api.SendDurableExecutionCallbackHeartbeat(p.t.Context(), &lambda.SendDurableExecutionCallbackHeartbeatInput{CallbackId: &id})
	case "failure":
		_, err = p.api.SendDurableExecutionCallbackFailure(p.t.Context(), &lambda.SendDurableExecutionCallbackFailureInput{CallbackId: &id, Error: &types.ErrorObject{ErrorMessage: &a.Payload, ErrorType: aws.String("External")}})
	default:
		in := &lambda.SendDurableExecutionCallbackSuccessInput{CallbackId: &id}
		if a.Payload != "" {
			in.Result = []byte(a.Payload)
		}
		_, err = p.api.SendDurableExecutionCallbackSuccess(p.t.Context(), in)
	}
	if err != nil {
		p.t.Error(err)
	}
}

func (p *player) judge(x *lambda.GetDurableExecutionOutput, letters []string) {
	if !p.r.Fits(letters) {
		p.t.Errorf("%s\n got %s\nwant %s", p.r.What, strings.Join(letters, " "), strings.Join(p.r.Events, " "))
	}
	want := map[string]types.ExecutionStatus{"ok": types.ExecutionStatusSucceeded, "fail": types.ExecutionStatusFailed, "open": types.ExecutionStatusRunning}[p.r.End]
	if x.Status != want {
		p.t.Errorf("%s: %s, want %s: %+v", p.r.What, x.Status, want, x.Error)
	}
	if p.c.Result != "" && x.Status == types.ExecutionStatusSucceeded && !same(aws.ToString(x.Result), p.c.Result) {
		p.t.Errorf("%s: result %.200s, want %s", p.r.What, aws.ToString(x.Result), p.c.Result)
	}
}

func same(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
