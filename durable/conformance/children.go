package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perdure/perdure/durable"
)

// firstTime is true once per execution, also across processes of one machine.
func firstTime(ctx context.Context, arn string) bool {
	sum := sha256.Sum256([]byte(arn))
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "conformance-"+hex.EncodeToString(sum[:8])), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// child runs steps with the given values in a child context and joins them.
func child(ctx durable.Context, name string, values ...string) (string, error) {
	return durable.RunInChildContext(ctx, name, func(c durable.Context) (string, error) {
		var out []string
		for _, v := range values {
			s, err := durable.Step(c, "step", value(v))
			if err != nil {
				return "", err
			}
			out = append(out, s)
		}
		return strings.Join(out, " "), nil
	})
}

// then waits a second after f.
func then[O any](f func(durable.Context) (O, error)) Handler {
	return typed(func(ctx durable.Context, _ any) (O, error) {
		v, err := f(ctx)
		if err != nil {
			return v, err
		}
		return v, durable.Wait(ctx, "w", time.Second)
	})
}

func just[O any](f func(durable.Context) (O, error)) Handler {
	return typed(func(ctx durable.Context, _ any) (O, error) { return f(ctx) })
}

func failing(ctx durable.Context) (string, error) {
	return durable.RunInChildContext(ctx, "child", func(c durable.Context) (string, error) {
		return durable.Step(c, "bad", func(durable.StepContext) (string, error) { return "", errors.New("inner") }, durable.WithRetry(durable.NoRetry()))
	})
}

// telling installs a plugin that says when the start of a step is on record.
func telling(started chan<- struct{}) func(func(string)) []durable.HandlerOption {
	watch := durable.Plugin{OnOperationChange: func(_ context.Context, i durable.OperationChangeHookInfo) {
		for _, o := range i.UpdatedOperations {
			if o.Type == "STEP" && o.Status == durable.PluginOperationStarted {
				select {
				case started <- struct{}{}:
				default:
				}
			}
		}
	}}
	return func(func(string)) []durable.HandlerOption {
		return []durable.HandlerOption{durable.WithPlugins(watch)}
	}
}

func children() []Case {
	retrying := func(n, attempts int) Handler {
		return just(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "child", func(c durable.Context) (string, error) {
				return durable.Step(c, "flaky", flaky(n, "ok"), durable.WithRetry(fixed(attempts)))
			})
		})
	}
	stepAndWait := func(ctx durable.Context) (string, error) {
		v, err := durable.Step(ctx, "step", value("v"))
		if err != nil {
			return "", err
		}
		return v, durable.Wait(ctx, "wait", time.Second)
	}
	started := make(chan struct{}, 1)
	return []Case{
		{ID: "3-1", Result: `"a"`, Handler: just(func(ctx durable.Context) (string, error) { return child(ctx, "", "a") })},
		{ID: "3-2", Result: `"a"`, Handler: just(func(ctx durable.Context) (string, error) { return child(ctx, "named", "a") })},
		{ID: "3-3", Result: `"a b"`, Handler: just(func(ctx durable.Context) (string, error) { return child(ctx, "child", "a", "b") })},
		{ID: "3-4", Handler: just(failing)},
		{ID: "3-5", Result: `"fallback"`, Handler: just(func(ctx durable.Context) (string, error) {
			var failed *durable.ChildContextError
			if _, err := failing(ctx); !errors.As(err, &failed) {
				return "", err
			}
			return durable.Step(ctx, "fallback", value("fallback"))
		})},
		{ID: "3-6", Result: `"outer inner"`, Handler: just(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "outer", func(c durable.Context) (string, error) {
				a, err := durable.Step(c, "step", value("outer"))
				if err != nil {
					return "", err
				}
				b, err := child(c, "inner", "inner")
				return a + " " + b, err
			})
		})},
		{ID: "3-7", Result: `"ok"`, Handler: retrying(2, 3)},
		{ID: "3-8", Handler: retrying(9, 2)},
		{ID: "3-9", Result: `"a"`, Handler: then(func(ctx durable.Context) (string, error) { return child(ctx, "child", "a") })},
		{ID: "3-10", Result: `"v"`, Handler: just(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "child", stepAndWait)
		})},
		{ID: "3-11", Result: `300000`, Handler: then(func(ctx durable.Context) (int, error) {
			big, err := durable.RunInChildContext(ctx, "large", func(c durable.Context) (string, error) {
				part, err := durable.Step(c, "part", value(strings.Repeat("x", 1000)))
				return strings.Repeat(part, 300), err
			})
			return len(big), err
		})},
		{ID: "3-12", Result: `"survived"`, Options: telling(started), Handler: just(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "child", func(c durable.Context) (string, error) {
				return durable.Step(c, "crash", func(sc durable.StepContext) (string, error) {
					if firstTime(sc, ctx.ExecutionArn()) {
						// A step that lasts has its start on record; one that dies at once has not begun for anybody else.
						<-started
						Crash(sc)
					}
					return "survived", nil
				})
			})
		})},
		{ID: "3-13", Result: `"after"`, Handler: just(func(ctx durable.Context) (string, error) {
			_, err := durable.RunInChildContext(ctx, "child", func(c durable.Context) (durable.Void, error) {
				return durable.Void{}, durable.Wait(c, "wait", time.Second)
			})
			if err != nil {
				return "", err
			}
			return durable.Step(ctx, "after", value("after"))
		})},
		{ID: "3-14", Result: `"v"`, Handler: just(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "child", func(c durable.Context) (string, error) { return durable.Step(c, "s", value("v")) }, durable.WithChildSerdes(upper))
		})},
		{ID: "3-15", Handler: just(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "child", func(durable.Context) (string, error) { return "", errors.New("in the body") })
		})},
		{ID: "3-16", Result: `null`, Handler: just(func(ctx durable.Context) (*string, error) {
			return durable.RunInChildContext(ctx, "child", func(durable.Context) (*string, error) { return nil, nil })
		})},
		{ID: "3-17", Result: `"logged"`, Handler: then(func(ctx durable.Context) (string, error) {
			return durable.RunInChildContext(ctx, "child", func(c durable.Context) (string, error) {
				c.Logger().Info("from the child")
				return "logged", nil
			})
		})},
		{ID: "3-18", Result: `"v"`, Handler: just(func(ctx durable.Context) (string, error) {
			if _, err := durable.RunInChildContext(ctx, "child", stepAndWait); err != nil {
				return "", err
			}
			return stepAndWait(ctx)
		})},
	}
}
