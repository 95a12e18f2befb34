package durop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// anyUpdate draws an update over few ids, so that batches collide.
func anyUpdate(t *rapid.T) string {
	u := map[string]any{
		"Id":     rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "id"),
		"Type":   rapid.SampledFrom([]string{Step, Step, Context, Wait, Callback, ChainedInvoke, Execution}).Draw(t, "type"),
		"Action": rapid.SampledFrom([]string{Start, Start, Succeed, Fail, Retry, Cancel}).Draw(t, "action"),
	}
	maybe := func(key string, v any) {
		if rapid.Bool().Draw(t, key) {
			u[key] = v
		}
	}
	maybe("Payload", rapid.SampledFrom([]string{"", "1", `"é\"`, "\u0000"}).Draw(t, "payload"))
	if u["Action"] == Fail || u["Action"] == Retry {
		maybe("Error", map[string]any{"ErrorMessage": "m", "StackTrace": []string{"l"}})
	}
	if u["Action"] == Retry {
		u["StepOptions"] = map[string]any{"NextAttemptDelaySeconds": rapid.IntRange(1, 5).Draw(t, "delay")}
	}
	maybe("ParentId", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "parent"))
	if u["Type"] == Wait {
		maybe("WaitOptions", map[string]any{"WaitSeconds": rapid.IntRange(1, 5).Draw(t, "wait")})
	}
	if u["Type"] == Callback {
		u["CallbackOptions"] = map[string]any{"TimeoutSeconds": rapid.IntRange(0, 3).Draw(t, "timeout"), "HeartbeatTimeoutSeconds": rapid.IntRange(0, 3).Draw(t, "beat")}
	}
	if u["Type"] == ChainedInvoke {
		u["ChainedInvokeOptions"] = map[string]any{"FunctionName": "f"}
	}
	b, _ := json.Marshal(u)
	return string(b)
}

func rows(s *State) string {
	var b bytes.Buffer
	for _, o := range s.Ops {
		b.Write(o.Row())
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, s.Clock, s.Seen, s.Mark)
	return b.String()
}

// TestInvariants plays random batches and time against the state: a refused batch changes nothing, an accepted one leaves
// at least one event for each operation it touches unless it only makes a step ready, terminal operations never change again, nothing
// wakes early, everything shown is everything changed, and rows bring the same state back.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewState(nil, 0, 0, 0)
		now := int64(1_000_000)
		frozen := map[string]string{}
		for range rapid.IntRange(1, 12).Draw(t, "turns") {
			now += int64(rapid.IntRange(0, 3000).Draw(t, "passes"))
			before := rows(s)
			if rapid.Bool().Draw(t, "time") {
				if wake := s.NextWake(); wake > now {
					if changed, _ := s.Due(now); len(changed) > 0 || rows(s) != before {
						t.Fatalf("woke before %d at %d", wake, now)
					}
				} else if changed, _ := s.Due(now); wake != 0 && len(changed) == 0 {
					t.Fatalf("due at %d, nothing changed", wake)
				}
			} else {
				playBatch(t, s, now)
			}
			for _, o := range s.Ops {
				row := string(o.Row())
				if was, ok := frozen[o.ID]; ok && was != row {
					t.Fatalf("%s was over:\n%s\n%s", o.ID, was, row)
				}
				if o.Terminal() {
					frozen[o.ID] = row
				}
				if p := s.Find(o.ParentID); o.ParentID != "" && (p == nil || p.Index >= o.Index) {
					t.Fatalf("%s comes before its parent", o.ID)
				}
			}
			if n := len(s.Since(s.Seen)); n != len(s.Fresh()) {
				t.Fatalf("%d changed, %d fresh", n, len(s.Fresh()))
			}
			if rapid.Bool().Draw(t, "show") {
				s.Show()
			}
			s = reloaded(t, s)
		}
	})
}

func playBatch(t *rapid.T, s *State, now int64) {
	before := rows(s)
	list := ""
	for i := range rapid.IntRange(1, 4).Draw(t, "updates") {
		if i > 0 {
			list += ","
		}
		list += anyUpdate(t)
	}
	req, err := Parse([]byte(`{"CheckpointToken":"dA==","Updates":[` + list + `]}`))
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	if err := s.Check(req.Updates, Scope{Region: "us-east-1", Account: "000000000000", MaxResult: 100}); err != nil {
		if rows(s) != before {
			t.Fatalf("refused (%v) but changed", err)
		}
		return
	}
	adds, had := s.Adds(req.Updates), len(s.Ops)
	events := s.Apply(req.Updates, &Turn{Now: now, CallbackID: func(i int) string { return fmt.Sprint("cb", i) }, Closing: func(string, Update) {}})
	if len(s.Ops) != had+adds {
		t.Fatalf("added %d, foretold %d", len(s.Ops)-had, adds)
	}
	own := 0
	for _, u := range req.Updates {
		if u.Type != Execution {
			own++
		}
	}
	if len(events) != own {
		t.Fatalf("%d updates left %d events", own, len(events))
	}
	for i, e := range events {
		var v map[string]any
		if err := json.Unmarshal(e.Encode(uint64(i+1)), &v); err != nil || v["EventId"] != float64(i+1) {
			t.Fatalf("event %s: %v", e.Encode(1), err)
		}
	}
}

func reloaded(t *rapid.T, s *State) *State {
	var ops []*Operation
	for i := len(s.Ops) - 1; i >= 0; i-- {
		o, err := Load(s.Ops[i].Row())
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, o)
	}
	back := NewState(ops, s.Clock, s.Seen, s.Mark)
	if rows(back) != rows(s) || back.NextWake() != s.NextWake() {
		t.Fatalf("came back as\n%s\nwas\n%s", rows(back), rows(s))
	}
	return back
}
