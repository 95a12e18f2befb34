package server

import (
	"path/filepath"
	"testing"
)

// Functions start in folders of their own, from which a relative path to their code and runtime leads nowhere.
func TestRelativeDataDirectoryIsMadeAbsolute(t *testing.T) {
	t.Chdir(t.TempDir())
	s := start(t, func(c *Config) { c.Data = "data" })
	if !filepath.IsAbs(s.dir) || filepath.Base(s.dir) != "data" {
		t.Errorf("the server works in %s", s.dir)
	}
}
