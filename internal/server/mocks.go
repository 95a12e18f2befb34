package server

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/states"
	"github.com/perdure/perdure/internal/states/mocks"
)

// mockFile is a mock configuration in a file, read again when it has changed. Executions that are under way take their
// answers from what it says last; while it cannot be read or is wrong, none can be started in a test case, and those under
// way keep what it said before.
type mockFile struct {
	path string

	mu       sync.Mutex
	modified time.Time
	size     int64
	config   *mocks.Config
	err      error
}

var _ states.MockSource = (*mockFile)(nil)

// mockSource is that of the configuration; nil, not a nil *mockFile, if there is none.
func mockSource(path string) states.MockSource {
	if path == "" {
		return nil
	}
	return &mockFile{path: path}
}

func (f *mockFile) Case(machine, name string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.look(); f.err != nil {
		return false, f.err
	}
	return f.config.Case(machine, name), nil
}

func (f *mockFile) Answer(machine, name, state string, attempt int) (asl.TaskResult, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.look(); f.config == nil {
		return asl.TaskResult{Runtime: true, Cause: "The mock configuration cannot be used: " + f.err.Error()}, true
	}
	return f.config.Answer(machine, name, state, attempt)
}

// look reads the file if it is not the one that was read last.
func (f *mockFile) look() {
	info, err := os.Stat(f.path)
	if err != nil {
		f.err, f.modified = fmt.Errorf("it cannot be read: %w", err), time.Time{}
		return
	}
	if info.ModTime().Equal(f.modified) && info.Size() == f.size {
		return
	}
	f.modified, f.size = info.ModTime(), info.Size()
	text, err := os.ReadFile(f.path)
	if err != nil {
		f.err, f.modified = fmt.Errorf("it cannot be read: %w", err), time.Time{}
		return
	}
	c, err := mocks.Parse(text)
	if f.err = err; err == nil {
		f.config = c
	}
}
