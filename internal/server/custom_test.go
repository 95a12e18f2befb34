package server

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// interpreter skips a test if there is no such program, which is a failure where everything is required.
func interpreter(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("PERDURE_TEST_REQUIRE") == "all" {
			t.Fatal("needs " + name + " in PATH")
		}
		t.Skip("needs " + name + " in PATH")
	}
}

// customs makes two custom resources with inline code, which answers by the module that inline code has.
const customs = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Role.Arn
      Runtime: RUNTIME
      Handler: index.handler
      Timeout: 30
      Code:
        ZipFile: |
CODE
  Made:
    Type: Custom::Made
    Properties: {ServiceToken: !GetAtt Maker.Arn, Word: !Ref Word, Fails: !Ref Fails}
Parameters:
  Word: {Type: String}
  Fails: {Type: String, Default: "no"}
Outputs:
  Shout: {Value: !GetAtt Made.Shout}
  Id: {Value: !Ref Made}
`

const pythonMaker = `
import cfnresponse
def handler(event, context):
    p = event["ResourceProperties"]
    if p["Fails"] == "yes" and event["RequestType"] != "Delete":
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, reason="told to")
        return
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Shout": p["Word"].upper()}, "made")
`

const nodeMaker = `
const response = require('cfn-response')
exports.handler = (event, context) => {
  const p = event.ResourceProperties
  if (p.Fails === 'yes' && event.RequestType !== 'Delete')
    return response.send(event, context, response.FAILED, {}, 'made')
  return response.send(event, context, response.SUCCESS, {Shout: p.Word.toUpperCase()}, 'made')
}
`

func TestInlineFunctionsMakeCustomResourcesOnAServerWithCredentials(t *testing.T) {
	for name, tc := range map[string]struct{ program, runtime, code, reason string }{
		"python": {"python3", "python3.13", pythonMaker, "Message returned: told to (RequestId: "},
		"node":   {"node", "nodejs22.x", nodeMaker, "Message returned: See the details in CloudWatch Log Stream: "},
	} {
		t.Run(name, func(t *testing.T) {
			interpreter(t, tc.program)
			ctx, stack := context.Background(), aws.String("customs")
			s := start(t, func(c *Config) { c.Credentials = []Credential{{"me", "secret"}} })
			c := cf.NewFromConfig(awsConfig(s, "me", "secret", ""))
			template := strings.ReplaceAll(customs, "RUNTIME", tc.runtime)
			template = strings.ReplaceAll(template, "CODE", "          "+strings.ReplaceAll(strings.TrimSpace(tc.code), "\n", "\n          "))
			parameters := func(word, fails string) []types.Parameter {
				return []types.Parameter{{ParameterKey: aws.String("Word"), ParameterValue: &word}, {ParameterKey: aws.String("Fails"), ParameterValue: &fails}}
			}
			ended := func(want types.StackStatus) types.Stack {
				t.Helper()
				for {
					out, err := c.DescribeStacks(ctx, &cf.DescribeStacksInput{StackName: stack})
					if err != nil {
						t.Fatal(err)
					}
					if st := out.Stacks[0]; !strings.HasSuffix(string(st.StackStatus), "IN_PROGRESS") {
						if st.StackStatus != want {
							t.Fatalf("the stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
						}
						return st
					}
				}
			}
			_, err := c.CreateStack(ctx, &cf.CreateStackInput{StackName: stack, TemplateBody: &template, Parameters: parameters("hello", "no"),
				Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
			if err != nil {
				t.Fatal(err)
			}
			st := ended(types.StackStatusCreateComplete)
			got := map[string]string{}
			for _, o := range st.Outputs {
				got[*o.OutputKey] = *o.OutputValue
			}
			if got["Shout"] != "HELLO" || got["Id"] != "made" {
				t.Errorf("the outputs are %v", got)
			}
			_, err = c.UpdateStack(ctx, &cf.UpdateStackInput{StackName: stack, TemplateBody: &template, Parameters: parameters("bye", "yes"),
				Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
			if err != nil {
				t.Fatal(err)
			}
			ended(types.StackStatusUpdateRollbackComplete)
			events, err := c.DescribeStackEvents(ctx, &cf.DescribeStackEventsInput{StackName: stack})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, e := range events.StackEvents {
				found = found || strings.Contains(aws.ToString(e.ResourceStatusReason), tc.reason)
			}
			if !found {
				t.Errorf("no event says %q", tc.reason)
			}
			if _, err := c.DeleteStack(ctx, &cf.DeleteStackInput{StackName: st.StackId}); err != nil {
				t.Fatal(err)
			}
			*stack = *st.StackId
			ended(types.StackStatusDeleteComplete)
		})
	}
}
