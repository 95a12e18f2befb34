// Package conformance holds one handler for each public requirement on durable SDKs and service, and what must come of it.
//
// [Cases] lists them; requirements.txt, which [Requirements] reads, says how each execution must end and which events it
// must leave, in order. The handlers know nothing of where they run: durabletest plays them in memory, command handler
// (durable/conformance/handler) makes a function of them for a server.
//
// Handlers that crash do so through [Crash]. Targets of chained invokes are named by TARGET_FUNCTION_NAME and, with tenant
// isolation, TENANT_FUNCTION_NAME.
package conformance

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/perdure/perdure/durable"
)

// Handler is a durable handler over JSON as it comes and goes.
type Handler = durable.Handler[json.RawMessage, json.RawMessage]

// Case is the handler of one requirement, and what is known beyond its events.
type Case struct {
	ID      string
	Handler Handler
	Options func(journal func(string)) []durable.HandlerOption // nil: none
	Input   string                                             // JSON, empty for none
	Result  string                                             // JSON the execution must give; empty: not checked
	Actions []Action                                           // what is done about callbacks
	Target  Handler                                            // of chained invokes; durable
	Journal []string                                           // lines plugins must have written, in any order
}

// Action answers a callback Delay seconds after it was created. A heartbeat is followed by the next action.
type Action struct {
	Name    string // of the callback, "*" for any
	Delay   int
	Kind    string // success, failure, heartbeat
	Payload string // JSON; of a failure the message
}

// Requirement is one line of requirements.txt.
type Requirement struct {
	ID     string
	Async  bool
	End    string // ok, fail, open (the history is looked at while the execution waits)
	Events []string
	Prefix bool // further events may follow
	What   string
}

//go:embed requirements.txt
var requirements string

// Requirements lists the public requirements.
func Requirements() ([]Requirement, error) {
	var out []Requirement
	for _, line := range strings.Split(requirements, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		head, what, _ := strings.Cut(line, ";")
		f := strings.Fields(head)
		if len(f) < 4 {
			return nil, fmt.Errorf("requirement line %q is too short", line)
		}
		r := Requirement{ID: f[0], Async: f[1] == "a", End: f[2], What: strings.TrimSpace(what)}
		seq, prefix := strings.CutSuffix(strings.Join(f[3:], " "), " ...")
		events, err := expand(seq)
		if err != nil {
			return nil, fmt.Errorf("requirement %s: %w", r.ID, err)
		}
		r.Events, r.Prefix = events, prefix
		out = append(out, r)
	}
	return out, nil
}

// expand writes "(S0 S- |)x2 S0" as "S0 S- | S0 S- | S0".
func expand(seq string) ([]string, error) {
	for {
		open := strings.IndexByte(seq, '(')
		if open < 0 {
			return strings.Fields(seq), nil
		}
		end := strings.IndexByte(seq, ')')
		if end < open || end+2 >= len(seq) || seq[end+1] != 'x' {
			return nil, fmt.Errorf("bad repetition in %q", seq)
		}
		n, err := strconv.Atoi(seq[end+2 : end+3])
		if err != nil {
			return nil, err
		}
		seq = seq[:open] + strings.Repeat(seq[open+1:end]+" ", n) + seq[end+3:]
	}
}

// Cases lists the handlers by requirement.
func Cases() []Case {
	var all []Case
	for _, suite := range [][]Case{steps(), waits(), children(), callbacks(), invokes(), conditions(), submitted(), parallels(), maps(), plugins()} {
		all = append(all, suite...)
	}
	return all
}

// typed makes a Handler of one with types.
func typed[I, O any](f func(ctx durable.Context, in I) (O, error)) Handler {
	return func(ctx durable.Context, raw json.RawMessage) (json.RawMessage, error) {
		var in I
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &in); err != nil {
				return nil, err
			}
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
}

type crashKey struct{}

// WithCrash lets Crash call die instead of ending the process.
func WithCrash(ctx context.Context, die func()) context.Context {
	return context.WithValue(ctx, crashKey{}, die)
}

// Crash ends the process, or whatever stands for it.
func Crash(ctx context.Context) {
	if die, ok := ctx.Value(crashKey{}).(func()); ok {
		die()
		return
	}
	os.Exit(1)
}

func target() string {
	if name := os.Getenv("TARGET_FUNCTION_NAME"); name != "" {
		return name
	}
	return "target:$LATEST"
}

// tenantTarget is a function with tenant isolation.
func tenantTarget() string {
	if name := os.Getenv("TENANT_FUNCTION_NAME"); name != "" {
		return name
	}
	return target()
}

// value is a step body that only gives v.
func value[O any](v O) func(durable.StepContext) (O, error) {
	return func(durable.StepContext) (O, error) { return v, nil }
}

// flaky is a step body that fails until attempt n.
func flaky[O any](n int, v O) func(durable.StepContext) (O, error) {
	return func(sc durable.StepContext) (O, error) {
		if sc.Attempt() < n {
			var zero O
			return zero, fmt.Errorf("attempt %d fails", sc.Attempt())
		}
		return v, nil
	}
}
