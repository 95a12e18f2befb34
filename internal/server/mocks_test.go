package server

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sfn calls an operation of Step Functions.
func sfn(t *testing.T, s *Server, operation, body string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AWSStepFunctions."+operation)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if _, err := fmt.Fprint(&b, resp.StatusCode, " "); err != nil {
		t.Fatal(err)
	}
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const orders = `arn:aws:states:us-east-1:000000000000:stateMachine:Orders`

// startSync starts an express execution, perhaps in a test case, and waits for its end.
func startSync(t *testing.T, s *Server, qualifier string) string {
	t.Helper()
	return sfn(t, s, "StartSyncExecution", fmt.Sprintf(`{"stateMachineArn":%q}`, orders+qualifier))
}

func TestTestCasesOfAMockFileAnswerTasks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mocks.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, func(c *Config) { c.MockConfig = file })
	sfn(t, s, "CreateStateMachine", `{"name":"Orders","type":"EXPRESS","roleArn":"arn:aws:iam::000000000000:role/r","definition":`+
		fmt.Sprintf("%q", `{"StartAt":"Charge","States":{"Charge":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:none",`+
			`"Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":1,"MaxAttempts":1}],"End":true}}}`)+`}`)
	if got := startSync(t, s, "#Paid"); !strings.Contains(got, "ValidationException") || !strings.Contains(got, "Invalid mock configuration") {
		t.Errorf("there is no file yet: %s", got)
	}
	write(`{"StateMachines":{"Orders":{"TestCases":{"Paid":{"Charge":"Once"}}}},
		"MockedResponses":{"Once":{"0":{"Return":{"paid":1}}}}}`)
	if got := startSync(t, s, "#Paid"); !strings.Contains(got, `{\"paid\":1}`) {
		t.Error(got)
	}
	if got := startSync(t, s, "#Unpaid"); !strings.Contains(got, "Invalid mock test case name 'Unpaid' for state machine 'Orders'") {
		t.Error(got)
	}
	write(`{"StateMachines":{"Orders":{"TestCases":{"Paid":{"Charge":"Retried"}}}},
		"MockedResponses":{"Retried":{"0":{"Throw":{"Error":"Busy","Cause":"later"}},"1":{"Return":{"paid":"again"}}}}}`)
	if got := startSync(t, s, "#Paid"); !strings.Contains(got, `{\"paid\":\"again\"}`) {
		t.Errorf("the file has changed, and the answer to the retry: %s", got)
	}
	if got := startSync(t, s, ""); !strings.Contains(got, "FAILED") {
		t.Errorf("without a case the function, which does not exist, is called: %s", got)
	}
}

func TestLiftedQuotasLetDataGrow(t *testing.T) {
	for _, lifted := range []bool{false, true} {
		s := start(t, func(c *Config) { c.LiftQuotas = lifted })
		sfn(t, s, "CreateStateMachine", `{"name":"Orders","type":"EXPRESS","roleArn":"arn:aws:iam::000000000000:role/r","definition":`+
			fmt.Sprintf("%q", `{"StartAt":"Double","States":{"Double":{"Type":"Pass","Parameters":{"a.$":"$","b.$":"$"},"End":true}}}`)+`}`)
		got := sfn(t, s, "StartSyncExecution", fmt.Sprintf(`{"stateMachineArn":%q,"input":%q}`, orders, `"`+strings.Repeat("x", 200_000)+`"`))
		if strings.Contains(got, "States.DataLimitExceeded") == lifted || strings.Contains(got, `"SUCCEEDED"`) != lifted {
			t.Errorf("lifted: %v, the answer has %d bytes: %.300s", lifted, len(got), got)
		}
	}
}
