package rings

import (
	"bytes"
	"go/ast"
	"testing"
)

// maxLines is how long a file may be. Most should be a quarter of it: one idea, named after it.
const maxLines = 600

func TestNoFileIsTooLong(t *testing.T) {
	for _, s := range sources(t) {
		if n := bytes.Count(s.text, []byte("\n")); n > maxLines && !ast.IsGenerated(s.file) {
			t.Errorf("%s has %d lines, at most %d are allowed: split it by idea", s.name, n, maxLines)
		}
	}
}
