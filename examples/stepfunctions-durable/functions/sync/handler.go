package main

import (
	"encoding/json"
	"time"

	"github.com/perdure/perdure/durable"
)

// pause is how long the function waits.
const pause = 10 * time.Second

// payload is what the caller gets.
type payload struct {
	StatusCode    int             `json:"statusCode"`
	Message       string          `json:"message"`
	WaitedSeconds int             `json:"waited_seconds"`
	Input         json.RawMessage `json:"input"`
}

func handle(ctx durable.Context, input json.RawMessage) (payload, error) {
	if err := durable.Wait(ctx, "wait", pause); err != nil {
		return payload{}, err
	}
	if len(input) == 0 {
		input = json.RawMessage("null")
	}
	ctx.Logger().Info("done")
	return payload{StatusCode: 200, Message: "synchronous durable function finished", WaitedSeconds: int(pause.Seconds()), Input: input}, nil
}
