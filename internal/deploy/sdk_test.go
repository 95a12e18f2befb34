package deploy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// sdk is AWS's own client of the server.
func sdk(t *testing.T) *cf.Client {
	t.Helper()
	c := serve(t)
	return cf.New(cf.Options{
		BaseEndpoint: aws.String(c.Endpoint()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		RetryMaxAttempts: 1,
	})
}

// group is a template with a log group that is kept for some days, and a role named after it.
const group = `
Parameters:
  Days: {Type: Number, Default: 3}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /a, RetentionInDays: !Ref Days}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}, Description: !Ref Group}
Outputs:
  Arn: {Value: !GetAtt Role.Arn, Export: {Name: role-arn}}
`

var capabilities = []types.Capability{types.CapabilityCapabilityIam}

func describe(t *testing.T, c *cf.Client, name string) *types.Stack {
	t.Helper()
	out, err := c.DescribeStacks(context.Background(), &cf.DescribeStacksInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return &out.Stacks[0]
}

func create(t *testing.T, c *cf.Client, name, text string, parameters ...types.Parameter) *types.Stack {
	t.Helper()
	out, err := c.CreateStack(context.Background(), &cf.CreateStackInput{
		StackName: &name, TemplateBody: &text, Capabilities: capabilities, Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	w := cf.NewStackCreateCompleteWaiter(c)
	if err := w.Wait(context.Background(), &cf.DescribeStacksInput{StackName: out.StackId}, time.Minute); err != nil {
		t.Fatal(err)
	}
	return describe(t, c, *out.StackId)
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a refusal with %q", err, want)
	}
}

func TestStackIsCreatedUpdatedAndDeletedByTheSDK(t *testing.T) {
	c, ctx, name := sdk(t), context.Background(), "one"
	_, err := c.CreateStack(ctx, &cf.CreateStackInput{StackName: &name, TemplateBody: aws.String(group)})
	refused(t, err, "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]")
	st := create(t, c, name, group, types.Parameter{ParameterKey: aws.String("Days"), ParameterValue: aws.String("7")})
	if *st.Outputs[0].ExportName != "role-arn" || !strings.HasPrefix(*st.Outputs[0].OutputValue, "arn:aws:iam::000000000000:role/one-Role-") {
		t.Errorf("the output is %+v", st.Outputs[0])
	}
	_, err = c.CreateStack(ctx, &cf.CreateStackInput{StackName: &name, TemplateBody: aws.String(group), Capabilities: capabilities})
	refused(t, err, "AlreadyExistsException: Stack [one] already exists")
	previous := []types.Parameter{{ParameterKey: aws.String("Days"), UsePreviousValue: aws.Bool(true)}}
	_, err = c.UpdateStack(ctx, &cf.UpdateStackInput{StackName: &name, UsePreviousTemplate: aws.Bool(true), Capabilities: capabilities, Parameters: previous})
	refused(t, err, "ValidationError: No updates are to be performed.")
	renamed := strings.Replace(group, "/a,", "/b,", 1)
	if _, err := c.UpdateStack(ctx, &cf.UpdateStackInput{StackName: &name, TemplateBody: &renamed, Capabilities: capabilities, Parameters: previous}); err != nil {
		t.Fatal(err)
	}
	if st = describe(t, c, name); st.StackStatus != types.StackStatusUpdateComplete || *st.Parameters[0].ParameterValue != "7" {
		t.Errorf("after the update: %s, %s days", st.StackStatus, *st.Parameters[0].ParameterValue)
	}
	r, err := c.DescribeStackResource(ctx, &cf.DescribeStackResourceInput{StackName: &name, LogicalResourceId: aws.String("Group")})
	if err != nil || *r.StackResourceDetail.PhysicalResourceId != "/b" {
		t.Errorf("the group is %+v, %v", r, err)
	}
	text, err := c.GetTemplate(ctx, &cf.GetTemplateInput{StackName: &name})
	if err != nil || *text.TemplateBody != renamed {
		t.Errorf("the template is not what was sent: %v", err)
	}
	if _, err := c.DeleteStack(ctx, &cf.DeleteStackInput{StackName: &name}); err != nil {
		t.Fatal(err)
	}
	_, err = c.DescribeStacks(ctx, &cf.DescribeStacksInput{StackName: &name})
	refused(t, err, "ValidationError: Stack with id one does not exist")
	if st := describe(t, c, *st.StackId); st.StackStatus != types.StackStatusDeleteComplete {
		t.Errorf("by its id the deleted stack is %s", st.StackStatus)
	}
}

func TestFailedUpdateGoesBackAndSaysWhy(t *testing.T) {
	c, ctx, name := sdk(t), context.Background(), "one"
	create(t, c, name, group)
	worse := strings.Replace(group, "Description: !Ref Group", "Description: changed", 1) + "" // the role changes first
	worse = strings.Replace(worse, "Resources:", `Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    DependsOn: Role
    Properties: {RoleArn: !GetAtt Role.Arn, DefinitionString: "{}"}`, 1)
	if _, err := c.UpdateStack(ctx, &cf.UpdateStackInput{StackName: &name, TemplateBody: &worse, Capabilities: capabilities}); err != nil {
		t.Fatal(err)
	}
	if st := describe(t, c, name); st.StackStatus != types.StackStatusUpdateRollbackComplete {
		t.Errorf("the stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
	}
	out, err := c.DescribeStackEvents(ctx, &cf.DescribeStackEventsInput{StackName: &name})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(out.StackEvents, func(e types.StackEvent) bool { return e.ResourceStatus == types.ResourceStatusCreateFailed })
	if i < 0 || *out.StackEvents[i].LogicalResourceId != "Machine" || !strings.Contains(*out.StackEvents[i].ResourceStatusReason, "Invalid State Machine Definition") {
		t.Errorf("no event says why the machine failed: %+v", out.StackEvents)
	}
	for i := 1; i < len(out.StackEvents); i++ {
		if !out.StackEvents[i].Timestamp.Before(*out.StackEvents[i-1].Timestamp) {
			t.Errorf("event %d is not older than the one before it", i)
		}
	}
	text, err := c.GetTemplate(ctx, &cf.GetTemplateInput{StackName: &name})
	if err != nil || *text.TemplateBody != group {
		t.Errorf("the template is not the old one: %v", err)
	}
	if _, err := c.UpdateStack(ctx, &cf.UpdateStackInput{StackName: &name, TemplateBody: aws.String(strings.Replace(group, "Default: 3", "Default: 5", 1)), Capabilities: capabilities}); err != nil {
		t.Errorf("a stack that was rolled back cannot be updated: %v", err)
	}
}

func TestExportInUseIsKept(t *testing.T) {
	c, ctx := sdk(t), context.Background()
	create(t, c, "one", group)
	user := `{"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/role", "Type": "String", "Value": {"Fn::ImportValue": "role-arn"}}}}}`
	create(t, c, "two", user)
	_, err := c.DeleteStack(ctx, &cf.DeleteStackInput{StackName: aws.String("one")})
	refused(t, err, "Export role-arn cannot be deleted as it is in use by two")
	imports, err := c.ListImports(ctx, &cf.ListImportsInput{ExportName: aws.String("role-arn")})
	if err != nil || !slices.Equal(imports.Imports, []string{"two"}) {
		t.Errorf("the importers are %+v, %v", imports, err)
	}
	exports, err := c.ListExports(ctx, &cf.ListExportsInput{})
	if err != nil || len(exports.Exports) != 1 {
		t.Errorf("the exports are %+v, %v", exports, err)
	}
	for _, name := range []string{"two", "one"} {
		if _, err := c.DeleteStack(ctx, &cf.DeleteStackInput{StackName: &name}); err != nil {
			t.Error(err)
		}
	}
	list, err := c.ListStacks(ctx, &cf.ListStacksInput{})
	if err != nil || len(list.StackSummaries) != 2 || list.StackSummaries[0].StackStatus != types.StackStatusDeleteComplete {
		t.Errorf("the stacks are %+v, %v", list, err)
	}
}

func TestChangeSetSaysWhatItWillDoAndDoesIt(t *testing.T) {
	c, ctx, stack, set := sdk(t), context.Background(), aws.String("one"), aws.String("cs")
	propose := func(kind types.ChangeSetType, text string) *cf.DescribeChangeSetOutput {
		t.Helper()
		out, err := c.CreateChangeSet(ctx, &cf.CreateChangeSetInput{StackName: stack, ChangeSetName: set, ChangeSetType: kind, TemplateBody: &text, Capabilities: capabilities})
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.DescribeChangeSet(ctx, &cf.DescribeChangeSetInput{ChangeSetName: out.Id, StackName: out.StackId})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	_, err := c.CreateChangeSet(ctx, &cf.CreateChangeSetInput{StackName: stack, ChangeSetName: set, ChangeSetType: types.ChangeSetTypeCreate,
		TemplateBody: aws.String(`{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}`)})
	refused(t, err, "Unrecognized resource types: [AWS::SQS::Queue]")
	if all, err := c.DescribeStacks(ctx, &cf.DescribeStacksInput{}); err != nil || len(all.Stacks) != 0 {
		t.Errorf("a refused change set left %+v, %v", all, err)
	}
	d := propose(types.ChangeSetTypeCreate, group)
	if len(d.Changes) != 2 || d.Changes[0].ResourceChange.Action != types.ChangeActionAdd || d.Status != types.ChangeSetStatusCreateComplete {
		t.Errorf("the changes are %+v", d.Changes)
	}
	if st := describe(t, c, "one"); st.StackStatus != types.StackStatusReviewInProgress {
		t.Errorf("the stack is %s", st.StackStatus)
	}
	execute := func(want types.StackStatus) {
		t.Helper()
		if _, err := c.ExecuteChangeSet(ctx, &cf.ExecuteChangeSetInput{StackName: stack, ChangeSetName: set}); err != nil {
			t.Fatal(err)
		}
		if st := describe(t, c, "one"); st.StackStatus != want {
			t.Errorf("the stack is %s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
		}
	}
	execute(types.StackStatusCreateComplete)
	_, err = c.DescribeChangeSet(ctx, &cf.DescribeChangeSetInput{StackName: stack, ChangeSetName: set})
	refused(t, err, "ChangeSetNotFound")

	d = propose(types.ChangeSetTypeUpdate, group)
	if d.Status != types.ChangeSetStatusFailed || *d.StatusReason != nothingNew {
		t.Errorf("nothing to do is %s: %s", d.Status, aws.ToString(d.StatusReason))
	}
	_, err = c.ExecuteChangeSet(ctx, &cf.ExecuteChangeSetInput{StackName: stack, ChangeSetName: set})
	refused(t, err, "InvalidChangeSetStatus")
	if _, err := c.DeleteChangeSet(ctx, &cf.DeleteChangeSetInput{StackName: stack, ChangeSetName: set}); err != nil {
		t.Fatal(err)
	}

	d = propose(types.ChangeSetTypeUpdate, strings.Replace(group, "/a,", "/b,", 1))
	found := map[string]types.ResourceChange{}
	for _, ch := range d.Changes {
		found[*ch.ResourceChange.LogicalResourceId] = *ch.ResourceChange
	}
	g, r := found["Group"], found["Role"]
	if g.Replacement != types.ReplacementTrue || g.PolicyAction != types.PolicyActionReplaceAndDelete || len(g.Details) != 1 || *g.Details[0].Target.Name != "LogGroupName" {
		t.Errorf("the group's change is %+v", g)
	}
	if len(r.Details) != 1 || r.Details[0].Evaluation != types.EvaluationTypeDynamic || aws.ToString(r.Details[0].CausingEntity) != "Group" {
		t.Errorf("the role's change, caused by the group's, is %+v", r)
	}
	execute(types.StackStatusUpdateComplete)
}

const nothingNew = "The submitted information didn't contain changes. Submit different information to create a change set."

func TestServerlessTemplateIsSummarisedBeforeItHasItsParameters(t *testing.T) {
	c := sdk(t)
	out, err := c.GetTemplateSummary(context.Background(), &cf.GetTemplateSummaryInput{TemplateBody: aws.String(`
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {InlineCode: x, Handler: a.b, Runtime: !Ref Stage}}
`)})
	if err != nil || !slices.Equal(out.DeclaredTransforms, []string{"AWS::Serverless-2016-10-31"}) || *out.Parameters[0].ParameterKey != "Stage" ||
		!slices.Equal(out.ResourceTypes, []string{"AWS::Serverless::Function"}) {
		t.Errorf("the summary is %+v, %v", out, err)
	}
}
