// Command hello is a durable function that says a word before and after somebody approves.
package main

import (
	"fmt"
	"os"

	"github.com/perdure/perdure/durable"
)

const word = "one"

func main() {
	durable.Start(func(ctx durable.Context, _ any) (string, error) {
		first, err := durable.Step(ctx, "say", func(durable.StepContext) (string, error) { return word, nil })
		if err != nil {
			return "", err
		}
		_, err = durable.WaitForCallback[any](ctx, "approval", func(_ durable.StepContext, id string) error {
			fmt.Printf("callback %s of version %s\n", id, os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"))
			return nil
		})
		return first + " then " + word, err
	})
}
