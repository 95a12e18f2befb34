package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// spanFile is an exporter that appends a line per span to a file.
type spanFile struct{ path string }

// spanLine is one span that was exported.
type spanLine struct {
	Trace, ID, Parent, Name string
	Status                  string
	Facts                   map[string]string
	Links                   []string // span ids
	Errors                  []string
	Backwards               bool // it ends before it starts
}

func (f *spanFile) Shutdown(context.Context) error { return nil }

func (f *spanFile) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	for _, s := range spans {
		l := spanLine{Trace: s.SpanContext().TraceID().String(), ID: s.SpanContext().SpanID().String(), Name: s.Name(), Facts: map[string]string{},
			Backwards: s.EndTime().Before(s.StartTime())}
		if p := s.Parent(); p.IsValid() {
			l.Parent = p.SpanID().String()
		}
		if s.Status().Code != codes.Unset {
			l.Status = strings.ToLower(s.Status().Code.String())
		}
		if s.SpanKind() != trace.SpanKindInternal {
			l.Status = "not internal"
		}
		for _, a := range s.Attributes() {
			l.Facts[strings.TrimPrefix(string(a.Key), "durable.")] = a.Value.String()
		}
		for _, k := range s.Links() {
			l.Links = append(l.Links, k.SpanContext.SpanID().String())
		}
		for _, e := range s.Events() {
			for _, a := range e.Attributes {
				if a.Key == "exception.message" {
					l.Errors = append(l.Errors, a.Value.AsString())
				}
			}
		}
		line, err := json.Marshal(l)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil {
			_ = out.Close()
			return err
		}
	}
	return out.Close()
}

// spansOf reads the spans of the traces that executions are on.
func spansOf(t *testing.T, path string, arns ...string) []spanLine {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []spanLine
	traces := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		var l spanLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
		if slices.Contains(arns, l.Facts["execution.arn"]) {
			traces[l.Trace] = true
		}
	}
	all = slices.DeleteFunc(all, func(l spanLine) bool { return !traces[l.Trace] })
	// Two executions run beside each other: one after the other, in the order asked for.
	slices.SortStableFunc(all, func(a, b spanLine) int {
		return max(0, slices.Index(arns, a.Facts["execution.arn"])) - max(0, slices.Index(arns, b.Facts["execution.arn"]))
	})
	return all
}

// forest draws spans as trees, children in the order in which they were exported.
func forest(spans []spanLine) string {
	names, rounds := map[string]string{}, map[string]int{}
	for _, s := range spans {
		names[s.ID] = s.Name
		if s.Name == "Invocation" {
			rounds[s.Facts["execution.arn"]]++
			names[s.ID] = fmt.Sprint("Invocation ", rounds[s.Facts["execution.arn"]])
		}
	}
	var b strings.Builder
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		for _, s := range spans {
			if s.Parent == parent {
				b.WriteString(indent + s.draw(names) + "\n")
				draw(s.ID, indent+"  ")
			}
		}
	}
	draw("", "")
	var outside []string
	for _, s := range spans {
		if s.Parent != "" && names[s.Parent] == "" && !slices.Contains(outside, s.Parent) {
			outside = append(outside, s.Parent)
			b.WriteString("(not exported here)\n")
			draw(s.Parent, "  ")
		}
	}
	return b.String()
}

func (s *spanLine) draw(names map[string]string) string {
	words := []string{names[s.ID]}
	if s.Facts["invocation.first"] == "true" {
		words = append(words, "first")
	}
	for _, key := range []string{"operation.subtype", "operation.status", "attempt.outcome", "invocation.status", "execution.status"} {
		if v := s.Facts[key]; v != "" && (key != "operation.subtype" || s.Facts["operation.status"] != "") {
			words = append(words, v)
		}
	}
	if n := s.Facts["attempt.number"]; n != "" && s.Facts["operation.status"] != "" {
		words = append(words, "attempts="+n)
	}
	if s.Status != "" {
		words = append(words, "["+s.Status+"]")
	}
	var links []string
	for _, l := range s.Links {
		links = append(links, or(names[l], "?"))
	}
	if len(links) > 0 {
		words = append(words, "-> "+strings.Join(links, ", "))
	}
	for _, e := range s.Errors {
		words = append(words, "error: "+e)
	}
	return strings.Join(words, " ")
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
