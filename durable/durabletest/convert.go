package durabletest

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/durop"
)

func withRequest(ctx context.Context, id string) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id,
		InvokedFunctionArn: "arn:aws:lambda:" + region + ":" + account + ":function:" + function + ":$LATEST"})
}

// typeName is what Lambda's runtime calls an error's type.
func typeName(err error) string {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

func text(t durop.Text) *string {
	if t == nil {
		return nil
	}
	s := t.String()
	return &s
}

func object(o durop.Object) *durable.ErrorObject {
	if o == nil {
		return nil
	}
	e := &durable.ErrorObject{}
	_ = json.Unmarshal(o, e) // durop wrote it
	return e
}

func named(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

func operations(ops []*durop.Operation) []durable.Operation {
	out := make([]durable.Operation, len(ops))
	for i, o := range ops {
		out[i] = operation(o)
	}
	return out
}

// operation is a row as the SDK sees it.
func operation(o *durop.Operation) durable.Operation {
	op := durable.Operation{Id: &o.ID, Status: durable.OperationStatus(o.Status), Type: durable.OperationType(o.Type), SubType: named(o.SubType),
		Name: named(o.Name), ParentId: named(o.ParentID), StartTimestamp: moment(o.Start), EndTimestamp: moment(o.End)}
	result, err := text(o.Result), object(o.Error)
	switch o.Type {
	case durop.Step:
		op.StepDetails = &durable.StepDetails{Attempt: int32(o.Attempt), Result: result, Error: err}
		if o.Status == durop.Pending {
			op.StepDetails.NextAttemptTimestamp = moment(o.Due)
		}
	case durop.Context:
		op.ContextDetails = &durable.ContextDetails{Result: result, Error: err}
		if o.ReplayChildren {
			yes := true
			op.ContextDetails.ReplayChildren = &yes
		}
	case durop.Wait:
		op.WaitDetails = &durable.WaitDetails{ScheduledEndTimestamp: moment(o.Due)}
	case durop.Callback:
		id := o.CallbackID
		op.CallbackDetails = &durable.CallbackDetails{CallbackId: &id, Result: result, Error: err}
	case durop.ChainedInvoke:
		op.ChainedInvokeDetails = &durable.ChainedInvokeDetails{Result: result, Error: err}
	}
	return op
}
