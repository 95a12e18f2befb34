package e2e

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// express runs an express machine and one state alone.
func (c *sfnClient) express() {
	create := &sfn.CreateStateMachineInput{Name: aws.String("x"), Definition: aws.String(passMachine), RoleArn: aws.String(role), Type: "EXPRESS"}
	made, err := c.CreateStateMachine(background, create)
	c.ok(err)
	out, err := c.StartSyncExecution(background, &sfn.StartSyncExecutionInput{StateMachineArn: made.StateMachineArn})
	c.ok(err)
	if out.Status != "SUCCEEDED" || *out.Output != `{"n":1}` || out.BillingDetails == nil || out.StopDate.Before(*out.StartDate) {
		c.Errorf("StartSyncExecution: %+v", out)
	}
	standard := aws.String(statesARN + "stateMachine:m")
	_, err = c.StartSyncExecution(background, &sfn.StartSyncExecutionInput{StateMachineArn: standard})
	c.want("StateMachineTypeNotSupported", "", err)

	state := `{"Type":"Pass","Parameters":{"twice.$":"States.Array($.a, $.a)"},"Next":"More"}`
	tested, err := c.TestState(background, &sfn.TestStateInput{Definition: &state, RoleArn: aws.String(role), Input: aws.String(`{"a":1}`), InspectionLevel: "DEBUG"})
	c.ok(err)
	if tested.Status != "SUCCEEDED" || *tested.Output != `{"twice":[1,1]}` || *tested.NextState != "More" || *tested.InspectionData.Input != `{"a":1}` {
		c.Errorf("TestState: %+v", tested)
	}
	_, err = c.TestState(background, &sfn.TestStateInput{Definition: aws.String(`{"Type":"Nap"}`), RoleArn: aws.String(role)})
	c.want("InvalidDefinition", "", err)
}

// mapRuns starts a distributed map whose first item waits for a worker, changes its concurrency, and stops it.
func (c *sfnClient) mapRuns(activity string) {
	made, err := c.CreateStateMachine(background, &sfn.CreateStateMachineInput{
		Name: aws.String("maps"), Definition: aws.String(fmt.Sprintf(mapMachine, activity)), RoleArn: aws.String(role)})
	c.ok(err)
	started, err := c.StartExecution(background, &sfn.StartExecutionInput{StateMachineArn: made.StateMachineArn, Input: aws.String(`[1,2,3]`)})
	c.ok(err)
	first := c.task(activity)
	if *first.Input != "1" {
		c.Errorf("the first item is %s", *first.Input)
	}
	list, err := c.ListMapRuns(background, &sfn.ListMapRunsInput{ExecutionArn: started.ExecutionArn})
	c.ok(err)
	if len(list.MapRuns) != 1 || *list.MapRuns[0].StateMachineArn != *made.StateMachineArn+"/each" {
		c.Fatalf("ListMapRuns: %+v", list.MapRuns)
	}
	none := aws.String(executionARN(*made.StateMachineArn, "none"))
	_, err = c.ListMapRuns(background, &sfn.ListMapRunsInput{ExecutionArn: none})
	c.want("ExecutionDoesNotExist", *none, err)

	run := list.MapRuns[0].MapRunArn
	_, err = c.UpdateMapRun(background, &sfn.UpdateMapRunInput{MapRunArn: run, MaxConcurrency: aws.Int32(2), ToleratedFailureCount: aws.Int64(1)})
	c.ok(err)
	if second := c.task(activity); *second.Input != "2" {
		c.Errorf("the second item is %s", *second.Input)
	}
	got, err := c.DescribeMapRun(background, &sfn.DescribeMapRunInput{MapRunArn: run})
	c.ok(err)
	if got.Status != "RUNNING" || got.MaxConcurrency != 2 || got.ToleratedFailureCount != 1 || got.ItemCounts.Total != 3 || got.ItemCounts.Running != 2 {
		c.Errorf("DescribeMapRun: %+v, items %+v", got, got.ItemCounts)
	}
	missing := aws.String(statesARN + "mapRun:maps/each:none")
	_, err = c.UpdateMapRun(background, &sfn.UpdateMapRunInput{MapRunArn: missing, MaxConcurrency: aws.Int32(2)})
	c.want("ResourceNotFound", *missing, err)
	_, err = c.DescribeMapRun(background, &sfn.DescribeMapRunInput{MapRunArn: missing})
	c.want("ResourceNotFound", *missing, err)

	_, err = c.StopExecution(background, &sfn.StopExecutionInput{ExecutionArn: started.ExecutionArn})
	c.ok(err)
	if got := c.ended(started.ExecutionArn); got.Status != "ABORTED" {
		c.Errorf("after StopExecution: %s", got.Status)
	}
}

// deletions removes a machine and an activity; to remove what is gone is no error.
func (c *sfnClient) deletions(machine, activity string) {
	for range 2 {
		_, err := c.DeleteStateMachine(background, &sfn.DeleteStateMachineInput{StateMachineArn: &machine})
		c.ok(err)
		_, err = c.DeleteActivity(background, &sfn.DeleteActivityInput{ActivityArn: &activity})
		c.ok(err)
	}
	eventually(c.T, 20*time.Second, func() (bool, string) {
		list, err := c.ListStateMachines(background, &sfn.ListStateMachinesInput{})
		c.ok(err)
		return len(list.StateMachines) == 2, fmt.Sprint(len(list.StateMachines), " machines")
	})
	_, err := c.DeleteStateMachine(background, &sfn.DeleteStateMachineInput{StateMachineArn: aws.String("m")})
	c.want("InvalidArn", "m", err)
	_, err = c.DeleteActivity(background, &sfn.DeleteActivityInput{ActivityArn: aws.String("work")})
	c.want("InvalidArn", "work", err)
	_, err = c.DeleteStateMachineVersion(background, &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String("m")})
	c.want("InvalidArn", "m", err)
}
