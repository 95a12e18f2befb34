package events

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
	"github.com/perdure/perdure/internal/store/mem"
)

// conversation gives the service and a function that does an operation and returns the answer, or the error.
func conversation(t *testing.T, st store.Store) (*Service, func(operation, body string) string) {
	t.Helper()
	n := 0
	s := New(Config{Store: st, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }, NewID: func() string {
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}})
	return s, func(operation, body string) string {
		t.Helper()
		for _, o := range s.Operations() {
			if o.Name != operation {
				continue
			}
			resp, err := o.Handle(context.Background(), &api.Request{Region: "eu-west-1", Account: "000000000000", Body: []byte(body)})
			if e, ok := api.As(err); ok && e.HTTPStatus() == 400 {
				return e.Error()
			}
			if err != nil {
				t.Fatal(err)
			}
			return string(resp.Body)
		}
		t.Fatalf("there is no operation %s", operation)
		return ""
	}
}

const (
	theARN  = "arn:aws:events:eu-west-1:000000000000:connection/a/00000000-0000-4000-8000-000000000001"
	written = `"CreationTime":1800000000,"LastModifiedTime":1800000000,"LastAuthorizedTime":1800000000`
	ofBasic = `"AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"me","Password":"hush"}`
)

func TestConnectionsAreKeptChangedAndDeletedWithoutShowingSecrets(t *testing.T) {
	_, do := conversation(t, mem.New())
	for i, step := range []struct{ operation, body, want string }{
		{"DescribeConnection", `{"Name":"a"}`, "ResourceNotFoundException: Failed to describe the connection(s). Connection 'a' does not exist."},
		{"CreateConnection", `{"Name":"a","Description":"d",` + ofBasic + `}}`,
			`{"ConnectionArn":"` + theARN + `","ConnectionState":"AUTHORIZED",` + written + `}`},
		{"CreateConnection", `{"Name":"a",` + ofBasic + `}}`, "ResourceAlreadyExistsException: Connection a already exists."},
		{"DescribeConnection", `{"Name":"a"}`, `{"ConnectionArn":"` + theARN + `","Name":"a","ConnectionState":"AUTHORIZED","AuthorizationType":"BASIC",` +
			written + `,"Description":"d","AuthParameters":{"BasicAuthParameters":{"Username":"me"}}}`},
		{"UpdateConnection", `{"Name":"a","AuthParameters":{"BasicAuthParameters":{"Password":"new"}}}`, `"ConnectionState":"AUTHORIZED"`},
		{"UpdateConnection", `{"Name":"a","AuthorizationType":"API_KEY"}`, "ValidationException: The authorization type API_KEY needs"},
		{"UpdateConnection", `{"Name":"a","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X-Key","ApiKeyValue":"hush"},` +
			`"InvocationHttpParameters":{"HeaderParameters":[{"Key":"H","Value":"hush","IsValueSecret":true},{"Key":"I","Value":"open"}]}}}`, `"AUTHORIZED"`},
		{"DescribeConnection", `{"Name":"a"}`, `"Description":"d","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X-Key"},"InvocationHttpParameters":` +
			`{"HeaderParameters":[{"Key":"H","IsValueSecret":true},{"Key":"I","Value":"open","IsValueSecret":false}]}}}`},
		{"UpdateConnection", `{"Name":"a","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":{"HttpMethod":"POST",` +
			`"ClientParameters":{"ClientID":"me","ClientSecret":"hush"}}}}`, "ValidationException: The authorization type OAUTH_CLIENT_CREDENTIALS needs"},
		{"UpdateConnection", `{"Name":"a","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":{"HttpMethod":"POST",` +
			`"AuthorizationEndpoint":"https://a.example/token","ClientParameters":{"ClientID":"me","ClientSecret":"hush"},` +
			`"OAuthHttpParameters":{"BodyParameters":[{"Key":"grant_type","Value":"client_credentials"},{"Key":"p","Value":"hush","IsValueSecret":true}]}}}}`, `"AUTHORIZED"`},
		{"UpdateConnection", `{"Name":"a","AuthParameters":{"OAuthParameters":{"ClientParameters":{"ClientID":"you"}}}}`, `"AUTHORIZED"`},
		{"DescribeConnection", `{"Name":"a"}`, `"AuthorizationType":"OAUTH_CLIENT_CREDENTIALS"`},
		{"DescribeConnection", `{"Name":"a"}`, `"AuthParameters":{"OAuthParameters":{"ClientParameters":{"ClientID":"you"},` +
			`"AuthorizationEndpoint":"https://a.example/token","HttpMethod":"POST","OAuthHttpParameters":{"BodyParameters":[` +
			`{"Key":"grant_type","Value":"client_credentials","IsValueSecret":false},{"Key":"p","IsValueSecret":true}]}},"InvocationHttpParameters":`},
		{"UpdateConnection", `{"Name":"b"}`, "ResourceNotFoundException"},
		{"DeleteConnection", `{"Name":"a"}`, `"ConnectionState":"DELETING"`},
		{"DeleteConnection", `{"Name":"a"}`, "ResourceNotFoundException"},
		{"ListConnections", `{}`, `{"Connections":[]}`},
	} {
		got := do(step.operation, step.body)
		if !strings.Contains(got, step.want) {
			t.Errorf("step %d, %s %s:\n got %s\nwant %s", i, step.operation, step.body, got, step.want)
		}
		if strings.Contains(got, "hush") {
			t.Errorf("step %d, %s shows a secret: %s", i, step.operation, got)
		}
	}
}

func TestWhatIsWrongWithAConnectionIsSaid(t *testing.T) {
	_, do := conversation(t, mem.New())
	long := strings.Repeat("x", 513)
	for body, want := range map[string]string{
		`{}`: "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'authorizationType' failed to satisfy constraint: Member must not be null; Value null at 'authParameters'",
		`{"Name":"a b",` + ofBasic + `}}`: `1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`,
		`{"Name":"a","AuthorizationType":"NONE","AuthParameters":{}}`: "Value 'NONE' at 'authorizationType' failed to satisfy constraint: " +
			"Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
		`{"Name":"a","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"` + long + `"}}}`: "have length less than or equal to 512; " +
			"Value null at 'authParameters.basicAuthParameters.password'",
		`{"Name":"a","AuthorizationType":"BASIC","AuthParameters":{}}`:                    "The authorization type BASIC needs BasicAuthParameters",
		`{"Name":"a","AuthorizationType":"API_KEY","AuthParameters":{}}`:                  "The authorization type API_KEY needs ApiKeyAuthParameters",
		`{"Name":"a","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{}}`: "The authorization type OAUTH_CLIENT_CREDENTIALS needs OAuthParameters",
		`{"Name":"a","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":{"HttpMethod":"PATCH","AuthorizationEndpoint":"a b"}}}`: "4 validation errors detected: " +
			"Value 'a b' at 'authParameters.oAuthParameters.authorizationEndpoint' failed",
		`{"Name":"a",` + ofBasic + `,"ConnectivityParameters":{}}}`:                                                                            "private networks",
		`{"Name":"a","InvocationConnectivityParameters":{},` + ofBasic + `}}`:                                                                  "private networks",
		`{"Name":"a",` + ofBasic + `,"InvocationHttpParameters":{"HeaderParameters":[{"Key":"a b","Value":"v"}]}}}`:                            "headerParameters.1.member.key",
		`{"Name":"a",` + ofBasic + `,"InvocationHttpParameters":{"HeaderParameters":[{"Key":"a","Value":"v\n"}]}}}`:                            "Value at 'authParameters.invocationHttpParameters.headerParameters.1.member.value'",
		`{"Name":"a",` + ofBasic + `,"InvocationHttpParameters":{"BodyParameters":[` + strings.Repeat(`{"Key":"a"},`, 100) + `{"Key":"a"}]}}}`: "less than or equal to 100",
	} {
		if got := do("CreateConnection", body); !strings.HasPrefix(got, "ValidationException") || !strings.Contains(got, want) {
			t.Errorf("%.200s:\n got %.600s\nwant %s", body, got, want)
		}
	}
	if got := do("CreateConnection", `[]`); !strings.HasPrefix(got, "SerializationException") {
		t.Error(got)
	}
}

func TestConnectionsAreListedInPages(t *testing.T) {
	_, do := conversation(t, mem.New())
	for _, name := range []string{"b2", "a1", "b1", "b3"} {
		do("CreateConnection", `{"Name":"`+name+`",`+ofBasic+`}}`)
	}
	names := func(answer string) (all string) {
		for _, part := range strings.Split(answer, `"Name":"`)[1:] {
			all += part[:2] + " "
		}
		if _, token, ok := strings.Cut(answer, `"NextToken":"`); ok {
			all += "then " + token[:2]
		}
		return all
	}
	for body, want := range map[string]string{
		`{}`:                                   "a1 b1 b2 b3 ",
		`{"NamePrefix":"b","Limit":2}`:         "b1 b2 then b2",
		`{"NamePrefix":"b","NextToken":"b2"}`:  "b3 ",
		`{"ConnectionState":"AUTHORIZED"}`:     "a1 b1 b2 b3 ",
		`{"ConnectionState":"DEAUTHORIZED"}`:   "",
		`{"Limit":4}`:                          "a1 b1 b2 b3 ",
		`{"NamePrefix":"b","NextToken":"a0"}`:  "b1 b2 b3 ",
		`{"NamePrefix":"bb","NextToken":"a0"}`: "",
	} {
		if got := names(do("ListConnections", body)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	for _, body := range []string{`{"Limit":0}`, `{"Limit":101}`, `{"NextToken":"a/b"}`, `{"NamePrefix":""}`, `{"ConnectionState":"X"}`} {
		if got := do("ListConnections", body); !strings.HasPrefix(got, "ValidationException") {
			t.Errorf("%s: %s", body, got)
		}
	}
}

func TestAConnectionSendsItsCredentialsAndParameters(t *testing.T) {
	st := mem.New()
	_, do := conversation(t, st)
	do("CreateConnection", `{"Name":"a",`+ofBasic+`,"InvocationHttpParameters":{"HeaderParameters":[{"Key":"H","Value":"h","IsValueSecret":true}],`+
		`"QueryStringParameters":[{"Key":"q","Value":"1"}],"BodyParameters":[{"Key":"b"}]}}}`)
	s, _ := conversation(t, st) // a new service on the same store
	sent, err := s.Connection(t.Context(), theARN)
	if want := "&{[{H h} {Authorization Basic bWU6aHVzaA==}] [{q 1}] [{b }] <nil>}"; err != nil || fmt.Sprint(sent) != want {
		t.Errorf("got %v, %v, want %s", sent, err, want)
	}
	do("UpdateConnection", `{"Name":"a","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":{"HttpMethod":"POST",`+
		`"AuthorizationEndpoint":"https://a.example/token","ClientParameters":{"ClientID":"me","ClientSecret":"hush"},`+
		`"OAuthHttpParameters":{"BodyParameters":[{"Key":"grant_type","Value":"client_credentials"}]}}}}`)
	sent, err = s.Connection(t.Context(), theARN)
	if err != nil || fmt.Sprint(sent.Headers, *sent.OAuth) !=
		"[{H h}] {00000000-0000-4000-8000-0000000000012 https://a.example/token POST me hush [] [] [{grant_type client_credentials}]}" {
		t.Errorf("got %v %v, %v", sent, sent.OAuth, err)
	}
	for _, other := range []string{"", "a", "arn:aws:s3:::a", strings.Replace(theARN, "connection/a", "connection/b", 1), theARN + "0",
		strings.Replace(theARN, "eu-west-1", "us-east-1", 1), strings.TrimSuffix(theARN, "/00000000-0000-4000-8000-000000000001")} {
		if sent, err := s.Connection(t.Context(), other); err == nil {
			t.Errorf("%q is %v", other, sent)
		}
	}
}
