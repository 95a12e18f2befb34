package durable_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/perdure/perdure/durable"
)

// accepting answers every checkpoint call at once.
func accepting(b *testing.B) string {
	b.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"CheckpointToken":"t","NewExecutionState":{"Operations":[]}}`)
	}))
	b.Cleanup(srv.Close)
	return srv.URL
}

// BenchmarkStep is one step of a long execution: its body, its record and its signed call over loopback.
func BenchmarkStep(b *testing.B) {
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_LAMBDA": accepting(b), "AWS_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET"} {
		b.Setenv(name, value)
	}
	fn := durable.Wrap(func(ctx durable.Context, n int) (int, error) {
		for i := range n {
			if _, err := durable.Step(ctx, "s", func(durable.StepContext) (int, error) { return i, nil }); err != nil {
				return 0, err
			}
		}
		return n, nil
	})
	event := fmt.Sprintf(`{"DurableExecutionArn":"%s","CheckpointToken":"t","InitialExecutionState":{"Operations":[{"Id":"7d0a","Type":"EXECUTION",`+
		`"Status":"STARTED","StartTimestamp":1700000000000,"ExecutionDetails":{"InputPayload":"%d"}}]}}`, testARN, b.N)
	b.ResetTimer()
	if out, err := fn(context.Background(), []byte(event)); err != nil || !bytes.Contains(out, []byte("SUCCEEDED")) {
		b.Fatalf("%s %v", out, err)
	}
}

// BenchmarkBareRequest is what a step's call costs without the SDK.
func BenchmarkBareRequest(b *testing.B) {
	url := accepting(b)
	for b.Loop() {
		resp, err := http.Post(url, "application/json", bytes.NewReader(make([]byte, 400)))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}
