package events

import (
	"encoding/base64"
	"regexp"
)

// The authorization types.
const (
	basic  = "BASIC"
	apiKey = "API_KEY"
	oauth  = "OAUTH_CLIENT_CREDENTIALS"
)

// auth is AuthParameters, as they are sent, kept and, without what is secret, shown.
type auth struct {
	BasicAuthParameters      *basicAuth       `json:",omitempty"`
	ApiKeyAuthParameters     *keyAuth         `json:",omitempty"`
	OAuthParameters          *struct{}        `json:",omitempty"`
	InvocationHttpParameters *httpParameters  `json:",omitempty"`
	ConnectivityParameters   *privateResource `json:",omitempty"`
}

type basicAuth struct {
	Username *string `json:",omitempty"`
	Password *string `json:",omitempty"`
}

type keyAuth struct {
	ApiKeyName  *string `json:",omitempty"`
	ApiKeyValue *string `json:",omitempty"`
}

type httpParameters struct {
	HeaderParameters      []parameter `json:",omitempty"`
	QueryStringParameters []parameter `json:",omitempty"`
	BodyParameters        []parameter `json:",omitempty"`
}

type parameter struct {
	Key           string
	Value         *string `json:",omitempty"`
	IsValueSecret bool
}

// privateResource is a way into a private network.
type privateResource struct{}

// shown is what DescribeConnection tells.
func (a *auth) shown() *auth {
	out := &auth{}
	if b := a.BasicAuthParameters; b != nil {
		out.BasicAuthParameters = &basicAuth{Username: b.Username}
	}
	if k := a.ApiKeyAuthParameters; k != nil {
		out.ApiKeyAuthParameters = &keyAuth{ApiKeyName: k.ApiKeyName}
	}
	if h := a.InvocationHttpParameters; h != nil {
		out.InvocationHttpParameters = &httpParameters{open(h.HeaderParameters), open(h.QueryStringParameters), open(h.BodyParameters)}
	}
	return out
}

// open leaves secret values out.
func open(list []parameter) []parameter {
	out := make([]parameter, len(list))
	for i, p := range list {
		if p.IsValueSecret {
			p.Value = nil
		}
		out[i] = p
	}
	return out
}

// changed is a with what an update names put in its place.
func (a *auth) changed(by *auth) *auth {
	out := *a
	if b := by.BasicAuthParameters; b != nil {
		old := a.BasicAuthParameters
		if old == nil {
			old = &basicAuth{}
		}
		out.BasicAuthParameters = &basicAuth{or(b.Username, old.Username), or(b.Password, old.Password)}
	}
	if k := by.ApiKeyAuthParameters; k != nil {
		old := a.ApiKeyAuthParameters
		if old == nil {
			old = &keyAuth{}
		}
		out.ApiKeyAuthParameters = &keyAuth{or(k.ApiKeyName, old.ApiKeyName), or(k.ApiKeyValue, old.ApiKeyValue)}
	}
	if by.InvocationHttpParameters != nil {
		out.InvocationHttpParameters = by.InvocationHttpParameters
	}
	return &out
}

func or(s, other *string) *string {
	if s != nil {
		return s
	}
	return other
}

// only drops the parameters of other authorization types.
func (a *auth) only(kind string) {
	if kind != basic {
		a.BasicAuthParameters = nil
	}
	if kind != apiKey {
		a.ApiKeyAuthParameters = nil
	}
}

var (
	nameShape  = regexp.MustCompile(`^[\.\-_A-Za-z0-9]+$`)
	authShape  = regexp.MustCompile(`^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$`)
	headerKey  = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9a-zA-Z]+$")
	headerText = regexp.MustCompile(`^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`)
	queryKey   = regexp.MustCompile(`^[^\x00-\x1F\x7F]+$`)
	queryText  = regexp.MustCompile(`^[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+$`)
)

// Parameter is a name and a value to send.
type Parameter struct{ Key, Value string }

// Sent is what a call over a connection sends beside what it says itself.
type Sent struct {
	Headers, Query, Body []Parameter
}

// sent puts the credentials where they are sent: both types have a header of their own.
func (a *auth) sent(kind string) *Sent {
	out := &Sent{}
	if h := a.InvocationHttpParameters; h != nil {
		out.Headers, out.Query, out.Body = plain(h.HeaderParameters), plain(h.QueryStringParameters), plain(h.BodyParameters)
	}
	switch kind {
	case basic:
		pair := *a.BasicAuthParameters.Username + ":" + *a.BasicAuthParameters.Password
		out.Headers = append(out.Headers, Parameter{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))})
	case apiKey:
		out.Headers = append(out.Headers, Parameter{*a.ApiKeyAuthParameters.ApiKeyName, *a.ApiKeyAuthParameters.ApiKeyValue})
	}
	return out
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
