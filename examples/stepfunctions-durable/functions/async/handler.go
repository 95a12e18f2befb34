package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/perdure/perdure/durable"
)

// event is what the state machine passes on.
type event struct {
	TaskToken     string  `json:"TaskToken"`
	MinutesToWait float64 `json:"minutes_to_wait"`
}

type order struct {
	OrderID   string    `json:"order_id"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
}

type notification struct {
	OrderID string `json:"order_id"`
	Status  string `json:"status"`
}

// result is the output of the state machine's task, and of this function.
type result struct {
	OrderID       string  `json:"order_id"`
	OrderStatus   string  `json:"order_status"`
	Notification  string  `json:"notification"`
	MinutesWaited float64 `json:"minutes_waited"`
}

// answerer is what this function needs of Step Functions.
type answerer interface {
	SendTaskSuccess(context.Context, *sfn.SendTaskSuccessInput, ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error)
	SendTaskFailure(context.Context, *sfn.SendTaskFailureInput, ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error)
}

// newHandler is the durable function; connect is called by the steps that answer.
func newHandler(connect func(context.Context) (answerer, error)) durable.Handler[event, result] {
	return func(ctx durable.Context, e event) (result, error) {
		if e.TaskToken == "" {
			return result{}, errors.New("the event carries no TaskToken; this function is called by a state machine with .waitForTaskToken")
		}
		out, err := fulfil(ctx, e)
		if err != nil {
			// Whatever failed, the machine is told, and the error goes on as it came. If it is the suspension on its way
			// out, the step is refused and leaves no trace.
			if refusal := refuse(ctx, connect, e.TaskToken, err); refusal != nil {
				ctx.Logger().Debug("the failure was not reported", "reason", refusal.Error())
			}
			return result{}, err
		}
		return out, answer(ctx, connect, e.TaskToken, out)
	}
}

// fulfil is the business part: each step runs once, the wait costs nothing.
func fulfil(ctx durable.Context, e event) (result, error) {
	placed, err := durable.Step(ctx, "create order", func(sc durable.StepContext) (order, error) {
		o := order{OrderID: orderID(ctx.ExecutionArn()), Status: "CREATED", CreatedAt: durable.ExecutionStartTime(ctx)}
		sc.Logger().Info("order created", "orderId", o.OrderID)
		return o, nil
	})
	if err != nil {
		return result{}, err
	}
	if e.MinutesToWait > 0 {
		if err := durable.Wait(ctx, "wait for confirmation", time.Duration(e.MinutesToWait*float64(time.Minute))); err != nil {
			return result{}, err
		}
	}
	sent, err := durable.Step(ctx, "send notification", func(sc durable.StepContext) (notification, error) {
		sc.Logger().Info("notification sent", "orderId", placed.OrderID)
		return notification{OrderID: placed.OrderID, Status: "SENT"}, nil
	})
	if err != nil {
		return result{}, err
	}
	return result{OrderID: placed.OrderID, OrderStatus: placed.Status, Notification: sent.Status, MinutesWaited: e.MinutesToWait}, nil
}

// orderID names the order of an execution. The step's record keeps it, and a step that is run again because the process
// died before the record was written makes the same one: it is an idempotency key for whoever stores orders.
func orderID(executionARN string) string {
	sum := sha256.Sum256([]byte(executionARN))
	return "order-" + hex.EncodeToString(sum[:6])
}

// answerOptions make a second try visible. At most once per attempt means that the attempt's start is on record before
// the token is used: if the process dies between the answer and its record, the next invocation finds a started attempt,
// counts it as interrupted, and comes here again with Attempt() == 2.
func answerOptions() []durable.StepOption {
	return []durable.StepOption{
		durable.WithSemantics(durable.AtMostOncePerRetry),
		durable.WithRetry(durable.MustNewRetryStrategy(durable.RetryConfig{MaxAttempts: 6, InitialDelay: time.Second, MaxDelay: 30 * time.Second, Jitter: durable.JitterNone})),
	}
}

// answer gives the token back with the task's output.
func answer(ctx durable.Context, connect func(context.Context) (answerer, error), token string, out result) error {
	_, err := durable.Step(ctx, "send task success", func(sc durable.StepContext) (string, error) {
		client, err := connect(sc)
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(out)
		if err != nil {
			return "", err
		}
		_, err = client.SendTaskSuccess(sc, &sfn.SendTaskSuccessInput{TaskToken: aws.String(token), Output: aws.String(string(text))})
		return given(sc, err)
	}, answerOptions()...)
	return err
}

// refuse gives the token back as failed.
func refuse(ctx durable.Context, connect func(context.Context) (answerer, error), token string, cause error) error {
	kind := "OrderFailed"
	var failure *durable.OperationError
	if errors.As(cause, &failure) && failure.ErrorType != "" {
		kind = failure.ErrorType
	}
	_, err := durable.Step(ctx, "send task failure", func(sc durable.StepContext) (string, error) {
		client, err := connect(sc)
		if err != nil {
			return "", err
		}
		_, err = client.SendTaskFailure(sc, &sfn.SendTaskFailureInput{TaskToken: aws.String(token),
			Error: aws.String(shorten(kind, 256)), Cause: aws.String(shorten(cause.Error(), 32768))})
		return given(sc, err)
	}, answerOptions()...)
	return err
}

// given judges the service's reply. On the first attempt a token that nobody waits for is a failure: the task has timed
// out. On a later one it most likely means that an earlier attempt was answered and only its record got lost, and in any
// case there is nobody left to tell.
func given(sc durable.StepContext, err error) (string, error) {
	var timedOut *types.TaskTimedOut
	var missing *types.TaskDoesNotExist
	switch {
	case err == nil:
		return "answered", nil
	case sc.Attempt() > 1 && (errors.As(err, &timedOut) || errors.As(err, &missing)):
		sc.Logger().Warn("the token was given back by an earlier attempt", "error", err)
		return "answered before", nil
	}
	return "", fmt.Errorf("the task token could not be given back: %w", err)
}

func shorten(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
