package events

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
	OAuthParameters          *oauthAuth       `json:",omitempty"`
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

type oauthAuth struct {
	ClientParameters      *oauthClient    `json:",omitempty"`
	AuthorizationEndpoint *string         `json:",omitempty"`
	HttpMethod            *string         `json:",omitempty"`
	OAuthHttpParameters   *httpParameters `json:",omitempty"`
}

type oauthClient struct {
	ClientID     *string `json:",omitempty"`
	ClientSecret *string `json:",omitempty"`
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
	if o := a.OAuthParameters; o != nil {
		out.OAuthParameters = &oauthAuth{&oauthClient{ClientID: o.ClientParameters.ClientID}, o.AuthorizationEndpoint, o.HttpMethod, o.OAuthHttpParameters.shown()}
	}
	out.InvocationHttpParameters = a.InvocationHttpParameters.shown()
	return out
}

func (h *httpParameters) shown() *httpParameters {
	if h == nil {
		return nil
	}
	return &httpParameters{open(h.HeaderParameters), open(h.QueryStringParameters), open(h.BodyParameters)}
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
	if o := by.OAuthParameters; o != nil {
		out.OAuthParameters = a.OAuthParameters.changed(o)
	}
	if by.InvocationHttpParameters != nil {
		out.InvocationHttpParameters = by.InvocationHttpParameters
	}
	return &out
}

func (o *oauthAuth) changed(by *oauthAuth) *oauthAuth {
	if o == nil {
		o = &oauthAuth{}
	}
	out := &oauthAuth{o.ClientParameters, or(by.AuthorizationEndpoint, o.AuthorizationEndpoint), or(by.HttpMethod, o.HttpMethod), o.OAuthHttpParameters}
	if c := by.ClientParameters; c != nil {
		old := o.ClientParameters
		if old == nil {
			old = &oauthClient{}
		}
		out.ClientParameters = &oauthClient{or(c.ClientID, old.ClientID), or(c.ClientSecret, old.ClientSecret)}
	}
	if by.OAuthHttpParameters != nil {
		out.OAuthHttpParameters = by.OAuthHttpParameters
	}
	return out
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
	if kind != oauth {
		a.OAuthParameters = nil
	}
}
