package lambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/perdure/perdure/internal/host"
)

// sleeper makes a durable function that waits for an hour and then returns the code it runs on.
func (c *cloud) sleeper(name string) {
	c.Helper()
	c.create(name, func(in *sdk.CreateFunctionInput) {
		in.DurableConfig = &types.DurableConfig{ExecutionTimeout: aws.Int32(86_400)}
	})
	c.code.mu.Lock()
	defer c.code.mu.Unlock()
	c.code.do[name] = func(ctx context.Context, spec *host.Spec, in *host.Invocation) (*host.Result, error) {
		var event struct {
			DurableExecutionArn, CheckpointToken string
			InitialExecutionState                struct {
				Operations []struct{ Status, Type string }
			}
		}
		if err := json.Unmarshal(in.Payload, &event); err != nil {
			return nil, err
		}
		for _, o := range event.InitialExecutionState.Operations {
			if o.Type == "WAIT" && o.Status == "SUCCEEDED" {
				return &host.Result{Payload: []byte(fmt.Sprintf(`{"Status":"SUCCEEDED","Result":"\"%s\""}`, spec.Code))}, nil
			}
		}
		_, err := c.CheckpointDurableExecution(ctx, &sdk.CheckpointDurableExecutionInput{
			DurableExecutionArn: &event.DurableExecutionArn, CheckpointToken: &event.CheckpointToken,
			Updates: []types.OperationUpdate{{Id: aws.String("w"), Type: types.OperationTypeWait, Action: types.OperationActionStart, WaitOptions: &types.WaitOptions{WaitSeconds: aws.Int32(3600)}}},
		})
		return &host.Result{Payload: []byte(`{"Status":"PENDING"}`)}, err
	}
}

// begin publishes a version and starts an execution of it.
func (c *cloud) begin(name string) (version, execution string) {
	c.Helper()
	v := must[*sdk.PublishVersionOutput](c.T)(c.PublishVersion(c.Context(), &sdk.PublishVersionInput{FunctionName: &name}))
	out := must[*sdk.InvokeOutput](c.T)(c.Invoke(c.Context(), &sdk.InvokeInput{FunctionName: &name, Qualifier: v.Version, InvocationType: types.InvocationTypeEvent}))
	c.settle()
	return *v.Version, *out.DurableExecutionArn
}

// replace gives a function new code, twice so that nothing of the old is kept for $LATEST, and deletes a version.
func (c *cloud) replace(name, version string) {
	c.Helper()
	for _, text := range []string{"second", "third"} {
		must[*sdk.UpdateFunctionCodeOutput](c.T)(c.UpdateFunctionCode(c.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: pack(text)}))
	}
	must[*sdk.DeleteFunctionOutput](c.T)(c.DeleteFunction(c.Context(), &sdk.DeleteFunctionInput{FunctionName: &name, Qualifier: &version}))
	c.settle()
}

// kept tells whether a package is in the store.
func (c *cloud) kept(blob string) bool {
	_, err := c.store.Blob(c.Context(), blob)
	return err == nil
}

// leftOf is what the store has of deleted versions.
func (c *cloud) leftOf(name string) string {
	c.Helper()
	versions, err := c.store.Docs(c.Context(), "lambda/version", region+"/"+account+"/"+name+"/", "", 10)
	if err != nil {
		c.Fatal(err)
	}
	_, err = c.store.Head(c.Context(), "v/us-east-1/000000000000/fn/1")
	return fmt.Sprint(len(versions), " versions, watched ", err == nil)
}

func TestADeletedVersionIsRunUntilItsLastExecutionHasEnded(t *testing.T) {
	c := newCloud(t)
	c.sleeper("fn")
	version, execution := c.begin("fn")
	second := must[*sdk.InvokeOutput](t)(c.Invoke(c.Context(), &sdk.InvokeInput{FunctionName: aws.String("fn"), Qualifier: &version, InvocationType: types.InvocationTypeEvent}))
	c.settle()
	c.replace("fn", version)
	equal(t, "while they run", c.leftOf("fn"), "1 versions, watched true")
	_, err := c.Invoke(c.Context(), &sdk.InvokeInput{FunctionName: aws.String("fn"), Qualifier: &version, InvocationType: types.InvocationTypeEvent})
	refused(t, err, "ResourceNotFoundException", 404, "Function not found: "+prefix+"fn:1")
	must[*sdk.StopDurableExecutionOutput](t)(c.StopDurableExecution(c.Context(), &sdk.StopDurableExecutionInput{DurableExecutionArn: second.DurableExecutionArn}))
	c.settle()
	equal(t, "while one runs", c.leftOf("fn"), "1 versions, watched true")
	if err := c.engine.Advance(c.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	c.settle()
	got := must[*sdk.GetDurableExecutionOutput](t)(c.GetDurableExecution(c.Context(), &sdk.GetDurableExecutionInput{DurableExecutionArn: &execution}))
	blob := strings.Trim(aws.ToString(got.Result), `"`)
	if got.Status != types.ExecutionStatusSucceeded || !strings.HasPrefix(blob, "lambda/code/") {
		t.Fatalf("the execution ended %s with %s", got.Status, blob)
	}
	equal(t, "after the last", c.leftOf("fn"), "0 versions, watched false")
	equal(t, "its package is kept", c.kept(blob), false)
}

func TestADeletedVersionIsRemovedAlsoAfterARestart(t *testing.T) {
	c := newCloud(t)
	c.sleeper("fn")
	version, execution := c.begin("fn")
	c.replace("fn", version)
	if err := c.engine.Close(); err != nil {
		t.Fatal(err)
	}
	c = startCloud(t, c.store, c.code)
	must[*sdk.StopDurableExecutionOutput](t)(c.StopDurableExecution(c.Context(), &sdk.StopDurableExecutionInput{DurableExecutionArn: &execution}))
	c.settle()
	if err := c.engine.Advance(c.Context(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	c.settle()
	equal(t, "ten minutes later", c.leftOf("fn"), "0 versions, watched false")
}

func TestADeletedVersionDoesNotWaitForExecutionsOfOthers(t *testing.T) {
	c := newCloud(t)
	c.sleeper("fn")
	version, _ := c.begin("fn")
	must[*sdk.UpdateFunctionCodeOutput](t)(c.UpdateFunctionCode(c.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: pack("second")}))
	second := must[*sdk.PublishVersionOutput](t)(c.PublishVersion(c.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("fn")}))
	must[*sdk.DeleteFunctionOutput](t)(c.DeleteFunction(c.Context(), &sdk.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: second.Version}))
	c.settle()
	equal(t, "left", c.leftOf("fn"), "1 versions, watched false")
	equal(t, "the one that is run", version, "1")
}
