package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/perdure/perdure/internal/states"
)

// cliCase is what the AWS CLI says of one operation, once answered and once refused. Words are separated by spaces.
type cliCase struct {
	answered string // arguments
	want     string // part of what is printed; "" for operations that answer nothing
	refused  string // arguments
	code     string
}

// cliCases are Step Functions' operations on what cliWorld has made: activities, machines and executions by name, and tokens
// as "@NAME"; "$" stands for the beginning of an ARN.
var cliCases = map[string]cliCase{
	"CreateActivity":   {"--name new", `"activityArn": "$activity:new"`, "--name a/b", "InvalidName"},
	"DescribeActivity": {"--activity-arn $activity:work", `"name": "work"`, "--activity-arn $activity:none", "ActivityDoesNotExist"},
	"ListActivities":   {"", `"activityArn": "$activity:work"`, "--next-token none", "InvalidToken"},
	"DeleteActivity":   {"--activity-arn $activity:spare", "", "--activity-arn spare", "InvalidArn"},
	"GetActivityTask":  {"--activity-arn $activity:taken", `"input": "{\"n\":1}"`, "--activity-arn $activity:none", "ActivityDoesNotExist"},
	"SendTaskSuccess":  {"--task-token @first --task-output {}", "", "--task-token bad --task-output {}", "InvalidToken"},
	"SendTaskFailure":  {"--task-token @second --error E --cause C", "", "--task-token bad", "InvalidToken"},
	"SendTaskHeartbeat": {"--task-token @third", "", "--task-token bad",
		"InvalidToken"},

	"CreateStateMachine": {"--name new --role-arn " + role + " --definition " + passMachine, `"stateMachineArn": "$stateMachine:new"`,
		"--name bad --role-arn " + role + " --definition {}", "InvalidDefinition"},
	"UpdateStateMachine": {"--state-machine-arn $stateMachine:changed --definition " + passMachine, `"revisionId": "`,
		"--state-machine-arn $stateMachine:changed", "MissingRequiredParameter"},
	"DescribeStateMachine": {"--state-machine-arn $stateMachine:m", `"status": "ACTIVE"`, "--state-machine-arn $stateMachine:none", "StateMachineDoesNotExist"},
	"DescribeStateMachineForExecution": {"--execution-arn $execution:m:runs", `"stateMachineArn": "$stateMachine:m"`,
		"--execution-arn $execution:m:none", "ExecutionDoesNotExist"},
	"ListStateMachines":  {"", `"stateMachineArn": "$stateMachine:m"`, "--next-token none", "InvalidToken"},
	"DeleteStateMachine": {"--state-machine-arn $stateMachine:spare", "", "--state-machine-arn spare", "InvalidArn"},
	"ValidateStateMachineDefinition": {"--definition " + passMachine, `"result": "OK"`,
		"--max-results 101 --definition " + passMachine, "ValidationException"},
	"TestState": {`--definition {"Type":"Pass","End":true} --input {"n":7} --role-arn ` + role, `"output": "{\"n\":7}"`,
		`--definition {"Type":"Nap"} --role-arn ` + role, "InvalidDefinition"},

	"PublishStateMachineVersion": {"--state-machine-arn $stateMachine:changing", `"stateMachineVersionArn": "$stateMachine:changing:1"`,
		"--state-machine-arn $stateMachine:none", "StateMachineDoesNotExist"},
	"ListStateMachineVersions": {"--state-machine-arn $stateMachine:m", `"stateMachineVersionArn": "$stateMachine:m:1"`,
		"--state-machine-arn m", "InvalidArn"},
	"DeleteStateMachineVersion": {"--state-machine-version-arn $stateMachine:short:1", "",
		"--state-machine-version-arn $stateMachine:m:1", "ConflictException"},
	"CreateStateMachineAlias": {"--name new --routing-configuration stateMachineVersionArn=$stateMachine:m:1,weight=100",
		`"stateMachineAliasArn": "$stateMachine:m:new"`,
		"--name bad --routing-configuration stateMachineVersionArn=$stateMachine:m:9,weight=100", "ResourceNotFound"},
	"DescribeStateMachineAlias": {"--state-machine-alias-arn $stateMachine:m:live", `"name": "live"`,
		"--state-machine-alias-arn $stateMachine:m:none", "ResourceNotFound"},
	"UpdateStateMachineAlias": {"--state-machine-alias-arn $stateMachine:m:live --description used", `"updateDate": `,
		"--state-machine-alias-arn $stateMachine:m:live --routing-configuration stateMachineVersionArn=$stateMachine:m:1,weight=50", "ValidationException"},
	"ListStateMachineAliases": {"--state-machine-arn $stateMachine:m", `"stateMachineAliasArn": "$stateMachine:m:live"`,
		"--state-machine-arn $stateMachine:none", "StateMachineDoesNotExist"},
	"DeleteStateMachineAlias": {"--state-machine-alias-arn $stateMachine:m:old", "", "--state-machine-alias-arn old", "InvalidArn"},

	"TagResource":         {"--resource-arn $activity:tagged --tags key=a,value=b", "", "--resource-arn $activity:none --tags key=a,value=b", "ResourceNotFound"},
	"UntagResource":       {"--resource-arn $activity:tagged --tag-keys none", "", "--resource-arn $activity:none --tag-keys a", "ResourceNotFound"},
	"ListTagsForResource": {"--resource-arn $activity:work", `"value": "blue"`, "--resource-arn $activity:none", "ResourceNotFound"},

	"StartExecution": {"--state-machine-arn $stateMachine:fails --name new", `"executionArn": "$execution:fails:new"`,
		"--state-machine-arn $stateMachine:m --input {", "InvalidExecutionInput"},
	"StartSyncExecution": {"--state-machine-arn $stateMachine:express", `"status": "SUCCEEDED"`,
		"--state-machine-arn $stateMachine:m", "StateMachineTypeNotSupported"},
	"StopExecution":     {"--execution-arn $execution:m:stopped --error E", `"stopDate": `, "--execution-arn $execution:m:none", "ExecutionDoesNotExist"},
	"RedriveExecution":  {"--execution-arn $execution:fails:failed", `"redriveDate": `, "--execution-arn $execution:m:runs", "ExecutionNotRedrivable"},
	"DescribeExecution": {"--execution-arn $execution:m:runs", `"status": "RUNNING"`, "--execution-arn $execution:m:none", "ExecutionDoesNotExist"},
	"ListExecutions": {"--state-machine-arn $stateMachine:m --status-filter RUNNING", `"executionArn": "$execution:m:runs"`,
		"--state-machine-arn $stateMachine:none", "StateMachineDoesNotExist"},
	"GetExecutionHistory": {"--execution-arn $execution:m:runs", `"type": "ActivityScheduled"`, "--execution-arn $execution:m:none", "ExecutionDoesNotExist"},

	"ListMapRuns":    {"--execution-arn $execution:maps:runs", `"mapRunArn": "@run"`, "--execution-arn $execution:maps:none", "ExecutionDoesNotExist"},
	"DescribeMapRun": {"--map-run-arn @run", `"status": "RUNNING"`, "--map-run-arn $mapRun:maps/each:none", "ResourceNotFound"},
	"UpdateMapRun":   {"--map-run-arn @run --max-concurrency 2", "", "--map-run-arn $mapRun:maps/each:none --max-concurrency 2", "ResourceNotFound"},
}

// cliWorld makes what cliCases speak of, and gives the values of their "@NAME".
func (c *sfnClient) cliWorld() map[string]string {
	c.Helper()
	for _, name := range []string{"work", "spare", "taken", "tokens", "tagged", "items"} {
		_, err := c.CreateActivity(background, &sfn.CreateActivityInput{Name: &name, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}})
		c.ok(err)
	}
	on := func(activity string) string { return fmt.Sprintf(taskMachine, statesARN+"activity:"+activity) }
	for name, definition := range map[string]string{"m": on("work"), "spare": passMachine, "changed": on("work"), "changing": passMachine,
		"short": passMachine, "taken": on("taken"), "tokens": on("tokens"), "express": passMachine, "maps": fmt.Sprintf(mapMachine, statesARN+"activity:items"),
		"fails": `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}}`} {
		in := &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String(role), Publish: name == "m" || name == "short"}
		if name == "express" {
			in.Type = types.StateMachineTypeExpress
		}
		_, err := c.CreateStateMachine(background, in)
		c.ok(err)
	}
	for _, alias := range []string{"live", "old"} {
		_, err := c.CreateStateMachineAlias(background, &sfn.CreateStateMachineAliasInput{Name: &alias, RoutingConfiguration: []types.RoutingConfigurationListItem{
			{StateMachineVersionArn: aws.String(statesARN + "stateMachine:m:1"), Weight: 100}}})
		c.ok(err)
	}
	for _, e := range [][3]string{{"m", "runs", "{}"}, {"m", "stopped", "{}"}, {"taken", "waits", `{"n":1}`}, {"fails", "failed", "{}"}, {"maps", "runs", "[1,2]"},
		{"tokens", "1", "{}"}, {"tokens", "2", "{}"}, {"tokens", "3", "{}"}} {
		_, err := c.StartExecution(background, &sfn.StartExecutionInput{StateMachineArn: aws.String(statesARN + "stateMachine:" + e[0]), Name: &e[1], Input: &e[2]})
		c.ok(err)
	}
	c.ended(aws.String(statesARN + "execution:fails:failed"))
	values := map[string]string{}
	for _, name := range []string{"first", "second", "third"} {
		values[name] = *c.task(statesARN + "activity:tokens").TaskToken
	}
	c.task(statesARN + "activity:items")
	runs, err := c.ListMapRuns(background, &sfn.ListMapRunsInput{ExecutionArn: aws.String(statesARN + "execution:maps:runs")})
	c.ok(err)
	values["run"] = *runs.MapRuns[0].MapRunArn
	return values
}

// kebab is an operation as the CLI spells it.
func kebab(operation string) string {
	var b strings.Builder
	for i, r := range operation {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// behindProxy runs the CLI with the server as its HTTP proxy, because the CLI puts "sync-" before the host for two operations,
// which no name server knows.
func (a awsCLI) behindProxy(args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command(a.path, args...)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+a.endpoint, "HTTP_PROXY="+a.endpoint, "http_proxy="+a.endpoint, "NO_PROXY=", "no_proxy=",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=",
		"AWS_MAX_ATTEMPTS=1", "HOME="+a.home, "AWS_CONFIG_FILE="+filepath.Join(a.home, "config"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(a.home, "credentials"))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestTheAWSCLIHasEveryStepFunctionsOperationAnsweredAndRefused(t *testing.T) {
	t.Parallel()
	path := command(t, "aws", "the AWS CLI")
	s := serve(t, t.TempDir())
	values := newSFN(t, s).cliWorld()
	a := awsCLI{path, s.Endpoint(), t.TempDir()}
	pairs := []string{"$", statesARN}
	for name, value := range values {
		pairs = append(pairs, "@"+name, value)
	}
	fill := strings.NewReplacer(pairs...)
	words := func(operation, args string) []string {
		return append([]string{"stepfunctions", kebab(operation)}, strings.Fields(fill.Replace(args))...)
	}
	known := map[string]bool{}
	for _, o := range states.New(states.Config{}).Operations() {
		known[o.Name] = true
		if _, ok := cliCases[o.Name]; !ok {
			t.Errorf("%s is offered, and the CLI does not try it", o.Name)
		}
	}
	for operation, call := range cliCases {
		if !known[operation] {
			t.Errorf("%s is tried, and not offered", operation)
		}
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			out, errs, err := a.behindProxy(words(operation, call.refused)...)
			if want := "(" + call.code + ") when calling the " + operation + " operation"; err == nil || !strings.Contains(errs, want) {
				t.Errorf("aws %q: said %q, printed %q, want %q", words(operation, call.refused), errs, out, want)
			}
			out, errs, err = a.behindProxy(words(operation, call.answered)...)
			if want := fill.Replace(call.want); err != nil || !strings.Contains(out, want) || want == "" && out != "" {
				t.Errorf("aws %q: %v %s, printed %q, want %q", words(operation, call.answered), err, errs, out, want)
			}
		})
	}
}
