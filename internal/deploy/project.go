package deploy

import (
	"bytes"
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
}

// Source is where a function's code comes from: one of the two, relative to the project.
type Source struct {
	Go  string `json:"go,omitempty"`  // package, "./functions/async"
	Zip string `json:"zip,omitempty"` // zip file, or directory to be zipped
}

const projectFile = "perdure.json"

// load finds out what path is.
func load(path, stack string) (*Project, error) {
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
	var p *Project
	switch {
	case !info.IsDir():
		p, err = loadTemplate(path)
	case exists(path, projectFile):
		p, err = loadProject(path)
	case exists(path, "manifest.json"):
		p, err = loadAssembly(path, stack)
	default:
		p, err = loadDirectory(path)
	}
	if err != nil {
		return nil, err
	}
	if stack != "" {
		p.Stack = stack
	}
	return p, nil
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
	if p.text, err = os.ReadFile(filepath.Join(dir, filepath.FromSlash(p.Template))); err != nil {
		return nil, fmt.Errorf("the template that %s names: %w", file, err)
	}
	if p.Stack == "" {
		p.Stack = nameFrom(dir)
	}
	return p, nil
}

func loadDirectory(dir string) (*Project, error) {
	for _, name := range []string{"template.json", "template.yaml", "template.yml"} {
		if exists(dir, name) {
			p, err := loadTemplate(filepath.Join(dir, name))
			if err == nil {
				p.Stack = nameFrom(dir)
			}
			return p, err
		}
	}
	if exists(dir, "cdk.json") {
		return nil, fmt.Errorf("%s is a CDK app: deploy it with cdk deploy, or give the directory that cdk synth has written (cdk.out)", dir)
	}
	return nil, fmt.Errorf("there is nothing to deploy in %s: no %s, template.json, template.yaml or manifest.json", dir, projectFile)
}

func loadTemplate(file string) (*Project, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return &Project{Stack: nameFrom(file), dir: filepath.Dir(file), text: text}, nil
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
