package main

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// callbackID waits until the execution has created its callback and returns the callback's id.
func (b *bench) callbackID(ctx context.Context, arn string) (string, error) {
	pause := time.Millisecond
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		events, err := b.history(ctx, arn)
		if err != nil {
			return "", err
		}
		for _, e := range events {
			if e.EventType == "CallbackStarted" {
				return e.CallbackStartedDetails.CallbackId, nil
			}
		}
		time.Sleep(pause)
		pause = min(pause*2, 50*time.Millisecond)
	}
	return "", fmt.Errorf("%s created no callback in 30 s", arn)
}

func (b *bench) complete(ctx context.Context, id string) error {
	_, _, err := b.call(ctx, "lambda", "POST", "/2025-12-01/durable-execution-callbacks/"+url.PathEscape(id)+"/succeed", "", []byte(`"done"`))
	return err
}
