package durop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

// TestSizes checks each limit at its edge; sizes count the UTF-8 bytes of the text, not of its JSON.
func TestSizes(t *testing.T) {
	step := `{"Id":"a","Type":"STEP","Action":"SUCCEED","Payload":"%s"}`
	invoke := `{"Id":"a","Type":"CHAINED_INVOKE","Action":"START","Payload":"%s","ChainedInvokeOptions":{"FunctionName":"f"}}`
	end := `{"Id":"a","Type":"EXECUTION","Action":"SUCCEED","Payload":"%s"}`
	failure := `{"Id":"a","Type":"STEP","Action":"FAIL","Error":{"ErrorMessage":"%s"}}`
	for _, c := range []struct {
		name, update, payload, want string
	}{
		{"step", step, strings.Repeat("x", 262144), ""},
		{"step", step, strings.Repeat("x", 262145), "STEP payload size must be less than or equal to 262144 bytes."},
		{"escapes", step, strings.Repeat(`\u0041\n`, 131072), ""},
		{"two bytes each", step, strings.Repeat(`\u00e9`, 131073), "STEP payload size must be less than or equal to 262144 bytes."},
		{"four bytes each", step, strings.Repeat(`\ud83d\ude00`, 65536), ""},
		{"invoke", invoke, strings.Repeat("x", 1048576), ""},
		{"invoke", invoke, strings.Repeat("x", 1048577), "CHAINED_INVOKE input payload size must be less than or equal to 1048576 bytes."},
		{"execution", end, strings.Repeat("x", 1048576), ""},
		{"execution", end, strings.Repeat("x", 1048577), "EXECUTION payload size must be less than or equal to 1048576 bytes."},
		{"error", failure, strings.Repeat("x", 32768-len(`{"ErrorMessage":""}`)), ""},
		{"error", failure, strings.Repeat("x", 32769-len(`{"ErrorMessage":""}`)), "Error object size must be less than 32768 bytes."},
	} {
		req, err := Parse([]byte(`{"CheckpointToken":"dA==","Updates":[` + fmt.Sprintf(c.update, c.payload) + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		err = NewState(nil, 0, 0, 0).Check(req.Updates, Scope{Region: "us-east-1", Account: "000000000000", MaxResult: 1048576})
		got := ""
		if e, ok := api.As(err); ok {
			got = e.Message
		}
		if got != c.want {
			t.Errorf("%s of %d: %q, want %q", c.name, len(c.payload), got, c.want)
		}
	}
}

func TestPagesHoldAtLeastOneOperation(t *testing.T) {
	s := NewState(nil, 0, 0, 0)
	for i := range 5 {
		s.add(&Operation{ID: fmt.Sprint(i), Type: Step, Status: Started, Result: Quote(strings.Repeat("x", 100))})
	}
	pages := 0
	for from := 0; from >= 0; pages++ {
		p, err := Collect(s.Ops, from, Seconds, Limits{Items: 10, Bytes: 1}, Inline)
		if err != nil {
			t.Fatal(err)
		}
		from = p.Next
	}
	if pages != 5 {
		t.Errorf("%d pages", pages)
	}
	p, _ := Collect(s.Ops, 0, Seconds, Limits{Items: 2, Bytes: 1 << 20, First: []byte("{}")}, Inline)
	if p.Next != 1 {
		t.Errorf("the execution and one operation make a page of two; next is %d", p.Next)
	}
}
