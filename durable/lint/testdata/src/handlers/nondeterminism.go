package handlers

import (
	crand "crypto/rand"
	"math/rand/v2"
	"time"

	"github.com/perdure/perdure/durable"
)

func clocks(ctx durable.Context, in string) (string, error) {
	began := time.Now()     // want `time.Now in a durable handler differs on replay; read the clock in a Step, or use ExecutionStartTime`
	time.Sleep(time.Second) // want `time.Sleep .* use Wait`
	read := time.Now        // want `time.Now`
	_ = began.Add(time.Minute)
	at, err := durable.Step(ctx, "at", func(durable.StepContext) (time.Time, error) { return time.Now(), nil })
	if err != nil {
		return "", err
	}
	later := func() time.Duration { return time.Since(at) } // want `time.Since`
	_, _ = read, later
	return durable.ExecutionStartTime(ctx).String(), nil
}

func dice(ctx durable.Context, _ int) (int, error) {
	n := rand.IntN(6) // want `rand.IntN in a durable handler differs on replay; draw it in a Step`
	var b [4]byte
	_, _ = crand.Read(b[:]) // want `rand.Read`
	m, err := durable.Step(ctx, "roll", func(durable.StepContext) (int, error) { return rand.IntN(6), nil },
		durable.WithRetry(func(int) time.Duration { return time.Duration(rand.IntN(9)) * time.Second }))
	return n + m, err
}

// outside is no handler.
func outside() time.Time { return time.Now() }

func silenced(ctx durable.Context, _ int) (time.Time, error) {
	a := time.Now() //durable:ignore durablenondeterminism -- only for a log line
	//durable:ignore
	b := time.Now()
	//durable:ignore durablegoroutine
	c := time.Now() // want `time.Now`
	_, _ = a, b
	return c, nil
}
