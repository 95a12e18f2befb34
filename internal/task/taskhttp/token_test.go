package taskhttp

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/task"
)

// authority gives tokens "t1", "t2" and so on, and has an endpoint that takes only the latest, or none.
type authority struct {
	url      string
	asked    []string // what it was asked for tokens
	lifetime int
	revoked  bool
}

func newAuthority(t *testing.T) *authority {
	a := &authority{lifetime: 3600}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		switch req.URL.Path {
		case "/token":
			a.asked = append(a.asked, fmt.Sprintf("%s %s %s %s %s", req.Method, req.URL.RawQuery, req.Header.Get("Content-Type"), req.Header.Get("X"), body))
			a.revoked = false
			fmt.Fprintf(w, `{"access_token":"t%d","token_type":"bearer","expires_in":%d}`, len(a.asked), a.lifetime)
		case "/broken":
			w.WriteHeader(http.StatusForbidden)
		case "/empty":
			io.WriteString(w, `{}`)
		case "/slow":
			<-req.Context().Done()
		default:
			if a.revoked {
				w.WriteHeader(http.StatusUnauthorized)
			}
			io.WriteString(w, req.Header.Get("Authorization"))
		}
	}))
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

// call calls the endpoint over a connection: the status or error, and the token that came.
func (a *authority) call(t *testing.T, r *Runner, o OAuth) string {
	t.Helper()
	r.connections = fixed{"oauth": {OAuth: &o}}
	args := fmt.Sprintf(`{"ApiEndpoint":%q,"Method":"GET","InvocationConfig":{"ConnectionArn":"oauth"}}`, a.url)
	res, err := r.Run(t.Context(), &task.Request{Action: "invoke", Arguments: []byte(args)})
	if err != nil {
		t.Fatal(err)
	}
	if res.Error != "" {
		return res.Error + ": " + res.Cause
	}
	_, rest, _ := strings.Cut(string(res.Output), `"ResponseBody":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

func TestTokensAreGotKeptAndGotAnew(t *testing.T) {
	r, a := runner(t), newAuthority(t)
	now := time.Unix(1_800_000_000, 0)
	r.now = func() time.Time { return now }
	o := OAuth{Key: "1", Endpoint: a.url + "/token?x=y", Method: "POST", ID: "me", Secret: "hu sh", Headers: []Parameter{{"X", "h"}},
		Query: []Parameter{{"q", "1"}}, Body: []Parameter{{"grant_type", "client_credentials"}}}
	for _, step := range []struct {
		what   string
		before func()
		want   string
	}{
		{"the first call", func() {}, "Bearer t1"},
		{"another", func() {}, "Bearer t1"},
		{"one before the token expires", func() { now = now.Add(58 * time.Minute) }, "Bearer t1"},
		{"one as it expires", func() { now = now.Add(2 * time.Minute) }, "Bearer t2"},
		{"one that is refused", func() { a.revoked = true }, "States.Http.StatusCode.401: Bearer t2"},
		{"one after that", func() {}, "Bearer t3"},
		{"one after the connection was changed", func() { o.Key, o.Method = "2", "GET" }, "Bearer t4"},
	} {
		step.before()
		if got := a.call(t, r, o); got != step.want {
			t.Errorf("%s: got %s, want %s", step.what, got, step.want)
		}
	}
	for i, want := range map[int]string{
		0: "POST x=y&q=1 application/x-www-form-urlencoded h client_id=me&client_secret=hu%20sh&grant_type=client_credentials",
		3: "GET x=y&q=1&client_id=me&client_secret=hu%20sh&grant_type=client_credentials  h ",
	} {
		if a.asked[i] != want {
			t.Errorf("asked for token %d with\n%s, want\n%s", i+1, a.asked[i], want)
		}
	}
}

func TestWithoutATokenTheTaskFails(t *testing.T) {
	r, a := runner(t), newAuthority(t)
	dead := httptest.NewServer(nil)
	dead.Close()
	for endpoint, want := range map[string]string{
		a.url + "/broken":          "it answered with the status 403",
		a.url + "/empty":           "its answer has no access_token",
		dead.URL:                   "unable to execute HTTP request: dial tcp",
		"http://example.com/token": "must be an HTTPS URL",
	} {
		got := a.call(t, r, OAuth{Key: "1", Endpoint: endpoint, Method: "GET", ID: "me", Secret: "hush"})
		if !strings.HasPrefix(got, "Events.ConnectionResource.InvalidConnectionState: The connection is not authorized") || !strings.Contains(got, want) ||
			strings.Contains(got, "hush") {
			t.Errorf("%s: got %s, want %s", endpoint, got, want)
		}
	}
	r.timeout = 50 * time.Millisecond
	if got := a.call(t, r, OAuth{Key: "1", Endpoint: a.url + "/slow", Method: "GET"}); !strings.HasPrefix(got, "States.Http.Socket: ") {
		t.Errorf("a slow authorization endpoint: %s", got)
	}
}
