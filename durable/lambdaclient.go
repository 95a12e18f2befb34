package durable

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// lambdaClient is the default ExecutionClient: two calls of the Lambda API, signed, over kept connections. It needs no
// AWS SDK, which keeps functions small and quick to start.
//
// It reads AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION and the credentials Lambda puts into
// the environment. Whoever needs profiles or other credential sources implements ExecutionClient over the AWS SDK.
type lambdaClient struct {
	http     *http.Client
	endpoint string // scheme and host
	signer   *signer
	last     atomic.Pointer[address]
}

// address is where calls about one execution go. That of the last call is kept: an invocation makes many calls of one.
type address struct {
	arn, verb string
	url       *url.URL // with escaped path, without query; never changed
	signed    string   // the path, as it is signed
}

// Calls are repeated like the AWS SDKs' standard mode does: three attempts, pauses that double with full jitter.
const (
	maxAttempts = 3
	callTimeout = 55 * time.Second
	firstPause  = 100 * time.Millisecond
	maxAnswer   = 32 << 20
)

func newLambdaClient() (*lambdaClient, error) {
	env := func(names ...string) string {
		for _, n := range names {
			if v := os.Getenv(n); v != "" {
				return v
			}
		}
		return ""
	}
	region := env("AWS_REGION", "AWS_DEFAULT_REGION")
	if region == "" {
		return nil, errors.New("durable: no region; set AWS_REGION")
	}
	endpoint := env("AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL")
	if os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true" || endpoint == "" {
		domain := "amazonaws.com"
		if strings.HasPrefix(region, "cn-") {
			domain = "amazonaws.com.cn"
		}
		endpoint = "https://lambda." + region + "." + domain
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("durable: the endpoint %q is not a URL", endpoint)
	}
	s := &signer{region: region, service: "lambda", key: env("AWS_ACCESS_KEY_ID"), secret: env("AWS_SECRET_ACCESS_KEY"), session: env("AWS_SESSION_TOKEN")}
	if s.key == "" || s.secret == "" {
		return nil, errors.New("durable: no credentials in the environment; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the handler WithExecutionClient")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 4
	transport.DisableCompression = true
	return &lambdaClient{http: &http.Client{Transport: transport, Timeout: callTimeout}, endpoint: strings.TrimSuffix(endpoint, "/"), signer: s}, nil
}

const apiVersion = "/2025-12-01/durable-executions/"

// Checkpoint records updates. All transport attempts carry one client token, so that the service applies them once.
func (c *lambdaClient) Checkpoint(ctx context.Context, in CheckpointInput) (CheckpointOutput, error) {
	body, err := marshalJSON(struct {
		CheckpointToken string
		Updates         []OperationUpdate
		ClientToken     string
	}{in.CheckpointToken, append([]OperationUpdate{}, in.Updates...), clientToken()})
	if err != nil {
		return CheckpointOutput{}, err
	}
	var out struct {
		CheckpointToken   string
		NewExecutionState statePage
	}
	if err := c.call(ctx, "POST", in.ExecutionArn, "checkpoint", "", body, &out); err != nil {
		return CheckpointOutput{}, err
	}
	news := CheckpointOutput{CheckpointToken: out.CheckpointToken, NewExecutionState: out.NewExecutionState.operations(time.Second)}
	for marker := out.NewExecutionState.NextMarker; marker != "" && out.CheckpointToken != ""; {
		page, err := c.GetExecutionState(ctx, GetExecutionStateInput{ExecutionArn: in.ExecutionArn, CheckpointToken: out.CheckpointToken, Marker: marker})
		if err != nil {
			return CheckpointOutput{}, err
		}
		news.NewExecutionState = append(news.NewExecutionState, page.Operations...)
		if page.NextMarker == marker {
			break
		}
		marker = page.NextMarker
	}
	return news, nil
}

// GetExecutionState reads one page.
func (c *lambdaClient) GetExecutionState(ctx context.Context, in GetExecutionStateInput) (GetExecutionStateOutput, error) {
	query := "CheckpointToken=" + escape(in.CheckpointToken) + "&Marker=" + escape(in.Marker) + "&MaxItems=1000"
	var out statePage
	if err := c.call(ctx, "GET", in.ExecutionArn, "state", query, nil, &out); err != nil {
		return GetExecutionStateOutput{}, err
	}
	return GetExecutionStateOutput{Operations: out.operations(time.Second), NextMarker: out.NextMarker}, nil
}

func (c *lambdaClient) call(ctx context.Context, method, arn, verb, query string, body []byte, out any) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := c.once(ctx, method, arn, verb, query, body, out)
		if err == nil || attempt == maxAttempts || !passing(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(float64(pause) * random())):
		}
		pause *= 2
	}
}

// address finds where a call goes.
func (c *lambdaClient) address(arn, verb string) (*address, error) {
	if a := c.last.Load(); a != nil && a.arn == arn && a.verb == verb {
		return a, nil
	}
	req, err := http.NewRequest("", c.endpoint+apiVersion+escape(arn)+"/"+verb, nil)
	if err != nil {
		return nil, err
	}
	a := &address{arn: arn, verb: verb, url: req.URL, signed: signedPath(req.URL.EscapedPath())}
	c.last.Store(a)
	return a, nil
}

// request makes a signed request of a call.
func (c *lambdaClient) request(ctx context.Context, method, arn, verb, query string, body []byte) (*http.Request, error) {
	a, err := c.address(arn, verb)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if req.URL = a.url; query != "" {
		u := *a.url
		u.RawQuery, req.URL = query, &u
	}
	req.Header.Set("User-Agent", "perdure-durable-go/"+Version)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.signer.sign(req, a.signed, body, now())
	return req, nil
}

// once is one transport attempt.
func (c *lambdaClient) once(ctx context.Context, method, arn, verb, query string, body []byte, out any) error {
	req, err := c.request(ctx, method, arn, verb, query, body)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return refusal(res, data)
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("durable: the service's answer is not understood: %w", err)
	}
	return nil
}

// passing reports whether a failure may be gone next time: faults of the service, throttling, the network.
func passing(err error) bool {
	var e *apiError
	if errors.As(err, &e) {
		return e.status >= 500 || e.status == http.StatusTooManyRequests
	}
	var syntax *json.SyntaxError
	return !errors.As(err, &syntax)
}

// apiError is an error answer of the Lambda API. It has the methods by which the AWS SDK's errors are recognised.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%s: %s (HTTP %d)", e.code, e.message, e.status)
}
func (e *apiError) ErrorCode() string    { return e.code }
func (e *apiError) ErrorMessage() string { return e.message }
func (e *apiError) HTTPStatusCode() int  { return e.status }

func refusal(res *http.Response, body []byte) error {
	var b struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // also matches "Message": names are compared without case
	}
	_ = json.Unmarshal(body, &b)
	code := or(res.Header.Get("X-Amzn-Errortype"), b.Type)
	code, _, _ = strings.Cut(code, ":")
	if i := strings.LastIndexByte(code, '#'); i >= 0 {
		code = code[i+1:]
	}
	if code == "" && res.StatusCode == http.StatusTooManyRequests {
		code = "TooManyRequestsException"
	}
	return &apiError{status: res.StatusCode, code: or(code, http.StatusText(res.StatusCode)), message: or(b.Message, strings.TrimSpace(cut(string(body), 512)))}
}
