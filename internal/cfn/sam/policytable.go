package sam

// policyTable are AWS's policy templates: a line with a name and its parameters, then a line for each statement with its
// actions (those of one service joined), "@", the resources, and where there is a condition "?", a key and what it must
// equal. A line that begins with two tabs goes on from the one before.
const policyTable = `
AMIDescribePolicy
	ec2:DescribeImages @ *
AWSSecretsManagerGetSecretValuePolicy SecretArn
	secretsmanager:GetSecretValue @ ${secretArn}
AWSSecretsManagerRotationPolicy FunctionName
	secretsmanager:DescribeSecret,GetSecretValue,PutSecretValue,UpdateSecretVersionStage @
		arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:* ?
		secretsmanager:resource/AllowRotationLambdaArn
		arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${functionName}
	secretsmanager:GetRandomPassword @ *
AcmGetCertificatePolicy CertificateArn
	acm:GetCertificate @ ${certificateArn}
AthenaQueryPolicy WorkGroupName
	athena:ListWorkGroups,GetExecutionEngine,GetExecutionEngines,GetNamespace,GetCatalogs,GetNamespaces
		athena:GetTables,GetTable @ *
	athena:StartQueryExecution,GetQueryResults,DeleteNamedQuery,GetNamedQuery,ListQueryExecutions,StopQueryExecution
		athena:GetQueryResultsStream,ListNamedQueries,CreateNamedQuery,GetQueryExecution,BatchGetNamedQuery
		athena:BatchGetQueryExecution,GetWorkGroup @
		arn:${AWS::Partition}:athena:${AWS::Region}:${AWS::AccountId}:workgroup/${workgroupName}
CloudFormationDescribeStacksPolicy
	cloudformation:DescribeStacks @ arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*
CloudWatchDashboardPolicy
	cloudwatch:GetDashboard,ListDashboards,PutDashboard,ListMetrics @ *
CloudWatchDescribeAlarmHistoryPolicy
	cloudwatch:DescribeAlarmHistory @ *
CloudWatchPutMetricPolicy
	cloudwatch:PutMetricData @ *
CodeCommitCrudPolicy RepositoryName
	codecommit:GitPull,GitPush,CreateBranch,DeleteBranch,GetBranch,ListBranches,MergeBranchesByFastForward
		codecommit:MergeBranchesBySquash,MergeBranchesByThreeWay,UpdateDefaultBranch,BatchDescribeMergeConflicts
		codecommit:CreateUnreferencedMergeCommit,DescribeMergeConflicts,GetMergeCommit,GetMergeOptions,BatchGetPullRequests
		codecommit:CreatePullRequest,DescribePullRequestEvents,GetCommentsForPullRequest,GetCommitsFromMergeBase
		codecommit:GetMergeConflicts,GetPullRequest,ListPullRequests,MergePullRequestByFastForward,MergePullRequestBySquash
		codecommit:MergePullRequestByThreeWay,PostCommentForPullRequest,UpdatePullRequestDescription,UpdatePullRequestStatus
		codecommit:UpdatePullRequestTitle,DeleteFile,GetBlob,GetFile,GetFolder,PutFile,DeleteCommentContent,GetComment
		codecommit:GetCommentsForComparedCommit,PostCommentForComparedCommit,PostCommentReply,UpdateComment,BatchGetCommits
		codecommit:CreateCommit,GetCommit,GetCommitHistory,GetDifferences,GetObjectIdentifier,GetReferences,GetTree
		codecommit:GetRepository,UpdateRepositoryDescription,ListTagsForResource,TagResource,UntagResource,GetRepositoryTriggers
		codecommit:PutRepositoryTriggers,TestRepositoryTriggers,GetBranch,GetCommit,UploadArchive,GetUploadArchiveStatus
		codecommit:CancelUploadArchive @ arn:${AWS::Partition}:codecommit:${AWS::Region}:${AWS::AccountId}:${repositoryName}
CodeCommitReadPolicy RepositoryName
	codecommit:GitPull,GetBranch,ListBranches,BatchDescribeMergeConflicts,DescribeMergeConflicts,GetMergeCommit
		codecommit:GetMergeOptions,BatchGetPullRequests,DescribePullRequestEvents,GetCommentsForPullRequest,GetCommitsFromMergeBase
		codecommit:GetMergeConflicts,GetPullRequest,ListPullRequests,GetBlob,GetFile,GetFolder,GetComment,GetCommentsForComparedCommit
		codecommit:BatchGetCommits,GetCommit,GetCommitHistory,GetDifferences,GetObjectIdentifier,GetReferences
		codecommit:GetTree,GetRepository,ListTagsForResource,GetRepositoryTriggers,TestRepositoryTriggers,GetBranch
		codecommit:GetCommit,GetUploadArchiveStatus @
		arn:${AWS::Partition}:codecommit:${AWS::Region}:${AWS::AccountId}:${repositoryName}
CodePipelineLambdaExecutionPolicy
	codepipeline:PutJobSuccessResult,PutJobFailureResult @ *
CodePipelineReadOnlyPolicy PipelineName
	codepipeline:ListPipelineExecutions @
		arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${pipelinename}
ComprehendBasicAccessPolicy
	comprehend:BatchDetectKeyPhrases,DetectDominantLanguage,DetectEntities,BatchDetectEntities,DetectKeyPhrases
		comprehend:DetectSentiment,BatchDetectDominantLanguage,BatchDetectSentiment @ *
CostExplorerReadOnlyPolicy
	ce:GetCostAndUsage,GetDimensionValues,GetReservationCoverage,GetReservationPurchaseRecommendation
		ce:GetReservationUtilization,GetTags @ *
DynamoDBBackupFullAccessPolicy TableName
	dynamodb:CreateBackup,DescribeContinuousBackups @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}
	dynamodb:DeleteBackup,DescribeBackup,ListBackups @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/backup/*
DynamoDBCrudPolicy TableName
	dynamodb:GetItem,DeleteItem,PutItem,Scan,Query,UpdateItem,BatchWriteItem,BatchGetItem,DescribeTable,ConditionCheckItem
		@ arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/index/*
DynamoDBReadPolicy TableName
	dynamodb:GetItem,Scan,Query,BatchGetItem,DescribeTable @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/index/*
DynamoDBReconfigurePolicy TableName
	dynamodb:UpdateTable @ arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}
DynamoDBRestoreFromBackupPolicy TableName
	dynamodb:RestoreTableFromBackup @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/backup/*
	dynamodb:PutItem,UpdateItem,DeleteItem,GetItem,Query,Scan,BatchWriteItem @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}
DynamoDBStreamReadPolicy StreamName TableName
	dynamodb:DescribeStream,GetRecords,GetShardIterator @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/stream/${streamName}
	dynamodb:ListStreams @ arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/stream/*
DynamoDBWritePolicy TableName
	dynamodb:PutItem,UpdateItem,BatchWriteItem @
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}
		arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/index/*
EC2CopyImagePolicy ImageId
	ec2:CopyImage @ arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:image/${imageId}
EC2DescribePolicy
	ec2:DescribeRegions,DescribeInstances @ *
EFSWriteAccessPolicy AccessPoint FileSystem
	elasticfilesystem:ClientMount,ClientWrite @
		arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:file-system/${FileSystem} ?
		elasticfilesystem:AccessPointArn
		arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:access-point/${AccessPoint}
EKSDescribePolicy
	eks:DescribeCluster,ListClusters @ *
EcsRunTaskPolicy TaskDefinition
	ecs:RunTask @ arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/${taskDefinition}
ElasticMapReduceAddJobFlowStepsPolicy ClusterId
	elasticmapreduce:AddJobFlowSteps @
		arn:${AWS::Partition}:elasticmapreduce:${AWS::Region}:${AWS::AccountId}:cluster/${clusterId}
ElasticMapReduceCancelStepsPolicy ClusterId
	elasticmapreduce:CancelSteps @
		arn:${AWS::Partition}:elasticmapreduce:${AWS::Region}:${AWS::AccountId}:cluster/${clusterId}
ElasticMapReduceModifyInstanceFleetPolicy ClusterId
	elasticmapreduce:ModifyInstanceFleet,ListInstanceFleets @
		arn:${AWS::Partition}:elasticmapreduce:${AWS::Region}:${AWS::AccountId}:cluster/${clusterId}
ElasticMapReduceModifyInstanceGroupsPolicy ClusterId
	elasticmapreduce:ModifyInstanceGroups,ListInstanceGroups @
		arn:${AWS::Partition}:elasticmapreduce:${AWS::Region}:${AWS::AccountId}:cluster/${clusterId}
ElasticMapReduceSetTerminationProtectionPolicy ClusterId
	elasticmapreduce:SetTerminationProtection @
		arn:${AWS::Partition}:elasticmapreduce:${AWS::Region}:${AWS::AccountId}:cluster/${clusterId}
ElasticMapReduceTerminateJobFlowsPolicy ClusterId
	elasticmapreduce:TerminateJobFlows @
		arn:${AWS::Partition}:elasticmapreduce:${AWS::Region}:${AWS::AccountId}:cluster/${clusterId}
ElasticsearchHttpPostPolicy DomainName
	es:ESHttpPost,ESHttpPut @ arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/${domainName}/*
EventBridgePutEventsPolicy EventBusName
	events:PutEvents @ arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${eventBusName}
FilterLogEventsPolicy LogGroupName
	logs:FilterLogEvents @
		arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${logGroupName}:log-stream:*
FirehoseCrudPolicy DeliveryStreamName
	firehose:CreateDeliveryStream,DeleteDeliveryStream,DescribeDeliveryStream,PutRecord,PutRecordBatch,UpdateDestination
		@ arn:${AWS::Partition}:firehose:${AWS::Region}:${AWS::AccountId}:deliverystream/${deliveryStreamName}
FirehoseWritePolicy DeliveryStreamName
	firehose:PutRecord,PutRecordBatch @
		arn:${AWS::Partition}:firehose:${AWS::Region}:${AWS::AccountId}:deliverystream/${deliveryStreamName}
KMSDecryptPolicy KeyId
	kms:Decrypt @ arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${keyId}
KMSEncryptPolicy KeyId
	kms:Encrypt @ arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${keyId}
KMSEncryptPolicy_v2 KeyId
	kms:Encrypt,GenerateDataKey,GenerateDataKeyWithoutPlaintext,GenerateDataKeyPair,GenerateDataKeyPairWithoutPlaintext @
		arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${keyId}
KinesisCrudPolicy StreamName
	kinesis:AddTagsToStream,CreateStream,DecreaseStreamRetentionPeriod,DeleteStream,DescribeStream,DescribeStreamSummary
		kinesis:GetShardIterator,IncreaseStreamRetentionPeriod,ListTagsForStream,MergeShards,PutRecord,PutRecords
		kinesis:SplitShard,RemoveTagsFromStream @
		arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/${streamName}
KinesisStreamReadPolicy StreamName
	kinesis:ListStreams,DescribeLimits @ arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/*
	kinesis:DescribeStream,DescribeStreamSummary,GetRecords,GetShardIterator @
		arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/${streamName}
LambdaInvokePolicy FunctionName
	lambda:InvokeFunction @ arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${functionName}*
MobileAnalyticsWriteOnlyAccessPolicy
	mobileanalytics:PutEvents @ *
OrganizationsListAccountsPolicy
	organizations:ListAccounts @ *
PinpointEndpointAccessPolicy PinpointApplicationId
	mobiletargeting:GetEndpoint,UpdateEndpoint,UpdateEndpointsBatch @
		arn:${AWS::Partition}:mobiletargeting:${AWS::Region}:${AWS::AccountId}:apps/${pinpointApplicationId}/endpoints/*
PollyFullAccessPolicy LexiconName
	polly:GetLexicon,DeleteLexicon @ arn:${AWS::Partition}:polly:${AWS::Region}:${AWS::AccountId}:lexicon/${lexiconName}
	polly:DescribeVoices,ListLexicons,PutLexicon,SynthesizeSpeech @
		arn:${AWS::Partition}:polly:${AWS::Region}:${AWS::AccountId}:lexicon/*
RekognitionDetectOnlyPolicy
	rekognition:DetectFaces,DetectLabels,DetectModerationLabels,DetectText @ *
RekognitionFacesManagementPolicy CollectionId
	rekognition:IndexFaces,DeleteFaces,SearchFaces,SearchFacesByImage,ListFaces @
		arn:${AWS::Partition}:rekognition:${AWS::Region}:${AWS::AccountId}:collection/${collectionId}
RekognitionFacesPolicy
	rekognition:CompareFaces,DetectFaces @ *
RekognitionLabelsPolicy
	rekognition:DetectLabels,DetectModerationLabels @ *
RekognitionNoDataAccessPolicy CollectionId
	rekognition:CompareFaces,DetectFaces,DetectLabels,DetectModerationLabels @
		arn:${AWS::Partition}:rekognition:${AWS::Region}:${AWS::AccountId}:collection/${collectionId}
RekognitionReadPolicy CollectionId
	rekognition:ListCollections,ListFaces,SearchFaces,SearchFacesByImage @
		arn:${AWS::Partition}:rekognition:${AWS::Region}:${AWS::AccountId}:collection/${collectionId}
RekognitionWriteOnlyAccessPolicy CollectionId
	rekognition:CreateCollection,IndexFaces @
		arn:${AWS::Partition}:rekognition:${AWS::Region}:${AWS::AccountId}:collection/${collectionId}
Route53ChangeResourceRecordSetsPolicy HostedZoneId
	route53:ChangeResourceRecordSets @ arn:${AWS::Partition}:route53:::hostedzone/${HostedZoneId}
S3CrudPolicy BucketName
	s3:GetObject,ListBucket,GetBucketLocation,GetObjectVersion,PutObject,PutObjectAcl,GetLifecycleConfiguration
		s3:PutLifecycleConfiguration,DeleteObject @ arn:${AWS::Partition}:s3:::${bucketName}
		arn:${AWS::Partition}:s3:::${bucketName}/*
S3FullAccessPolicy BucketName
	s3:GetObject,GetObjectAcl,GetObjectVersion,PutObject,PutObjectAcl,DeleteObject,DeleteObjectTagging
		s3:DeleteObjectVersionTagging,GetObjectTagging,GetObjectVersionTagging,PutObjectTagging,PutObjectVersionTagging @
		arn:${AWS::Partition}:s3:::${bucketName}/*
	s3:ListBucket,GetBucketLocation,GetLifecycleConfiguration,PutLifecycleConfiguration @
		arn:${AWS::Partition}:s3:::${bucketName}
S3ReadPolicy BucketName
	s3:GetObject,ListBucket,GetBucketLocation,GetObjectVersion,GetLifecycleConfiguration @
		arn:${AWS::Partition}:s3:::${bucketName} arn:${AWS::Partition}:s3:::${bucketName}/*
S3WritePolicy BucketName
	s3:PutObject,PutObjectAcl,PutLifecycleConfiguration @ arn:${AWS::Partition}:s3:::${bucketName}
		arn:${AWS::Partition}:s3:::${bucketName}/*
SESBulkTemplatedCrudPolicy IdentityName
	ses:GetIdentityVerificationAttributes,SendEmail,SendRawEmail,SendTemplatedEmail,SendBulkTemplatedEmail
		ses:VerifyEmailIdentity @ arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${identityName}
SESBulkTemplatedCrudPolicy_v2 IdentityName TemplateName
	ses:SendEmail,SendRawEmail,SendTemplatedEmail,SendBulkTemplatedEmail @
		arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${identityName}
		arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:template/${templateName}
	ses:GetIdentityVerificationAttributes,VerifyEmailIdentity @ *
SESCrudPolicy IdentityName
	ses:GetIdentityVerificationAttributes,SendEmail,SendRawEmail,VerifyEmailIdentity @
		arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${identityName}
SESEmailTemplateCrudPolicy
	ses:CreateTemplate,GetTemplate,ListTemplates,UpdateTemplate,DeleteTemplate,TestRenderTemplate @ *
SESSendBouncePolicy IdentityName
	ses:SendBounce @ arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${identityName}
SNSCrudPolicy TopicName
	sns:ListSubscriptionsByTopic,CreateTopic,SetTopicAttributes,Subscribe,Publish @
		arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${topicName}*
SNSPublishMessagePolicy TopicName
	sns:Publish @ arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${topicName}
SQSPollerPolicy QueueName
	sqs:ChangeMessageVisibility,ChangeMessageVisibilityBatch,DeleteMessage,DeleteMessageBatch,GetQueueAttributes
		sqs:ReceiveMessage @ arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${queueName}
SQSSendMessagePolicy QueueName
	sqs:SendMessage* @ arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${queueName}
SSMParameterReadPolicy ParameterName
	ssm:DescribeParameters @ *
	ssm:GetParameters,GetParameter,GetParametersByPath @
		arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${parameterName}
SSMParameterWithSlashPrefixReadPolicy ParameterName
	ssm:DescribeParameters @ *
	ssm:GetParameters,GetParameter,GetParametersByPath @
		arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${parameterName}
SageMakerCreateEndpointConfigPolicy EndpointConfigName
	sagemaker:CreateEndpointConfig @
		arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint-config/${endpointConfigName}
SageMakerCreateEndpointPolicy EndpointName
	sagemaker:CreateEndpoint @ arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/${endpointName}
ServerlessRepoReadWriteAccessPolicy
	serverlessrepo:CreateApplication,CreateApplicationVersion,UpdateApplication,GetApplication,ListApplications
		serverlessrepo:ListApplicationVersions,ListApplicationDependencies @
		arn:${AWS::Partition}:serverlessrepo:${AWS::Region}:${AWS::AccountId}:applications/*
StepFunctionsCallbackPolicy StateMachineName
	states:SendTaskFailure,SendTaskHeartbeat,SendTaskSuccess @
		arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${stateMachineName}
StepFunctionsExecutionPolicy StateMachineName
	states:StartExecution @
		arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${stateMachineName}
StepFunctionsExecutionPolicy_v2 StateMachineName
	states:StartExecution,StartSyncExecution @
		arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${stateMachineName}
TextractDetectAnalyzePolicy
	textract:DetectDocumentText,StartDocumentTextDetection,StartDocumentAnalysis,AnalyzeDocument @ *
TextractGetResultPolicy
	textract:GetDocumentTextDetection,GetDocumentAnalysis @ *
TextractPolicy
	textract:* @ *
VPCAccessPolicy
	ec2:CreateNetworkInterface,DeleteNetworkInterface,DescribeNetworkInterfaces,DetachNetworkInterface @ *
`
