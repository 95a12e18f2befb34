package process

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// What an instance starts holds the writing end of a fifo. Its reading end tells when the last of them has gone.
func fifo(t *testing.T) (path string, gone func() error) {
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ends := make(chan error, 1)
	go func() {
		f, err := os.Open(path) // returns once there is a writer
		if err == nil {
			_, err = io.ReadAll(f)
			f.Close()
		}
		ends <- err
	}()
	return path, func() error {
		select {
		case err := <-ends:
			return err
		case <-time.After(20 * time.Second):
			return fmt.Errorf("a process still holds %s", path)
		}
	}
}

func spawnEvent(path, text string) string {
	b, _ := json.Marshal(map[string]string{"Do": "spawn", "Fifo": path, "Text": text})
	return string(b)
}

func TestDescendantsGoWithTheInstance(t *testing.T) {
	t.Run("when it exits", func(t *testing.T) {
		path, gone := fifo(t)
		wantError(t, newBench(t, nil).invoke(t, goSpec(), "r1", spawnEvent(path, "die")),
			"Runtime.ExitError", "RequestId: r1 Error: Runtime exited with error: exit status 3")
		if err := gone(); err != nil {
			t.Error(err)
		}
	})
	t.Run("when the host closes", func(t *testing.T) {
		path, gone := fifo(t)
		b := newBench(t, nil)
		b.invoke(t, goSpec(), "r1", spawnEvent(path, ""))
		b.Close()
		if err := gone(); err != nil {
			t.Error(err)
		}
	})
}

// beKilled is the life of a helper process: it runs a function that has started a child of its own, says so, and waits.
func beKilled(dir string) {
	pkg, err := os.ReadFile(filepath.Join(dir, "package.zip"))
	if err != nil {
		panic(err)
	}
	h := New(Config{
		Dir: dir, Blob: func(context.Context, string) ([]byte, error) { return pkg, nil },
		Now: time.Now, AfterFunc: afterFunc, NewID: func() string { return "id" },
	})
	done := make(chan error)
	// Threads that end must not end the children: the host is used from one that does.
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		_, err := h.Invoke(context.Background(), goSpec(), &host.Invocation{RequestID: "r", Payload: []byte(spawnEvent(filepath.Join(dir, "fifo"), ""))})
		done <- err
	}()
	if err := <-done; err != nil {
		panic(err)
	}
	r, err := h.Invoke(context.Background(), goSpec(), &host.Invocation{RequestID: "r2", Payload: []byte(`{"Do":"pid"}`)})
	fmt.Println("warm:", err == nil && !r.ColdStart)
	select {}
}

func TestKillingTheServerLeavesNoProcessBehind(t *testing.T) {
	path, gone := fifo(t)
	dir := filepath.Dir(path)
	if err := os.WriteFile(filepath.Join(dir, "package.zip"), goPackage, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "PERDURE_TEST_ORPHANS="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "warm: true\n" {
		t.Errorf("the helper said %q, %v: its instance should have outlived the thread that asked for it", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if err := gone(); err != nil {
		t.Error(err)
	}
}
