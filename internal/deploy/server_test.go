package deploy

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/client"
	"github.com/perdure/perdure/internal/server"
)

// serve runs a server in the process, where time passes at once, and gives a client of it. Whatever the test does, no call
// may be answered as the server's own failure.
func serve(t *testing.T) *client.Client {
	t.Helper()
	return serveTime(t, "skip")
}

func serveTime(t *testing.T, passes string) *client.Client {
	t.Helper()
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	s, err := server.Start(context.Background(), server.Config{Listen: "127.0.0.1:0", Time: passes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	c, err := client.New(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	servesAll(t, c)
	return c
}

// log collects progress.
type log struct{ lines []string }

func (l *log) add(line string) { l.lines = append(l.lines, line) }

func (l *log) has(line string) bool { return strings.Contains(strings.Join(l.lines, "\n"), line) }

// stacks lists the names of the stacks there are.
func stacks(t *testing.T, c *client.Client) (names []string) {
	t.Helper()
	var out struct {
		Names []string `xml:"Stacks>member>StackName"`
	}
	if err := c.Query(context.Background(), "cloudformation", cloudFormation, "DescribeStacks", url.Values{}, &out); err != nil {
		t.Fatal(err)
	}
	return out.Names
}

// functions lists the names of the functions there are.
func functions(t *testing.T, c *client.Client) (names []string) {
	t.Helper()
	var out struct {
		Functions []struct{ FunctionName string }
	}
	if err := c.REST(context.Background(), "lambda", "GET", "/2015-03-31/functions", nil, nil, &out); err != nil {
		t.Fatal(err)
	}
	for _, f := range out.Functions {
		names = append(names, f.FunctionName)
	}
	return names
}
