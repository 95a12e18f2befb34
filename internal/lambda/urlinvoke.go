package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// URLRequest is an HTTP request to a function's URL.
type URLRequest struct {
	Method    string
	Path      string // escaped, from the first slash after the URL's own part
	RawQuery  string
	Header    http.Header
	Body      []byte
	Host      string
	Protocol  string // "HTTP/1.1"
	SourceIP  string
	RequestID string
	AccessKey string // of who signed; for URLs that ask for it
}

// URLResponse is what to answer.
type URLResponse struct {
	Status int
	Header http.Header
	Body   []byte
}

// urlEvent is what the function gets: payload format 2.0.
type urlEvent struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        urlContext        `json:"requestContext"`
	Body                  *string           `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type urlContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   *urlAuthorizer `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         urlContextHTTP `json:"http"`
	RequestID    string         `json:"requestId"`
	RouteKey     string         `json:"routeKey"`
	Stage        string         `json:"stage"`
	Time         string         `json:"time"`
	TimeEpoch    int64          `json:"timeEpoch"`
}

type urlAuthorizer struct {
	IAM map[string]any `json:"iam"`
}

type urlContextHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func (s *Service) urlEvent(u *URL, r *URLRequest) *urlEvent {
	now := s.eng.Now().UTC()
	e := &urlEvent{
		Version: "2.0", RouteKey: "$default", RawPath: r.Path, RawQueryString: r.RawQuery, Headers: map[string]string{},
		RequestContext: urlContext{
			AccountID: "anonymous", APIID: u.ID, DomainName: r.Host, DomainPrefix: u.ID, RequestID: r.RequestID, RouteKey: "$default",
			Stage: "$default", Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: urlContextHTTP{r.Method, r.Path, r.Protocol, r.SourceIP, r.Header.Get("User-Agent")},
		},
	}
	if u.IAM {
		e.RequestContext.AccountID = u.Account
		e.RequestContext.Authorizer = &urlAuthorizer{map[string]any{
			"accessKey": r.AccessKey, "accountId": u.Account, "callerId": r.AccessKey, "cognitoIdentity": nil, "principalOrgId": nil,
			"userArn": "arn:" + partition(ref{region: u.Region}) + ":iam::" + u.Account + ":root", "userId": r.AccessKey,
		}}
	}
	for k, v := range r.Header {
		if k == "Cookie" {
			for _, line := range v {
				for c := range strings.SplitSeq(line, ";") {
					e.Cookies = append(e.Cookies, strings.TrimSpace(c))
				}
			}
		}
		e.Headers[strings.ToLower(k)] = strings.Join(v, ",")
	}
	e.Headers["host"] = r.Host
	e.Headers["x-forwarded-for"] = r.SourceIP
	if q, err := url.ParseQuery(r.RawQuery); err == nil && len(q) > 0 {
		e.QueryStringParameters = map[string]string{}
		for k, v := range q {
			e.QueryStringParameters[k] = strings.Join(v, ",")
		}
	}
	if len(r.Body) > 0 {
		text := string(r.Body)
		if e.IsBase64Encoded = !isText(r.Header.Get("Content-Type")) || !utf8.ValidString(text); e.IsBase64Encoded {
			text = base64.StdEncoding.EncodeToString(r.Body)
		}
		e.Body = &text
	}
	return e
}

// isText tells whether a body of a media type is given to the function as it is.
func isText(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch t {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml")
}

// InvokeURL invokes the function of a URL and waits for what it answers. Errors are *api.Error, or failures of the server's.
func (s *Service) InvokeURL(ctx context.Context, u *URL, r *URLRequest) (*URLResponse, error) {
	payload, err := json.Marshal(s.urlEvent(u, r))
	if err != nil {
		return nil, err
	}
	out, err := s.Invoke(ctx, &InvokeInput{Region: u.Region, Account: u.Account, Function: u.Function, Qualifier: u.Alias,
		Payload: payload, RequestID: r.RequestID, TraceID: s.trace(r.Header.Get("X-Amzn-Trace-Id"))})
	if err != nil {
		return nil, err
	}
	if out.FunctionError != "" {
		return badGateway(), nil
	}
	return respond(out.Payload), nil
}

// badGateway is the answer to a function that failed or answered what is no response.
func badGateway() *URLResponse {
	return &URLResponse{Status: http.StatusBadGateway, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("Internal Server Error")}
}

// respond reads what a function returned: an object with a statusCode is a response, all else is the body of one.
func respond(payload []byte) *URLResponse {
	res := &URLResponse{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: payload}
	var shape map[string]json.RawMessage
	if json.Unmarshal(payload, &shape) != nil || shape["statusCode"] == nil {
		return res
	}
	var in struct {
		StatusCode      json.Number
		Headers         map[string]any
		Cookies         []string
		Body            json.RawMessage
		IsBase64Encoded bool
	}
	if json.Unmarshal(payload, &in) != nil {
		return badGateway()
	}
	status, err := in.StatusCode.Int64()
	if err != nil || status < 200 || status > 599 {
		return badGateway()
	}
	res.Status, res.Body = int(status), in.Body
	var text string
	switch {
	case len(in.Body) == 0 || string(in.Body) == "null":
		res.Body = nil
	case json.Unmarshal(in.Body, &text) == nil:
		res.Body = []byte(text)
	}
	if in.IsBase64Encoded {
		if res.Body, err = base64.StdEncoding.DecodeString(text); err != nil {
			return badGateway()
		}
	}
	for k, v := range in.Headers {
		if v != nil && headerName(k) {
			res.Header.Set(k, strings.NewReplacer("\r", "", "\n", "").Replace(fmt.Sprint(v)))
		}
	}
	for _, c := range in.Cookies {
		res.Header.Add("Set-Cookie", strings.NewReplacer("\r", "", "\n", "").Replace(c))
	}
	return res
}

// headerName refuses what cannot be a header's name, and headers that are the connection's own business.
func headerName(k string) bool {
	switch http.CanonicalHeaderKey(k) {
	case "", "Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "Upgrade", "Trailer", "Te":
		return false
	}
	return strings.Trim(strings.ToLower(k), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}
