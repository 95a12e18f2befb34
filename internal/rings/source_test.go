package rings

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the repository's root, root its folder.
const (
	module = "github.com/perdure/perdure"
	root   = "../.."
)

// source is one Go file of the module.
type source struct {
	pkg  string // folder below root with slashes
	name string // path below root with slashes
	text []byte
	test bool
	file *ast.File
	set  *token.FileSet
}

// sources reads every Go file of the module, whatever its build tags. Left out are testdata, hidden folders, and nested
// modules.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && skipped(name, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s := source{name: filepath.ToSlash(below), text: text, test: strings.HasSuffix(name, "_test.go"), set: token.NewFileSet()}
		s.pkg = path.Dir(s.name)
		s.file, err = parser.ParseFile(s.set, s.name, text, parser.ParseComments|parser.SkipObjectResolution)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("found only %d Go files below %s", len(all), root)
	}
	return all
}

func skipped(folder, name string) bool {
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// imports are the paths a file imports, with the names it gives them.
func (s *source) imports() map[string]string {
	found := map[string]string{}
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		found[p] = path.Base(p)
		if spec.Name != nil {
			found[p] = spec.Name.Name
		}
	}
	return found
}
