// Command async is the durable function that outlives one invocation: it creates an order, waits for minutes without
// compute, sends a notification, and gives the state machine's task token back.
package main

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/perdure/perdure/durable"
)

func main() {
	durable.Start(newHandler(connect()))
}

// connect makes the client of Step Functions when it is first needed, which is in the last step only.
func connect() func(context.Context) (answerer, error) {
	var once sync.Once
	var client *sfn.Client
	var failure error
	return func(ctx context.Context) (answerer, error) {
		once.Do(func() {
			cfg, err := config.LoadDefaultConfig(context.WithoutCancel(ctx))
			if err != nil {
				failure = err
				return
			}
			client = sfn.NewFromConfig(cfg)
		})
		return client, failure
	}
}
