package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/client"
)

// built holds the binaries that the tests run, made once.
var built struct {
	dir, perdure, fn string
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "perdure-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	built.dir, built.perdure, built.fn = dir, filepath.Join(dir, "perdure"), filepath.Join(dir, "bootstrap")
	for out, pkg := range map[string]string{built.perdure: "../../cmd/perdure", built.fn: "./fn"} {
		cmd := exec.Command("go", "build", "-o", out, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if msg, err := cmd.CombinedOutput(); err != nil {
			return 1, fmt.Errorf("building %s: %w\n%s", pkg, err, msg)
		}
	}
	return m.Run(), nil
}

// server is a perdure process on a data directory of its own.
type server struct {
	*client.Client
	cmd  *exec.Cmd
	once sync.Once
	log  *logLines
}

// serve starts perdure on data and returns when it is ready.
func serve(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, flags...)
	cmd := exec.Command(built.perdure, args...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{cmd: cmd, log: &logLines{}}
	t.Cleanup(func() { s.stop(t) })
	url := make(chan string, 1)
	go func() {
		defer close(url)
		s.log.read(stderr, url)
	}()
	select {
	case u, ok := <-url:
		if !ok || u == "" {
			t.Fatalf("perdure ended before it was ready:\n%s", s.log)
		}
		if s.Client, err = client.New(u); err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("perdure was not ready after 30 s:\n%s", s.log)
	}
	return s
}

// kill ends the process as a power cut would.
func (s *server) kill(t *testing.T) {
	t.Helper()
	s.once.Do(func() {
		if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.cmd.Wait()
	})
}

// stop ends it the orderly way; a server that does not end in 20 s is a failure.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.once.Do(func() {
		s.cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(20*time.Second, func() {
			t.Errorf("perdure did not end within 20 s of SIGTERM:\n%s", s.log)
			s.cmd.Process.Kill()
		})
		s.cmd.Wait()
		late.Stop()
	})
	if t.Failed() {
		t.Logf("the server said:\n%s", s.log)
	}
}

// logLines keeps the last of what a process wrote.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) read(r io.Reader, url chan<- string) {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if u, ok := strings.CutPrefix(sc.Text(), "Ready. "); ok {
			url <- strings.TrimSpace(u)
		}
		l.mu.Lock()
		l.lines = append(l.lines, sc.Text())
		l.lines = l.lines[max(0, len(l.lines)-200):]
		l.mu.Unlock()
	}
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// eventually asks until ok says so, and fails with what it last said after the limit.
func eventually(t *testing.T, limit time.Duration, ok func() (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		done, said := ok()
		if done {
			return
		}
		last = said
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not after %s: %s", limit, last)
		}
	}
}
