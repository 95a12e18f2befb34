package process

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// maxResponse is the most bytes a function may answer: 6 MB and the 100 bytes that AWS Lambda allows on top.
const maxResponse = 6*1024*1024 + 100

// failure is a function error, before it is known which request it answers.
type failure struct {
	typ    string // "Runtime.ExitError"
	text   string // error message; with prefix, it begins with the request's id
	prefix bool
	raw    []byte // error object as the runtime posted it; replaces the above
	fatal  bool   // the instance is of no further use
	status string // for the REPORT line: "error", "timeout"
}

// body is the error object the caller gets.
func (f *failure) body(requestID string) []byte {
	if f.raw != nil {
		return f.raw
	}
	text := f.text
	if f.prefix {
		text = "RequestId: " + requestID + " Error: " + text
	}
	b, _ := json.Marshal(struct { // strings cannot fail to encode
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{f.typ, text})
	return b
}

func timedOut(d time.Duration) *failure {
	return &failure{
		typ: "Sandbox.Timedout", text: fmt.Sprintf("Task timed out after %.2f seconds", d.Seconds()),
		prefix: true, fatal: true, status: "timeout",
	}
}

// exitFailure is how AWS Lambda words the end of a runtime that had an event to answer.
func exitFailure(s *os.ProcessState) *failure {
	f := &failure{typ: "Runtime.ExitError", text: "Runtime exited without providing a reason", prefix: true, fatal: true, status: "error"}
	if s == nil {
		return f
	}
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		f.text = "Runtime exited with error: signal: " + ws.Signal().String()
	} else if s.ExitCode() != 0 {
		f.text = fmt.Sprintf("Runtime exited with error: exit status %d", s.ExitCode())
	}
	return f
}

func tooLarge() *failure {
	return &failure{
		typ:    "Function.ResponseSizeTooLarge",
		text:   fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse),
		status: "error",
	}
}

// posted is a failure that the runtime reported itself.
func posted(header string, body []byte) *failure {
	f := &failure{typ: header, status: "error"}
	var o struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(body, &o) == nil && len(body) > 0 && strings.HasPrefix(strings.TrimSpace(string(body)), "{") {
		f.raw = body
		if o.Type != "" {
			f.typ = o.Type
		}
		return f
	}
	f.text = string(body)
	if f.typ == "" {
		f.typ = "Runtime.Unknown"
	}
	return f
}

// initFailure is the answer to an invocation whose instance never became ready. The instance has exited.
func (i *instance) initFailure(requestID string) *host.Result {
	i.mu.Lock()
	f := i.initErr
	if f == nil {
		f = exitFailure(i.exit)
	}
	i.mu.Unlock()
	i.logInitFailure(f)
	return &host.Result{
		Payload: f.body(requestID), FunctionError: "Unhandled", ErrorType: f.typ, Log: i.out.tail(),
		Started: i.started, Ended: i.h.cfg.Now(), ColdStart: true,
	}
}
