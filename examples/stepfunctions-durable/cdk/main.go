// Command cdk describes the pattern as a CDK app: a state machine that calls two durable functions, one asynchronously
// with a task token, one synchronously.
//
// The functions' code is what `go build` has put into ../dist/async and ../dist/sync; see the README beside this folder.
package main

import (
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctionstasks"
	"github.com/aws/jsii-runtime-go"
)

const (
	stackName   = "SfnDurableGoStack"
	machineName = "sfn-dfn-integration-pattern-cdk"
)

// flags are the library's feature flags this stack relies on.
var flags = map[string]any{
	"@aws-cdk/aws-lambda:recognizeLayerVersion":                  true,
	"@aws-cdk/aws-lambda:useCdkManagedLogGroup":                  true,
	"@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2": true,
	"@aws-cdk/aws-iam:minimizePolicies":                          true,
	"@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy":   false,
	"@aws-cdk/core:checkSecretUsage":                             true,
	"@aws-cdk/core:enablePartitionLiterals":                      true,
	"@aws-cdk/core:explicitStackTags":                            true,
	"@aws-cdk/core:target-partitions":                            []string{"aws", "aws-cn"},
}

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(&awscdk.AppProps{
		PostCliContext: &flags, // given here rather than in cdk.json, so that running the app without the CLI gives the same template
	})
	describe(app, dist())
	app.Synth(nil)
}

// dist is the folder with the built functions; PATTERN_DIST names another.
func dist() string {
	if d := os.Getenv("PATTERN_DIST"); d != "" {
		return d
	}
	return filepath.Join("..", "dist")
}

func describe(app awscdk.App, dist string) {
	stack := awscdk.NewStack(app, jsii.String(stackName), nil)

	async := function(stack, "AsyncDurable", "sfn-dfn-async-durable-fn", filepath.Join(dist, "async"),
		"Durable function that outlives one invocation; started with Event from the state machine", awscdk.Duration_Hours(jsii.Number(1)))
	// The role's policy names the machine by text: a reference would make the two depend on each other.
	async.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"),
		Resources: jsii.Strings("arn:aws:states:" + *stack.Region() + ":" + *stack.Account() + ":stateMachine:" + machineName),
	}))
	sync := function(stack, "SyncDurable", "sfn-dfn-sync-durable-fn", filepath.Join(dist, "sync"),
		"Durable function that ends within one invocation; started with RequestResponse", awscdk.Duration_Minutes(jsii.Number(15)))

	callAsync := awsstepfunctionstasks.LambdaInvoke_Jsonata(stack, jsii.String("Invoke async durable"), &awsstepfunctionstasks.LambdaInvokeJsonataProps{
		LambdaFunction:     async.CurrentVersion(), // durable functions are called by version
		IntegrationPattern: awsstepfunctions.IntegrationPattern_WAIT_FOR_TASK_TOKEN,
		InvocationType:     awsstepfunctionstasks.LambdaInvocationType_EVENT,
		HeartbeatTimeout:   awsstepfunctions.Timeout_Duration(awscdk.Duration_Hours(jsii.Number(1))),
		Payload: awsstepfunctions.TaskInput_FromObject(&map[string]any{
			"TaskToken":       "{% $states.context.Task.Token %}",
			"minutes_to_wait": "{% $states.input.minutes_to_wait %}",
		}),
		Outputs: "{% $states.result %}",
	})
	callSync := awsstepfunctionstasks.LambdaInvoke_Jsonata(stack, jsii.String("Invoke sync durable"), &awsstepfunctionstasks.LambdaInvokeJsonataProps{
		LambdaFunction: sync.CurrentVersion(),
		Payload:        awsstepfunctions.TaskInput_FromText(jsii.String("{% $states.input %}")),
		Outputs:        "{% $states.result.Payload %}",
	})
	machine := awsstepfunctions.NewStateMachine(stack, jsii.String("Machine"), &awsstepfunctions.StateMachineProps{
		StateMachineName: jsii.String(machineName),
		QueryLanguage:    awsstepfunctions.QueryLanguage_JSONATA,
		DefinitionBody:   awsstepfunctions.DefinitionBody_FromChainable(callAsync.Next(callSync)),
		Timeout:          awscdk.Duration_Hours(jsii.Number(2)),
	})

	output(stack, "StepFunctionDFArn", "State machine ARN", machine.StateMachineArn())
	output(stack, "AsyncDurableFunctionName", "Asynchronous durable function", async.FunctionName())
	output(stack, "SyncDurableFunctionName", "Synchronous durable function", sync.FunctionName())
}

// function is a durable function of Go code; timeout bounds its whole execution, not one invocation.
func function(stack awscdk.Stack, id, name, code, description string, timeout awscdk.Duration) awslambda.Function {
	return awslambda.NewFunction(stack, jsii.String(id), &awslambda.FunctionProps{
		FunctionName:  jsii.String(name),
		Description:   jsii.String(description),
		Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:  awslambda.Architecture_ARM_64(),
		Handler:       jsii.String("bootstrap"),
		Code:          awslambda.Code_FromAsset(jsii.String(code), nil),
		Timeout:       awscdk.Duration_Minutes(jsii.Number(15)),
		DurableConfig: &awslambda.DurableConfig{ExecutionTimeout: timeout, RetentionPeriod: awscdk.Duration_Days(jsii.Number(3))},
	})
}

func output(stack awscdk.Stack, name, description string, value *string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{
		Value: value, Description: jsii.String(description), ExportName: jsii.String(name),
	})
}
