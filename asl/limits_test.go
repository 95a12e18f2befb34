package asl_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/asl"
)

func mustParse(t testing.TB, definition string) *asl.Machine {
	t.Helper()
	m, ds := asl.Parse([]byte(definition), asl.Options{})
	if m == nil {
		t.Fatal(asl.Invalid(ds))
	}
	return m
}

const countingLoop = `{"StartAt":"Less","States":{
 "Less":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, -1)"},"Next":"More"},
 "More":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"Less"}],"Default":"Done"},
 "Done":{"Type":"Succeed"}}}`

func TestALoopOfManyStatesTakesManyTurns(t *testing.T) {
	p := newPlay(t, mustParse(t, countingLoop), `{"n":10000}`)
	p.limits = asl.Limits{Events: -1}
	p.exec = asl.New(p.machine, p.exec.Info(), p.limits)
	p.run()
	if p.finish == nil || p.finish.Status != asl.Succeeded || string(p.finish.Output) != `{"n":0}` {
		t.Fatalf("got %+v", p.finish)
	}
	if len(p.events) != 1+20000*2+2+1 {
		t.Fatalf("%d events", len(p.events))
	}
	if p.steps != 1+20001/1000 {
		t.Fatalf("%d steps of at most 1,000 states", p.steps)
	}
}

func TestTheHistoryEndsWithTheFailureThatItIsFull(t *testing.T) {
	p := newPlay(t, mustParse(t, countingLoop), `{"n":10000}`)
	p.run()
	if len(p.events) != 25000 || p.finish == nil || p.finish.Status != asl.Failed {
		t.Fatalf("%d events, %+v", len(p.events), p.finish)
	}
	if got := *p.finish.Cause; got != "The execution reached the maximum number of history events (25000)." {
		t.Fatal(got)
	}
}

func TestAWideParallelAndADeepNestEnd(t *testing.T) {
	branch := `{"StartAt":"S%d","States":{"S%[1]d":{"Type":"Pass","End":true}}}`
	var branches []string
	for i := range 1000 {
		branches = append(branches, fmt.Sprintf(branch, i))
	}
	wide := `{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[` + strings.Join(branches, ",") + `],"End":true}}}`
	deep := `{"Type":"Pass","End":true}`
	for i := range 200 {
		deep = fmt.Sprintf(`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"D%d","States":{"D%[1]d":%s}}]}`, i, deep)
	}
	for _, d := range []string{wide, `{"StartAt":"Top","States":{"Top":` + deep + `}}`} {
		p := newPlay(t, mustParse(t, d), `1`)
		p.run()
		if p.finish == nil || p.finish.Status != asl.Succeeded {
			t.Fatalf("got %+v", p.finish)
		}
		if len(p.rows) > 2 {
			t.Fatalf("%d rows are left", len(p.rows))
		}
	}
}

func TestNestingHasABound(t *testing.T) {
	deep := `{"Type":"Pass","End":true}`
	for i := range 300 {
		deep = fmt.Sprintf(`{"Type":"Parallel","End":true,"Branches":[{"StartAt":"D%d","States":{"D%[1]d":%s}}]}`, i, deep)
	}
	m, ds := asl.Parse([]byte(`{"StartAt":"Top","States":{"Top":`+deep+`}}`), asl.Options{})
	if m != nil || !strings.Contains(asl.Invalid(ds), "TOO_DEEPLY_NESTED") {
		t.Fatal(asl.Invalid(ds))
	}
}

const mapOfTasks = `{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":0,"ItemProcessor":{"StartAt":"Work","States":{
 "Work":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"w","Payload.$":"$"},
 "ResultSelector":{"r.$":"$.Payload"},"End":true}}},"End":true}}}`

func itemsOf(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"item":%d}`, i)
	}
	return "[" + strings.Join(items, ",") + "]"
}

// TestDeltasOfALargeMapAreSmall: when one of 10,000 iterations ends, only its own rows and the Map's small one change.
func TestDeltasOfALargeMapAreSmall(t *testing.T) {
	p := newPlay(t, mustParse(t, mapOfTasks), itemsOf(10000))
	p.limits = asl.Limits{Events: -1, Payload: -1}
	p.exec = asl.New(p.machine, p.exec.Info(), p.limits)
	p.functions["w"] = function{Behaviour: behaviour{Kind: "echo"}}
	p.maxSteps = 30000
	most := 0
	p.watch = func(d *asl.Delta) {
		size := 0
		for _, r := range d.Put {
			size += len(r.Key) + len(r.Value)
		}
		if p.steps > 1 && d.Finish == nil && size > most {
			most = size
		}
	}
	p.run()
	if p.finish == nil || p.finish.Status != asl.Succeeded {
		t.Fatalf("got %+v", p.finish)
	}
	if !strings.HasSuffix(string(p.finish.Output), `{"r":{"item":9999}}]`) {
		t.Fatal("the results are not in the order of the items")
	}
	if most > 2048 {
		t.Fatalf("a turn of an iteration writes %d bytes", most)
	}
}

func TestADistributedMapCountsItsChildren(t *testing.T) {
	d := `{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":100,"ToleratedFailureCount":1,
	 "ItemBatcher":{"MaxItemsPerBatch":10,"BatchInput":{"k.$":"$[0].item"}},
	 "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"Pick","States":{
	 "Pick":{"Type":"Pass","OutputPath":"$.Items[0].item","End":true}}},"End":true}}}`
	p := newPlay(t, mustParse(t, d), itemsOf(1005))
	p.reload = true
	p.run()
	if p.finish == nil || p.finish.Status != asl.Succeeded {
		t.Fatalf("got %+v", p.finish)
	}
	if p.children != 101 {
		t.Fatalf("%d children", p.children)
	}
	for _, r := range p.runs {
		if r.Status != asl.Succeeded || r.Items.Succeeded != 1005 || r.Items.Total != 1005 || r.Executions.Succeeded != 101 ||
			r.Items.Pending+r.Items.Running != 0 {
			t.Fatalf("%+v", r)
		}
	}
	if !strings.HasPrefix(string(p.finish.Output), "[0,10,20,") {
		t.Fatalf("%.50s", p.finish.Output)
	}
}

func TestADistributedMapFailsOverItsThreshold(t *testing.T) {
	d := `{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":2,"ToleratedFailurePercentage":20,
	 "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Check","States":{
	 "Check":{"Type":"Choice","Choices":[{"Variable":"$","NumericLessThan":%d,"Next":"No"}],"Default":"Yes"},
	 "No":{"Type":"Fail","Error":"Bad"},"Yes":{"Type":"Succeed"}}},"End":true}}}`
	for below, want := range map[int]asl.Status{2: asl.Succeeded, 3: asl.Failed} {
		p := newPlay(t, mustParse(t, fmt.Sprintf(d, below)), `[0,1,2,3,4,5,6,7,8,9]`)
		p.run()
		if p.finish == nil || p.finish.Status != want {
			t.Fatalf("%d of 10 fail: %+v", below, p.finish)
		}
		if want == asl.Failed && *p.finish.Error != "States.ExceedToleratedFailureThreshold" {
			t.Fatal(*p.finish.Error)
		}
	}
}

func TestPayloadsOverTheLimitFail(t *testing.T) {
	m := mustParse(t, `{"StartAt":"Double","States":{"Double":{"Type":"Pass","Parameters":{"a.$":"$","b.$":"$"},"End":true}}}`)
	p := newPlay(t, m, `"`+strings.Repeat("x", 200000)+`"`)
	p.run()
	if p.finish.Status != asl.Failed || *p.finish.Error != "States.DataLimitExceeded" ||
		*p.finish.Cause != "The state/task 'Double' returned a result with a size exceeding the maximum number of bytes service limit." {
		t.Fatalf("%v %v", *p.finish.Error, *p.finish.Cause)
	}
}

func TestRetriesWaitAsTheirRetrierSays(t *testing.T) {
	m := mustParse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},
	 "Retry":[{"ErrorEquals":["A"],"IntervalSeconds":3,"BackoffRate":2,"MaxAttempts":3,"MaxDelaySeconds":10},
	          {"ErrorEquals":["B"],"IntervalSeconds":1,"BackoffRate":1,"MaxAttempts":1,"JitterStrategy":"FULL"}],"End":true}}}`)
	p := newPlay(t, m, `{}`)
	p.manual = true
	if err := p.try(asl.Start{}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		err   string
		delay time.Duration
	}{{"A", 3 * time.Second}, {"B", time.Second / 2}, {"A", 6 * time.Second}, {"A", 10 * time.Second}} {
		if err := p.try(asl.TaskFailed{Key: p.openTask("T"), Error: &step.err}); err != nil {
			t.Fatal(err)
		}
		if due := p.timers["w0"]; due.Sub(p.now) != step.delay {
			t.Fatalf("%s: the pause is %s, want %s", step.err, due.Sub(p.now), step.delay)
		}
		if err := p.pass(step.delay); err != nil {
			t.Fatal(err)
		}
	}
	b := "B"
	if err := p.try(asl.TaskFailed{Key: p.openTask("T"), Error: &b}); err != nil {
		t.Fatal(err)
	}
	if p.finish == nil || p.finish.Status != asl.Failed {
		t.Fatalf("the second B is one too many: %+v", p.finish)
	}
}

func TestCausesAreKeptUpToTheirLimit(t *testing.T) {
	long := strings.Repeat("ü", 40_000)
	fail := mustParse(t, `{"StartAt":"F","States":{"F":{"Type":"Fail","CausePath":"$"}}}`)
	call := mustParse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}}}`)
	for name, m := range map[string]*asl.Machine{"of a Fail state": fail, "of a task": call} {
		p := newPlay(t, m, fmt.Sprintf("%q", long))
		p.task = func(p *play, c asl.Task) { p.later(0, asl.TaskFailed{Key: c.Key, Cause: &long}) }
		p.run()
		if p.finish == nil || p.finish.Cause == nil || *p.finish.Cause != long[:2*32768] {
			t.Errorf("%s: %.100v", name, p.finish)
		}
	}
}
