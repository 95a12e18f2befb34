package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/perdure/perdure/durable/durabletest"
)

// desk stands for Step Functions: one task waits for its token.
type desk struct {
	answered []string // outputs and errors, in the order they came
	failures []error  // what the next calls answer instead, in order
	lost     error    // the answer counts, but the caller is told this
}

func (d *desk) take(what string) error {
	if len(d.failures) > 0 {
		err := d.failures[0]
		d.failures = d.failures[1:]
		return err
	}
	if len(d.answered) > 0 {
		return &types.TaskTimedOut{}
	}
	d.answered = append(d.answered, what)
	err := d.lost
	d.lost = nil
	return err
}

func (d *desk) SendTaskSuccess(_ context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	return &sfn.SendTaskSuccessOutput{}, d.take(*in.TaskToken + " " + *in.Output)
}

func (d *desk) SendTaskFailure(_ context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	return &sfn.SendTaskFailureOutput{}, d.take(*in.TaskToken + " " + *in.Error)
}

func (d *desk) connect(context.Context) (answerer, error) { return d, nil }

func play(t *testing.T, d *desk, e event) *durabletest.TestResult {
	t.Helper()
	r, err := durabletest.NewLocalRunner(newHandler(d.connect)).RunUntilComplete(e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOrderWaitsThenGivesTheTokenBack(t *testing.T) {
	d := &desk{}
	r := play(t, d, event{TaskToken: "T", MinutesToWait: 20})
	out, err := durabletest.ResultAs[result](r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.OrderID, "order-") || out.Notification != "SENT" || out.MinutesWaited != 20 {
		t.Errorf("result %+v", out)
	}
	if len(d.answered) != 1 || !strings.Contains(d.answered[0], out.OrderID) {
		t.Errorf("answers %q", d.answered)
	}
	if w := r.Operation("wait for confirmation"); w.WaitDetails.WaitSeconds != 1200 {
		t.Errorf("waited %d s", w.WaitDetails.WaitSeconds)
	}
	if len(r.Invocations) != 2 {
		t.Errorf("%d invocations", len(r.Invocations))
	}
}

func TestAnAnswerThatGotLostIsNotGivenTwice(t *testing.T) {
	d := &desk{lost: errors.New("connection reset")}
	r := play(t, d, event{TaskToken: "T"})
	if r.Status != durabletest.Succeeded || len(d.answered) != 1 {
		t.Errorf("%s, answers %q", r.Status, d.answered)
	}
	if got, _ := durabletest.OperationResultAs[string](r.Operation("send task success")); got != "answered before" {
		t.Errorf("step result %q", got)
	}
}

func TestATaskThatTimedOutIsAFailure(t *testing.T) {
	var failures []error
	d := &desk{failures: append(failures, &types.TaskTimedOut{}, errors.New("unreachable"), errors.New("unreachable"),
		errors.New("unreachable"), errors.New("unreachable"), errors.New("unreachable"))}
	r := play(t, d, event{TaskToken: "T"})
	if r.Status != durabletest.Failed {
		t.Errorf("%s", r.Status)
	}
	if step := r.Operation("send task success"); step.StepDetails.Attempt != 6 {
		t.Errorf("%d attempts", step.StepDetails.Attempt)
	}
}

func TestWithoutATokenNothingStarts(t *testing.T) {
	r := play(t, &desk{}, event{MinutesToWait: 1})
	if r.Status != durabletest.Failed || len(r.Operations) != 0 {
		t.Errorf("%s, %d operations", r.Status, len(r.Operations))
	}
}

func TestAFailureIsReportedToTheMachine(t *testing.T) {
	d := &desk{}
	r := play(t, d, event{TaskToken: "T", MinutesToWait: 0.001}) // less than a wait can last
	if r.Status != durabletest.Failed || len(d.answered) != 1 || d.answered[0] != "T OrderFailed" {
		t.Errorf("%s, answers %q", r.Status, d.answered)
	}
}
