package asl

import "strings"

// integrations are the optimized service integrations: by service and action, the patterns beside request-response
// (spec section 4.4).
var integrations = func() map[string]map[string]string {
	const (
		sync  = " .sync"
		token = " .waitForTaskToken"
	)
	out := map[string]map[string]string{}
	for _, row := range []struct{ service, patterns, actions string }{
		{"lambda", token, "invoke"},
		{"sqs", token, "sendMessage"},
		{"sns", token, "publish"},
		{"events", token, "putEvents"},
		{"dynamodb", "", "getItem putItem updateItem deleteItem"},
		{"states", sync + " .sync:2" + token, "startExecution"},
		{"apigateway", token, "invoke"},
		{"http", "", "invoke"},
		{"ecs", sync + token, "runTask"},
		{"batch", sync, "submitJob"},
		{"glue", sync, "startJobRun"},
		{"databrew", sync, "startJobRun"},
		{"athena", sync, "startQueryExecution"},
		{"athena", "", "stopQueryExecution getQueryExecution getQueryResults"},
		{"codebuild", sync, "startBuild startBuildBatch retryBuildBatch"},
		{"codebuild", "", "stopBuild stopBuildBatch batchDeleteBuilds deleteBuildBatch batchGetReports"},
		{"sagemaker", sync, "createTrainingJob createTransformJob createProcessingJob createLabelingJob createHyperParameterTuningJob"},
		{"sagemaker", "", "createModel createEndpoint createEndpointConfig updateEndpoint"},
		{"elasticmapreduce", sync, "createCluster addStep terminateCluster"},
		{"elasticmapreduce", "", "cancelStep setClusterTerminationProtection modifyInstanceFleetByName modifyInstanceGroupByName"},
		{"emr-containers", sync, "startJobRun deleteVirtualCluster"},
		{"emr-containers", "", "createVirtualCluster"},
		{"emr-serverless", sync, "startJobRun createApplication startApplication stopApplication deleteApplication"},
		{"emr-serverless", "", "cancelJobRun"},
		{"eks", sync, "createCluster deleteCluster createNodegroup deleteNodegroup createFargateProfile deleteFargateProfile runJob"},
		{"eks", "", "call"},
		{"mediaconvert", sync, "createJob"},
		{"bedrock", token, "invokeModel"},
		{"bedrock", sync, "createModelCustomizationJob"},
		{"s3", "", "getObject listObjectsV2 putObject"},
	} {
		if out[row.service] == nil {
			out[row.service] = map[string]string{}
		}
		for _, action := range strings.Fields(row.actions) {
			out[row.service][action] = row.patterns
		}
	}
	return out
}()
