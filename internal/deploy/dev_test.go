package deploy

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
	"github.com/perdure/perdure/internal/server"
)

// devProject is testdata/dev in a directory and module of its own.
type devProject struct {
	t     *testing.T
	dir   string
	lines chan string
	said  []string
}

func newDevProject(t *testing.T) *devProject {
	t.Helper()
	p := &devProject{t: t, dir: t.TempDir(), lines: make(chan string, 10_000)}
	if err := os.CopyFS(p.dir, os.DirFS("testdata/dev")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" {
			text = append([]byte(strings.Replace(string(text), "module github.com/perdure/perdure", "module example.com/dev", 1)),
				"\nrequire github.com/perdure/perdure v0.0.0\n\nreplace github.com/perdure/perdure => "+root+"\n"...)
		}
		if err := os.WriteFile(filepath.Join(p.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// edit replaces a text in a file.
func (p *devProject) edit(name, old, text string) {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), old) {
		p.t.Fatalf("%s has no %q: %v", name, old, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), old, text, 1)), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// until waits for a line that fits, and gives its submatches.
func (p *devProject) until(pattern string) []string {
	p.t.Helper()
	form := regexp.MustCompile(pattern)
	late := time.After(time.Minute)
	for {
		select {
		case line := <-p.lines:
			p.said = append(p.said, line)
			if m := form.FindStringSubmatch(line); m != nil {
				return m
			}
		case <-late:
			p.t.Fatalf("no line fits %q in\n%s", pattern, strings.Join(p.said, "\n"))
		}
	}
}

// serveAt runs a server at an address.
func serveAt(t *testing.T, listen string) (*client.Client, *server.Server) {
	t.Helper()
	s, err := server.Start(context.Background(), server.Config{Listen: listen})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := client.New(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// begin starts a durable execution and gives its ARN.
func begin(t *testing.T, c *client.Client, function string) string {
	t.Helper()
	resp, err := c.Do(context.Background(), client.Request{Service: "lambda", Path: "/2015-03-31/functions/" + url.PathEscape(function) + "/invocations",
		Header: http.Header{"X-Amz-Invocation-Type": {"Event"}}, Body: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("X-Amz-Durable-Execution-Arn")
}

// approve answers a callback and gives the result of the execution that waited for it.
func approve(t *testing.T, c *client.Client, callback, execution string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := c.Do(ctx, client.Request{Service: "lambda", Path: "/2025-12-01/durable-execution-callbacks/" + url.PathEscape(callback) + "/succeed"}); err != nil {
		t.Fatal(err)
	}
	for {
		var e struct {
			Status, Result string
			Error          json.RawMessage
		}
		if err := c.REST(ctx, "lambda", "GET", "/2025-12-01/durable-executions/"+url.PathEscape(execution), nil, nil, &e); err != nil {
			t.Fatal(err)
		}
		if e.Status != "RUNNING" {
			return strings.TrimSpace(e.Status + " " + e.Result + string(e.Error))
		}
	}
}

// TestDevTakesChangesToTheServerAndExecutionsGoOnWithThem edits code, breaks it, mends it and edits the definition, while two
// durable executions wait: one on $LATEST, one on a version that the first edit removes from the stack.
func TestDevTakesChangesToTheServerAndExecutionsGoOnWithThem(t *testing.T) {
	c := serveTime(t, "real")
	p := newDevProject(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := Options{Client: c, Path: p.dir, StackName: "dev", Progress: func(line string) { p.lines <- line }}
	ended := make(chan error, 1)
	go func() { ended <- Dev(ctx, o, nil) }()
	p.until(`^dev  updated`)
	latest, pinned := begin(t, c, "hello:$LATEST"), begin(t, c, "hello:1")
	callbacks := map[string]string{}
	for len(callbacks) < 2 {
		m := p.until(`^Hello \| callback (\S+) of version (\S+)$`)
		callbacks[m[2]] = m[1]
	}

	p.edit("hello/main.go", `"one"`, `"two"`)
	p.until(`^change   hello/main.go$`)
	p.until(`^DELETE_COMPLETE  AWS::Lambda::Version`)
	p.until(`^dev  updated`)
	p.until(`^Hello  1 durable execution that runs on \$LATEST: the new code`)
	p.until(`^Hello  1 durable execution that runs on version 1: that version's code`)

	p.edit("hello/main.go", `"two"`, `three`)
	p.until(`undefined: three`)
	p.edit("hello/main.go", `three`, `"two"`)
	p.until(`^dev  up to date`)
	p.edit("flow.asl.json", `{"StartAt"`, `{"Comment":"edited","StartAt"`)
	p.until(`^dev  updated`)
	var machine struct{ Definition string }
	if err := c.States(ctx, "DescribeStateMachine", map[string]string{"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:flow"}, &machine); err != nil ||
		!strings.Contains(machine.Definition, `"edited"`) {
		t.Errorf("the definition is %s, %v", machine.Definition, err)
	}

	if got := approve(t, c, callbacks["$LATEST"], latest); got != `SUCCEEDED "one then two"` {
		t.Errorf("the execution on $LATEST ended %s", got)
	}
	if got := approve(t, c, callbacks["1"], pinned); got != `SUCCEEDED "one then one"` {
		t.Errorf("the execution on the version ended %s", got)
	}
	if r, err := Deploy(ctx, Options{Client: c, Path: p.dir, StackName: "dev"}); err != nil || r.Changed {
		t.Errorf("deployed after all that: %+v, %v", r, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("interrupted, it said %v", err)
	}
	t.Log(strings.Join(p.said, "\n"))
}

func TestDevNamesTheNextStepWithoutAServerAndDeploysAgainWhenOneIsBack(t *testing.T) {
	c, err := client.New("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := Dev(context.Background(), Options{Client: c, Path: "testdata/dev"}, nil); err == nil || !strings.Contains(err.Error(), "start it with: perdure serve") {
		t.Errorf("without a server it says %v", err)
	}
	c, s := serveAt(t, "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "one.yaml")
	if err := os.WriteFile(file, []byte("Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &devProject{t: t, lines: make(chan string, 10_000)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Dev(ctx, Options{Client: c, Path: file, Progress: func(line string) { p.lines <- line }}, nil)
	}()
	p.until(`^one  updated`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.until(`^waiting for the server$`)
	serveAt(t, strings.TrimPrefix(s.URL(), "http://"))
	p.until(`^one  updated`)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("interrupted, it said %v", err)
	}
}
