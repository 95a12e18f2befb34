package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// maxWatched bounds the files that are looked at for one function, or for an app.
const maxWatched = 20_000

// source is a file, or a directory of files, that something is made of.
type source struct {
	path string
	deep bool                                  // with what is below the directory
	skip func(rel string, directory bool) bool // tells what of it is not; nil: nothing
}

// look adds what can be seen of the source's files without reading them.
func (s source) look(into map[string]string) error {
	return filepath.WalkDir(s.path, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it is not there, or not now
		}
		rel, err := filepath.Rel(s.path, path)
		if err != nil {
			return err
		}
		switch {
		case path == s.path && d.IsDir():
			return nil
		case d.IsDir() && (!s.deep || s.skipped(rel, true)):
			return fs.SkipDir
		case d.IsDir() || path != s.path && s.skipped(rel, false):
			return nil
		}
		if len(into) == maxWatched {
			return fmt.Errorf("there are more than %d files to watch, %s among them; deploy a folder of its own", maxWatched, s.path)
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			into[path] = fmt.Sprint(info.Size(), " ", info.ModTime().UnixNano(), " ", info.Mode())
		}
		return nil
	})
}

func (s source) skipped(rel string, directory bool) bool {
	return s.skip != nil && s.skip(filepath.ToSlash(rel), directory)
}

// sources are what a project is made of: of each function by its logical id, and of the rest under "".
type sources map[string][]source

// look sees the files of all sources.
func (s sources) look() (sights, error) {
	seen := sights{}
	for id, list := range s {
		files := map[string]string{}
		for _, one := range list {
			if err := one.look(files); err != nil {
				return nil, err
			}
		}
		seen[id] = files
	}
	return seen, nil
}

// sights are what the files of sources looked like.
type sights map[string]map[string]string

// hashes are short forms of the sights of each function.
func (s sights) hashes() map[string]string {
	out := map[string]string{}
	for id, files := range s {
		text, err := json.Marshal(files) // with sorted keys
		if err != nil {
			continue
		}
		sum := sha256.Sum256(text)
		out[id] = hex.EncodeToString(sum[:])
	}
	return out
}

// since names the files that look different from before, or are new or gone.
func (s sights) since(before sights) (files []string) {
	for _, pair := range [][2]sights{{s, before}, {before, s}} {
		for id, seen := range pair[0] {
			for path, sight := range seen {
				if pair[1][id][path] != sight && !slices.Contains(files, path) {
					files = append(files, path)
				}
			}
		}
	}
	slices.Sort(files)
	return files
}

// described are the files that say what a directory deploys. They are watched even while they are missing.
var described = []string{projectFile, settingsFile, appFile, "manifest.json", "template.json", "template.yaml", "template.yml"}

// madeOf finds the sources of a project at a path, as far as it can be understood.
func madeOf(ctx context.Context, o Options) sources {
	path := o.Path
	if path == "" {
		path = "."
	}
	o.Progress = nil
	switch {
	case exists(path, projectFile):
	case exists(path, "manifest.json"):
		return sources{"": {{path: path, deep: true}}}
	case exists(path, appFile):
		return sources{"": appSources(path)}
	}
	all := sources{"": {{path: path, skip: func(name string, _ bool) bool { return !slices.Contains(described, name) }}}}
	p, err := open(ctx, &o, "")
	if err != nil {
		return all
	}
	all[""] = append(all[""], source{path: p.file})
	node, err := cfn.ParseValue(p.text)
	if err != nil {
		return all
	}
	_, resources, err := understand(node)
	if err != nil {
		return all
	}
	functions, err := p.sources(resources)
	if err != nil {
		return all
	}
	for id, f := range functions {
		if f.Go == "" {
			all[id] = []source{{path: filepath.Join(p.dir, filepath.FromSlash(f.Zip)), deep: true}}
			continue
		}
		dir, pkg := p.goPackage(f)
		all[id] = goSources(ctx, dir, pkg)
	}
	for _, r := range resources {
		properties, _ := r["Properties"].(map[string]any)
		if file := local(r["Type"], properties); file != "" && !isFunction(r["Type"]) {
			all[""] = append(all[""], source{path: filepath.Join(p.dir, filepath.FromSlash(file))})
		}
	}
	return all
}

// packages asks the go command for the folders, modules and embedded files of packages that are edited here, not those of
// other modules' releases or of Go itself.
const packages = `{{if not .Standard}}{{$here := not .Module}}{{with .Module}}{{if .Main}}{{$here = true}}{{else}}{{with .Replace}}{{if not .Version}}{{$here = true}}{{end}}{{end}}{{end}}{{end}}` +
	`{{if $here}}{{.Dir}}{{with .Module}}{{"\n"}}{{.GoMod}}{{end}}{{range .EmbedFiles}}{{"\n"}}{{$.Dir}}/{{.}}{{end}}{{end}}{{end}}`

// goSources are the folders of the packages that a Go package is built of. If the go command cannot tell, it is the
// package's own.
func goSources(ctx context.Context, dir, pkg string) []source {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-tags", "lambda.norpc", "-f", packages, pkg)
	cmd.Dir, cmd.Env = dir, goEnvironment()
	out, err := cmd.Output()
	paths := strings.Split(string(bytes.TrimSpace(out)), "\n")
	if err != nil || len(out) == 0 {
		paths = []string{filepath.Join(dir, filepath.FromSlash(pkg)), filepath.Join(dir, "go.mod")}
	}
	slices.Sort(paths)
	var list []source
	for _, path := range slices.Compact(paths) {
		switch {
		case path == "":
		case filepath.Base(path) == "go.mod":
			list = append(list, source{path: path}, source{path: strings.TrimSuffix(path, "mod") + "sum"})
		default:
			list = append(list, source{path: path, skip: notGo})
		}
	}
	return list
}

// notGo tells of a file in a package's folder that is not compiled.
func notGo(rel string, _ bool) bool {
	return !slices.Contains([]string{".go", ".s", ".h"}, filepath.Ext(rel)) || strings.HasSuffix(rel, "_test.go")
}

// globs are patterns of cdk.json: one, or a list.
type globs []string

// UnmarshalJSON makes globs a json.Unmarshaler.
func (g *globs) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*g = globs{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(g))
}

// ignored is what cdk watch never looks at.
var ignored = globs{"cdk.out*", "cdk.out*/**", "**/.*", "**/.*/**", "**/node_modules", "**/node_modules/**"}

// appSources are what cdk.json says is to be watched: everything in the app's folder, unless it says otherwise.
func appSources(dir string) (list []source) {
	self := source{path: filepath.Join(dir, appFile)}
	a, err := readApp(dir)
	if err != nil {
		return []source{self}
	}
	include := a.Watch.Include
	if len(include) == 0 {
		include = globs{"**"}
	}
	exclude, never := a.Watch.Exclude.compile(), ignored.compile()
	for _, g := range include {
		root, _, _ := strings.Cut(g+"/", "*")
		root = root[:strings.LastIndex(root, "/")+1]
		wanted := globs{g}.compile()
		list = append(list, source{path: filepath.Join(dir, filepath.FromSlash(root)), deep: true, skip: func(rel string, directory bool) bool {
			return never(rel) || exclude(root+rel) || !directory && !wanted(root+rel)
		}})
	}
	return append(list, self)
}

// compile gives the test for paths that fit a pattern: "**/" is any folders, "*" anything without a slash.
func (g globs) compile() func(path string) bool {
	var forms []string
	for _, pattern := range g {
		form := regexp.QuoteMeta(strings.TrimSuffix(pattern, "/"))
		form = strings.NewReplacer(`\*\*/`, `(.*/)?`, `\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`).Replace(form)
		forms = append(forms, form)
	}
	all := regexp.MustCompile(`^(` + strings.Join(forms, "|") + `)$`)
	return all.MatchString
}
