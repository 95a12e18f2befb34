package asl_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
)

var update = flag.Bool("update", false, "write what the stories do into their files")

// story is a conversation with an execution: sections that begin with "-- name --". definition and input say what is run,
// play what happens in which order, and events what comes of it.
//
// A line of play is one of
//
//	start
//	submit|succeed|heartbeat TASK [JSON]     TASK is a state's name, _ for a blank: its oldest open task
//	fail TASK [ERROR [CAUSE]]
//	worker TASK NAME
//	wait DURATION                            time passes; timers that come due fire
//	stop [ERROR [CAUSE]]
//	redrive
//	reload                                   from here on it is loaded from its rows before every step
type story struct {
	names  []string
	bodies map[string]string
}

func parseStory(s string) *story {
	st := &story{bodies: map[string]string{}}
	name := ""
	for _, line := range strings.SplitAfter(s, "\n") {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "-- ") && strings.HasSuffix(trimmed, " --") {
			name = trimmed[3 : len(trimmed)-3]
			st.names = append(st.names, name)
			continue
		}
		st.bodies[name] += line
	}
	return st
}

func (s *story) section(name string) string { return strings.TrimSpace(s.bodies[name]) }

func TestStoriesGoAsWritten(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := parseStory(string(data))
			got := tellStory(t, s, false)
			if again := tellStory(t, s, true); again != got {
				t.Errorf("loaded before every step it goes otherwise:\n%s", again)
			}
			if *update {
				text := strings.TrimSpace(s.bodies[""])
				if text != "" {
					text += "\n"
				}
				for _, name := range []string{"definition", "input", "play"} {
					text += "-- " + name + " --\n" + s.section(name) + "\n"
				}
				if err := os.WriteFile(file, []byte(text+"-- events --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := s.section("events") + "\n"; got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// tellStory plays a story and prints what was seen.
func tellStory(t *testing.T, s *story, reload bool) string {
	m, ds := asl.Parse([]byte(s.section("definition")), asl.Options{})
	if m == nil {
		return asl.Invalid(ds) + "\n"
	}
	p := newPlay(t, m, s.section("input"))
	p.reload, p.manual = reload, true
	var out strings.Builder
	seen := 0
	for _, line := range strings.Split(s.section("play"), "\n") {
		fmt.Fprintf(&out, "> %s\n", line)
		if err := p.line(line); err != nil {
			fmt.Fprintf(&out, "  %v\n", err)
		}
		for ; seen < len(p.events); seen++ {
			out.WriteString("  " + printEvent(p.events[seen]) + "\n")
		}
		for _, k := range sorted(p.timers) {
			fmt.Fprintf(&out, "  timer %s +%s\n", k, p.timers[k].Sub(playStart))
		}
	}
	return out.String()
}

func printEvent(e map[string]any) string {
	details := ""
	for k, v := range e {
		if strings.HasSuffix(k, "EventDetails") {
			d := v.(map[string]any)
			var parts []string
			for name, v := range d {
				if strings.HasSuffix(name, "Details") || name == "roleArn" {
					continue
				}
				text, ok := v.(string)
				if !ok {
					b, _ := json.Marshal(v)
					text = string(b)
				}
				parts = append(parts, name+"="+text)
			}
			sort.Strings(parts)
			details = " " + strings.Join(parts, " ")
		}
	}
	return fmt.Sprintf("%v<%v %v%s", e["id"], e["previousEventId"], e["type"], details)
}

// line does what a line of a play says.
func (p *play) line(line string) error {
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	task, arg, _ := strings.Cut(rest, " ")
	first, second, _ := strings.Cut(arg, " ")
	key := p.openTask(task)
	switch word {
	case "start":
		return p.try(asl.Start{})
	case "submit":
		return p.try(asl.TaskSubmitted{Key: key, Output: []byte(arg)})
	case "succeed":
		return p.try(asl.TaskSucceeded{Key: key, Output: []byte(arg)})
	case "fail":
		return p.try(asl.TaskFailed{Key: key, Error: optionalText(first), Cause: optionalText(second)})
	case "heartbeat":
		return p.try(asl.TaskHeartbeat{Key: key})
	case "worker":
		return p.try(asl.TaskStarted{Key: key, Worker: arg})
	case "stop":
		return p.try(asl.Stop{Error: optionalText(task), Cause: optionalText(arg)})
	case "redrive":
		return p.try(asl.Redrive{})
	case "reload":
		p.reload = true
		return nil
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		return p.pass(d)
	}
	return fmt.Errorf("what is %q?", line)
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// openTask is the key of the oldest open task of a state.
func (p *play) openTask(state string) string {
	for _, t := range p.open {
		if strings.ReplaceAll(t.State, " ", "_") == state {
			return t.Key
		}
	}
	return "0:999"
}

// pass lets time go by.
func (p *play) pass(d time.Duration) error {
	end := p.now.Add(d)
	for {
		key := ""
		for _, k := range sorted(p.timers) {
			if !p.timers[k].After(end) && (key == "" || p.timers[k].Before(p.timers[key])) {
				key = k
			}
		}
		if key == "" {
			p.now = end
			return nil
		}
		if p.timers[key].After(p.now) {
			p.now = p.timers[key]
		}
		delete(p.timers, key)
		if err := p.try(asl.TimerDue{Key: key}); err != nil {
			return err
		}
	}
}
