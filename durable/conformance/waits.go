package conformance

import (
	"time"

	"github.com/perdure/perdure/durable"
)

func waits() []Case {
	wait := func(name string, ds ...time.Duration) Handler {
		return typed(func(ctx durable.Context, _ any) (string, error) {
			for _, d := range ds {
				if err := durable.Wait(ctx, name, d); err != nil {
					return "", err
				}
			}
			return "waited", nil
		})
	}
	return []Case{
		{ID: "2-1", Result: `"waited"`, Handler: wait("", time.Second)},
		{ID: "2-2", Result: `"waited"`, Handler: wait("nap", time.Second)},
		{ID: "2-3", Result: `"waited"`, Handler: wait("nap", time.Second, 2*time.Second)},
		{ID: "2-4", Handler: wait("minute", time.Minute)},
		{ID: "2-5", Handler: wait("hour", time.Hour)},
	}
}
