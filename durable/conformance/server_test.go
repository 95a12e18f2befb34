package conformance_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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
	"github.com/perdure/perdure/internal/client"
)

// TestRequirementsOnTheServer plays every requirement as a function on a perdure process, over HTTP, through the AWS SDK.
// The server's time stands still unless the test moves it, so what happens does not depend on how fast the machine is.
func TestRequirementsOnTheServer(t *testing.T) {
	srv := deployed(t)
	all, err := conformance.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]conformance.Case{}
	for _, c := range conformance.Cases() {
		cases[c.ID] = c
	}
	for _, r := range all {
		t.Run(r.ID, func(t *testing.T) {
			p := &player{t: t, server: srv, c: cases[r.ID], r: r, actions: cases[r.ID].Actions, due: map[string]planned{}}
			p.play()
		})
	}
}

// server is a perdure process: its Lambda API and the control of its clock.
type server struct {
	api     *lambda.Client
	control *client.Client
}

// binaries is where the server and the function are built, once for all runs of the test; TestMain removes it.
var binaries string

func TestMain(m *testing.M) {
	if os.Getenv("TRACED_SPANS") != "" {
		beTraced() // the test itself is the function's binary
	}
	code := m.Run()
	_ = os.RemoveAll(binaries)
	os.Exit(code)
}

func built(t *testing.T) string {
	t.Helper()
	if binaries != "" {
		return binaries
	}
	dir, err := os.MkdirTemp("", "perdure-conformance")
	if err != nil {
		t.Fatal(err)
	}
	for name, pkg := range map[string]string{"perdure": "../../cmd/perdure", "bootstrap": "./handler"} {
		build := exec.Command("go", "build", "-buildvcs=false", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", filepath.Join(dir, name), pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if said, err := build.CombinedOutput(); err != nil {
			_ = os.RemoveAll(dir)
			t.Fatalf("building %s: %v\n%s", pkg, err, said)
		}
	}
	binaries = dir
	return dir
}

// deployed starts a server with the two functions.
func deployed(t *testing.T) server {
	t.Helper()
	dir := built(t)
	perdure, fn := filepath.Join(dir, "perdure"), filepath.Join(dir, "bootstrap")
	url := serve(t, perdure, filepath.Join(t.TempDir(), "data"))
	api := lambda.New(lambda.Options{BaseEndpoint: &url, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	code := zipped(t, fn)
	create(t, api, "conformance", code, nil, map[string]string{"TARGET_FUNCTION_NAME": "target:$LATEST", "TENANT_FUNCTION_NAME": "tenants:$LATEST", "TMPDIR": t.TempDir()})
	create(t, api, "target", code, nil, map[string]string{"ROLE": "target"})
	create(t, api, "tenants", code, &types.TenancyConfig{TenantIsolationMode: types.TenantIsolationModePerTenant}, map[string]string{"ROLE": "target"})
	control, err := client.New(url)
	if err != nil {
		t.Fatal(err)
	}
	return server{api, control}
}

func serve(t *testing.T, perdure, data string) string {
	t.Helper()
	cmd := exec.Command(perdure, "serve", "--listen", "127.0.0.1:0", "--data", data, "--durability", "relaxed", "--time", "manual")
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
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Store} // compressing takes longer than the test
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
