package events

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/internal/api"
)

var (
	nameShape     = regexp.MustCompile(`^[\.\-_A-Za-z0-9]+$`)
	authShape     = regexp.MustCompile(`^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$`)
	headerKey     = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9a-zA-Z]+$")
	headerText    = regexp.MustCompile(`^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`)
	queryKey      = regexp.MustCompile(`^[^\x00-\x1F\x7F]+$`)
	queryText     = regexp.MustCompile(`^[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+$`)
	endpointShape = regexp.MustCompile(`^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@&=+$,A-Za-z0-9])+)([).!';/?:,])?$`)
)

// breaches collects what the API model forbids about a request.
type breaches []string

// add notes one; a value that is secret is not shown.
func (b *breaches) add(value, path, rule string) {
	*b = append(*b, fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: Member must %s", value, path, rule))
}

func quoted(s string) string { return " '" + s + "'" }

// text checks a text that may be missing.
func (b *breaches) text(path string, value *string, secret bool, low, high int, shape *regexp.Regexp) {
	if value == nil {
		return
	}
	shown := quoted(*value)
	if secret {
		shown = ""
	}
	switch n := utf8.RuneCountInString(*value); {
	case n < low:
		b.add(shown, path, fmt.Sprintf("have length greater than or equal to %d", low))
	case n > high:
		b.add(shown, path, fmt.Sprintf("have length less than or equal to %d", high))
	case shape != nil && !shape.MatchString(*value):
		b.add(shown, path, "satisfy regular expression pattern: "+strings.TrimSuffix(strings.TrimPrefix(shape.String(), "^"), "$"))
	}
}

// need is text for a member that must be there.
func (b *breaches) need(path string, value *string, secret bool, low, high int, shape *regexp.Regexp) {
	if value == nil {
		b.add(" null", path, "not be null")
	}
	b.text(path, value, secret, low, high, shape)
}

func (b *breaches) kind(value *string) {
	if value != nil && *value != basic && *value != apiKey && *value != oauth {
		b.add(quoted(*value), "authorizationType", "satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]")
	}
}

// auth checks AuthParameters. An update may leave out what it does not change.
func (b *breaches) auth(a *auth, update bool) {
	if a == nil {
		return
	}
	must := b.need
	if update {
		must = b.text
	}
	if p := a.BasicAuthParameters; p != nil {
		must("authParameters.basicAuthParameters.username", p.Username, false, 1, 512, authShape)
		must("authParameters.basicAuthParameters.password", p.Password, true, 1, 512, authShape)
	}
	if p := a.ApiKeyAuthParameters; p != nil {
		must("authParameters.apiKeyAuthParameters.apiKeyName", p.ApiKeyName, false, 1, 512, authShape)
		must("authParameters.apiKeyAuthParameters.apiKeyValue", p.ApiKeyValue, true, 1, 512, authShape)
	}
	if p := a.OAuthParameters; p != nil {
		const at = "authParameters.oAuthParameters."
		must(at+"authorizationEndpoint", p.AuthorizationEndpoint, false, 1, 2048, endpointShape)
		if p.HttpMethod == nil {
			must(at+"httpMethod", nil, false, 0, 0, nil)
		} else if !slices.Contains([]string{"GET", "POST", "PUT"}, *p.HttpMethod) {
			b.add(quoted(*p.HttpMethod), at+"httpMethod", "satisfy enum value set: [GET, POST, PUT]")
		}
		c := p.ClientParameters
		if c == nil {
			c = &oauthClient{}
		}
		must(at+"clientParameters.clientID", c.ClientID, false, 1, 512, authShape)
		must(at+"clientParameters.clientSecret", c.ClientSecret, true, 1, 512, authShape)
		b.http(at+"oAuthHttpParameters.", p.OAuthHttpParameters)
	}
	b.http("authParameters.invocationHttpParameters.", a.InvocationHttpParameters)
}

func (b *breaches) http(at string, h *httpParameters) {
	if h == nil {
		return
	}
	b.list(at+"headerParameters", h.HeaderParameters, 512, headerKey, headerText)
	b.list(at+"queryStringParameters", h.QueryStringParameters, 512, queryKey, queryText)
	b.list(at+"bodyParameters", h.BodyParameters, maxBodyParameter, nil, nil)
}

// maxParameters of a kind; a body parameter has no limit in AWS's model, and here the one of a request.
const (
	maxParameters    = 100
	maxBodyParameter = 1 << 20
)

func (b *breaches) list(path string, list []parameter, high int, keys, values *regexp.Regexp) {
	if len(list) > maxParameters {
		b.add("", path, fmt.Sprintf("have length less than or equal to %d", maxParameters))
		return
	}
	for i, p := range list {
		at := fmt.Sprintf("%s.%d.member.", path, i+1)
		b.text(at+"key", &p.Key, false, 0, 512, keys)
		b.text(at+"value", p.Value, true, 0, high, values)
	}
}

// err is the answer to a request with breaches, nil if there are none.
func (b breaches) err() error {
	if len(b) == 0 {
		return nil
	}
	plural := "s"
	if len(b) == 1 {
		plural = ""
	}
	return api.Errorf("ValidationException", "%d validation error%s detected: %s", len(b), plural, strings.Join(b, "; "))
}

// refuse tells what is not offered here.
func refuse(a *auth, private *privateResource) error {
	if private != nil || a != nil && a.ConnectivityParameters != nil {
		return api.Errorf("ValidationException", "Connections to private networks (ConnectivityParameters) are not supported here; leave them out.")
	}
	return nil
}

// fits checks that the parameters of the authorization type are there.
func (a *auth) fits(kind string) error {
	switch {
	case kind == basic && (a.BasicAuthParameters == nil || a.BasicAuthParameters.Username == nil || a.BasicAuthParameters.Password == nil):
		return api.Errorf("ValidationException", "The authorization type BASIC needs BasicAuthParameters with Username and Password.")
	case kind == apiKey && (a.ApiKeyAuthParameters == nil || a.ApiKeyAuthParameters.ApiKeyName == nil || a.ApiKeyAuthParameters.ApiKeyValue == nil):
		return api.Errorf("ValidationException", "The authorization type API_KEY needs ApiKeyAuthParameters with ApiKeyName and ApiKeyValue.")
	case kind == oauth && !a.OAuthParameters.whole():
		return api.Errorf("ValidationException", "The authorization type OAUTH_CLIENT_CREDENTIALS needs OAuthParameters with ClientParameters, "+
			"AuthorizationEndpoint and HttpMethod.")
	}
	return nil
}

func (o *oauthAuth) whole() bool {
	return o != nil && o.AuthorizationEndpoint != nil && o.HttpMethod != nil && o.ClientParameters != nil &&
		o.ClientParameters.ClientID != nil && o.ClientParameters.ClientSecret != nil
}
