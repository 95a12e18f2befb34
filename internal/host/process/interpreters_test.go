package process

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/host"
)

func need(t *testing.T, program, sentence string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("PERDURE_TEST_REQUIRE") == "all" {
			t.Fatal(sentence)
		}
		t.Skip(sentence)
	}
}

func scriptBench(t *testing.T, runtime, dir string) (*bench, func(handler string) *host.Spec) {
	b := newBench(t, nil)
	b.blobs["script"] = zipDir(t, dir)
	return b, func(handler string) *host.Spec {
		s := goSpec()
		s.Key, s.Code, s.Runtime, s.Handler = runtime+handler, "script", runtime, handler
		return s
	}
}

func wantJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Errorf("%s: %v", got, err)
		return
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(g)
	b, _ := json.Marshal(w)
	if string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestNodeHandlers(t *testing.T) {
	need(t, "node", "needs Node: it runs handlers for the nodejs runtimes")
	b, spec := scriptBench(t, "nodejs22.x", "testdata/node")
	for _, c := range []struct{ name, handler, event, want string }{
		{"async", "index.echo", `{"a":"ü✓😀"}`, `{"event":{"a":"ü✓😀"},"calls":1,"fn":"fn"}`},
		{"callback waits for the event loop", "index.callback", `{"n":1}`, `{"got":1}`},
		{"callback at once", "index.callback", `{"n":2,"now":true}`, `{"got":2}`},
		{"no answer at all", "index.never", `{}`, `null`},
		{"undefined", "index.undefinedResult", `{}`, `null`},
		{"ES module", "mod.handler", `{"n":3}`, `{"esm":true,"n":3}`},
		{"ES module by package.json", "sub/index.handler", `{"n":4}`, `"sub 4"`},
		{"nested export", "index.nested.deep", `{}`, `"deep"`},
	} {
		t.Run(c.name, func(t *testing.T) { wantJSON(t, b.invoke(t, spec(c.handler), "r", c.event).Payload, c.want) })
	}
	t.Run("big payload", func(t *testing.T) {
		text := strings.Repeat("ü", 2_900_000)
		r := b.invoke(t, spec("index.echo"), "r", `"`+text+`"`)
		if !strings.Contains(string(r.Payload), text) {
			t.Errorf("%d bytes came back", len(r.Payload))
		}
	})
	t.Run("context", func(t *testing.T) {
		var got map[string]any
		s := spec("index.context")
		if err := json.Unmarshal(b.invoke(t, s, "r9", `{}`).Payload, &got); err != nil {
			t.Fatal(err)
		}
		if left := got["left"].(float64); left < 1000 || left > 20000 {
			t.Errorf("remaining time %v", left)
		}
		delete(got, "left")
		have, _ := json.Marshal(got)
		wantJSON(t, have, `{"id":"r9","name":"fn","version":"1","arn":"`+s.FunctionARN+`","memory":"128","group":"/aws/lambda/fn","trace":"","dep":"dep","cwd":true}`)
	})
}

func TestNodeErrors(t *testing.T) {
	need(t, "node", "needs Node: it runs handlers for the nodejs runtimes")
	b, spec := scriptBench(t, "nodejs22.x", "testdata/node")
	for _, c := range []struct{ handler, typ, text string }{
		{"index.throws", "RangeError", "out of it"},
		{"index.throwsText", "string", "just text"},
		{"index.callbackError", "TypeError", "no good"},
		{"index.rejects", "Runtime.UnhandledPromiseRejection", "Error: nobody caught me"},
		{"index.absent", "Runtime.HandlerNotFound", "index.absent is undefined or not exported"},
		{"index.notFunction", "Runtime.HandlerNotFound", "index.notFunction is not a function"},
		{"index", "Runtime.MalformedHandlerName", "Bad handler"},
		{"nothing.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'nothing'"},
		{"broken.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			r := b.invoke(t, spec(c.handler), "r", `{}`)
			if c.handler == "broken.handler" { // the rest of the text is the engine's
				if r.ErrorType != c.typ {
					t.Errorf("%s: %s", r.ErrorType, r.Payload)
				}
				return
			}
			wantError(t, r, c.typ, c.text)
		})
	}
	t.Run("missing import", func(t *testing.T) {
		if r := b.invoke(t, spec("missing.handler"), "r", `{}`); r.ErrorType != "Runtime.ImportModuleError" || !strings.Contains(string(r.Payload), "no-such-thing") {
			t.Errorf("%s", r.Payload)
		}
	})
	t.Run("the trace names the place", func(t *testing.T) {
		var e struct{ Trace []string }
		r := b.invoke(t, spec("index.throws"), "r", `{}`)
		if err := json.Unmarshal(r.Payload, &e); err != nil || len(e.Trace) < 2 || e.Trace[0] != "RangeError: out of it" || !strings.Contains(e.Trace[1], "index.js") {
			t.Errorf("%s", r.Payload)
		}
	})
}

func TestNodeConsole(t *testing.T) {
	need(t, "node", "needs Node: it runs handlers for the nodejs runtimes")
	b, spec := scriptBench(t, "nodejs22.x", "testdata/node")
	tail := string(b.invoke(t, spec("index.log"), "r7", `{}`).Log)
	for _, want := range []string{"Z\tr7\tINFO\tone two\n", "Z\tr7\tERROR\t{ a: 1 }\n", "Z\tr7\tDEBUG\tquiet\n"} {
		if !strings.Contains(tail, want) {
			t.Errorf("no %q in\n%s", want, tail)
		}
	}
	s := spec("index.log")
	s.Key, s.LogFormat = "json", "JSON"
	tail = string(b.invoke(t, s, "r8", `{}`).Log)
	for _, want := range []string{`"level":"INFO","requestId":"r8","message":"one two"}`, `"level":"ERROR","requestId":"r8","message":{"a":1}}`} {
		if !strings.Contains(tail, want) {
			t.Errorf("no %q in\n%s", want, tail)
		}
	}
	if strings.Contains(tail, "quiet") {
		t.Errorf("a line below the log level:\n%s", tail)
	}
}

func TestPythonHandlers(t *testing.T) {
	need(t, "python3", "needs Python: it runs handlers for the python runtimes")
	b, spec := scriptBench(t, "python3.13", "testdata/python")
	wantJSON(t, b.invoke(t, spec("app.echo"), "r", `{"a":"ü✓😀"}`).Payload, `{"event":{"a":"ü✓😀"},"fn":"fn"}`)
	text := strings.Repeat("ü", 2_900_000)
	if r := b.invoke(t, spec("app.echo"), "r", `"`+text+`"`); !strings.Contains(string(r.Payload), text) {
		t.Errorf("%d bytes came back", len(r.Payload))
	}
	var got map[string]any
	s := spec("app.ctx")
	r, err := b.Invoke(t.Context(), s, &host.Invocation{RequestID: "r9", Payload: []byte("{}"), InvokedARN: "arn:x", TraceID: "Root=1", ClientContext: "eyJjdXN0b20iOnsiYSI6ImIifX0="})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatalf("%s: %v", r.Payload, err)
	}
	if left := got["left"].(float64); left < 1000 || left > 20000 {
		t.Errorf("remaining time %v", left)
	}
	delete(got, "left")
	have, _ := json.Marshal(got)
	wantJSON(t, have, `{"id":"r9","name":"fn","arn":"arn:x","memory":"128","trace":"Root=1","client":{"a":"b"},"cwd":true}`)
}

func TestPythonErrors(t *testing.T) {
	need(t, "python3", "needs Python: it runs handlers for the python runtimes")
	b, spec := scriptBench(t, "python3.13", "testdata/python")
	for _, c := range []struct{ handler, typ, text string }{
		{"app.throws", "KeyError", "'out of it'"},
		{"app.unmarshalable", "Runtime.MarshalError", "Unable to marshal response: Object of type object is not JSON serializable"},
		{"app.absent", "Runtime.HandlerNotFound", "Handler 'absent' missing on module 'app'"},
		{"app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"},
		{"nothing.handler", "Runtime.ImportModuleError", "Unable to import module 'nothing': No module named 'nothing'"},
		{"imports.handler", "Runtime.ImportModuleError", "Unable to import module 'imports': No module named 'nothing_like_this'"},
		{"syntax.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'syntax': expected ':' (syntax.py, line 1)"},
		{"app.leaves", "Runtime.ExitError", "RequestId: r Error: Runtime exited with error: exit status 4"},
	} {
		t.Run(c.handler, func(t *testing.T) { wantError(t, b.invoke(t, spec(c.handler), "r", `{}`), c.typ, c.text) })
	}
	var e struct{ StackTrace []string }
	r := b.invoke(t, spec("app.throws"), "r", `{}`)
	if err := json.Unmarshal(r.Payload, &e); err != nil || len(e.StackTrace) != 1 || !strings.Contains(e.StackTrace[0], "in throws\n    raise KeyError") {
		t.Errorf("%s", r.Payload)
	}
}

func TestPythonLogging(t *testing.T) {
	need(t, "python3", "needs Python: it runs handlers for the python runtimes")
	b, spec := scriptBench(t, "python3.13", "testdata/python")
	tail := string(b.invoke(t, spec("app.logs"), "r7", `{}`).Log)
	for _, want := range []string{"printed ünïcode\n", "[WARNING]\t", "Z\tr7\twarned once\n", "on stderr\n"} {
		if !strings.Contains(tail, want) {
			t.Errorf("no %q in\n%s", want, tail)
		}
	}
	s := spec("app.logs")
	s.Key, s.LogFormat = "json", "JSON"
	tail = string(b.invoke(t, s, "r8", `{}`).Log)
	for _, want := range []string{`"level": "WARNING", "message": "warned once", "logger": "app", "requestId": "r8", "executionArn": "arn:x"}`, `"message": "informed"`} {
		if !strings.Contains(tail, want) {
			t.Errorf("no %q in\n%s", want, tail)
		}
	}
}

func BenchmarkWarmInvoke(b *testing.B) {
	h := newBench(b, nil)
	s := goSpec()
	h.invoke(b, s, "r", `{"Do":"echo","Text":"x"}`)
	start := time.Now()
	for b.Loop() {
		h.invoke(b, s, "r", `{"Do":"echo","Text":"x"}`)
	}
	b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N), "µs/invoke")
}
