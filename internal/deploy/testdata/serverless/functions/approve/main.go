// Command approve is a durable function that waits a minute and then greets.
package main

import (
	"os"
	"time"

	"github.com/perdure/perdure/durable"
)

func main() {
	durable.Start(func(ctx durable.Context, name string) (string, error) {
		if err := durable.Wait(ctx, "think", time.Minute); err != nil {
			return "", err
		}
		return os.Getenv("GREETING") + " " + name, nil
	})
}
