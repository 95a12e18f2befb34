// Command fn is the function that the load generator deploys: one durable handler whose event says what to do.
package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/perdure/perdure/durable"
)

// event chooses the work. Everything is optional; what is set is done in the order of the members.
type event struct {
	Steps    int  `json:"steps"`    // durable steps, one after the other
	Bytes    int  `json:"bytes"`    // of each step's result, 0 for a number
	Again    int  `json:"again"`    // waits of one second after the steps, each of which is one more invocation with replay
	Sleep    int  `json:"sleep"`    // one wait of so many seconds
	Callback bool `json:"callback"` // wait for a callback
}

func handle(ctx durable.Context, e event) (int, error) {
	sum := 0
	for i := range e.Steps {
		if e.Bytes > 0 {
			text, err := durable.Step(ctx, fmt.Sprintf("step-%d", i), func(durable.StepContext) (string, error) { return strings.Repeat("x", e.Bytes), nil })
			if err != nil {
				return 0, err
			}
			sum += len(text)
			continue
		}
		n, err := durable.Step(ctx, fmt.Sprintf("step-%d", i), func(durable.StepContext) (int, error) { return i, nil })
		if err != nil {
			return 0, err
		}
		sum += n
	}
	for i := range e.Again {
		if err := durable.Wait(ctx, fmt.Sprintf("again-%d", i), time.Second); err != nil {
			return 0, err
		}
	}
	if e.Sleep > 0 {
		if err := durable.Wait(ctx, "sleep", time.Duration(e.Sleep)*time.Second); err != nil {
			return 0, err
		}
	}
	if e.Callback {
		cb, err := durable.CreateCallback[string](ctx, "answer")
		if err != nil {
			return 0, err
		}
		if _, err := cb.Result(ctx); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

func main() { durable.Start(handle) }
