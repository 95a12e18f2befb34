package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

// TestBrokenTemplatesAreRefusedAndChangeNothing deploys testdata/broken, at once and by a change set; the first line of
// a file says what the refusal must contain.
func TestBrokenTemplatesAreRefusedAndChangeNothing(t *testing.T) {
	c := serve(t)
	files, err := filepath.Glob("testdata/broken/*")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d broken templates, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			want, ok := strings.CutPrefix(first, "# want: ")
			if !ok {
				want = "Template format error" // JSON has no room for comments
			}
			o := Options{Client: c, Path: file}
			_, err = Deploy(context.Background(), o)
			e, refused := api.As(err)
			if !refused || e.HTTPStatus() >= 500 || !strings.Contains(e.Message, want) {
				t.Errorf("got %v, want a refusal with %q", err, want)
			}
			if _, err = Diff(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the change set says %v, want a refusal with %q", err, want)
			}
		})
	}
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("something was made: %v", left)
	}
}
