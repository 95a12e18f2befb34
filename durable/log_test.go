package durable_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/durable"
)

// book keeps log lines.
type book struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *book) lines(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	for d := json.NewDecoder(&b.buf); d.More(); {
		var line map[string]any
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

// talkative says something at every place of a handler that suspends several times.
func talkative(ctx durable.Context, _ any) (string, error) {
	say := func(l *slog.Logger, format string, args ...any) { l.Info(fmt.Sprintf(format, args...)) }
	say(ctx.Logger(), "root begins")
	if _, err := durable.Step(ctx, "flaky", func(sc durable.StepContext) (int, error) {
		say(sc.Logger(), "attempt %d", sc.Attempt())
		if sc.Attempt() < 3 {
			return 0, errors.New("again")
		}
		return 1, nil
	}); err != nil {
		return "", err
	}
	say(ctx.Logger(), "after the step")
	if err := durable.Wait(ctx, "w", time.Second); err != nil {
		return "", err
	}
	say(ctx.Logger(), "after the wait")
	if _, err := durable.RunInChildContext(ctx, "aside", func(c durable.Context) (int, error) {
		say(c.Logger(), "aside")
		return 0, nil
	}, durable.WithChildVirtual()); err != nil {
		return "", err
	}
	say(ctx.Logger(), "after the aside")
	_, err := durable.Map(ctx, "m", []int{0, 1, 2}, func(c durable.Context, n, _ int) (int, error) {
		say(c.Logger(), "item %d begins", n)
		if err := durable.Wait(c, "inner", time.Duration(n+1)*time.Minute); err != nil {
			return 0, err
		}
		say(c.Logger(), "item %d waited", n)
		if err := durable.Wait(c, "again", time.Minute); err != nil {
			return 0, err
		}
		say(c.Logger(), "item %d ends", n)
		return n, nil
	})
	if err != nil {
		return "", err
	}
	say(ctx.Logger(), "root ends")
	return "done", nil
}

func TestEachLineIsWrittenOnceOverAllInvocations(t *testing.T) {
	b := &book{}
	r := run(t, talkative, nil, durable.WithLogHandler(slog.NewJSONHandler(b, nil)))
	wantResult(t, r, "done")
	if len(r.Invocations) < 6 {
		t.Errorf("only %d invocations", len(r.Invocations))
	}
	want := map[string]int{"root begins": 1, "attempt 1": 1, "attempt 2": 1, "attempt 3": 1, "after the step": 1, "after the wait": 1,
		"aside": 1, "after the aside": 1, "root ends": 1}
	for i := range 3 {
		for _, what := range []string{"begins", "waited", "ends"} {
			want[fmt.Sprintf("item %d %s", i, what)] = 1
		}
	}
	got := map[string]int{}
	for _, line := range b.lines(t) {
		got[line["msg"].(string)]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestEmitModeMarksRepeatedLines(t *testing.T) {
	b := &book{}
	r := run(t, talkative, nil, durable.WithLogHandler(slog.NewJSONHandler(b, nil)), durable.WithReplayLogMode(durable.ReplayLogModeEmit))
	live, repeated := 0, 0
	for _, line := range b.lines(t) {
		if line["msg"] != "root begins" {
			continue
		}
		if line["replay"] == true {
			repeated++
		} else {
			live++
		}
	}
	if live != 1 || repeated != len(r.Invocations)-1 {
		t.Errorf("%d live, %d repeated lines in %d invocations", live, repeated, len(r.Invocations))
	}
}

func TestLinesSayWhereTheyComeFrom(t *testing.T) {
	b := &book{}
	plugin := durable.Plugin{EnrichLogContext: func(context.Context) map[string]any {
		return map[string]any{"trace": "t-1", "executionArn": "forged", "mine": "plugin"}
	}}
	r := run(t, func(ctx durable.Context, _ any) (string, error) {
		ctx.Logger().Info("root", "mine", "user", "replay", "user")
		return durable.Step(ctx, "s", func(sc durable.StepContext) (string, error) {
			sc.Logger().Info("step")
			return "v", nil
		})
	}, nil, durable.WithLogHandler(slog.NewJSONHandler(b, nil)), durable.WithPlugins(plugin))
	lines := b.lines(t)
	if len(lines) != 2 {
		t.Fatal(lines)
	}
	root, step := lines[0], lines[1]
	if root["requestId"] != "request-1" || !strings.Contains(root["executionArn"].(string), "durable-execution") || root["mine"] != "user" || root["trace"] != "t-1" {
		t.Error(root)
	}
	for _, key := range []string{"operationId", "operationName", "attempt", "replay"} {
		if root[key] != nil {
			t.Errorf("the root's line has %s: %v", key, root)
		}
	}
	if step["operationId"] != r.Operation("s").ID || step["operationName"] != "s" || step["attempt"] != 1.0 || step["mine"] != "plugin" {
		t.Error(step)
	}
}

// deep returns an error from n calls down.
func deep(n int) error {
	if n == 0 {
		panic("deep")
	}
	return deep(n - 1)
}

// traced brings its own trace.
type traced struct{}

func (traced) Error() string        { return "traced" }
func (traced) StackTrace() []string { return []string{"mine mine.go:1"} }

func TestStackTracesBeginAtTheUsersCode(t *testing.T) {
	failWith := func(fail func() error) durable.Handler[any, int] {
		return func(ctx durable.Context, _ any) (int, error) {
			return durable.Step(ctx, "s", func(durable.StepContext) (int, error) { return 0, fail() }, durable.WithRetry(durable.NoRetry()))
		}
	}
	trace := func(fail func() error, opts ...durable.HandlerOption) []string {
		return run(t, failWith(fail), nil, opts...).Operation("s").StepDetails.StackTrace
	}
	if got := trace(func() error { return deep(100) }); len(got) != durable.MaxStackTraceFrames || !strings.Contains(got[0], "durable_test.deep") {
		t.Errorf("a panic: %d frames, %q", len(got), got[:1])
	}
	if got := trace(func() error { return errors.New("plain") }); len(got) == 0 || !strings.Contains(got[0], "TestStackTracesBeginAtTheUsersCode") {
		t.Errorf("a returned error: %q", got)
	}
	if got := trace(func() error { return fmt.Errorf("around: %w", traced{}) }); !slices.Equal(got, traced{}.StackTrace()) {
		t.Errorf("an error with a trace: %q", got)
	}
	if got := trace(func() error { return deep(3) }, durable.WithStackTraces(false)); len(got) != 0 {
		t.Errorf("switched off: %q", got)
	}
}
