package deploy

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/perdure/perdure/internal/client"
)

// metrics is a server's own account of what it was asked.
func metrics(t *testing.T, c *client.Client) string {
	t.Helper()
	resp, err := http.Get(c.Endpoint() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// calls counts an operation's requests.
func calls(t *testing.T, c *client.Client, operation string) (n int) {
	t.Helper()
	m := regexp.MustCompile(`perdure_request_seconds_count\{operation="` + operation + `"[^}]*\} (\d+)`).FindStringSubmatch(metrics(t, c))
	if m != nil {
		fmt.Sscan(m[1], &n)
	}
	return n
}

// spent is the time that all requests have taken so far, in seconds.
func spent(t *testing.T, c *client.Client) (total float64) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^perdure_request_seconds_sum\{[^}]*\} (\S+)$`).FindAllStringSubmatch(metrics(t, c), -1) {
		one, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		total += one
	}
	return total
}

// servesAll checks when the test ends that no call of it was answered as the server's own failure.
func servesAll(t *testing.T, c *client.Client) {
	t.Helper()
	t.Cleanup(func() {
		if failed := regexp.MustCompile(`perdure_requests_total\{[^}]*status="5\d\d"\} \d+`).FindAllString(metrics(t, c), -1); len(failed) > 0 {
			t.Errorf("calls failed in the server: %v", failed)
		}
	})
}
