package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// sleeperStack makes a durable function that waits for an hour and then says which edition it is.
const sleeperStack = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Sleeper:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: python3.13
      Handler: index.handler
      Timeout: 30
      DurableConfig: {ExecutionTimeout: 86400}
      Code:
        ZipFile: |
          import json, os, urllib.parse, urllib.request
          def handler(event, context):
              for o in event["InitialExecutionState"]["Operations"]:
                  if o["Type"] == "WAIT" and o["Status"] == "SUCCEEDED":
                      return {"Status": "SUCCEEDED", "Result": json.dumps("EDITION")}
              arn = urllib.parse.quote(event["DurableExecutionArn"], safe="")
              wait = {"Id": "w", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": 3600}}
              body = json.dumps({"CheckpointToken": event["CheckpointToken"], "Updates": [wait]}).encode()
              url = os.environ["AWS_ENDPOINT_URL"] + "/2025-12-01/durable-executions/" + arn + "/checkpoint"
              urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"})).read()
              return {"Status": "PENDING"}
  VersionEDITION:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Sleeper}
Outputs:
  Version: {Value: !Ref VersionEDITION}
`

func TestAnExecutionEndsOnTheVersionThatAStackUpdateHasDropped(t *testing.T) {
	interpreter(t, "python3")
	ctx := context.Background()
	s := start(t, func(c *Config) { c.Time, c.Credentials = "manual", nil })
	c := lambda.NewFromConfig(awsConfig(s, "me", "secret", ""))
	version := outputs(t, s, strings.ReplaceAll(sleeperStack, "EDITION", "One"), false)["Version"]
	out, err := c.Invoke(ctx, &lambda.InvokeInput{FunctionName: &version, InvocationType: types.InvocationTypeEvent})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Engine().Settled(ctx); err != nil {
		t.Fatal(err)
	}
	packages := func() (names []string) {
		t.Helper()
		docs, err := s.store.Docs(ctx, "lambda/version", "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			names = append(names, d.Key)
		}
		return names
	}
	outputs(t, s, strings.ReplaceAll(sleeperStack, "EDITION", "Two"), true)
	if got := packages(); len(got) != 2 {
		t.Errorf("while the first version is run, there are %v", got)
	}
	if _, err := c.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &version}); code(err) != "ResourceNotFoundException" {
		t.Errorf("the version that the stack has dropped: %v", err)
	}
	if err := s.Engine().Advance(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Engine().Settled(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetDurableExecution(ctx, &lambda.GetDurableExecutionInput{DurableExecutionArn: out.DurableExecutionArn})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != types.ExecutionStatusSucceeded || aws.ToString(got.Result) != `"One"` {
		t.Errorf("the execution ended %s with %s", got.Status, aws.ToString(got.Result))
	}
	if got := packages(); len(got) != 1 {
		t.Errorf("after its end there are %v", got)
	}
}
