package deploy

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

const (
	settingsFile       = "samconfig.toml"
	defaultEnvironment = "default"
)

// settings are what samconfig.toml says of an environment, in the tables ENVIRONMENT.global.parameters and
// ENVIRONMENT.deploy.parameters.
type settings struct {
	StackName    string      `toml:"stack_name"`
	Template     string      `toml:"template"`
	TemplateFile string      `toml:"template_file"`
	Region       string      `toml:"region"`
	Parameters   assignments `toml:"parameter_overrides"`
	Tags         assignments `toml:"tags"`
}

// unused says why settings that SAM knows have no effect.
var unused = map[string]string{
	"capabilities":      "all are given",
	"confirm_changeset": "perdure diff shows the changes",
	"resolve_s3":        "perdure has a bucket of its own",
	"s3_bucket":         "perdure has a bucket of its own",
	"s3_prefix":         "perdure has a bucket of its own",
}

// readSettings reads an environment's settings; if it is "", the default's, which need not be there.
func readSettings(dir, environment string, say func(string, ...any)) (*settings, error) {
	file := filepath.Join(dir, settingsFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) && environment == "" {
		return &settings{}, nil
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s in %s to hold the environment %s", settingsFile, dir, environment)
	}
	if err != nil {
		return nil, err
	}
	var all map[string]toml.Primitive
	var shape map[string]any
	meta, err := toml.Decode(string(text), &all)
	if err == nil {
		_, err = toml.Decode(string(text), &shape)
	}
	if err != nil {
		return nil, located(file, err)
	}
	name := environment
	if name == "" {
		name = defaultEnvironment
	}
	if shape[name] == nil && environment == "" {
		return &settings{}, nil
	}
	if names := environments(shape); !slices.Contains(names, name) {
		return nil, fmt.Errorf("%s has no environment %s; it has %s", file, name, strings.Join(names, ", "))
	}
	var in struct {
		Global, Deploy struct{ Parameters settings }
	}
	if err := meta.PrimitiveDecode(all[name], &in); err != nil {
		return nil, located(file, err)
	}
	s := in.Deploy.Parameters
	s.inherit(&in.Global.Parameters)
	for _, key := range meta.Undecoded() {
		if len(key) == 4 && key[0] == name && key[1] == "deploy" {
			reason := unused[key[3]]
			if reason == "" {
				reason = "it has no meaning here"
			}
			say("%s: %s is not used: %s", settingsFile, key[3], reason)
		}
	}
	return &s, nil
}

// inherit takes from the settings of all commands what those of this one leave open.
func (s *settings) inherit(common *settings) {
	for to, from := range map[*string]string{&s.StackName: common.StackName, &s.Template: common.Template, &s.TemplateFile: common.TemplateFile, &s.Region: common.Region} {
		if *to == "" {
			*to = from
		}
	}
	if s.Parameters == nil {
		s.Parameters = common.Parameters
	}
	if s.Tags == nil {
		s.Tags = common.Tags
	}
}

func environments(shape map[string]any) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(shape)) {
		if _, ok := shape[name].(map[string]any); ok {
			names = append(names, name)
		}
	}
	return names
}

// located says in which line of the file an error is.
func located(file string, err error) error {
	var p toml.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d: %s", file, p.Position.Line, p.Message)
	}
	return fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "toml: "))
}

// apply lets the options have what was not given with them.
func (s *settings) apply(o *Options) {
	if o.StackName == "" {
		o.StackName = s.StackName
	}
	if s.Region != "" {
		o.Client = o.Client.In(s.Region)
	}
	merged := map[string]string{}
	maps.Copy(merged, s.Parameters)
	maps.Copy(merged, o.Parameters)
	o.Parameters, o.tags = merged, s.Tags
}

// template is the file that the settings name, relative to the directory; empty if they name none.
func (s *settings) template() string {
	if s.TemplateFile != "" {
		return s.TemplateFile
	}
	return s.Template
}

// assignments are KEY=VALUE pairs as SAM writes them: words in a text, or a list of such texts. A value with spaces is in
// quotes. ParameterKey=KEY,ParameterValue=VALUE says the same.
type assignments map[string]string

// UnmarshalTOML makes assignments a toml.Unmarshaler.
func (a *assignments) UnmarshalTOML(v any) error {
	*a = assignments{}
	switch v := v.(type) {
	case string:
		return a.add(v)
	case []any:
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return fmt.Errorf("%v is not a text of the form KEY=VALUE", item)
			}
			if err := a.add(text); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%v is neither a text nor a list of texts of the form KEY=VALUE", v)
}

func (a *assignments) add(text string) error {
	for _, word := range words(text) {
		rest, long := strings.CutPrefix(word, "ParameterKey=")
		key, value, ok := strings.Cut(rest, "=")
		if long {
			key, value, ok = strings.Cut(rest, ",ParameterValue=")
		}
		if !ok || key == "" {
			return fmt.Errorf("%q is not of the form KEY=VALUE; a value with spaces needs quotes", word)
		}
		(*a)[key] = value
	}
	return nil
}

// words splits a text at spaces outside of quotes, which are taken off, as are backslashes before a character.
func words(text string) (list []string) {
	var word strings.Builder
	var quote rune
	inside, escaped := false, false
	for _, c := range text {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped, inside = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if inside {
				list = append(list, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(c)
			inside = true
		}
	}
	if inside {
		list = append(list, word.String())
	}
	return list
}
