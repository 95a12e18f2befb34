package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// loadAssembly reads what cdk synth has written.
func loadAssembly(dir, stack string) (*Project, error) {
	var m struct {
		Artifacts map[string]struct {
			Type       string
			Properties struct{ TemplateFile, StackName string }
		}
		Missing []struct{ Key, Provider string }
	}
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); err != nil {
		return nil, err
	}
	if len(m.Missing) > 0 {
		return nil, fmt.Errorf("the app looks up %s in AWS (%s), which is not done here; give the values in %s",
			m.Missing[0].Key, m.Missing[0].Provider, contextFile)
	}
	found := map[string]string{} // template files by stack names
	for id, a := range m.Artifacts {
		if a.Type == "aws:cloudformation:stack" {
			name := a.Properties.StackName
			if name == "" {
				name = id
			}
			if stack == "" || stack == name || stack == id {
				found[name] = a.Properties.TemplateFile
			}
		}
	}
	names := slices.Sorted(maps.Keys(found))
	switch {
	case len(names) == 0 && stack != "":
		return nil, fmt.Errorf("the assembly %s has no stack %s", dir, stack)
	case len(names) == 0:
		return nil, fmt.Errorf("the assembly %s has no stack", dir)
	case len(names) > 1:
		return nil, fmt.Errorf("the assembly %s has several stacks; say which with --stack: %s", dir, strings.Join(names, ", "))
	}
	p := &Project{Stack: names[0], dir: dir}
	var err error
	if p.text, err = os.ReadFile(filepath.Join(dir, found[names[0]])); err != nil {
		return nil, err
	}
	p.manifest = strings.TrimSuffix(found[names[0]], ".template.json") + ".assets.json"
	if !exists(dir, p.manifest) {
		p.manifest = ""
	}
	return p, nil
}

func readJSON(file string, v any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// uploadAssets puts an assembly's files where its template looks for them.
func (p *Project) uploadAssets(ctx context.Context, o *Options, u *uploads) error {
	var m struct {
		Files map[string]struct {
			Source       struct{ Path, Packaging string }
			Destinations map[string]struct{ BucketName, ObjectKey string }
		}
		DockerImages map[string]any
	}
	if err := readJSON(filepath.Join(p.dir, p.manifest), &m); err != nil {
		return err
	}
	if len(m.DockerImages) > 0 {
		return fmt.Errorf("the stack %s needs container images, which cannot be deployed here", p.Stack)
	}
	partition := "aws"
	place := strings.NewReplacer("${AWS::AccountId}", u.account, "${AWS::Region}", o.Client.Region(), "${AWS::Partition}", partition)
	for _, id := range slices.Sorted(maps.Keys(m.Files)) {
		f := m.Files[id]
		if strings.HasSuffix(f.Source.Path, ".template.json") {
			continue // it is sent with the request
		}
		path := filepath.Join(p.dir, filepath.FromSlash(f.Source.Path))
		content, err := packed(path)
		if err != nil {
			return fmt.Errorf("the asset %s: %w", id, err)
		}
		for _, name := range slices.Sorted(maps.Keys(f.Destinations)) {
			bucket := place.Replace(f.Destinations[name].BucketName)
			if err := u.ensure(ctx, bucket); err != nil {
				return err
			}
			if err := u.putAs(ctx, bucket, place.Replace(f.Destinations[name].ObjectKey), content); err != nil {
				return err
			}
		}
	}
	return nil
}
