package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Project is what is deployed, and the content of perdure.json.
type Project struct {
	Stack    string `json:"stack"`
	Template string `json:"template"` // file, relative to the project
	// Functions says where the code of functions comes from, by their logical ids.
	Functions map[string]Source `json:"functions"`

	dir      string // what paths are relative to
	text     []byte
	manifest string // of the assets of an assembly; empty for other projects
	file     string // the template, for projects that are not an assembly
}

// Source is where a function's code comes from: one of the two, relative to the project.
type Source struct {
	Go  string `json:"go,omitempty"`  // package, "./functions/async"
	Zip string `json:"zip,omitempty"` // zip file, or directory to be zipped
}

const projectFile = "perdure.json"

// open finds out what is to be deployed. A CDK app is run for that, and writes its assembly below work. What a file of
// settings beside the template says goes into the options, as far as they say nothing themselves.
func open(ctx context.Context, o *Options, work string) (*Project, error) {
	path := o.Path
	if path == "" {
		path = "."
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist", path)
	}
	if err != nil {
		return nil, err
	}
	own := !info.IsDir()
	for _, file := range []string{projectFile, "manifest.json", appFile} {
		own = own || exists(path, file)
	}
	if own && o.Environment != "" {
		return nil, fmt.Errorf("%s has no %s that is read and could hold the environment %s", path, settingsFile, o.Environment)
	}
	var p *Project
	switch {
	case !info.IsDir():
		p, err = loadTemplate(path)
	case exists(path, projectFile):
		p, err = loadProject(path)
	case exists(path, "manifest.json"):
		return loadAssembly(path, o.StackName)
	case exists(path, appFile):
		return loadApp(ctx, o, path, work)
	default:
		p, err = loadDirectory(o, path)
	}
	if err == nil && o.StackName != "" {
		p.Stack = o.StackName
	}
	return p, err
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func loadProject(dir string) (*Project, error) {
	file := filepath.Join(dir, projectFile)
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := &Project{dir: dir}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if p.Template == "" {
		return nil, fmt.Errorf("%s names no template", file)
	}
	p.file = filepath.Join(dir, filepath.FromSlash(p.Template))
	if p.text, err = os.ReadFile(p.file); err != nil {
		return nil, fmt.Errorf("the template that %s names: %w", file, err)
	}
	if p.Stack == "" {
		p.Stack = nameFrom(dir)
	}
	return p, nil
}

// loadDirectory takes the template of a directory, and what samconfig.toml says beside it.
func loadDirectory(o *Options, dir string) (*Project, error) {
	s, err := readSettings(dir, o.Environment, o.say)
	if err != nil {
		return nil, err
	}
	names := []string{"template.json", "template.yaml", "template.yml"}
	if name := s.template(); name != "" {
		if !exists(dir, name) {
			return nil, fmt.Errorf("the template that %s names is not there: %s", filepath.Join(dir, settingsFile), name)
		}
		names = []string{name}
	}
	for _, name := range names {
		if !exists(dir, name) {
			continue
		}
		p, err := loadTemplate(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		p.Stack = nameFrom(dir)
		s.apply(o)
		return p, nil
	}
	return nil, fmt.Errorf("there is nothing to deploy in %s: no %s, manifest.json, %s, template.json or template.yaml", dir, projectFile, appFile)
}

func loadTemplate(file string) (*Project, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return &Project{Stack: nameFrom(file), dir: filepath.Dir(file), file: file, text: text}, nil
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9-]+`)

// nameFrom makes a stack's name of a file's or directory's.
func nameFrom(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := filepath.Base(path)
	for ext := filepath.Ext(name); ext != "" && name != ext; ext = filepath.Ext(name) {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Trim(notInNames.ReplaceAllString(name, "-"), "-0123456789")
	if name == "" {
		return "stack"
	}
	return name[:min(len(name), 128)]
}
