package sam_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/cfn/sam"
)

// Whatever the text, the answer is a template that can be written down, or errors with texts, soon.
func FuzzTransform(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(section(a, "template")), true)
	}
	f.Fuzz(func(t *testing.T, src []byte, local bool) {
		root, err := cfn.ParseValue(src)
		if err != nil {
			return
		}
		out, wrong := sam.Transform(root, sam.Options{Input: input(), Local: local})
		if (out == nil) == (len(wrong) == 0) {
			t.Fatalf("both or none of a template and errors: %v %v", out, wrong)
		}
		for _, d := range wrong {
			if d.Message == "" {
				t.Error("an error without a text")
			}
		}
		if out == nil {
			return
		}
		if sam.Needed(out) {
			t.Error("the result needs the transform again")
		}
		_, err = cfn.FromNode(out)
		var e *cfn.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not a template error: %T %v", err, err)
		}
	})
}
