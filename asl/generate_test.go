package asl_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
)

// generator makes a definition out of bytes, so that a fuzzer that changes bytes changes definitions that parse.
type generator struct {
	bytes   []byte
	states  int
	jsonata bool
}

func (g *generator) pick(n int) int {
	if len(g.bytes) == 0 {
		return 0
	}
	b := int(g.bytes[0])
	g.bytes = g.bytes[1:]
	return b % n
}

func (g *generator) of(choices ...string) string { return choices[g.pick(len(choices))] }

// machine is a whole definition.
func (g *generator) machine() string {
	g.jsonata = g.pick(2) == 1
	language := ""
	if g.jsonata {
		language = `"QueryLanguage":"JSONata",`
	}
	timeout := g.of("", `"TimeoutSeconds":500,`)
	return "{" + language + timeout + g.block(0) + "}"
}

// block is StartAt and States: a chain of states, with catchers and choices that lead forward or back.
func (g *generator) block(depth int) string {
	n := 1 + g.pick(3)
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("S%d", g.states)
		g.states++
	}
	var states []string
	for i, name := range names {
		next := `"End":true`
		if i+1 < n {
			next = `"Next":"` + names[i+1] + `"`
		}
		states = append(states, fmt.Sprintf(`%q:{%s}`, name, g.state(depth, next, names, i)))
	}
	return fmt.Sprintf(`"StartAt":%q,"States":{%s}`, names[0], strings.Join(states, ","))
}

func (g *generator) state(depth int, next string, names []string, i int) string {
	kind := g.pick(9)
	if depth > 3 && kind >= 4 && kind <= 6 {
		kind = 0
	}
	switch kind {
	case 1:
		return g.wait() + "," + next
	case 2, 3:
		return `"Type":"Task","Resource":` + g.of(`"arn:aws:states:::lambda:invoke"`, `"arn:aws:states:::lambda:invoke.waitForTaskToken"`,
			`"arn:aws:lambda:us-east-1:123456789012:function:f"`, `"arn:aws:states:us-east-1:123456789012:activity:a"`,
			`"arn:aws:states:::states:startExecution.sync:2"`) + "," +
			g.of("", `"TimeoutSeconds":20,`, `"TimeoutSeconds":60,"HeartbeatSeconds":10,`) + g.payload() + g.flow() + g.errors(names) + next
	case 4:
		n := 1 + g.pick(3)
		branches := make([]string, n)
		for i := range branches {
			branches[i] = "{" + g.block(depth+1) + "}"
		}
		return `"Type":"Parallel","Branches":[` + strings.Join(branches, ",") + "]," + g.flow() + g.errors(names) + next
	case 5, 6:
		return `"Type":"Map",` + g.items() + g.of("", `"MaxConcurrency":1,`, `"MaxConcurrency":2,`) +
			`"ItemProcessor":{` + g.of("", `"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},`) + g.block(depth+1) + "}," +
			g.flow() + g.errors(names) + next
	case 7:
		if i+1 == len(names) {
			return g.of(`"Type":"Succeed"`, `"Type":"Fail","Error":"E","Cause":"C"`, `"Type":"Fail"`)
		}
		return g.choice(names, i)
	}
	return `"Type":"Pass",` + g.flow() + next
}

func (g *generator) wait() string {
	if g.jsonata {
		return `"Type":"Wait",` + g.of(`"Seconds":5`, `"Seconds":"{% $states.input.n %}"`, `"Timestamp":"{% $states.input.t %}"`)
	}
	return `"Type":"Wait",` + g.of(`"Seconds":5`, `"SecondsPath":"$.n"`, `"TimestampPath":"$.t"`)
}

func (g *generator) payload() string {
	if g.jsonata {
		return g.of("", `"Arguments":{"a":"{% $states.input.a %}"},`, `"Arguments":"{% $states.context.State %}",`)
	}
	return g.of("", `"Parameters":{"a.$":"$.a"},`, `"Parameters":{"c.$":"$$","t.$":"$$.Task.Token"},`)
}

func (g *generator) items() string {
	if g.jsonata {
		return g.of("", `"Items":[1,2,3],`, `"Items":"{% $states.input.a %}",`, `"Items":"{% [1..50] %}",`)
	}
	return g.of("", `"ItemsPath":"$.a",`, `"ItemSelector":{"i.$":"$$.Map.Item.Index"},`)
}

// flow is what shapes output and variables.
func (g *generator) flow() string {
	if g.jsonata {
		return g.of("", `"Output":"{% $states.input %}",`, `"Assign":{"v":"{% $states.input.n %}"},`, `"Output":{"v":"{% $v %}"},`, `"Output":"{% 1 + 'x' %}",`)
	}
	return g.of("", `"ResultPath":"$.r.s",`, `"ResultPath":null,`, `"OutputPath":"$.a",`, `"InputPath":"$.a",`, `"Assign":{"v.$":"$.n"},`)
}

func (g *generator) errors(names []string) string {
	out := g.of("", `"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":2,"MaxAttempts":2},{"ErrorEquals":["States.ALL"],"MaxAttempts":1}],`)
	if g.pick(2) == 1 {
		out += fmt.Sprintf(`"Catch":[{"ErrorEquals":[%q],"Next":%q}],`, g.of("States.ALL", "E", "States.TaskFailed"), names[g.pick(len(names))])
	}
	return out
}

func (g *generator) choice(names []string, i int) string {
	to := names[g.pick(len(names))]
	if g.jsonata {
		return fmt.Sprintf(`"Type":"Choice","Choices":[{"Condition":"{%% $states.input.n > 3 %%}","Next":%q}],"Default":%q`, to, names[i+1])
	}
	return fmt.Sprintf(`"Type":"Choice","Choices":[{"Or":[{"Variable":"$.n","NumericGreaterThan":3},{"Variable":"$.a","IsPresent":true}],"Next":%q}],"Default":%q`,
		to, names[i+1])
}

// FuzzMachines is FuzzStep with definitions that parse. In addition an execution that is loaded from its rows before
// every step has the history of one that stays in memory.
func FuzzMachines(f *testing.F) {
	for i := range 40 {
		var b []byte
		for j := range 60 {
			b = append(b, byte((i*31+j*17)*(j+3)>>2))
		}
		f.Add(b, []byte{0, 200, 6, 66, 3, 131, 4, 5})
	}
	f.Fuzz(func(t *testing.T, recipe, script []byte) {
		g := &generator{bytes: recipe[:min(len(recipe), 400)]}
		definition := g.machine()
		m, _ := asl.Parse([]byte(definition), asl.Options{})
		if m == nil {
			return
		}
		memory := playScript(t, m, definition, script, false)
		loaded := playScript(t, m, definition, script, true)
		if len(memory) != len(loaded) {
			t.Fatalf("%d events in memory, %d when loaded\n%s\n%s", len(memory), len(loaded), outline(memory, loaded), definition)
		}
		for i := range memory {
			if brief(memory[i]) != brief(loaded[i]) {
				t.Fatalf("in memory %s\nloaded %s\n%s", brief(memory[i]), brief(loaded[i]), definition)
			}
		}
	})
}

func playScript(t *testing.T, m *asl.Machine, definition string, script []byte, reload bool) []map[string]any {
	p := newPlay(t, m, `{"n":2,"t":"2026-03-01T12:00:30Z","a":[{"n":1},{"n":5}]}`)
	p.limits = asl.Limits{Events: 300, Transitions: 20}
	p.exec = asl.New(m, p.exec.Info(), p.limits)
	p.quiet, p.reload = true, reload
	p.step(asl.Start{})
	for _, b := range script[:min(len(script), 60)] {
		if p.finish != nil && p.finish.Status == asl.Succeeded {
			if len(p.rows) > 2 {
				t.Fatalf("rows are left after the end: %v\n%s", sorted(p.rows), definition)
			}
			break
		}
		if p.finish != nil {
			p.finish = nil
			p.step(asl.Redrive{})
		}
		p.now = p.now.Add(time.Duration(b%7) * time.Second)
		p.scripted(b)
	}
	return p.events
}
