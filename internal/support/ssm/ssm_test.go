package ssm

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store/mem"
)

// service gives a function that does an operation and returns the answer, or the error's code.
func service(t *testing.T) func(operation, body string) string {
	t.Helper()
	s := New(Config{Store: mem.New(), Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	return func(operation, body string) string {
		t.Helper()
		for _, o := range s.Operations() {
			if o.Name != operation {
				continue
			}
			resp, err := o.Handle(context.Background(), &api.Request{Region: "eu-west-1", Account: "000000000000", Body: []byte(body)})
			if e, ok := api.As(err); ok {
				return e.Code
			}
			if err != nil {
				t.Fatal(err)
			}
			return string(resp.Body)
		}
		t.Fatalf("there is no operation %s", operation)
		return ""
	}
}

func TestParametersAreKeptOverwrittenAndDeleted(t *testing.T) {
	do := service(t)
	for i, step := range []struct{ operation, body, want string }{
		{"GetParameter", `{"Name":"/a"}`, "ParameterNotFound"},
		{"PutParameter", `{"Name":"/a","Type":"String","Value":"1"}`, `{"Version":1,"Tier":"Standard"}`},
		{"PutParameter", `{"Name":"/a","Type":"String","Value":"2"}`, "ParameterAlreadyExists"},
		{"PutParameter", `{"Name":"/a","Value":"2","Overwrite":true}`, `{"Version":2,"Tier":"Standard"}`},
		{"GetParameter", `{"Name":"/a","WithDecryption":true}`, `"Value":"2","Version":2,"LastModifiedDate":1800000000,"ARN":"arn:aws:ssm:eu-west-1:000000000000:parameter/a"`},
		{"GetParameter", `{"Name":"arn:aws:ssm:eu-west-1:000000000000:parameter/a"}`, `"Value":"2"`},
		{"GetParameters", `{"Names":["/a","/b"]}`, `"InvalidParameters":["/b"]`},
		{"DeleteParameter", `{"Name":"/a"}`, `{}`},
		{"DeleteParameter", `{"Name":"/a"}`, "ParameterNotFound"},
		{"PutParameter", `{"Name":"/a","Value":"2"}`, "ValidationException"},
		{"PutParameter", `{"Name":"a b","Type":"String","Value":"2"}`, "ValidationException"},
		{"PutParameter", `{"Name":"/a","Type":"String","Value":"` + strings.Repeat("x", maxValue+1) + `"}`, "ValidationException"},
		{"GetParametersByPath", `{"Path":"a"}`, "ValidationException"},
		{"GetParametersByPath", `{"Path":"/","NextToken":"x"}`, "InvalidNextToken"},
		{"GetParameters", `{}`, "ValidationException"},
		{"GetParameter", `[]`, "SerializationException"},
	} {
		if got := do(step.operation, step.body); !strings.Contains(got, step.want) {
			t.Errorf("step %d, %s %.80s: got %s, want %s", i, step.operation, step.body, got, step.want)
		}
	}
}

func TestBootstrapVersionIsThereUntilAnotherIsWritten(t *testing.T) {
	do := service(t)
	const name = `"Name":"/cdk-bootstrap/hnb659fds/version"`
	for i, step := range []struct{ operation, body, want string }{
		{"GetParameter", `{` + name + `}`, `"Value":"` + BootstrapVersion + `"`},
		{"DeleteParameter", `{` + name + `}`, "ParameterNotFound"},
		{"PutParameter", `{` + name + `,"Type":"String","Value":"40"}`, `"Version":1`},
		{"GetParameter", `{` + name + `}`, `"Value":"40"`},
		{"DeleteParameter", `{` + name + `}`, `{}`},
		{"GetParameter", `{` + name + `}`, `"Value":"` + BootstrapVersion + `"`},
		{"GetParameter", `{"Name":"/cdk-bootstrap/other/thing"}`, "ParameterNotFound"},
	} {
		if got := do(step.operation, step.body); !strings.Contains(got, step.want) {
			t.Errorf("step %d, %s: got %s, want %s", i, step.operation, got, step.want)
		}
	}
}

func TestPathsAreListedInPages(t *testing.T) {
	do := service(t)
	for i := range 12 {
		do("PutParameter", fmt.Sprintf(`{"Name":"/p/%02d","Type":"String","Value":"v"}`, i))
	}
	do("PutParameter", `{"Name":"/p/deep/er","Type":"String","Value":"v"}`)
	first := do("GetParametersByPath", `{"Path":"/p"}`)
	if n := strings.Count(first, `"Name"`); n != 10 || !strings.Contains(first, `"NextToken":"eu-west-1/000000000000//p/09"`) {
		t.Errorf("the first page has %d: %s", n, first)
	}
	for body, want := range map[string]int{
		`{"Path":"/p/","NextToken":"eu-west-1/000000000000//p/09"}`:                  2,
		`{"Path":"/p/","Recursive":true,"NextToken":"eu-west-1/000000000000//p/09"}`: 3,
		`{"Path":"/none"}`: 0,
	} {
		if got := do("GetParametersByPath", body); strings.Count(got, `"Name"`) != want {
			t.Errorf("%s: got %s, want %d", body, got, want)
		}
	}
}
