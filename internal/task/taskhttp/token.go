package taskhttp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/task"
)

// tokens are kept by the keys of their connections.
type tokens struct {
	mu   sync.Mutex
	kept map[string]token
}

type token struct {
	header  string
	expires time.Time // zero: not known
}

const (
	maxTokens = 1000     // kept; then all are forgotten
	maxToken  = 64 << 10 // bytes of an answer with one
	early     = time.Minute
)

func (k *tokens) get(key string, now time.Time) (header string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.kept[key]
	return t.header, ok && (t.expires.IsZero() || now.Before(t.expires))
}

func (k *tokens) put(key string, t token) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= maxTokens {
		k.kept = map[string]token{}
	}
	k.kept[key] = t
}

func (k *tokens) drop(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.kept, key)
}

// authorized is the connection with a token among its headers.
func (c *Connection) authorized(header string) *Connection {
	out := *c
	out.Headers = append(append([]Parameter{}, c.Headers...), Parameter{"Authorization", header})
	return &out
}

// token is the header Authorization for a connection; without one, how the task fails.
func (r *Runner) token(ctx context.Context, o *OAuth) (header string, _ *task.Result) {
	if header, ok := r.tokens.get(o.Key, r.now()); ok {
		return header, nil
	}
	t, err := r.ask(ctx, o)
	if err != nil {
		return "", &task.Result{Error: "Events.ConnectionResource.InvalidConnectionState",
			Cause: "The connection is not authorized: no token was got from its authorization endpoint: " + err.Error()}
	}
	r.tokens.put(o.Key, t)
	return t.header, nil
}

// ask gets a token.
func (r *Runner) ask(ctx context.Context, o *OAuth) (t token, _ error) {
	req, err := o.request(ctx)
	if err != nil {
		return t, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return t, fmt.Errorf("unable to execute HTTP request: %s", reason(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxToken))
	if err != nil {
		return t, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return t, fmt.Errorf("it answered with the status %d", resp.StatusCode)
	}
	var answer struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" || !fieldValue(answer.AccessToken) {
		return t, fmt.Errorf("its answer has no access_token")
	}
	t.header = "Bearer " + answer.AccessToken
	if s := answer.ExpiresIn; s > 0 && s < 1e9 {
		t.expires = r.now().Add(time.Duration(s*float64(time.Second)) - early)
	}
	return t, nil
}

// request asks for a token: the client's id and secret and the parameters, in a form or, for GET, in the query.
func (o *OAuth) request(ctx context.Context) (*http.Request, error) {
	u, problem := endpoint(value.String(o.Endpoint))
	if problem != "" {
		return nil, fmt.Errorf("the AuthorizationEndpoint must be an HTTPS URL; HTTP is for loopback addresses only")
	}
	query, body := &form{}, &form{}
	all := over(value.NewObject(4), append([]Parameter{{"client_id", o.ID}, {"client_secret", o.Secret}}, o.Body...))
	body.object("", all)
	query.object("", over(value.NewObject(0), o.Query))
	parts := []string{u.RawQuery, query.b.String()}
	var content io.Reader
	if o.Method == http.MethodGet {
		parts = append(parts, body.b.String())
	} else {
		content = strings.NewReader(body.b.String())
	}
	u.RawQuery = joined(parts)
	req, err := http.NewRequestWithContext(ctx, o.Method, u.String(), content)
	if err != nil {
		return nil, fmt.Errorf("it cannot be asked: %s", reason(err))
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, p := range o.Headers {
		req.Header.Set(p.Key, p.Value)
	}
	return req, nil
}

// joined is a query of the parts that are not empty.
func joined(parts []string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, "&")
}
