package stacks

import (
	"context"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
)

// getTemplate gives the text back as it was received, byte for byte: clients compare it. A template with transforms is
// given as they left it, unless the original is asked for.
func (s *Service) getTemplate(ctx context.Context, r *api.Request) (*api.Response, error) {
	blob, name := "", r.Query.Get("StackName")
	var set settings
	if r.Query.Get("ChangeSetName") != "" {
		c, err := s.findChangeSet(ctx, r)
		if err != nil {
			return nil, err
		}
		blob, name, set = c.Template, c.StackID, c.settings
	}
	st, err := s.find(ctx, r.Region, r.Account, name)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return nil, noStack(name)
	}
	if blob == "" {
		blob, set = st.Template, st.settings
	}
	text, err := s.template(ctx, blob)
	if err == nil && r.Query.Get("TemplateStage") != "Original" {
		text, err = s.processed(ctx, st, text, &set)
	}
	if err != nil {
		return nil, err
	}
	return result(struct {
		TemplateBody    string
		StagesAvailable list[string]
	}{string(text), list[string]{[]string{"Original", "Processed"}}})
}

type declarationView struct {
	ParameterKey  string
	DefaultValue  *string `xml:",omitempty"`
	ParameterType string  `xml:",omitempty"`
	NoEcho        bool
	Description   string                                `xml:",omitempty"`
	Constraints   *struct{ AllowedValues list[string] } `xml:"ParameterConstraints,omitempty"`
}

func declarations(t *cfn.Template, full bool) (l list[declarationView]) {
	for _, p := range t.Parameters {
		v := declarationView{ParameterKey: p.ID, DefaultValue: p.Default, NoEcho: p.NoEcho, Description: p.Description}
		if full {
			v.ParameterType = p.Type
			if len(p.AllowedValues) > 0 {
				v.Constraints = &struct{ AllowedValues list[string] }{list[string]{p.AllowedValues}}
			}
		}
		l.Member = append(l.Member, v)
	}
	return l
}

// whyCapabilities words what makes a template need capabilities.
func whyCapabilities(t *cfn.Template) (needs []string, reason string) {
	needs, ids := t.Capabilities()
	if len(t.Transforms) > 0 {
		needs, ids = append(needs, autoExpand), append(ids, t.Transforms...)
	}
	if len(needs) > 0 {
		reason = "The following resource(s) require capabilities: [" + strings.Join(ids, ", ") + "]"
	}
	return needs, reason
}

func (s *Service) validateTemplate(ctx context.Context, r *api.Request) (*api.Response, error) {
	text, err := s.source(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	t, err := unexpanded(text)
	if err != nil {
		return nil, refusal(err)
	}
	needs, reason := whyCapabilities(t)
	return result(struct {
		Parameters         list[declarationView]
		Description        string `xml:",omitempty"`
		Capabilities       list[string]
		CapabilitiesReason string `xml:",omitempty"`
		DeclaredTransforms list[string]
	}{declarations(t, false), t.Description, list[string]{needs}, reason, list[string]{t.Transforms}})
}

func (s *Service) templateSummary(ctx context.Context, r *api.Request) (*api.Response, error) {
	var text []byte
	var err error
	if name := r.Query.Get("StackName"); name != "" {
		st, e := s.find(ctx, r.Region, r.Account, name)
		if e != nil {
			return nil, e
		}
		if st == nil {
			return nil, noStack(name)
		}
		text, err = s.template(ctx, st.Template)
	} else {
		text, err = s.source(ctx, r, nil)
	}
	if err != nil {
		return nil, err
	}
	t, err := unexpanded(text)
	if err != nil {
		return nil, refusal(err)
	}
	needs, reason := whyCapabilities(t)
	metadata := ""
	if t.Metadata != nil {
		b, err := t.Metadata.MarshalJSON()
		if err != nil {
			return nil, err
		}
		metadata = string(b)
	}
	return result(struct {
		Parameters         list[declarationView]
		Description        string `xml:",omitempty"`
		Capabilities       list[string]
		CapabilitiesReason string `xml:",omitempty"`
		ResourceTypes      list[string]
		Version            string
		Metadata           string `xml:",omitempty"`
		DeclaredTransforms list[string]
	}{declarations(t, true), t.Description, list[string]{needs}, reason, list[string]{t.Types()}, "2010-09-09", metadata, list[string]{t.Transforms}})
}
