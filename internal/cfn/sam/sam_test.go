package sam_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/perdure/perdure/internal/cfn"
	"github.com/perdure/perdure/internal/cfn/sam"
)

var update = flag.Bool("update", false, "write what the transform makes into the files of testdata")

func input() cfn.Input {
	return cfn.Input{StackName: "app", StackID: "arn:aws:cloudformation:us-east-1:123456789012:stack/app/1", Region: "us-east-1",
		Account: "123456789012", Partition: "aws", URLSuffix: "amazonaws.com"}
}

// section is a part of a file of testdata.
func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// pretty is a template as it stands in testdata.
func pretty(t testing.TB, n *cfn.Node) string {
	t.Helper()
	raw, err := n.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// The files hold a template and what AWS's transform makes of it. What it makes was compared with the public translator
// (1.110.0) when the files were written.
func TestTemplatesAreExpandedAsAWSDoes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d files in testdata, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := sam.Options{Input: input(), Local: strings.Contains(section(a, "options"), "local")}
			o.Input.Parameters = map[string]string{}
			for line := range strings.Lines(section(a, "parameters")) {
				k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
				o.Input.Parameters[k] = v
			}
			root, err := cfn.ParseValue([]byte(section(a, "template")))
			if err != nil {
				t.Fatal(err)
			}
			out, wrong := sam.Transform(root, o)
			if wrong != nil {
				t.Fatal(sam.Failure(wrong))
			}
			parsed, err := cfn.FromNode(out)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parsed.Instantiate(o.Input); err != nil {
				t.Errorf("the result is no good: %v", err)
			}
			got := pretty(t, out)
			if *update {
				a.Files = append(dropped(a.Files, "result"), txtar.File{Name: "result", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := section(a, "result"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func dropped(files []txtar.File, name string) (rest []txtar.File) {
	for _, f := range files {
		if f.Name != name {
			rest = append(rest, f)
		}
	}
	return rest
}
