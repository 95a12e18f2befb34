package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// storeVerify runs perdure store verify and returns what it said and its exit status.
func storeVerify(t *testing.T, data string) (said string, status int) {
	t.Helper()
	out, err := exec.Command(built.perdure, "store", "verify", "--data", data).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		status = exit.ExitCode()
	}
	return string(out), status
}

// soundStore wants a store without damage, after its server has ended.
func soundStore(t *testing.T, data string) {
	t.Helper()
	said, status := storeVerify(t, data)
	if status != 0 || !strings.Contains(said, "no problems") {
		t.Errorf("store verify ended with status %d:\n%s", status, said)
	}
	t.Log(said)
}

func TestStoreVerifyRefusesADirectoryInUseAndFindsDamage(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data)
	deployPattern(t, s)
	said, status := storeVerify(t, data)
	if want := fmt.Sprintf("is in use by perdure, process %d", s.cmd.Process.Pid); status != 1 || !strings.Contains(said, want) {
		t.Errorf("beside a running server: status %d, %q does not say %q", status, said, want)
	}
	s.kill(t)
	soundStore(t, data)

	blobs, err := filepath.Glob(filepath.Join(data, "store", "blobs", "*"))
	if err != nil || len(blobs) == 0 {
		t.Fatalf("no blobs (%v)", err)
	}
	code, err := os.ReadFile(blobs[0])
	if err != nil {
		t.Fatal(err)
	}
	code[len(code)-1] ^= 1
	if err := os.WriteFile(blobs[0], code, 0o600); err != nil {
		t.Fatal(err)
	}
	said, status = storeVerify(t, data)
	if name := filepath.Base(blobs[0]); status != 1 || !strings.Contains(said, name) || !strings.Contains(said, "1 problem") {
		t.Errorf("with a flipped bit in %s: status %d, %q", name, status, said)
	}
	if said, status := storeVerify(t, t.TempDir()); status != 1 || !strings.Contains(said, "not a data directory") {
		t.Errorf("on an empty directory: status %d, %q", status, said)
	}
}
