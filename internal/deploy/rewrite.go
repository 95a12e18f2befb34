package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

const functionType, versionType = "AWS::Lambda::Function", "AWS::Lambda::Version"

// pack builds and uploads what the template needs and returns the template that refers to it.
func (p *Project) pack(ctx context.Context, o *Options, u *uploads, work string) ([]byte, error) {
	if p.manifest != "" {
		return p.text, p.uploadAssets(ctx, o, u)
	}
	node, err := cfn.ParseValue(p.text)
	if err != nil {
		return p.text, nil // the server says what is wrong with it, and where
	}
	if err := p.checkServerless(node, o); err != nil {
		return nil, err
	}
	whole, resources, err := understand(node)
	if err != nil {
		return p.text, nil // as above
	}
	sources, err := p.sources(resources)
	if err != nil {
		return nil, err
	}
	defined, err := p.definitions(ctx, o, u, resources)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 && !defined {
		return p.text, nil
	}
	rename := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		key, err := p.code(ctx, o, u, id, sources[id], work)
		if err != nil {
			return nil, err
		}
		properties := resources[id]["Properties"].(map[string]any)
		places[resources[id]["Type"].(string)].set(properties, u.bucket, key)
		if sources[id].Go != "" {
			properties["Architectures"] = []any{architecture()}
		}
		renameVersions(resources, id, rename)
	}
	whole["Resources"] = resources
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(whole); err != nil {
		return nil, err
	}
	text := out.Bytes()
	for old, new := range rename {
		text = renamed(text, old, new)
	}
	return text, nil
}

// understand gives a template, and its resources with what they have of Globals that is asked about here.
func understand(node *cfn.Node) (whole map[string]any, resources map[string]map[string]any, err error) {
	b, err := node.MarshalJSON()
	if err != nil {
		return nil, nil, err
	}
	var tree struct{ Resources map[string]map[string]any }
	if err := errors.Join(json.Unmarshal(b, &whole), json.Unmarshal(b, &tree)); err != nil {
		return nil, nil, err
	}
	inherit(whole, tree.Resources)
	return whole, tree.Resources, nil
}

// sources are what perdure.json says, or else what functions have for Code if that is a path.
func (p *Project) sources(resources map[string]map[string]any) (map[string]Source, error) {
	out := map[string]Source{}
	for id, s := range p.Functions {
		r := resources[id]
		if _, ok := r["Properties"].(map[string]any); !ok || !isFunction(r["Type"]) {
			return nil, fmt.Errorf("%s says how to build %s, which is not a function in the template", projectFile, id)
		}
		if (s.Go == "") == (s.Zip == "") {
			return nil, fmt.Errorf("%s: the function %s needs one of \"go\" and \"zip\"", projectFile, id)
		}
		out[id] = s
	}
	for id, r := range resources {
		properties, _ := r["Properties"].(map[string]any)
		path := local(r["Type"], properties)
		if _, given := out[id]; given || path == "" || !isFunction(r["Type"]) {
			continue
		}
		runtime, _ := properties["Runtime"].(string)
		if strings.HasPrefix(runtime, "provided") && isGo(filepath.Join(p.dir, path)) {
			out[id] = Source{Go: "./" + filepath.ToSlash(filepath.Clean(path))}
		} else {
			out[id] = Source{Zip: path}
		}
	}
	return out, nil
}

// code builds or packs a function, unless that was done before, and uploads it.
func (p *Project) code(ctx context.Context, o *Options, u *uploads, id string, s Source, work string) (key string, err error) {
	content := o.built.last(id)
	if content == nil {
		if content, err = p.packaged(ctx, o, id, s, work); err != nil {
			return "", fmt.Errorf("the function %s: %w", id, err)
		}
		o.built.keep(id, content)
	}
	return u.put(ctx, content, ".zip")
}

func (p *Project) packaged(ctx context.Context, o *Options, id string, s Source, work string) ([]byte, error) {
	if s.Go == "" {
		o.say("pack     %s (%s)", id, s.Zip)
		return packed(filepath.Join(p.dir, filepath.FromSlash(s.Zip)))
	}
	o.say("build    %s (%s)", id, s.Go)
	dir, pkg := p.goPackage(s)
	return buildGo(ctx, dir, pkg, work)
}

// goPackage says where to build a function's package: in its own module, if it is one.
func (p *Project) goPackage(s Source) (dir, pkg string) {
	if own := filepath.Join(p.dir, filepath.FromSlash(s.Go)); exists(own, "go.mod") {
		return own, "."
	}
	return p.dir, s.Go
}

var hashed = regexp.MustCompile(`[0-9a-f]{32}$`)

// renameVersions gives the versions of a function an id that changes with its code and configuration, as the CDK does:
// otherwise an update would change the function and publish no version of it.
func renameVersions(resources map[string]map[string]any, function string, rename map[string]string) {
	b, err := json.Marshal(resources[function]["Properties"])
	if err != nil {
		return // it was decoded from JSON
	}
	sum := sha256.Sum256(b)
	for id, r := range resources {
		properties, _ := r["Properties"].(map[string]any)
		of, _ := properties["FunctionName"].(map[string]any)
		if r["Type"] == versionType && of["Ref"] == function {
			rename[id] = hashed.ReplaceAllString(id, "") + hex.EncodeToString(sum[:16])
		}
	}
}

// renamed puts a new logical id wherever the old one stands as a whole string, before the dot of an attribute, or in a
// substitution.
func renamed(text []byte, old, new string) []byte {
	for _, around := range [][2]string{{`"`, `"`}, {`"`, `.`}, {`${`, `}`}, {`${`, `.`}} {
		text = bytes.ReplaceAll(text, []byte(around[0]+old+around[1]), []byte(around[0]+new+around[1]))
	}
	return text
}
