// Package client is the command line's own small AWS client: signed requests over HTTP, errors as *api.Error.
//
// It speaks to whatever endpoint it is given, perdure or AWS, with the credentials and region of the usual environment
// variables; without credentials it signs as "test". It knows JSON, REST-JSON and query requests and no operation by
// name. It does not retry: a command that failed says so. Safe for concurrent use.
package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// DefaultEndpoint is where perdure serve listens unless told otherwise.
const DefaultEndpoint = "http://127.0.0.1:4566"

// ErrUnreachable is wrapped by errors of endpoints that did not answer.
var ErrUnreachable = errors.New("cannot reach")

// maxAnswer bounds what is read of one answer, bytes.
const maxAnswer = 64 << 20

// Client sends requests to one endpoint.
type Client struct {
	endpoint string // no trailing slash
	region   string
	creds    aws.Credentials
	http     *http.Client
	signer   *v4.Signer
}

// New makes a client for endpoint; if that is empty, for AWS_ENDPOINT_URL, or else DefaultEndpoint.
func New(endpoint string) (*Client, error) {
	endpoint = strings.TrimRight(cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL"), DefaultEndpoint), "/")
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("endpoint %q is not a URL such as %s; set --endpoint or AWS_ENDPOINT_URL", endpoint, DefaultEndpoint)
	}
	return &Client{
		endpoint: endpoint,
		region:   cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"),
		creds: aws.Credentials{
			AccessKeyID:     cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), "test"),
			SecretAccessKey: cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), "test"),
			SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		},
		http:   &http.Client{},
		signer: v4.NewSigner(),
	}, nil
}

// In is a client of the same endpoint for another region.
func (c *Client) In(region string) *Client {
	other := *c
	other.region = region
	return &other
}

// Endpoint is the base URL, without a trailing slash. Region is the region requests are signed for.
func (c *Client) Endpoint() string { return c.endpoint }

// Region is the region that requests are signed for.
func (c *Client) Region() string { return c.region }

// Request is one call. Path is escaped as it goes on the wire and begins with "/".
type Request struct {
	Service string // signing name
	Method  string // POST if empty
	Path    string // "/" if empty
	Query   url.Values
	Header  http.Header
	Body    []byte
}

// Response is a successful answer (status below 300).
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends r. An answer of 300 and above is an *api.Error; an endpoint that cannot be reached is an error that says how
// to start one.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	target := c.endpoint + cmp.Or(r.Path, "/")
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodPost), target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	sum := sha256.Sum256(r.Body)
	hash := hex.EncodeToString(sum[:])
	if r.Service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	// S3 signs the path as it is sent, the other services escape it once more.
	plain := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = r.Service == "s3" }
	if err := c.signer.SignHTTP(ctx, c.creds, req, hash, r.Service, c.region, time.Now(), plain); err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the address is said already
		}
		return nil, fmt.Errorf("%w %s (%w); start it with: perdure serve", ErrUnreachable, c.endpoint, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of %s: %w", c.endpoint, err)
	}
	if resp.StatusCode >= 300 {
		return nil, answerError(resp, body)
	}
	return &Response{resp.StatusCode, resp.Header, body}, nil
}

// JSON calls a JSON 1.0 or 1.1 operation: target is "AWSStepFunctions.StartExecution". out may be nil.
func (c *Client) JSON(ctx context.Context, service, version, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	resp, err := c.Do(ctx, Request{Service: service, Body: body, Header: http.Header{
		"Content-Type": {"application/x-amz-json-" + version}, "X-Amz-Target": {target},
	}})
	if err != nil {
		return err
	}
	return decode(resp.Body, out)
}

// States calls a Step Functions operation by name.
func (c *Client) States(ctx context.Context, operation string, in, out any) error {
	return c.JSON(ctx, "states", "1.0", "AWSStepFunctions."+operation, in, out)
}

// REST calls a REST-JSON operation; in and out may be nil.
func (c *Client) REST(ctx context.Context, service, method, path string, query url.Values, in, out any) error {
	r := Request{Service: service, Method: method, Path: path, Query: query}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		r.Body, r.Header = body, http.Header{"Content-Type": {"application/json"}}
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	return decode(resp.Body, out)
}

func decode(body []byte, out any) error {
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the answer is not the JSON that was expected: %w", err)
	}
	return nil
}
