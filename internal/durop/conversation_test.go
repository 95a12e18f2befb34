package durop

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into testdata; read the difference before you believe it")

// TestConversations plays testdata/*.txt. A line that begins with ">" is played, indented JSON lines under a checkpoint are
// its updates, all other indented lines are what must come out.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s plays differently:\n%s", file, firstDifference(string(want), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\n want %s\n  got %s", i+1, w[i], strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""))
		}
	}
	return "more lines than expected: " + g[len(w)]
}

// player is one conversation.
type player struct {
	state  *State
	number uint64
	out    strings.Builder
}

func play(t *testing.T, script string) string {
	p := &player{state: NewState(nil, 0, 0, 0), number: 1}
	lines := strings.Split(strings.TrimRight(script, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if !strings.HasPrefix(line, ">") {
			if !strings.HasPrefix(line, "  ") {
				fmt.Fprintln(&p.out, line)
			}
			continue
		}
		fmt.Fprintln(&p.out, line)
		var updates []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  {") {
			i++
			updates = append(updates, strings.TrimSpace(lines[i]))
			fmt.Fprintln(&p.out, lines[i])
		}
		p.step(t, strings.Fields(line[1:]), updates)
		p.reload(t)
	}
	return p.out.String()
}

// reload sends every operation through its row, so that a conversation also shows that nothing is lost by keeping it.
func (p *player) reload(t *testing.T) {
	var ops []*Operation
	for _, o := range p.state.Ops {
		back, err := Load(o.Row())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Row(), o.Row()) {
			t.Fatalf("row %s came back as %s", o.Row(), back.Row())
		}
		ops = append(ops, back)
	}
	p.state = NewState(ops, p.state.Clock, p.state.Seen, p.state.Mark)
}

func (p *player) step(t *testing.T, words, updates []string) {
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(words[0], "s"), 64)
	if err != nil {
		t.Fatal(err)
	}
	now := int64(1_000_000_000_000 + seconds*1000)
	turn := &Turn{Now: now, CallbackID: func(i int) string { return fmt.Sprintf("cb%d", i) }, Closing: func(status string, u Update) {
		fmt.Fprintf(&p.out, "  closes %s %s%s\n", status, u.Payload, u.Error)
	}}
	switch words[1] {
	case "checkpoint":
		p.checkpoint(turn, updates)
	case "time":
		_, events := p.state.Due(now)
		p.events(events)
	case "succeed", "fail":
		var result Text
		var failure Object
		if words[1] == "succeed" && len(words) > 3 {
			result = Text(words[3])
		}
		if words[1] == "fail" {
			failure = NewError(words[3], "")
		}
		e, ok := p.state.Answer(p.state.Find(words[2]), result, failure, now)
		p.event(e, ok)
	case "beat":
		p.state.Beat(p.state.Find(words[2]), now)
	case "return":
		out := Outcome{Status: words[3], Seconds: 60}
		if len(words) > 4 && out.Status == Succeeded {
			out.Result = Text(words[4])
		} else if len(words) > 4 {
			out.Error = NewError(words[4], "Child")
		}
		e, ok := p.state.Return(p.state.Find(words[2]), out, now)
		p.event(e, ok)
	case "invoke":
		fmt.Fprintf(&p.out, "  updated %v\n", p.state.Updated())
		page, _ := Collect(p.state.Visible(), 0, Millis, Limits{Items: 1000, Bytes: 1 << 20}, Inline)
		fmt.Fprintf(&p.out, "  page %s\n", page.Operations)
		p.state.Show()
	case "end":
		may, ready := p.state.Suspends()
		fmt.Fprintf(&p.out, "  may suspend %v, ready %v, unseen %v\n", may, ready, p.state.Unseen())
		p.state.Told()
	default:
		t.Fatalf("what is %q?", words[1])
	}
	if at := p.state.NextWake(); at != 0 {
		fmt.Fprintf(&p.out, "  wakes %gs\n", float64(at-1_000_000_000_000)/1000)
	}
}

func (p *player) checkpoint(turn *Turn, updates []string) {
	body := `{"CheckpointToken":"dA==","Updates":[` + strings.Join(updates, ",") + `]}`
	req, err := Parse([]byte(body))
	if err == nil {
		err = p.state.Check(req.Updates, Scope{Region: "us-east-1", Account: "000000000000", MaxResult: 6291456})
	}
	if err != nil {
		var e *api.Error
		if !errors.As(err, &e) {
			panic(err)
		}
		fmt.Fprintf(&p.out, "  refused %s: %s\n", e.Code, e.Message)
		return
	}
	for i := range req.Updates {
		if g := req.Updates[i].Invoke; g != nil {
			if strings.Contains(g.FunctionName, "missing") {
				g.Refused = NewError("Function not found: "+g.FunctionName, "ResourceNotFoundException")
			} else {
				g.ExecutedVersion, g.ExecutionARN = "7", "arn:child"
			}
		}
	}
	_, events := p.state.Due(turn.Now)
	p.events(append(events, p.state.Apply(req.Updates, turn)...))
	for _, o := range p.state.Fresh() {
		fmt.Fprintf(&p.out, "  op %s\n", AppendOperation(nil, o, Seconds, o.Result))
	}
	p.state.Show()
}

func (p *player) event(e Event, ok bool) {
	if !ok {
		fmt.Fprintln(&p.out, "  not open")
		return
	}
	p.events([]Event{e})
}

func (p *player) events(events []Event) {
	for _, e := range events {
		p.number++
		fmt.Fprintf(&p.out, "  event %s\n", e.Encode(p.number))
	}
}
