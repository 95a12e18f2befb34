//go:build unix

package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// lockDir takes a data directory for this process, for as long as the file stays open. The file says who has it.
func lockDir(path, dir string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be written: %w; choose another with --data", dir, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	defer f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	who, _ := io.ReadAll(io.LimitReader(f, 200))
	owner := strings.TrimSpace(string(who))
	if owner == "" {
		owner = "another process"
	}
	return nil, fmt.Errorf("the data directory %s is in use by %s; end that one first, or choose another with --data", dir, owner)
}
