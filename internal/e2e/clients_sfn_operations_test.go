package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const (
	notThere    = "Request references a resource that does not exist."
	statesARN   = "arn:aws:states:us-east-1:000000000000:"
	passMachine = `{"StartAt":"P","States":{"P":{"Type":"Pass","Result":{"n":1},"End":true}}}`
	taskMachine = `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"%s","End":true}}}`
	mapMachine  = `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"each","ItemsPath":"$","MaxConcurrency":1,"ItemProcessor":{` +
		`"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{` +
		`"T":{"Type":"Task","Resource":"%s","End":true}}},"End":true}}}`
)

var background = context.Background()

// activities creates an activity, and does what can be done with its description and tags.
func (c *sfnClient) activities() (arn string) {
	made, err := c.CreateActivity(background, &sfn.CreateActivityInput{Name: aws.String("work"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}})
	c.ok(err)
	arn = *made.ActivityArn
	if want := statesARN + "activity:work"; arn != want || made.CreationDate.IsZero() {
		c.Errorf("CreateActivity: %s, made %v", arn, made.CreationDate)
	}
	_, err = c.CreateActivity(background, &sfn.CreateActivityInput{Name: aws.String("no spaces")})
	c.want("InvalidName", "no spaces", err)

	described, err := c.DescribeActivity(background, &sfn.DescribeActivityInput{ActivityArn: &arn})
	c.ok(err)
	if *described.Name != "work" || !described.CreationDate.Equal(*made.CreationDate) {
		c.Errorf("DescribeActivity: %+v", described)
	}
	_, err = c.DescribeActivity(background, &sfn.DescribeActivityInput{ActivityArn: aws.String(arn + "2")})
	c.want("ActivityDoesNotExist", arn+"2", err)

	list, err := c.ListActivities(background, &sfn.ListActivitiesInput{})
	c.ok(err)
	if len(list.Activities) != 1 || *list.Activities[0].ActivityArn != arn {
		c.Errorf("ListActivities: %+v", list.Activities)
	}
	_, err = c.ListActivities(background, &sfn.ListActivitiesInput{NextToken: aws.String("none")})
	c.want("InvalidToken", "Invalid Token: 'Invalid token'", err)
	c.tags(arn)
	return arn
}

func (c *sfnClient) tags(arn string) {
	none := aws.String(statesARN + "activity:none")
	add := []types.Tag{{Key: aws.String("cost"), Value: aws.String("7")}}
	_, err := c.TagResource(background, &sfn.TagResourceInput{ResourceArn: &arn, Tags: add})
	c.ok(err)
	_, err = c.TagResource(background, &sfn.TagResourceInput{ResourceArn: none, Tags: add})
	c.want("ResourceNotFound", *none, err)
	_, err = c.UntagResource(background, &sfn.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"team"}})
	c.ok(err)
	_, err = c.UntagResource(background, &sfn.UntagResourceInput{ResourceArn: none, TagKeys: []string{"team"}})
	c.want("ResourceNotFound", *none, err)
	tags, err := c.ListTagsForResource(background, &sfn.ListTagsForResourceInput{ResourceArn: &arn})
	c.ok(err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Key != "cost" || *tags.Tags[0].Value != "7" {
		c.Errorf("ListTagsForResource: %+v", tags.Tags)
	}
	_, err = c.ListTagsForResource(background, &sfn.ListTagsForResourceInput{ResourceArn: none})
	c.want("ResourceNotFound", *none, err)
}

// machines creates a machine with a Pass state, changes it to one with a task of the activity, and describes it.
func (c *sfnClient) machines(activity string) (arn string) {
	definition := fmt.Sprintf(taskMachine, activity)
	made, err := c.CreateStateMachine(background, &sfn.CreateStateMachineInput{
		Name: aws.String("m"), Definition: aws.String(passMachine), RoleArn: aws.String(role)})
	c.ok(err)
	arn = *made.StateMachineArn
	_, err = c.CreateStateMachine(background, &sfn.CreateStateMachineInput{
		Name: aws.String("bad"), Definition: aws.String(`{"StartAt":"Q","States":{}}`), RoleArn: aws.String(role)})
	c.want("InvalidDefinition", "Invalid State Machine Definition", err)

	valid, err := c.ValidateStateMachineDefinition(background, &sfn.ValidateStateMachineDefinitionInput{Definition: &definition})
	c.ok(err)
	invalid, err := c.ValidateStateMachineDefinition(background, &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(`{"StartAt":"Q"}`)})
	c.ok(err)
	if valid.Result != "OK" || invalid.Result != "FAIL" || len(invalid.Diagnostics) == 0 || *invalid.Diagnostics[0].Message == "" {
		c.Errorf("ValidateStateMachineDefinition: %+v, %+v", valid, invalid)
	}
	_, err = c.ValidateStateMachineDefinition(background, &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String("")})
	c.want("ValidationException", "definition", err)

	updated, err := c.UpdateStateMachine(background, &sfn.UpdateStateMachineInput{StateMachineArn: &arn, Definition: &definition})
	c.ok(err)
	if updated.UpdateDate.Before(*made.CreationDate) || aws.ToString(updated.RevisionId) == "" {
		c.Errorf("UpdateStateMachine: %+v", updated)
	}
	_, err = c.UpdateStateMachine(background, &sfn.UpdateStateMachineInput{StateMachineArn: &arn})
	c.want("MissingRequiredParameter", "definition", err)

	got, err := c.DescribeStateMachine(background, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	c.ok(err)
	if *got.Definition != definition || got.Status != "ACTIVE" || got.Type != "STANDARD" || *got.RevisionId != *updated.RevisionId {
		c.Errorf("DescribeStateMachine: %+v", got)
	}
	_, err = c.DescribeStateMachine(background, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn + "2")})
	c.want("StateMachineDoesNotExist", arn+"2", err)

	list, err := c.ListStateMachines(background, &sfn.ListStateMachinesInput{})
	c.ok(err)
	if len(list.StateMachines) != 1 || *list.StateMachines[0].StateMachineArn != arn || *list.StateMachines[0].Name != "m" {
		c.Errorf("ListStateMachines: %+v", list.StateMachines)
	}
	_, err = c.ListStateMachines(background, &sfn.ListStateMachinesInput{NextToken: aws.String("none")})
	c.want("InvalidToken", "Invalid Token: 'Invalid token'", err)
	return arn
}

// versionsAndAliases publishes two versions, points an alias at them, and removes all but the first version's alias.
func (c *sfnClient) versionsAndAliases(machine string) {
	none := aws.String(machine + "2")
	first, err := c.PublishStateMachineVersion(background, &sfn.PublishStateMachineVersionInput{StateMachineArn: &machine, Description: aws.String("first")})
	c.ok(err)
	if *first.StateMachineVersionArn != machine+":1" {
		c.Errorf("PublishStateMachineVersion: %s", *first.StateMachineVersionArn)
	}
	_, err = c.PublishStateMachineVersion(background, &sfn.PublishStateMachineVersionInput{StateMachineArn: none})
	c.want("StateMachineDoesNotExist", *none, err)
	versions, err := c.ListStateMachineVersions(background, &sfn.ListStateMachineVersionsInput{StateMachineArn: &machine})
	c.ok(err)
	if len(versions.StateMachineVersions) != 1 || *versions.StateMachineVersions[0].StateMachineVersionArn != machine+":1" {
		c.Errorf("ListStateMachineVersions: %+v", versions.StateMachineVersions)
	}
	_, err = c.ListStateMachineVersions(background, &sfn.ListStateMachineVersionsInput{StateMachineArn: aws.String("m")})
	c.want("InvalidArn", "m", err)

	to := func(version string, weight int32) []types.RoutingConfigurationListItem {
		return []types.RoutingConfigurationListItem{{StateMachineVersionArn: aws.String(machine + version), Weight: weight}}
	}
	alias, err := c.CreateStateMachineAlias(background, &sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: to(":1", 100)})
	c.ok(err)
	live, missing := *alias.StateMachineAliasArn, aws.String(machine+":gone")
	_, err = c.CreateStateMachineAlias(background, &sfn.CreateStateMachineAliasInput{Name: aws.String("bad"), RoutingConfiguration: to(":9", 100)})
	c.want("ResourceNotFound", notThere, err)
	_, err = c.UpdateStateMachineAlias(background, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: &live, Description: aws.String("in use")})
	c.ok(err)
	_, err = c.UpdateStateMachineAlias(background, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: &live, RoutingConfiguration: to(":1", 50)})
	c.want("ValidationException", "100", err)
	got, err := c.DescribeStateMachineAlias(background, &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: &live})
	c.ok(err)
	if *got.Description != "in use" || *got.Name != "live" || len(got.RoutingConfiguration) != 1 || got.RoutingConfiguration[0].Weight != 100 {
		c.Errorf("DescribeStateMachineAlias: %+v", got)
	}
	_, err = c.DescribeStateMachineAlias(background, &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: missing})
	c.want("ResourceNotFound", notThere, err)
	aliases, err := c.ListStateMachineAliases(background, &sfn.ListStateMachineAliasesInput{StateMachineArn: &machine})
	c.ok(err)
	if len(aliases.StateMachineAliases) != 1 || *aliases.StateMachineAliases[0].StateMachineAliasArn != live {
		c.Errorf("ListStateMachineAliases: %+v", aliases.StateMachineAliases)
	}
	_, err = c.ListStateMachineAliases(background, &sfn.ListStateMachineAliasesInput{StateMachineArn: none})
	c.want("StateMachineDoesNotExist", *none, err)

	_, err = c.DeleteStateMachineVersion(background, &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: first.StateMachineVersionArn})
	c.want("ConflictException", "live", err)
	_, err = c.DeleteStateMachineAlias(background, &sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: &live})
	c.ok(err)
	_, err = c.DeleteStateMachineAlias(background, &sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: aws.String("live")})
	c.want("InvalidArn", "live", err)
	_, err = c.DeleteStateMachineVersion(background, &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: first.StateMachineVersionArn})
	c.ok(err)
}

// ended waits for the end of an execution.
func (c *sfnClient) ended(arn *string) (got *sfn.DescribeExecutionOutput) {
	c.Helper()
	eventually(c.T, 20*time.Second, func() (bool, string) {
		var err error
		got, err = c.DescribeExecution(background, &sfn.DescribeExecutionInput{ExecutionArn: arn})
		c.ok(err)
		return got.Status != "RUNNING", string(got.Status)
	})
	return got
}

// task is the next task of an activity.
func (c *sfnClient) task(activity string) *sfn.GetActivityTaskOutput {
	c.Helper()
	got, err := c.GetActivityTask(background, &sfn.GetActivityTaskInput{ActivityArn: &activity, WorkerName: aws.String("worker")})
	c.ok(err)
	if got.TaskToken == nil {
		c.Fatal("GetActivityTask: no task in a minute")
	}
	return got
}

// executions has one execution fail, redrives it to success, and stops another.
func (c *sfnClient) executions(machine, activity string) {
	start := &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("e1"), Input: aws.String(`{"order":1}`)}
	started, err := c.StartExecution(background, start)
	c.ok(err)
	arn, none := started.ExecutionArn, aws.String(executionARN(machine, "none"))
	_, err = c.StartExecution(background, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: aws.String("{")})
	c.want("InvalidExecutionInput", "Invalid State Machine Execution Input", err)
	_, err = c.DescribeExecution(background, &sfn.DescribeExecutionInput{ExecutionArn: none})
	c.want("ExecutionDoesNotExist", *none, err)
	_, err = c.RedriveExecution(background, &sfn.RedriveExecutionInput{ExecutionArn: arn})
	c.want("ExecutionNotRedrivable", "", err)
	c.answers(activity)

	if got := c.ended(arn); got.Status != "FAILED" || *got.Error != "Broken" || *got.Cause != "it rained" {
		c.Errorf("after SendTaskFailure: %+v", got)
	}
	redriven, err := c.RedriveExecution(background, &sfn.RedriveExecutionInput{ExecutionArn: arn})
	c.ok(err)
	if redriven.RedriveDate.IsZero() {
		c.Error("RedriveExecution: no date")
	}
	_, err = c.SendTaskSuccess(background, &sfn.SendTaskSuccessInput{TaskToken: c.task(activity).TaskToken, Output: aws.String(`{"done":true}`)})
	c.ok(err)
	if got := c.ended(arn); got.Status != "SUCCEEDED" || *got.Output != `{"done":true}` || *got.RedriveCount != 1 || *got.Input != *start.Input {
		c.Errorf("after the redrive: %+v", got)
	}
	c.histories(machine, arn, none)

	start.Name = aws.String("e2")
	second, err := c.StartExecution(background, start)
	c.ok(err)
	_, err = c.StopExecution(background, &sfn.StopExecutionInput{ExecutionArn: second.ExecutionArn, Error: aws.String("Enough"), Cause: aws.String("of it")})
	c.ok(err)
	if got := c.ended(second.ExecutionArn); got.Status != "ABORTED" || *got.Error != "Enough" || *got.Cause != "of it" {
		c.Errorf("after StopExecution: %+v", got)
	}
	_, err = c.StopExecution(background, &sfn.StopExecutionInput{ExecutionArn: none})
	c.want("ExecutionDoesNotExist", *none, err)
}

// answers takes the first task, says that it goes on, then that it failed; and says all of it to a token that is none.
func (c *sfnClient) answers(activity string) {
	task, bad := c.task(activity), aws.String("bad")
	if *task.Input != `{"order":1}` {
		c.Errorf("GetActivityTask: input %s", *task.Input)
	}
	_, err := c.GetActivityTask(background, &sfn.GetActivityTaskInput{ActivityArn: aws.String(activity + "2")})
	c.want("ActivityDoesNotExist", activity+"2", err)
	_, err = c.SendTaskHeartbeat(background, &sfn.SendTaskHeartbeatInput{TaskToken: task.TaskToken})
	c.ok(err)
	_, err = c.SendTaskHeartbeat(background, &sfn.SendTaskHeartbeatInput{TaskToken: bad})
	c.want("InvalidToken", "", err)
	_, err = c.SendTaskFailure(background, &sfn.SendTaskFailureInput{TaskToken: bad})
	c.want("InvalidToken", "", err)
	_, err = c.SendTaskSuccess(background, &sfn.SendTaskSuccessInput{TaskToken: task.TaskToken, Output: aws.String("{")})
	c.want("InvalidOutput", "", err)
	_, err = c.SendTaskFailure(background, &sfn.SendTaskFailureInput{TaskToken: task.TaskToken, Error: aws.String("Broken"), Cause: aws.String("it rained")})
	c.ok(err)
}

// histories reads an execution that failed, was redriven and succeeded.
func (c *sfnClient) histories(machine string, arn, none *string) {
	history, err := c.GetExecutionHistory(background, &sfn.GetExecutionHistoryInput{ExecutionArn: arn})
	c.ok(err)
	var got []string
	for _, e := range history.Events {
		got = append(got, string(e.Type))
	}
	const want = "ExecutionStarted TaskStateEntered ActivityScheduled ActivityStarted ActivityFailed ExecutionFailed " +
		"ExecutionRedriven ActivityScheduled ActivityStarted ActivitySucceeded TaskStateExited ExecutionSucceeded"
	if strings.Join(got, " ") != want {
		c.Errorf("GetExecutionHistory:\n got %s\nwant %s", strings.Join(got, " "), want)
	}
	_, err = c.GetExecutionHistory(background, &sfn.GetExecutionHistoryInput{ExecutionArn: none})
	c.want("ExecutionDoesNotExist", *none, err)
	of, err := c.DescribeStateMachineForExecution(background, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: arn})
	c.ok(err)
	if *of.StateMachineArn != machine || *of.Name != "m" || !strings.Contains(*of.Definition, "activity:work") {
		c.Errorf("DescribeStateMachineForExecution: %+v", of)
	}
	_, err = c.DescribeStateMachineForExecution(background, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: none})
	c.want("ExecutionDoesNotExist", *none, err)
	list, err := c.ListExecutions(background, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: "SUCCEEDED"})
	c.ok(err)
	if len(list.Executions) != 1 || *list.Executions[0].ExecutionArn != *arn || list.Executions[0].StopDate == nil {
		c.Errorf("ListExecutions: %+v", list.Executions)
	}
	_, err = c.ListExecutions(background, &sfn.ListExecutionsInput{StateMachineArn: aws.String(machine + "2")})
	c.want("StateMachineDoesNotExist", machine+"2", err)
}
