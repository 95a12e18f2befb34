package server

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestNestedStackIsDeployedFromS3ByAChangeSet does what the CDK and "aws cloudformation package" do with nested stacks, on a
// server whose time is skipped.
func TestNestedStackIsDeployedFromS3ByAChangeSet(t *testing.T) {
	ctx := context.Background()
	s := start(t, func(c *Config) { c.Time = "skip" })
	files, c := s3Client(awsConfig(s, "test", "test", "")), cf.NewFromConfig(awsConfig(s, "test", "test", ""))
	bucket := aws.String("cdk-hnb659fds-assets-000000000000-us-east-1") // exists from its first use
	_, err := files.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("inner.json"), Body: strings.NewReader(`{
		"Parameters":{"Days":{"Type":"Number"}},
		"Resources":{"Group":{"Type":"AWS::Logs::LogGroup","Properties":{"RetentionInDays":{"Ref":"Days"}}}},
		"Outputs":{"Group":{"Value":{"Ref":"Group"}}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	template := `{"Resources":{"Inner":{"Type":"AWS::CloudFormation::Stack","Properties":{
			"TemplateURL":{"Fn::Sub":"https://s3.${AWS::Region}.${AWS::URLSuffix}/` + *bucket + `/inner.json"},"Parameters":{"Days":3}}}},
		"Outputs":{"Group":{"Value":{"Fn::GetAtt":["Inner","Outputs.Group"]}}}}`
	made, err := c.CreateChangeSet(ctx, &cf.CreateChangeSetInput{StackName: aws.String("outer"), ChangeSetName: aws.String("c"), ChangeSetType: types.ChangeSetTypeCreate,
		TemplateBody: &template, IncludeNestedStacks: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	set, err := c.DescribeChangeSet(ctx, &cf.DescribeChangeSetInput{ChangeSetName: made.Id})
	if err != nil || len(set.Changes) != 1 || aws.ToBool(set.IncludeNestedStacks) {
		t.Fatalf("the change set is %+v, %v", set, err)
	}
	if _, err := c.ExecuteChangeSet(ctx, &cf.ExecuteChangeSetInput{ChangeSetName: made.Id}); err != nil {
		t.Fatal(err)
	}
	var outer types.Stack
	for outer.StackStatus != types.StackStatusCreateComplete {
		out, err := c.DescribeStacks(ctx, &cf.DescribeStacksInput{StackName: made.StackId})
		if err != nil {
			t.Fatal(err)
		}
		if outer = out.Stacks[0]; strings.Contains(string(outer.StackStatus), "ROLLBACK") {
			t.Fatalf("the stack is %s: %s", outer.StackStatus, aws.ToString(outer.StackStatusReason))
		}
	}
	group := *outer.Outputs[0].OutputValue
	list, err := c.ListStacks(ctx, &cf.ListStacksInput{})
	if err != nil || len(list.StackSummaries) != 2 {
		t.Fatalf("the stacks are %+v, %v", list, err)
	}
	inner := list.StackSummaries[0]
	if inner.ParentId == nil {
		inner = list.StackSummaries[1]
	}
	if aws.ToString(inner.ParentId) != *made.StackId || aws.ToString(inner.RootId) != *made.StackId || !strings.HasPrefix(group, *inner.StackName+"-Group-") {
		t.Errorf("the nested stack is %+v, its group %s", inner, group)
	}
	if _, err := c.DeleteStack(ctx, &cf.DeleteStackInput{StackName: made.StackId}); err != nil {
		t.Fatal(err)
	}
	for {
		out, err := c.DescribeStacks(ctx, &cf.DescribeStacksInput{StackName: made.StackId})
		if err != nil {
			t.Fatal(err)
		}
		if out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
			break
		}
	}
	gone, err := c.DescribeStacks(ctx, &cf.DescribeStacksInput{StackName: inner.StackId})
	if err != nil || gone.Stacks[0].StackStatus != types.StackStatusDeleteComplete {
		t.Errorf("with its parent the nested stack is %+v, %v", gone, err)
	}
}
