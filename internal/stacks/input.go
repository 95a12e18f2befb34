package stacks

import (
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/cfn"
)

// Limits of CloudFormation.
const (
	maxTemplateBody = 51_200 // bytes of a template inside a request
	maxTags         = 50
)

// members reads Name.member.1, Name.member.2, ...
func members(q url.Values, name string) (out []string) {
	for i := 1; q.Has(name + ".member." + strconv.Itoa(i)); i++ {
		out = append(out, q.Get(name+".member."+strconv.Itoa(i)))
	}
	return out
}

// each entry of Name.member.N.Key, as a function from members to values.
func entries(q url.Values, name, key string) (out []func(string) string) {
	for i := 1; q.Has(name + ".member." + strconv.Itoa(i) + "." + key); i++ {
		prefix := name + ".member." + strconv.Itoa(i) + "."
		out = append(out, func(member string) string { return q.Get(prefix + member) })
	}
	return out
}

func flag(q url.Values, name string) bool { return strings.EqualFold(q.Get(name), "true") }

var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func named(r *api.Request) (string, error) {
	name := r.Query.Get("StackName")
	if !stackName.MatchString(name) {
		return "", invalid("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", clip(name))
	}
	return name, nil
}

// settings reads what create, update and change sets take alike. before is what UsePreviousValue refers to.
func readSettings(r *api.Request, before []cfn.Given) (set settings, err error) {
	q := r.Query
	set.Capabilities = members(q, "Capabilities")
	set.RoleARN, set.Notifications = q.Get("RoleARN"), members(q, "NotificationARNs")
	set.DisableRollback = flag(q, "DisableRollback")
	for _, e := range entries(q, "Tags", "Key") {
		set.Tags = append(set.Tags, tag{e("Key"), e("Value")})
	}
	if len(set.Tags) > maxTags {
		return set, invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to %d", maxTags)
	}
	for _, e := range entries(q, "Parameters", "ParameterKey") {
		g := cfn.Given{ID: e("ParameterKey"), Value: e("ParameterValue")}
		if strings.EqualFold(e("UsePreviousValue"), "true") {
			found := false
			for _, b := range before {
				if b.ID == g.ID {
					g.Value, found = b.Value, true
				}
			}
			if !found {
				return set, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", clip(g.ID))
			}
		}
		set.Parameters = append(set.Parameters, g)
	}
	return set, nil
}

// source reads the template that a request gives: inside it, in S3, or the stack's own.
func (s *Service) source(ctx context.Context, r *api.Request, st *stack) ([]byte, error) {
	q := r.Query
	body, address, previous := q.Get("TemplateBody"), q.Get("TemplateURL"), flag(q, "UsePreviousTemplate")
	switch {
	case previous && body == "" && address == "" && st != nil:
		return s.template(ctx, st.Template)
	case previous, (body == "") == (address == ""):
		return nil, invalid("Either Template URL or Template Body must be specified.")
	case len(body) > maxTemplateBody:
		return nil, invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", maxTemplateBody)
	case body != "":
		return []byte(body), nil
	}
	bucket, key, ok := place(address)
	if !ok {
		return nil, invalid("TemplateURL must be a supported URL.")
	}
	text, err := s.cfg.Object(ctx, r.Region, bucket, key)
	if e, refused := api.As(err); refused {
		return nil, invalid("S3 error: %s", e.Message)
	}
	if err == nil && len(text) > cfn.MaxBytes {
		return nil, invalid("Template may not exceed %d bytes in size.", cfn.MaxBytes)
	}
	return text, err
}

// place is the bucket and key in a URL of either style. The host is not looked at beyond that: files are the server's own.
func place(address string) (bucket, key string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", false
	}
	path := strings.TrimPrefix(u.Path, "/")
	host := u.Hostname()
	if i := strings.Index(host, ".s3"); i > 0 && strings.Contains(host, ".amazonaws.com") {
		return host[:i], path, path != ""
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key, bucket != "" && key != ""
}
