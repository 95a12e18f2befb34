// Command real is a handler with one mistake.
package main

import (
	"time"

	"github.com/perdure/perdure/durable"
)

func main() {
	durable.Start(func(ctx durable.Context, _ any) (time.Time, error) {
		return time.Now(), durable.Wait(ctx, "w", time.Second)
	})
}
