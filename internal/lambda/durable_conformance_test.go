package lambda

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var errBoom = errors.New("boom")

func hello() (string, error) { return `"hello"`, nil }
func boom() (string, error)  { return "", errBoom }

// counter makes a body that fails so many times.
func (w *world) failing(times int) func() (string, error) {
	n := 0
	return func() (string, error) {
		if n++; n <= times {
			return boom()
		}
		return hello()
	}
}

// requirement is one line of testdata/conformance.txt.
type requirement struct{ id, mode, end, sequence string }

func requirements(t *testing.T) (all []requirement) {
	b, err := os.ReadFile("testdata/conformance.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.SplitN(strings.TrimSpace(line), " ", 4); len(f) == 4 && f[0] != "#" {
			all = append(all, requirement{f[0], f[1], f[2], expand(f[3])})
		}
	}
	return all
}

var repeat = regexp.MustCompile(`\(([^()]*)\)×(\d+)`)

// expand writes out "(S0 S- |)×3".
func expand(s string) string {
	s = strings.ReplaceAll(s, "−", "-")
	s = repeat.ReplaceAllStringFunc(s, func(m string) string {
		g := repeat.FindStringSubmatch(m)
		n, _ := strconv.Atoi(g[2])
		return strings.TrimSpace(strings.Repeat(g[1]+" ", n))
	})
	return strings.Join(strings.Fields(s), " ")
}

// scenario is a program and what the outside does to it.
type scenario struct {
	body    func(w *world) func(p *program) (string, error)
	outside []func(w *world, callbacks []string) // after each suspension that awaits something from outside
}

func just(body func(p *program) (string, error)) scenario {
	return scenario{body: func(*world) func(*program) (string, error) { return body }}
}

// TestConformance plays the requirements that concern the service: the exact sequence of events from the second on.
func TestConformance(t *testing.T) {
	for _, r := range requirements(t) {
		s, ok := scenarios[r.id]
		if suite, _, _ := strings.Cut(r.id, "-"); suite == "8" || suite == "9" {
			s, ok = shaped(r.sequence, r.end), true
		}
		if !ok {
			t.Errorf("no scenario for %s", r.id)
			continue
		}
		t.Run(r.id, func(t *testing.T) { s.run(t, r) })
	}
}

func (s scenario) run(t *testing.T, r requirement) {
	code := newScripted()
	addTargets(code)
	w := newWorld(t, code, plan{})
	code.durable["f"] = durableFunc(s.body(w))
	arn := w.start("f", "", `"in"`)
	for _, act := range s.outside {
		w.settle()
		act(w, w.callbacks(arn))
	}
	if r.end == "-" {
		w.settle()
		if got := strings.TrimPrefix(w.sequence(arn), "X0 "); got != r.sequence {
			t.Errorf("history\n got %s\nwant %s", got, r.sequence)
		}
		return
	}
	w.play(arn)
	want := r.sequence
	if !strings.HasSuffix(want, "X+") && !strings.HasSuffix(want, "X-") {
		want += map[string]string{"ok": " X+", "fail": " X-"}[r.end]
	}
	if got := strings.TrimPrefix(w.sequence(arn), "X0 "); got != want {
		t.Errorf("history\n got %s\nwant %s", got, want)
	}
	if got, want := w.get(arn)["Status"], map[string]string{"ok": "SUCCEEDED", "fail": "FAILED"}[r.end]; got != want {
		t.Errorf("status %v, want %s", got, want)
	}
}

// callbacks lists the ids of the callbacks that the history has seen start.
func (w *world) callbacks(arn string) (ids []string) {
	for _, e := range w.history(arn) {
		if d, ok := e["CallbackStartedDetails"].(map[string]any); ok {
			ids = append(ids, d["CallbackId"].(string))
		}
	}
	return ids
}

func succeed(n int) func(*world, []string) {
	return func(w *world, ids []string) {
		w.must("SendDurableExecutionCallbackSuccess", map[string]string{"CallbackId": ids[n]}, nil, `"yes"`)
	}
}

func fail(n int) func(*world, []string) {
	return func(w *world, ids []string) {
		w.must("SendDurableExecutionCallbackFailure", map[string]string{"CallbackId": ids[n]}, nil, `{"ErrorMessage":"no"}`)
	}
}

// tick lets the next timer fire.
func tick(w *world, _ []string) {
	if _, err := w.eng.AdvanceToNext(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// addTargets are the functions that chained invokes call.
func addTargets(code *scripted) {
	code.plain["echo"] = func(payload string) (string, error) { return payload, nil }
	code.plain["thrower"] = func(string) (string, error) { return "", failed{"TargetError", "thrown"} }
	code.durable["child"] = durableFunc(func(p *program) (string, error) {
		if _, err := p.step(never, hello); err != nil {
			return "", err
		}
		p.wait(5)
		return p.input, nil
	})
	code.durable["broken"] = durableFunc(func(p *program) (string, error) { return "", errBoom })
	code.plain["tenant"] = code.plain["echo"]
	code.tenants["tenant"] = true
}
