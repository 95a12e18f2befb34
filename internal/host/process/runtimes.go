package process

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/perdure/perdure/internal/host"
)

//go:embed bootstrap/node.mjs bootstrap/python.py
var bootstraps embed.FS

// command is how an instance is started.
type command struct {
	path string
	args []string
	dir  string   // the unpacked package, working directory and LAMBDA_TASK_ROOT
	lib  string   // LAMBDA_RUNTIME_DIR
	env  []string // of the runtime family
}

// command decides what to run for a spec whose package is unpacked in dir.
func (h *Host) command(s *host.Spec, dir string) (*command, error) {
	lib, err := h.tools.install(h.cfg.Dir)
	if err != nil {
		return nil, err
	}
	c := &command{dir: dir, lib: lib}
	switch {
	case strings.HasPrefix(s.Runtime, "provided"), s.Runtime == "go1.x":
		c.path = filepath.Join(dir, "bootstrap")
		c.args = []string{c.path}
		return c, checkBinary(c.path)
	case strings.HasPrefix(s.Runtime, "nodejs"):
		c.path, err = h.tools.find("node")
		c.args = []string{c.path, filepath.Join(lib, "node.mjs")}
		c.env = []string{"NODE_PATH=" + filepath.Join(dir, "node_modules")}
	case strings.HasPrefix(s.Runtime, "python"):
		c.path, err = h.tools.find(s.Runtime, "python3", "python")
		c.args = []string{c.path, filepath.Join(lib, "python.py")}
		c.env = []string{"PYTHONPATH=" + dir, "PYTHONIOENCODING=utf-8"}
	default:
		return nil, &host.StartError{Type: "InvalidRuntimeException", Message: "the runtime " + s.Runtime +
			" is not available here: provided.al2023, provided.al2, nodejs and python are"}
	}
	if err != nil {
		return nil, &host.StartError{Type: "Runtime.InvalidEntrypoint", Message: fmt.Sprintf("the runtime %s needs an interpreter on PATH: %v", s.Runtime, err)}
	}
	return c, nil
}

// checkBinary refuses what the machine could not run with a reason better than the kernel's. What counts is the file: the
// architecture that the function declares is not looked at.
func checkBinary(path string) error {
	invalid := func(format string, a ...any) error {
		return &host.StartError{Type: "Runtime.InvalidEntrypoint", Message: fmt.Sprintf(format, a...)}
	}
	f, err := os.Open(path)
	if err != nil {
		return invalid("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
	}
	defer f.Close()
	head := make([]byte, 20)
	if _, err := io.ReadFull(f, head); err != nil || !bytes.HasPrefix(head, []byte("\x7fELF")) {
		return nil // a script, or another system's format: starting it tells
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[5] == 2 {
		order = binary.BigEndian
	}
	machine := order.Uint16(head[18:])
	name, known := map[uint16]string{3: "386", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64"}[machine]
	switch {
	case runtime.GOOS != "linux":
		return invalid("fork/exec /var/task/bootstrap: exec format error: it is a Linux program, this machine runs %s", runtime.GOOS)
	case !known:
		return invalid("fork/exec /var/task/bootstrap: exec format error: it is for an unknown machine (ELF %d), this one is %s", machine, runtime.GOARCH)
	case name != runtime.GOARCH && !(name == "386" && runtime.GOARCH == "amd64"):
		return invalid("fork/exec /var/task/bootstrap: exec format error: it is for %s, this machine is %s", name, runtime.GOARCH)
	}
	return nil
}

// interpreters finds language interpreters once, and unpacks the bootstraps that run in them.
type interpreters struct {
	mu    sync.Mutex
	found map[string]string
	lib   string
}

// find gives the path of the first of the names that is on PATH. Version managers put small scripts there that choose an
// interpreter at each start; the interpreter itself is asked where it is, so that this is paid once.
func (t *interpreters) find(names ...string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		if p, ok := t.found[n]; ok {
			return p, nil
		}
		p, err := exec.LookPath(n)
		if err != nil {
			continue
		}
		ask := []string{"-c", "import sys; print(sys.executable)"}
		if n == "node" {
			ask = []string{"-p", "process.execPath"}
		}
		out, err := exec.Command(p, ask...).Output()
		if err != nil {
			continue // a version manager's script for a version that is not installed
		}
		if real := strings.TrimSpace(string(out)); real != "" {
			p = real
		}
		if t.found == nil {
			t.found = map[string]string{}
		}
		t.found[n] = p
		return p, nil
	}
	return "", errors.New(strings.Join(names, ", ") + " not found")
}

// install writes the bootstraps into a folder named by their content.
func (t *interpreters) install(dir string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lib != "" {
		return t.lib, nil
	}
	sum := sha256.New()
	files := map[string][]byte{}
	for _, n := range []string{"node.mjs", "python.py"} {
		b, err := bootstraps.ReadFile("bootstrap/" + n)
		if err != nil {
			return "", err
		}
		sum.Write(b)
		files[n] = b
	}
	lib := filepath.Join(dir, "runtime", hex.EncodeToString(sum.Sum(nil)[:8]))
	if err := os.MkdirAll(lib, 0o755); err != nil {
		return "", err
	}
	for n, b := range files {
		tmp := filepath.Join(lib, n+".new")
		if err := os.WriteFile(tmp, b, 0o644); err != nil {
			return "", err
		}
		if err := os.Rename(tmp, filepath.Join(lib, n)); err != nil {
			return "", err
		}
	}
	t.lib = lib
	return lib, nil
}
