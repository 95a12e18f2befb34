package deploy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

// perdureBinary builds the command.
func perdureBinary(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "perdure")
	if out, err := exec.Command("go", "build", "-o", file, "../../cmd/perdure").CombinedOutput(); err != nil {
		t.Fatalf("building perdure: %v\n%s", err, out)
	}
	return file
}

// process is a perdure that runs.
type process struct {
	cmd  *exec.Cmd
	said chan string // lines of standard error
}

func launch(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), said: make(chan string, 10_000)}
	r, w := io.Pipe()
	p.cmd.Stderr = w
	p.cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.said)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.said <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		w.Close()
	})
	return p
}

// until waits for a line with a text.
func (p *process) until(t *testing.T, text string) string {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line, ok := <-p.said:
			if !ok {
				t.Fatalf("it ended without %q", text)
			}
			if strings.Contains(line, text) {
				return line
			}
		case <-late:
			t.Fatalf("it did not say %q", text)
		}
	}
}

// serveProcess runs a server on a directory.
func serveProcess(t *testing.T, binary, data string) (*process, *client.Client) {
	t.Helper()
	p := launch(t, binary, "serve", "--listen", "127.0.0.1:0", "--data", data)
	_, address, _ := strings.Cut(p.until(t, "Ready. "), "Ready. ")
	c, err := client.New(address)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

// manyGroups is a template that takes a while: each log group waits for the one before it.
func manyGroups(n int) string {
	var b bytes.Buffer
	b.WriteString("Resources:\n")
	for i := range n {
		fmt.Fprintf(&b, "  G%d:\n    Type: AWS::Logs::LogGroup\n    Properties: {LogGroupName: /crash/%d}\n", i, i)
		if i > 0 {
			fmt.Fprintf(&b, "    DependsOn: G%d\n", i-1)
		}
	}
	return b.String()
}

func TestTheProcess(t *testing.T) {
	binary := perdureBinary(t)
	t.Run("finishes a stack that it was killed at", func(t *testing.T) { killedAtAStack(t, binary) })
	t.Run("ends dev well when it is interrupted", func(t *testing.T) { interruptedDev(t, binary) })
}

// killedAtAStack kills a server during CREATE_IN_PROGRESS and starts another one.
func killedAtAStack(t *testing.T, binary string) {
	const groups = 200
	data, ctx := t.TempDir(), context.Background()
	p, c := serveProcess(t, binary, data)
	gone := make(chan error, 1)
	go func() {
		gone <- c.Query(ctx, "cloudformation", cloudFormation, "CreateStack", url.Values{"StackName": {"many"}, "TemplateBody": {manyGroups(groups)}}, nil)
	}()
	var at *target
	status := func() string {
		t.Helper()
		st, err := at.describe(ctx, "many")
		if err != nil {
			t.Fatal(err)
		}
		if st == nil {
			return ""
		}
		return st.Status
	}
	at = &target{c: c, name: "many", options: &Options{}}
	for status() == "" {
	}
	if now := status(); now != "CREATE_IN_PROGRESS" {
		t.Fatalf("the stack was %s before the server could be killed", now)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-gone; err == nil {
		t.Error("a server that was killed answered")
	}
	p.cmd.Wait()

	_, c = serveProcess(t, binary, data)
	at = &target{c: c, name: "many", options: &Options{}}
	for status() == "CREATE_IN_PROGRESS" {
	}
	resources, err := resourcesOf(ctx, c, "many")
	if got := status(); err != nil || got != "CREATE_COMPLETE" || len(resources) != groups {
		t.Errorf("the stack is %s with %d resources, %v", got, len(resources), err)
	}
}

func interruptedDev(t *testing.T, binary string) {
	c := serve(t)
	file := filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(file, []byte(exporter), 0o600); err != nil {
		t.Fatal(err)
	}
	dev := launch(t, binary, "dev", "--endpoint", c.Endpoint(), file)
	dev.until(t, "small  updated")
	if err := dev.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	dev.until(t, "Stopping.")
	var exit *exec.ExitError
	if err := dev.cmd.Wait(); errors.As(err, &exit) {
		t.Errorf("perdure dev, interrupted, ended %v", err)
	}
}
