package durable

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
)

// ReplayLogMode says what loggers do while their context replays.
type ReplayLogMode int

const (
	// ReplayLogModeUnchanged keeps the mode; as a handler option it means suppress.
	ReplayLogModeUnchanged ReplayLogMode = iota
	// ReplayLogModeSuppress drops records, so that each line is written once over all invocations.
	ReplayLogModeSuppress
	// ReplayLogModeEmit writes them with replay=true.
	ReplayLogModeEmit
)

// LogConfig is what ConfigureLogging changes; a zero field keeps what is.
type LogConfig struct {
	_             [0]func()
	Handler       slog.Handler
	ReplayLogMode ReplayLogMode
}

// ConfigureLogging changes logging for the rest of the invocation. A new handler reaches loggers obtained later, a new
// mode reaches all.
func ConfigureLogging(ctx Context, cfg LogConfig) error {
	c, err := own(ctx)
	if err != nil {
		return err
	}
	if cfg.Handler != nil {
		c.ex.logs.handler.Store(&cfg.Handler)
	}
	if cfg.ReplayLogMode != ReplayLogModeUnchanged {
		c.ex.logs.emit.Store(cfg.ReplayLogMode == ReplayLogModeEmit)
	}
	return nil
}

// logs is the logging of one invocation.
type logs struct {
	handler atomic.Pointer[slog.Handler]
	emit    atomic.Bool // replayed records are written, marked
}

// logScope is what the lines of one context or step say about where they come from.
type logScope struct {
	operation string // wire id
	name      string
	attempt   int // 0 outside step bodies
}

func (ex *execution) logger(ctx context.Context, s logScope, replaying *atomic.Bool) *slog.Logger {
	h := *ex.logs.handler.Load()
	attrs := []slog.Attr{slog.String("requestId", ex.meta.requestID), slog.String("executionArn", ex.arn)}
	if ex.meta.tenantID != "" {
		attrs = append(attrs, slog.String("tenantId", ex.meta.tenantID))
	}
	if s.operation != "" {
		attrs = append(attrs, slog.String("operationId", s.operation))
	}
	if s.name != "" {
		attrs = append(attrs, slog.String("operationName", s.name))
	}
	if s.attempt > 0 {
		attrs = append(attrs, slog.Int("attempt", s.attempt))
	}
	return slog.New(&replayHandler{inner: h.WithAttrs(attrs), ex: ex, place: ctx, replaying: replaying})
}

// debug writes one of the SDK's own records. Never called under mu: the handler is the user's.
func (ex *execution) debug(message string, args ...any) {
	h := *ex.logs.handler.Load()
	if !h.Enabled(ex.ctx, slog.LevelDebug) {
		return
	}
	slog.New(h).With("requestId", ex.meta.requestID, "executionArn", ex.arn).Debug(message, args...)
}

// replayHandler drops or marks records while its context replays, and adds what plugins know.
type replayHandler struct {
	inner     slog.Handler
	ex        *execution
	place     context.Context // of the code the logger was given to
	replaying *atomic.Bool    // nil: never replays
	grouped   bool
	own       map[string]bool // top-level attribute keys of the user's With
}

func (h *replayHandler) suppressed() bool {
	return h.replaying != nil && h.replaying.Load() && !h.ex.logs.emit.Load()
}

func (h *replayHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return !h.suppressed() && h.inner.Enabled(ctx, level)
}

func (h *replayHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.suppressed() {
		return nil
	}
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if !h.grouped && h.replaying != nil && h.replaying.Load() {
		out.AddAttrs(slog.Bool("replay", true))
	}
	said := map[string]bool{}
	r.Attrs(func(a slog.Attr) bool {
		if h.grouped || a.Key != "replay" {
			out.AddAttrs(a)
		}
		said[a.Key] = true
		return true
	})
	for key, value := range h.ex.plug.logFields(mergedContext{ctx, h.place}) {
		if h.grouped || !said[key] && !h.own[key] && !reservedKeys[key] {
			if !said[key] {
				out.AddAttrs(slog.Any(key, value))
			}
		}
	}
	return h.inner.Handle(ctx, out)
}

var reservedKeys = map[string]bool{"timestamp": true, "level": true, "message": true, "requestId": true, "executionArn": true,
	"tenantId": true, "operationId": true, "operationName": true, "attempt": true, "replay": true}

func (h *replayHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	k := *h
	if !h.grouped {
		kept := make([]slog.Attr, 0, len(attrs))
		k.own = map[string]bool{}
		for key := range h.own {
			k.own[key] = true
		}
		for _, a := range attrs {
			if a.Key != "replay" {
				kept = append(kept, a)
				k.own[a.Key] = true
			}
		}
		attrs = kept
	}
	k.inner = h.inner.WithAttrs(attrs)
	return &k
}

func (h *replayHandler) WithGroup(name string) slog.Handler {
	k := *h
	k.inner = h.inner.WithGroup(name)
	k.grouped = k.grouped || name != ""
	return &k
}

// defaultLogHandler writes one JSON object per line to standard error, as Lambda's own JSON logs look.
func defaultLogHandler() slog.Handler {
	return slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: logLevel(os.Getenv("AWS_LAMBDA_LOG_LEVEL")), ReplaceAttr: lambdaAttr})
}

func logLevel(name string) slog.Level {
	switch strings.ToUpper(name) {
	case "TRACE":
		return slog.LevelDebug - 4
	case "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	case "ERROR":
		return slog.LevelError
	case "FATAL":
		return slog.LevelError + 4
	}
	return slog.LevelInfo
}

func lambdaAttr(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch a.Key {
		case slog.TimeKey:
			if a.Value.Kind() == slog.KindTime {
				return slog.String("timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
			}
		case slog.MessageKey:
			a.Key = "message"
			return a
		}
	}
	if err, ok := a.Value.Any().(error); ok && err != nil {
		fields := []slog.Attr{slog.String("errorType", typeOf(err)), slog.String("errorMessage", messageOf(err))}
		if trace := traceOf(err); len(trace) > 0 {
			fields = append(fields, slog.Any("stackTrace", trace))
		}
		return slog.Attr{Value: slog.GroupValue(fields...)}
	}
	return a
}
