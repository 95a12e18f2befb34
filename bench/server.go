package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bench owns a scratch directory, the built binaries and, while one runs, the server.
type bench struct {
	config
	dir    string // scratch
	binary string // perdure
	zip    []byte // the function's package
	server *server
	asleep string // data directory that the sleepers have filled, if they ran
}

func newBench(ctx context.Context, cfg config) (*bench, error) {
	dir, err := os.MkdirTemp("", "perdure-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{config: cfg, dir: dir, binary: filepath.Join(dir, "perdure")}
	fmt.Fprintln(os.Stderr, "building the server and the function")
	if err := build(ctx, b.binary, "./cmd/perdure"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	fn := filepath.Join(dir, "bootstrap")
	if err := build(ctx, fn, "./bench/fn"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	b.zip, err = zipFile(fn)
	return b, err
}

func (b *bench) close() {
	b.stop()
	os.RemoveAll(b.dir)
}

func build(ctx context.Context, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s (run the command from the repository): %w\n%s", pkg, err, msg)
	}
	return nil
}

func zipFile(path string) ([]byte, error) {
	code, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(code); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// server is a running perdure.
type server struct {
	cmd   *exec.Cmd
	url   string
	data  string
	ready time.Duration // from process start to the ready line
}

// start runs perdure on data (a fresh directory if empty) and waits until it is ready.
func (b *bench) start(ctx context.Context, data string, flags ...string) error {
	if data == "" {
		d, err := os.MkdirTemp(b.dir, "data-")
		if err != nil {
			return err
		}
		data = d
	}
	cmd := exec.Command(b.binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--durability", b.durability)
	cmd.Args = append(cmd.Args, flags...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	b.server = &server{cmd: cmd, data: data}
	lines := bufio.NewScanner(stderr)
	var seen strings.Builder
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "Ready. "); ok {
			b.server.url, b.server.ready = strings.TrimSpace(url), time.Since(began)
			go io.Copy(io.Discard, stderr) // ends with the process
			return nil
		}
		seen.WriteString(lines.Text() + "\n")
	}
	b.stop()
	return fmt.Errorf("the server ended before it was ready:\n%s", seen.String())
}

// stop ends the server and keeps its data directory.
func (b *bench) stop() {
	if b.server == nil {
		return
	}
	b.server.cmd.Process.Signal(syscall.SIGTERM)
	b.server.cmd.Wait()
	b.server = nil
}

// fresh is a new server with a new store and the bench functions created in it.
func (b *bench) fresh(ctx context.Context, flags ...string) error {
	b.stop()
	if err := b.start(ctx, "", flags...); err != nil {
		return err
	}
	return b.createFunctions(ctx)
}
