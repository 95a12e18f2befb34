package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTheAWSCLIMakesAConnectionThatAnHTTPTaskCallsOver(t *testing.T) {
	t.Parallel()
	path := command(t, "aws", "the AWS CLI")
	s := serve(t, t.TempDir())
	a := awsCLI{path, s.Endpoint(), t.TempDir()}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.WriteString(w, req.Header.Get("X-Key"))
	}))
	t.Cleanup(api.Close)
	parameters := "ApiKeyAuthParameters={ApiKeyName=X-Key,ApiKeyValue=%s}"

	made := a.answers(t, "events", "create-connection", "--name", "api", "--authorization-type", "API_KEY", "--auth-parameters", fmt.Sprintf(parameters, "old"))
	arn := made["ConnectionArn"].(string)
	if made["ConnectionState"] != "AUTHORIZED" || !strings.HasPrefix(arn, "arn:aws:events:us-east-1:000000000000:connection/api/") || made["CreationTime"] == nil {
		t.Errorf("create-connection: %v", made)
	}
	a.refused(t, "(ResourceAlreadyExistsException)", "events", "create-connection", "--name", "api", "--authorization-type", "API_KEY",
		"--auth-parameters", fmt.Sprintf(parameters, "k"))
	a.answers(t, "events", "update-connection", "--name", "api", "--auth-parameters", fmt.Sprintf(parameters, "new"))
	got := a.answers(t, "events", "describe-connection", "--name", "api")
	if got["ConnectionArn"] != arn || fmt.Sprint(got["AuthParameters"]) != "map[ApiKeyAuthParameters:map[ApiKeyName:X-Key]]" {
		t.Errorf("describe-connection: %v", got)
	}
	if list := a.answers(t, "events", "list-connections")["Connections"].([]any); len(list) != 1 || list[0].(map[string]any)["Name"] != "api" {
		t.Errorf("list-connections: %v", list)
	}
	a.refused(t, "(UnknownOperationException) when calling the ListRules operation: events:ListRules is not supported here", "events", "list-rules")

	definition := fmt.Sprintf(`{"StartAt":"H","States":{"H":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":%q,`+
		`"Method":"GET","Authentication":{"ConnectionArn":%q}},"OutputPath":"$.ResponseBody","End":true}}}`, api.URL, arn)
	machine := a.answers(t, "stepfunctions", "create-state-machine", "--name", "m", "--definition", definition, "--role-arn", role)["stateMachineArn"].(string)
	execution := a.answers(t, "stepfunctions", "start-execution", "--state-machine-arn", machine)["executionArn"].(string)
	s.succeeded(t, execution, 20*time.Second)
	if got := a.answers(t, "stepfunctions", "describe-execution", "--execution-arn", execution); got["output"] != `"new"` {
		t.Errorf("describe-execution: %v", got)
	}
	if got := a.answers(t, "events", "delete-connection", "--name", "api"); got["ConnectionState"] != "DELETING" {
		t.Errorf("delete-connection: %v", got)
	}
	a.refused(t, "(ResourceNotFoundException)", "events", "describe-connection", "--name", "api")
}
