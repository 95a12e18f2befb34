// Package tasks3 calls S3 for Task states: arn:aws:states:::aws-sdk:s3.
//
// Offered are the actions of which the server's S3 has the operation and that make sense for JSON; see actions in request.go.
// Members of requests and results are those of the API's model. A Body that is sent is the JSON text of the parameter, quotes
// of a text included; one that is got is a text, with U+FFFD for what is not UTF-8 (specification, section 4.5). A member that
// the server's S3 has no use for is refused rather than left out. Calls are made at least once; a repetition does the same
// thing again. Nothing is stored here.
package tasks3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/task"
)

// Runner is the task.Runner for the service "aws-sdk:s3". New makes one.
type Runner struct{ handlers map[string]api.Handler }

// New makes a runner of S3's operations.
func New(operations []api.Operation) *Runner {
	r := &Runner{map[string]api.Handler{}}
	for _, o := range operations {
		r.handlers[o.Name] = o.Handle
	}
	return r
}

// Run implements task.Runner.
func (r *Runner) Run(ctx context.Context, t *task.Request) (*task.Result, error) {
	a, ok := actions[t.Action]
	handle := r.handlers[a.operation]
	if !ok || handle == nil {
		return task.BadParameters(t.Arguments, "the action '"+t.Action+"' is not supported"), nil
	}
	args, err := value.Decode(t.Arguments, value.Limits{})
	if err != nil || args.Kind() != value.KindObject {
		return task.BadParameters(t.Arguments, "they must be an object"), nil
	}
	req, problem := a.request(args.Object())
	if problem != "" {
		return task.BadParameters(t.Arguments, problem), nil
	}
	req.Service, req.Operation, req.Region, req.Account, req.RequestID = "s3", a.operation, t.Region, t.Account, t.UUID()
	resp, err := handle(ctx, req)
	if e, ok := api.As(err); ok {
		return failure(t.UUID(), e), nil
	}
	if err != nil {
		return nil, err
	}
	out, err := a.result(resp)
	if err != nil {
		return nil, err
	}
	return &task.Result{Output: value.FromObject(out).JSON()}, nil
}

// modelled are the errors that have a class of their own in the SDK; others are S3Exception.
var modelled = []string{"NoSuchBucket", "NoSuchKey", "NoSuchUpload", "BucketAlreadyExists", "BucketAlreadyOwnedByYou", "InvalidObjectState",
	"ObjectNotInActiveTierError", "ObjectAlreadyInActiveTierError"}

// failure has the SDK's text, in which S3 has a second id.
func failure(id string, e *api.Error) *task.Result {
	name := "S3.S3Exception"
	if slices.Contains(modelled, e.Code) {
		name = "S3." + e.Code + "Exception"
	}
	sum := sha256.Sum256([]byte(id))
	return &task.Result{Error: name, Cause: fmt.Sprintf("%s (Service: S3, Status Code: %d, Request ID: %s, Extended Request ID: %s) (SDK Attempt Count: 1)",
		e.Message, e.HTTPStatus(), id, base64.StdEncoding.EncodeToString(sum[:]))}
}
