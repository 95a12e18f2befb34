package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

// TestBrokenTemplatesAreRefusedAndChangeNothing deploys testdata/broken; the first line of a file says what the refusal
// must contain.
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
			_, err = Deploy(context.Background(), Options{Client: c, Path: file})
			e, refused := api.As(err)
			if !refused || e.HTTPStatus() >= 500 || !strings.Contains(e.Message, want) {
				t.Errorf("got %v, want a refusal with %q", err, want)
			}
		})
	}
	if left := append(stacks(t, c), functions(t, c)...); len(left) > 0 {
		t.Errorf("something was made: %v", left)
	}
}
