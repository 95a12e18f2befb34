package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	account = "000000000000"
	region  = "us-east-1"
	role    = "arn:aws:iam::000000000000:role/bench"
)

// transport keeps as many connections as there can be clients.
var transport = &http.Transport{MaxIdleConns: 20_000, MaxIdleConnsPerHost: 10_000, DisableCompression: true}

// call sends one request and returns the body. The signature is shaped like one and not computed: on loopback without
// configured credentials nobody looks at it, and the load generator should not spend its processor on it.
func (b *bench) call(ctx context.Context, service, method, path, target string, body []byte, headers ...string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.server.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=bench/20260101/"+region+"/"+service+
		"/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))
	if target != "" {
		req.Header.Set("X-Amz-Target", target)
		req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode >= 300 || resp.Header.Get("X-Amz-Function-Error") != "" {
		return nil, nil, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return answer, resp.Header, nil
}

// states calls a Step Functions operation.
func (b *bench) states(ctx context.Context, op string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, _, err := b.call(ctx, "states", "POST", "/", "AWSStepFunctions."+op, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// invoke runs a function; event invokes only start it. It returns the durable execution's ARN, if any, and the answer.
func (b *bench) invoke(ctx context.Context, function, payload string, event bool) (arn string, answer []byte, err error) {
	kind := "RequestResponse"
	if event {
		kind = "Event"
	}
	answer, h, err := b.call(ctx, "lambda", "POST", "/2015-03-31/functions/"+function+"/invocations?Qualifier=$LATEST", "",
		[]byte(payload), "X-Amz-Invocation-Type", kind)
	if err != nil {
		return "", nil, err
	}
	return h.Get("X-Amz-Durable-Execution-Arn"), answer, nil
}

// createFunctions makes "bench" (durable, may be invoked synchronously), "sleeper" (durable, long) and "plain".
func (b *bench) createFunctions(ctx context.Context) error {
	code := map[string]string{"ZipFile": base64.StdEncoding.EncodeToString(b.zip)}
	for name, durable := range map[string]map[string]int{
		"bench": {"ExecutionTimeout": 900}, "sleeper": {"ExecutionTimeout": 31_000_000},
	} {
		body, err := json.Marshal(map[string]any{
			"FunctionName": name, "Role": role, "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": code,
			"Timeout": 900, "DurableConfig": durable,
		})
		if err != nil {
			return err
		}
		if _, _, err := b.call(ctx, "lambda", "POST", "/2015-03-31/functions", "", body); err != nil {
			return err
		}
		if err := b.active(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// active waits until a function can be invoked.
func (b *bench) active(ctx context.Context, name string) error {
	for range 500 {
		answer, _, err := b.call(ctx, "lambda", "GET", "/2015-03-31/functions/"+name+"/configuration", "", nil)
		if err != nil {
			return err
		}
		if bytes.Contains(answer, []byte(`"State":"Active"`)) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("function %s did not become active in 5 s", name)
}

// executionStatus reads the status of a durable execution.
func (b *bench) executionStatus(ctx context.Context, arn string) (string, error) {
	answer, _, err := b.call(ctx, "lambda", "GET", "/2025-12-01/durable-executions/"+url.PathEscape(arn)+"?IncludeExecutionData=false", "", nil)
	if err != nil {
		return "", err
	}
	var out struct{ Status string }
	err = decode("the execution", answer, &out)
	return out.Status, err
}

// counters reads the server's own counts of turns committed and syncs.
func (b *bench) counters(ctx context.Context) (commits, syncs float64, err error) {
	req, err := http.NewRequestWithContext(ctx, "GET", b.server.url+"/metrics", nil) // unsigned, as only then it means the page
	if err != nil {
		return 0, 0, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET /metrics: %s", resp.Status)
	}
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(answer)) {
		fmt.Sscanf(line, "perdure_store_commits_total %g", &commits)
		fmt.Sscanf(line, "perdure_store_syncs_total %g", &syncs)
	}
	return commits, syncs, nil
}
