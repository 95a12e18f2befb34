package events

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/arn"
)

// Parameter is a name and a value to send.
type Parameter struct{ Key, Value string }

// Sent is what a call over a connection sends beside what it says itself.
type Sent struct {
	Headers, Query, Body []Parameter
	OAuth                *OAuth // nil if there is no token to get first
}

// OAuth is how to get a token.
type OAuth struct {
	Key                          string // another one after every change of the connection
	Endpoint, Method, ID, Secret string
	Headers, Query, Body         []Parameter
}

// sent puts the credentials where they are sent: BASIC and API_KEY have a header of their own.
func (c *record) sent() *Sent {
	out, a := &Sent{}, c.Auth
	out.Headers, out.Query, out.Body = a.InvocationHttpParameters.plain()
	switch c.Type {
	case basic:
		pair := *a.BasicAuthParameters.Username + ":" + *a.BasicAuthParameters.Password
		out.Headers = append(out.Headers, Parameter{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))})
	case apiKey:
		out.Headers = append(out.Headers, Parameter{*a.ApiKeyAuthParameters.ApiKeyName, *a.ApiKeyAuthParameters.ApiKeyValue})
	case oauth:
		o := a.OAuthParameters
		out.OAuth = &OAuth{Key: c.ID + strconv.FormatUint(c.version, 10), Endpoint: *o.AuthorizationEndpoint, Method: *o.HttpMethod,
			ID: *o.ClientParameters.ClientID, Secret: *o.ClientParameters.ClientSecret}
		out.OAuth.Headers, out.OAuth.Query, out.OAuth.Body = o.OAuthHttpParameters.plain()
	}
	return out
}

func (h *httpParameters) plain() (headers, query, body []Parameter) {
	if h == nil {
		return nil, nil, nil
	}
	return plain(h.HeaderParameters), plain(h.QueryStringParameters), plain(h.BodyParameters)
}

func plain(list []parameter) (out []Parameter) {
	for _, p := range list {
		value := ""
		if p.Value != nil {
			value = *p.Value
		}
		out = append(out, Parameter{p.Key, value})
	}
	return out
}

// Connection is what calls over the connection of an ARN send. Without one it is a ResourceNotFoundException.
func (s *Service) Connection(ctx context.Context, of string) (*Sent, error) {
	a, err := arn.Parse(of)
	if err != nil || a.Service != "events" {
		return nil, missing(of)
	}
	name, id, _ := strings.Cut(strings.TrimPrefix(a.Resource, "connection/"), "/")
	c, err := s.load(ctx, a.Region, a.Account, name)
	if err != nil {
		return nil, err
	}
	if c == nil || c.ID != id {
		return nil, missing(of)
	}
	return c.sent(), nil
}
