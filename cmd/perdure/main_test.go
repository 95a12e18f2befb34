package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command that was used wrongly exits with 2, says what to look at, and has made nothing.
func TestCommandsUsedWrongly(t *testing.T) {
	for _, c := range []struct{ args, wrong string }{
		{"servee", `unknown command or argument "servee"; see perdure --help`},
		{"serve --nope", "unknown flag: --nope; see perdure serve --help"},
		{"serve --time warp", `time mode "warp" is none of real, skip, scale=N, manual`},
		{"serve --durability x", `durability "x" is neither strict nor relaxed`},
		{"serve --listen nonsense", `listen address "nonsense" is not host:port`},
		{"serve --account 12", `account "12" is not 12 digits`},
		{"time advance -5m", "see perdure time advance --help"},
		{"execution get", "want one argument, ARN; see perdure execution get --help"},
		{"env --shell tcsh", `shell "tcsh" is none of sh, fish, powershell`},
	} {
		t.Run(c.args, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			t.Setenv("PERDURE_DATA", data)
			err := run(strings.Fields(c.args)...)
			if _, usage := errors.AsType[usageError](err); !usage || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%v, want a usage error with %q", err, c.wrong)
			}
			if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a data directory was made: %v", err)
			}
		})
	}
}

// What stands in the way of a server is no wrong use, and the next step is named.
func TestServersThatCannotStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, wrong string }{
		{"serve --listen 127.0.0.1:0 --data " + file, "choose another with --data"},
		{"serve --listen 127.0.0.1:80000 --data=", "choose another address with --listen"},
	} {
		err := run(strings.Fields(c.args)...)
		if _, usage := errors.AsType[usageError](err); err == nil || usage || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want an error with %q", c.args, err, c.wrong)
		}
	}
}

func run(args ...string) error {
	root := rootCmd()
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return root.ExecuteContext(context.Background())
}
