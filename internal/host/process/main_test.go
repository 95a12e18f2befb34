package process

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// goPackage is the zip of testdata/bootstrap, compiled once.
var goPackage []byte

func TestMain(m *testing.M) {
	if dir := os.Getenv("PERDURE_TEST_ORPHANS"); dir != "" {
		beKilled(dir)
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "perdure-process-test")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		bin := filepath.Join(dir, "bootstrap")
		build := exec.Command("go", "build", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", bin, "./testdata/bootstrap")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v: %s", err, out))
		}
		b, err := os.ReadFile(bin)
		if err != nil {
			panic(err)
		}
		goPackage = zipOf(map[string]string{"bootstrap": string(b)})
		return m.Run()
	}())
}

// zipOf stores files as they are: inflating the same program for every test is most of their time under -race.
func zipOf(files map[string]string) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			panic(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// zipDir packs a folder of testdata; its pkg folder becomes node_modules.
func zipDir(t *testing.T, dir string) []byte {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		name, _ := filepath.Rel(dir, p)
		if rest, ok := strings.CutPrefix(name, "pkg/"); ok {
			name = "node_modules/" + rest
		}
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return zipOf(files)
}

// logs is a LogSink that can be asked for what a group has.
type logs struct {
	mu      sync.Mutex
	lines   []string
	streams map[string]bool
	started chan bool // if set, told of a START line
}

func (l *logs) Log(to host.LogStream, lines []host.LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.streams == nil {
		l.streams = map[string]bool{}
	}
	l.streams[to.Stream] = true
	for _, x := range lines {
		l.lines = append(l.lines, x.Text)
		if l.started != nil && strings.HasPrefix(x.Text, "START ") {
			l.started <- true
		}
	}
}

func (l *logs) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

func afterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// bench is a Host over packages by name, with its log.
type bench struct {
	*Host
	log   *logs
	blobs map[string][]byte
	reads atomic.Int32
	ids   atomic.Int32
}

func newBench(t testing.TB, change func(*Config)) *bench {
	b := &bench{log: &logs{}, blobs: map[string][]byte{"go": goPackage}}
	cfg := Config{
		Dir: t.TempDir(),
		Blob: func(_ context.Context, name string) ([]byte, error) {
			b.reads.Add(1)
			if d, ok := b.blobs[name]; ok {
				return d, nil
			}
			return nil, errors.New("no such blob")
		},
		Endpoint:    func() string { return "http://127.0.0.1:1" },
		Credentials: func(*host.Spec) Credentials { return Credentials{"AKID", "SECRET", "TOKEN"} },
		Now:         time.Now, AfterFunc: afterFunc, Log: b.log,
		NewID: func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", b.ids.Add(1)) },
	}
	if change != nil {
		change(&cfg)
	}
	b.Host = New(cfg)
	t.Cleanup(func() { b.Close() })
	return b
}

func goSpec() *host.Spec {
	return &host.Spec{
		Key: "go/1", FunctionName: "fn", FunctionARN: "arn:aws:lambda:us-east-1:000000000000:function:fn:1", Version: "1",
		Region: "us-east-1", Account: "000000000000", Runtime: "provided.al2023", Handler: "bootstrap", Architecture: "x86_64",
		Code: "go", MemoryMB: 128, Timeout: 20 * time.Second, LogFormat: "Text", LogGroup: "/aws/lambda/fn",
	}
}

func (b *bench) invoke(t testing.TB, s *host.Spec, id, payload string) *host.Result {
	t.Helper()
	r, err := b.Invoke(context.Background(), s, &host.Invocation{RequestID: id, Payload: []byte(payload), InvokedARN: s.FunctionARN})
	if err != nil {
		t.Fatalf("invoke %s: %v", payload, err)
	}
	return r
}

func wantError(t testing.TB, r *host.Result, typ, text string) {
	t.Helper()
	var e struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(r.Payload, &e); err != nil {
		t.Fatalf("%s: %v", r.Payload, err)
	}
	if r.FunctionError != "Unhandled" || r.ErrorType != typ || e.ErrorType != typ || e.ErrorMessage != text {
		t.Errorf("got %q %q %s\nwant %s: %s", r.FunctionError, r.ErrorType, r.Payload, typ, text)
	}
}
