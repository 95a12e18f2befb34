package durable_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/perdure/perdure/durable"
)

const testARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders:$LATEST/durable-execution/n/7d0a"

// endpoint answers the default client's calls: answers are used up in order, the last one stays.
type endpoint struct {
	t       *testing.T
	session string   // the token of temporary credentials, none when empty
	answers []string // "status code-header body"
	seen    []*http.Request
	bodies  []map[string]any
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		e.t.Error(err)
	}
	e.checkSignature(r, body)
	var decoded map[string]any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &decoded); err != nil {
			e.t.Errorf("body %s: %v", body, err)
		}
	}
	e.seen, e.bodies = append(e.seen, r), append(e.bodies, decoded)
	answer := e.answers[0]
	if len(e.answers) > 1 {
		e.answers = e.answers[1:]
	}
	var status int
	var code string
	_, _ = fmt.Sscan(answer, &status, &code)
	if code != "-" {
		w.Header().Set("X-Amzn-ErrorType", code)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer[strings.Index(answer, "{"):])
}

// checkSignature signs the same request with the AWS SDK's signer: both must agree.
func (e *endpoint) checkSignature(r *http.Request, body []byte) {
	copied, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.EscapedPath()+"?"+r.URL.RawQuery, bytes.NewReader(nil))
	if err != nil {
		e.t.Error(err)
		return
	}
	copied.Header.Del("User-Agent")
	if ct := r.Header.Get("Content-Type"); ct != "" {
		copied.Header.Set("Content-Type", ct)
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		e.t.Error(err)
		return
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET", SessionToken: e.session}, copied,
		hex.EncodeToString(sum[:]), "lambda", "eu-central-1", at)
	if err != nil {
		e.t.Error(err)
	}
	if got, want := r.Header.Get("Authorization"), copied.Header.Get("Authorization"); got != want {
		e.t.Errorf("authorization\n got %s\nwant %s", got, want)
	}
}

// invokeThrough runs one invocation of a one-step function with the default client.
func invokeThrough(t *testing.T, e *endpoint, state string) (string, error) {
	t.Helper()
	e.t = t
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	t.Setenv("AWS_ENDPOINT_URL", "http://nobody.invalid")
	t.Setenv("AWS_ENDPOINT_URL_LAMBDA", srv.URL)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
	t.Setenv("AWS_SESSION_TOKEN", e.session)
	fn := durable.Wrap(func(ctx durable.Context, in string) (string, error) {
		v, err := durable.Step(ctx, "s", func(durable.StepContext) (string, error) { return "<" + in + ">", nil })
		_ = err // what the client makes of a failed call must not depend on the handler
		return v, nil
	}, durable.WithStartGrace(time.Hour))
	out, err := fn(context.Background(), []byte(`{"DurableExecutionArn":"`+testARN+`","CheckpointToken":"abc+/=","InitialExecutionState":`+state+`}`))
	return string(out), err
}

const firstState = `{"Operations":[{"Id":"7d0a","Type":"EXECUTION","Status":"STARTED","StartTimestamp":1700000000000,"ExecutionDetails":{"InputPayload":"\"in\""}}],"NextMarker":""}`

func TestClientSignsAndSpeaksTheCheckpointAPI(t *testing.T) {
	e := &endpoint{session: "TOKEN", answers: []string{`200 - {"CheckpointToken":"t2","NewExecutionState":{"Operations":[]}}`}}
	out, err := invokeThrough(t, e, firstState)
	if err != nil || out != `{"Status":"SUCCEEDED","Result":"\"<in>\""}` {
		t.Fatal(out, err)
	}
	if len(e.seen) != 1 {
		t.Fatalf("%d calls for one quick step", len(e.seen))
	}
	if p := e.seen[0].URL.EscapedPath(); p != "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Aorders%3A%24LATEST%2Fdurable-execution%2Fn%2F7d0a/checkpoint" {
		t.Error(p)
	}
	if n := len(e.bodies[0]["Updates"].([]any)); n != 2 || e.bodies[0]["CheckpointToken"] != "abc+/=" {
		t.Errorf("%d updates: %v", n, e.bodies[0])
	}
	if id := e.bodies[0]["ClientToken"].(string); len(id) != 36 {
		t.Error(id)
	}
}

func TestClientRepeatsWithTheSameClientToken(t *testing.T) {
	e := &endpoint{answers: []string{`500 ServiceException {"message":"again"}`, `429 TooManyRequestsException {"message":"slow"}`,
		`200 - {"CheckpointToken":"t2","NewExecutionState":{"Operations":[]}}`}}
	if out, err := invokeThrough(t, e, firstState); err != nil || !strings.Contains(out, "SUCCEEDED") {
		t.Fatal(out, err)
	}
	if len(e.bodies) != 3 || e.bodies[0]["ClientToken"] != e.bodies[2]["ClientToken"] {
		t.Errorf("%v", e.bodies)
	}
}

func TestClientSignsEveryCallWithAndWithoutASession(t *testing.T) {
	step := `{"Id":"6b86b273ff34fce19d6b804eff5a3f57","Type":"STEP","SubType":"Step","Name":"s","Status":"READY","StepDetails":{"Attempt":1}}`
	for _, session := range []string{"", "TO/K+EN=="} {
		e := &endpoint{session: session, answers: []string{`200 - {"Operations":[` + step + `],"NextMarker":"m/2"}`, `200 - {"Operations":[]}`,
			`500 ServiceException {"message":"again"}`, `200 - {"CheckpointToken":"t2","NewExecutionState":{"Operations":[]}}`}}
		out, err := invokeThrough(t, e, strings.Replace(firstState, `"NextMarker":""`, `"NextMarker":"m/1"`, 1))
		if err != nil || !strings.Contains(out, "SUCCEEDED") {
			t.Error(out, err)
		}
		var calls []string
		for _, r := range e.seen {
			calls = append(calls, r.Method+" "+r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
			if got := r.Header.Get("X-Amz-Security-Token"); got != session {
				t.Errorf("session token %q", got)
			}
		}
		if got := strings.Join(calls, ", "); got != "GET state, GET state, POST checkpoint, POST checkpoint" {
			t.Error(got)
		}
	}
}

func TestClientReadsFurtherPagesOfState(t *testing.T) {
	step := `{"Id":"6b86b273ff34fce19d6b804eff5a3f57","Type":"STEP","SubType":"Step","Name":"s","Status":"SUCCEEDED","StartTimestamp":1.5,"StepDetails":{"Attempt":1,"Result":"\"kept\""}}`
	e := &endpoint{answers: []string{`200 - {"Operations":[` + step + `]}`}}
	out, err := invokeThrough(t, e, strings.Replace(firstState, `"NextMarker":""`, `"NextMarker":"m/1"`, 1))
	if err != nil || !strings.Contains(out, "kept") {
		t.Fatal(out, err)
	}
	if q := e.seen[0].URL.RawQuery; q != "CheckpointToken=abc%2B%2F%3D&Marker=m%2F1&MaxItems=1000" {
		t.Error(q)
	}
}

func TestRefusedCheckpointFailsTheExecutionWhateverTheHandlerDoes(t *testing.T) {
	e := &endpoint{answers: []string{`400 InvalidParameterValueException {"message":"STEP payload size must be less than or equal to 262144 bytes."}`}}
	out, err := invokeThrough(t, e, firstState)
	if err != nil || !strings.Contains(out, `"Status":"FAILED"`) || !strings.Contains(out, "CheckpointError") {
		t.Error(out, err)
	}
}

func TestStaleTokenAndServiceFaultsEndTheInvocationOnly(t *testing.T) {
	for _, answer := range []string{`400 InvalidParameterValueException {"message":"Invalid Checkpoint Token: used"}`, `503 ServiceException {"Message":"down"}`} {
		e := &endpoint{answers: []string{answer}}
		if out, err := invokeThrough(t, e, firstState); err == nil {
			t.Errorf("%s: answered %s", answer, out)
		}
	}
}
