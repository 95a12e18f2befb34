package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// need skips the test because something it cannot do without is missing; under PERDURE_TEST_REQUIRE=all it fails.
func need(t *testing.T, missing string) {
	t.Helper()
	if os.Getenv("PERDURE_TEST_REQUIRE") == "all" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// command finds a program or skips.
func command(t *testing.T, name, what string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		need(t, what+" is missing: put "+name+" on PATH")
	}
	return path
}
