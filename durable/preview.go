package durable

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// PreviewMode says what a preview shows of fields that no list names.
type PreviewMode int

const (
	// PreviewIncludeAll shows them.
	PreviewIncludeAll PreviewMode = 0
	// PreviewExcludeAll hides them.
	PreviewExcludeAll PreviewMode = 1
)

// FieldMatchMode says what a PreviewField's name is compared with.
type FieldMatchMode int

const (
	// FieldMatchAnywhere compares with the name of a field at any depth.
	FieldMatchAnywhere FieldMatchMode = 0
	// FieldMatchPath compares with the whole path, "order.items.0.price".
	FieldMatchPath FieldMatchMode = 1
)

// Defaults of a PreviewConfig, and the key that says that a preview is not whole.
const (
	DefaultPreviewMaskString = "***"
	DefaultPreviewMaxBytes   = 4096
	DefaultPreviewMaxDepth   = 32
	PreviewTruncatedKey      = "$truncated"
)

// PreviewField names fields of a value's JSON form.
type PreviewField struct {
	_     [0]func()
	Name  string
	Match FieldMatchMode
}

// PreviewConfig says what a preview shows. Exclude goes before Mask, Mask before Include and Mode. Zero limits mean the
// defaults.
type PreviewConfig struct {
	_                         [0]func()
	Mode                      PreviewMode
	Include, Exclude, Mask    []PreviewField
	MaskString                string
	MaxPreviewBytes, MaxDepth int
}

// BuildPreview makes a short form of value's JSON form for readers of the history, nil when there is nothing to show.
func BuildPreview(value any, cfg PreviewConfig) map[string]any {
	data, err := marshalJSON(value)
	if err != nil {
		return nil
	}
	var tree any
	if json.Unmarshal(data, &tree) != nil {
		return nil
	}
	p := previewer{cfg: cfg, mask: or(cfg.MaskString, DefaultPreviewMaskString), depth: or(cfg.MaxDepth, DefaultPreviewMaxDepth)}
	var shown map[string]any
	switch tree := tree.(type) {
	case map[string]any:
		shown = p.object(tree, nil, cfg.Mode == PreviewIncludeAll)
	case []any:
		if list := p.list(tree, nil, cfg.Mode == PreviewIncludeAll); len(list) > 0 {
			shown = map[string]any{"items": list}
		}
	default:
		if cfg.Mode == PreviewIncludeAll && tree != nil {
			shown = map[string]any{"value": tree}
		}
	}
	if p.cut {
		if shown == nil {
			shown = map[string]any{}
		}
		shown[PreviewTruncatedKey] = true
	}
	return fit(shown, or(cfg.MaxPreviewBytes, DefaultPreviewMaxBytes))
}

type previewer struct {
	cfg   PreviewConfig
	mask  string
	depth int
	cut   bool
}

// listed reports whether a list names the field at path.
func listed(fields []PreviewField, path []string) bool {
	return slices.ContainsFunc(fields, func(f PreviewField) bool {
		if f.Match == FieldMatchPath {
			return f.Name == strings.Join(path, ".")
		}
		return f.Name == path[len(path)-1]
	})
}

// field decides about one field; shown is what its surroundings say.
func (p *previewer) field(v any, path []string, shown bool) (any, bool) {
	if listed(p.cfg.Exclude, path) {
		return nil, false
	}
	if listed(p.cfg.Mask, path) {
		return p.mask, true
	}
	shown = shown || listed(p.cfg.Include, path)
	if len(path) >= p.depth {
		switch v.(type) {
		case map[string]any, []any:
			p.cut = true
			return nil, false
		}
	}
	switch v := v.(type) {
	case map[string]any:
		o := p.object(v, path, shown)
		return o, shown || len(o) > 0
	case []any:
		l := p.list(v, path, shown)
		return l, shown || len(l) > 0
	}
	return v, shown
}

func (p *previewer) object(m map[string]any, path []string, shown bool) map[string]any {
	out := map[string]any{}
	for key, v := range m {
		if w, ok := p.field(v, append(slices.Clone(path), key), shown); ok {
			out[key] = w
		}
	}
	if len(out) == 0 && len(path) == 0 {
		return nil
	}
	return out
}

func (p *previewer) list(items []any, path []string, shown bool) []any {
	out := []any{}
	for i, v := range items {
		if w, ok := p.field(v, append(slices.Clone(path), strconv.Itoa(i)), shown); ok {
			out = append(out, w)
		}
	}
	return out
}

// fit drops fields, the largest first, until the preview is small enough.
func fit(m map[string]any, limit int) map[string]any {
	if len(m) == 0 {
		return nil
	}
	size := func(v any) int { b, _ := marshalJSON(v); return len(b) }
	for len(m) > 1 && size(m) > limit || len(m) == 1 && m[PreviewTruncatedKey] == nil && size(m) > limit {
		largest, most := "", -1
		for key, v := range m {
			if n := size(v); key != PreviewTruncatedKey && (n > most || n == most && key < largest) {
				largest, most = key, n
			}
		}
		delete(m, largest)
		m[PreviewTruncatedKey] = true
	}
	return m
}
