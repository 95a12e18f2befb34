package states

import "github.com/perdure/perdure/internal/api"

// maxRequest is the largest request: a definition, and JSON's escapes of it.
const maxRequest = 8 << 20

// Operations is what the wire offers, protocol awsJson1.0.
func (s *Service) Operations() []api.Operation {
	ops := []api.Operation{
		{Name: "CreateStateMachine", Handle: api.JSON(s.create)},
		{Name: "UpdateStateMachine", Handle: api.JSON(s.update)},
		{Name: "DeleteStateMachine", Handle: api.JSON(s.deleteMachine)},
		{Name: "DescribeStateMachine", Handle: api.JSON(s.describeMachine)},
		{Name: "DescribeStateMachineForExecution", Handle: api.JSON(s.describeForExecution)},
		{Name: "ListStateMachines", Handle: api.JSON(s.listMachines)},
		{Name: "ValidateStateMachineDefinition", Handle: api.JSON(s.validate)},
		{Name: "TestState", Handle: api.JSON(s.testState)},
		{Name: "PublishStateMachineVersion", Handle: api.JSON(s.publishVersion)},
		{Name: "DeleteStateMachineVersion", Handle: api.JSON(s.deleteVersion)},
		{Name: "ListStateMachineVersions", Handle: api.JSON(s.listVersions)},
		{Name: "CreateStateMachineAlias", Handle: api.JSON(s.createAlias)},
		{Name: "UpdateStateMachineAlias", Handle: api.JSON(s.updateAlias)},
		{Name: "DescribeStateMachineAlias", Handle: api.JSON(s.describeAlias)},
		{Name: "DeleteStateMachineAlias", Handle: api.JSON(s.deleteAlias)},
		{Name: "ListStateMachineAliases", Handle: api.JSON(s.listAliases)},
		{Name: "TagResource", Handle: api.JSON(s.tagResource)},
		{Name: "UntagResource", Handle: api.JSON(s.untagResource)},
		{Name: "ListTagsForResource", Handle: api.JSON(s.listTags)},

		{Name: "StartExecution", Handle: api.JSON(s.start)},
		{Name: "StartSyncExecution", Handle: api.JSON(s.startSync)},
		{Name: "StopExecution", Handle: api.JSON(s.stop)},
		{Name: "RedriveExecution", Handle: api.JSON(s.redrive)},
		{Name: "DescribeExecution", Handle: api.JSON(s.describeExecution)},
		{Name: "ListExecutions", Handle: api.JSON(s.listExecutions)},
		{Name: "GetExecutionHistory", Handle: s.history},

		{Name: "ListMapRuns", Handle: api.JSON(s.listMapRuns)},
		{Name: "DescribeMapRun", Handle: api.JSON(s.describeMapRun)},
		{Name: "UpdateMapRun", Handle: api.JSON(s.updateMapRun)},

		{Name: "SendTaskSuccess", Handle: api.JSON(s.sendSuccess)},
		{Name: "SendTaskFailure", Handle: api.JSON(s.sendFailure)},
		{Name: "SendTaskHeartbeat", Handle: api.JSON(s.sendHeartbeat)},

		{Name: "CreateActivity", Handle: api.JSON(s.createActivity)},
		{Name: "DeleteActivity", Handle: api.JSON(s.deleteActivity)},
		{Name: "DescribeActivity", Handle: api.JSON(s.describeActivity)},
		{Name: "ListActivities", Handle: api.JSON(s.listActivities)},
		{Name: "GetActivityTask", Handle: api.JSON(s.getTask)},
	}
	for i := range ops {
		ops[i].MaxBody = maxRequest
	}
	return ops
}
