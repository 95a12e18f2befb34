package stepfunctions

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client is an ordinary HTTP client of an endpoint. Signatures are well formed and not computed.
type Client struct {
	URL, Region, Account string
	HTTP                 *http.Client
}

// Answer is what a call got: a body, or an error.
type Answer struct {
	Status int
	Body   any    // decoded, numbers as written
	Code   string // of an error
}

func (c *Client) authorize(r *http.Request, service string) {
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=test/20260101/%s/%s/aws4_request, "+
		"SignedHeaders=host;x-amz-date, Signature=%s", c.Region, service, strings.Repeat("0", 64)))
}

// States calls an operation of Step Functions.
func (c *Client) States(ctx context.Context, op string, params any) (*Answer, error) {
	return c.json(ctx, "states", "1.0", "AWSStepFunctions."+op, params)
}

// Logs calls an operation of CloudWatch Logs.
func (c *Client) Logs(ctx context.Context, op string, params any) (*Answer, error) {
	return c.json(ctx, "logs", "1.1", "Logs_20140328."+op, params)
}

func (c *Client) json(ctx context.Context, service, version, target string, params any) (*Answer, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-"+version)
	r.Header.Set("X-Amz-Target", target)
	c.authorize(r, service)
	return c.do(r)
}

// Lambda calls the REST API of Lambda.
func (c *Client) Lambda(ctx context.Context, method, path string, params any) (*Answer, error) {
	var body io.Reader
	if params != nil {
		data, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	c.authorize(r, "lambda")
	return c.do(r)
}

// S3 makes a bucket or writes an object.
func (c *Client) S3(ctx context.Context, op string, params map[string]any) error {
	bucket, _ := params["Bucket"].(string)
	key, _ := params["Key"].(string)
	var body []byte
	switch b := params["Body"].(type) {
	case string:
		body = []byte(b)
	case map[string]any: // bytes that are no text
		text, _ := b["base64"].(string)
		var err error
		if body, err = base64.StdEncoding.DecodeString(text); err != nil {
			return err
		}
	}
	if op != "CreateBucket" && op != "PutObject" {
		return fmt.Errorf("S3's %s is not needed by any case here", op)
	}
	path := c.URL + "/" + bucket
	if op == "PutObject" {
		path += "/" + key
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	c.authorize(r, "s3")
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 && !bytes.Contains(data, []byte("BucketAlreadyOwnedByYou")) {
		err = fmt.Errorf("%s: %s", op, data)
	}
	return err
}

func (c *Client) do(r *http.Request) (*Answer, error) {
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	a := &Answer{Status: resp.StatusCode}
	if len(data) > 0 {
		if a.Body, err = decode(data); err != nil {
			return nil, fmt.Errorf("%s %s answered what is not JSON: %q", r.Method, r.Header.Get("X-Amz-Target"), data)
		}
	}
	if resp.StatusCode < 300 {
		return a, nil
	}
	if o, ok := a.Body.(map[string]any); ok {
		a.Code, _ = o["__type"].(string)
	}
	if a.Code == "" {
		a.Code, _, _ = strings.Cut(resp.Header.Get("x-amzn-ErrorType"), ":")
	}
	a.Code = a.Code[strings.LastIndexByte(a.Code, '#')+1:]
	return a, nil
}

// member is a member of an answer's object, as a text.
func (a *Answer) member(name string) string {
	o, _ := a.Body.(map[string]any)
	s, _ := o[name].(string)
	return s
}
