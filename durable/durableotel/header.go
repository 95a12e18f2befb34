package durableotel

import (
	"context"
	"os"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// propagated is the span an invocation's X-Ray trace header names, invalid unless it is sampled. The Lambda runtime hands
// the header over in the context, which is right however many invocations share a process, and in the environment.
func propagated(ctx context.Context) trace.SpanContext {
	header, _ := ctx.Value("x-amzn-trace-id").(string)
	if header == "" {
		header = os.Getenv("_X_AMZN_TRACE_ID")
	}
	return parseHeader(header)
}

// parseHeader reads "Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1" and more fields in any order.
func parseHeader(header string) trace.SpanContext {
	var cfg trace.SpanContextConfig
	sampled := false
	for field := range strings.SplitSeq(header, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch key {
		case "Root":
			version, rest, _ := strings.Cut(value, "-")
			seconds, random, _ := strings.Cut(rest, "-")
			if version == "1" && len(seconds) == 8 {
				cfg.TraceID, _ = trace.TraceIDFromHex(seconds + random)
			}
		case "Parent":
			cfg.SpanID, _ = trace.SpanIDFromHex(value)
		case "Sampled":
			sampled = value == "1"
		}
	}
	if !sampled {
		return trace.SpanContext{}
	}
	cfg.TraceFlags, cfg.Remote = trace.FlagsSampled, true
	if sc := trace.NewSpanContext(cfg); sc.IsValid() {
		return sc
	}
	return trace.SpanContext{}
}
