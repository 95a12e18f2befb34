package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

func TestErrorsOfEveryProtocolBecomeAPIErrors(t *testing.T) {
	for _, tc := range []struct {
		name, header, body string
		status             int
		code, message      string
	}{
		{"json with a namespace", "", `{"__type":"com.amazonaws.swf#ExecutionDoesNotExist","message":"gone"}`, 400, "ExecutionDoesNotExist", "gone"},
		{"rest json, code in the header", "ResourceNotFoundException", `{"Type":"User","Message":"no such"}`, 404, "ResourceNotFoundException", "no such"},
		{"query", "", `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>bad</Message></Error></ErrorResponse>`, 400, "ValidationError", "bad"},
		{"s3", "", `<Error><Code>NoSuchKey</Code><Message>missing</Message></Error>`, 404, "NoSuchKey", "missing"},
		{"no body", "", ``, 403, "Forbidden", "403 Forbidden"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tc.header != "" {
					w.Header().Set("X-Amzn-ErrorType", tc.header)
				}
				w.WriteHeader(tc.status)
				io.WriteString(w, tc.body)
			}))
			defer srv.Close()
			c, err := New(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			err = c.States(context.Background(), "DescribeExecution", struct{}{}, nil)
			var e *api.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an api.Error", err)
			}
			if e.Code != tc.code || e.Message != tc.message || e.Status != tc.status {
				t.Errorf("got %d %s: %s, want %d %s: %s", e.Status, e.Code, e.Message, tc.status, tc.code, tc.message)
			}
		})
	}
}

func TestRequestsAreSignedForTheServiceAndEscapedPathsStayEscaped(t *testing.T) {
	var auth, path string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		auth, path = r.Header.Get("Authorization"), r.RequestURI
	}))
	defer srv.Close()
	t.Setenv("AWS_REGION", "eu-west-1")
	c, err := New(srv.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.REST(context.Background(), "lambda", "GET", "/2025-12-01/durable-executions/a%2Fb", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(auth, "/eu-west-1/lambda/aws4_request") {
		t.Errorf("Authorization %q has another scope", auth)
	}
	if path != "/2025-12-01/durable-executions/a%2Fb" {
		t.Errorf("the path became %s", path)
	}
}

func TestAnEndpointThatIsNoURLIsRefusedWithAHint(t *testing.T) {
	if _, err := New("localhost:4566"); err == nil || !strings.Contains(err.Error(), "--endpoint") {
		t.Errorf("got %v, want an error that names --endpoint", err)
	}
}
