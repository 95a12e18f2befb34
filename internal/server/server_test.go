package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/lambda"
)

// start runs a server on a free port until the test ends.
func start(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	cfg := Config{Listen: "127.0.0.1:0"}
	if change != nil {
		change(&cfg)
	}
	s, err := Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// call sends a plain request and returns status and body.
func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestOperatorsFindHealthMetricsAndInfo(t *testing.T) {
	s := start(t, nil)
	for path, want := range map[string]string{
		"/":               "perdure env",
		"/healthz":        "ok",
		"/metrics":        "perdure_store_commits_total",
		"/_perdure/info":  `"durability":"strict"`,
		"/_perdure/time":  `"mode":"real"`,
		"/_perdure/other": "no such page",
	} {
		_, body := call(t, "GET", s.URL()+path, "")
		if !strings.Contains(body, want) {
			t.Errorf("%s says %.300s, without %q", path, body, want)
		}
	}
	if _, body := call(t, "GET", s.URL()+"/metrics", ""); !strings.Contains(body, `perdure_requests_total{operation="GetInfo",service="perdure",status="200"} 1`) {
		t.Error("the call of GetInfo was not counted")
	}
}

func TestClockMovesWhenToldAndOnlyThen(t *testing.T) {
	s := start(t, func(c *Config) { c.Time = "manual" })
	read := func(method, body string) (out clockStatus) {
		status, text := call(t, method, s.URL()+"/_perdure/time", body)
		if status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := read("GET", "")
	if after := read("POST", `{"by":"20m"}`); after.Now.Sub(before.Now) != 20*time.Minute || after.Mode != "manual" {
		t.Errorf("from %v to %v", before.Now, after.Now)
	}
	if again := read("POST", `{"next":true}`); again.Next != nil || again.Now.Sub(before.Now) != 20*time.Minute {
		t.Errorf("without timers, next went to %+v", again)
	}
	for _, bad := range []string{`{}`, `{"by":"-1m"}`, `{"by":"soon"}`, `{"by":"1m","next":true}`, `[]`} {
		if status, text := call(t, "POST", s.URL()+"/_perdure/time", bad); status != 400 {
			t.Errorf("%s was answered %d %s", bad, status, text)
		}
	}
	real := start(t, nil)
	if status, text := call(t, "POST", real.URL()+"/_perdure/time", `{"by":"1m"}`); status != 400 || !strings.Contains(text, "real time") {
		t.Errorf("real time was moved: %d %s", status, text)
	}
}

func TestUnsafeOrBrokenConfigurationIsRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"open to the network", Config{Listen: "0.0.0.0:0"}, "without credentials"},
		{"open by an empty host", Config{Listen: ":0"}, "without credentials"},
		{"no TLS", Config{Listen: "0.0.0.0:0", Credentials: []Credential{{"k", "s"}}}, "without TLS"},
		{"half of TLS", Config{Listen: "127.0.0.1:0", TLSCert: "x"}, "--tls-key"},
		{"no certificate", Config{Listen: "127.0.0.1:0", TLSCert: "missing", TLSKey: "missing"}, "no such file"},
		{"no port", Config{Listen: "127.0.0.1"}, "host:port"},
		{"account", Config{Account: "12"}, "12 digits"},
		{"region", Config{Region: "Mars One"}, "region"},
		{"time", Config{Listen: "127.0.0.1:0", Time: "soon"}, "time mode"},
		{"durability", Config{Durability: "some"}, "durability"},
		{"credential", Config{Credentials: []Credential{{"k", ""}}}, "KEY:SECRET"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Start(context.Background(), c.cfg)
			if err == nil {
				s.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, without %q", err, c.want)
			}
		})
	}
}

func TestSecondServerOnADirectoryIsToldWhoHasIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := start(t, func(c *Config) { c.Data = dir })
	_, err := Start(context.Background(), Config{Listen: "127.0.0.1:0", Data: dir})
	if err == nil || !strings.Contains(err.Error(), s.URL()) || !strings.Contains(err.Error(), "process ") {
		t.Fatalf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Start(context.Background(), Config{Listen: "127.0.0.1:0", Data: dir})
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v %v", info, err)
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	s := start(t, nil)
	_, err := Start(context.Background(), Config{Listen: strings.TrimPrefix(s.URL(), "http://")})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
}

func TestChangesOfDurableExecutionsAreCounted(t *testing.T) {
	s := start(t, nil)
	now := time.Now()
	for _, status := range []string{"TIMED_OUT", "SUCCEEDED", "FAILED", "STOPPED"} {
		s.parts.events.changed(lambda.StatusChange{Status: "RUNNING", Started: now})
		s.parts.events.changed(lambda.StatusChange{Status: status, Started: now, Ended: now.Add(time.Second), Operations: 3, Written: 1000})
	}
	s.parts.events.changed(lambda.StatusChange{Status: "RUNNING", Started: now})
	_, page := call(t, "GET", s.URL()+"/metrics", "")
	for _, want := range []string{
		"perdure_durable_executions_started_total 5", "perdure_durable_executions_timed_out_total 1",
		"perdure_durable_executions_succeeded_total 1", "perdure_durable_executions_failed_total 1", "perdure_durable_executions_stopped_total 1",
		"perdure_durable_execution_seconds_sum 4", "perdure_durable_execution_operations_total 12",
		"perdure_durable_execution_storage_written_bytes_total 4000", "perdure_durable_executions_running 0",
	} {
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
