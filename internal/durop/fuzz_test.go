package durop

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"CheckpointToken":"dA==","Updates":[{"Id":"a","Type":"STEP","Action":"START"}]}`,
		`{"CheckpointToken":"dA==","ClientToken":"c","Updates":[{"Id":"a","Type":"STEP","Action":"RETRY","Payload":"\ud83d\ude00\u00e9","StepOptions":{"NextAttemptDelaySeconds":1.0}}]}`,
		`{"CheckpointToken":"dA==","Updates":[{"Id":"a","Type":"CONTEXT","Action":"FAIL","Error":{"StackTrace":[ "a" , "b"],"ErrorData":null}}]}`,
		`{"CheckpointToken":"dA==","Updates":[{"Id":"a","Type":"CHAINED_INVOKE","Action":"START","ChainedInvokeOptions":{"FunctionName":"f"}}]}`,
		`{}`, `[]`, `{"Updates":{}}`, `{"Updates":[[]]}`, "{\"CheckpointToken\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := Parse(body)
		if err != nil {
			return
		}
		s := NewState(nil, 0, 0, 0)
		if s.Check(req.Updates, Scope{Region: "us-east-1", Account: "000000000000", MaxResult: 1000}) != nil {
			return
		}
		events := s.Apply(req.Updates, &Turn{Now: 1, CallbackID: func(int) string { return "c" }, Closing: func(string, Update) {}})
		for _, e := range events {
			if b := e.Encode(1); !json.Valid(b) || !utf8.Valid(b) || !json.Valid(Withhold(b)) {
				t.Errorf("event %s", b)
			}
		}
		for _, o := range s.Ops {
			if b := AppendOperation(nil, o, Seconds, o.Result); !json.Valid(b) {
				t.Errorf("operation %s", b)
			}
			back, err := Load(o.Row())
			if err != nil || !bytes.Equal(back.Row(), o.Row()) {
				t.Errorf("row %s: %v", o.Row(), err)
			}
		}
	})
}

func FuzzJudge(f *testing.F) {
	for _, s := range []string{`{"Status":"SUCCEEDED","Result":"1"}`, `{"Status":"FAILED","Error":{"ErrorMessage":"m"}}`, `{"Status":"PENDING","Result":null}`, `null`, ` {"Status":7}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		v := Judge(out, 100)
		if v.Breach == "" && v.Status != Succeeded && v.Status != Failed && v.Status != Pending {
			t.Errorf("%q means %+v", out, v)
		}
		if v.Error != nil && !json.Valid(v.Error) {
			t.Errorf("error %s", v.Error)
		}
	})
}

func FuzzRuntimeError(f *testing.F) {
	f.Add([]byte(`{"errorMessage":"m","errorType":"t","stackTrace":["a",["f",1]]}`))
	f.Add([]byte("plain text \xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		o := RuntimeError(body, "T")
		if !json.Valid(o) {
			t.Errorf("%s", o)
		}
		if back, ok := ParseError(o); !ok || !bytes.Equal(back, o) {
			t.Errorf("%s came back as %s", o, back)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a\"b\\c\n\x00", "\U0001F600 é \u2028", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "\uFFFD")
		if !utf8.ValidString(s) {
			var b []byte
			for _, r := range s { // each bad byte is one U+FFFD
				b = utf8.AppendRune(b, r)
			}
			want = string(b)
		}
		q := Quote(s)
		var std string
		if err := json.Unmarshal(q, &std); err != nil || std != want {
			t.Errorf("%q quoted as %s: %v", s, q, err)
		}
		if q.String() != want || q.Len() != len(want) {
			t.Errorf("%s reads %q, length %d", q, q.String(), q.Len())
		}
		other, _ := json.Marshal(want) // escapes differently
		if o := Text(other); o.String() != want || o.Len() != len(want) {
			t.Errorf("%s reads %q, length %d, want %d", o, o.String(), o.Len(), len(want))
		}
	})
}
