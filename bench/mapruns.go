package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// mapRun is one kind of Distributed Map over the lines of an S3 object.
type mapRun struct {
	input    string // JSONL, CSV
	children string // EXPRESS, STANDARD
	width    int    // MaxConcurrency; 0: as many as there may be
	writer   bool   // results go to S3, otherwise into the state's output
}

// mapRuns are those that are measured: each value of each member at least twice.
var mapRuns = []mapRun{
	{"JSONL", "EXPRESS", 1000, true}, {"JSONL", "STANDARD", 0, true}, {"CSV", "STANDARD", 1000, false}, {"CSV", "EXPRESS", 0, false},
}

func (m mapRun) String() string {
	to := "results in the output"
	if m.writer {
		to = "results to S3"
	}
	return fmt.Sprintf("%s, %s children, MaxConcurrency %d, %s", m.input, m.children, m.width, to)
}

// definition has children whose output is so short that 100,000 of them fit into the 256 KiB of a state's output.
func (m mapRun) definition() string {
	writer := ""
	if m.writer {
		writer = `"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"bench","Prefix":"out"}},`
	}
	reader := `{"InputType":"` + m.input + `"}`
	if m.input == "CSV" {
		reader = `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`
	}
	return fmt.Sprintf(`{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":%d,"Label":"l",%s
"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":%s,"Parameters":{"Bucket":"bench","Key":"in"}},
"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"%s"},"StartAt":"One","States":{
"One":{"Type":"Pass","Result":1,"End":true}}},"End":true}}}`, m.width, writer, reader, m.children)
}

// lines are what the map run goes over: some 70 bytes each.
func (m mapRun) lines(n int) []byte {
	var b bytes.Buffer
	line := "{\"n\":%d,\"text\":\"some words that make a line of usual length\"}\n"
	if m.input == "CSV" {
		b.WriteString("n,text\n")
		line = "%d,some words that make a line of usual length\n"
	}
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	return b.Bytes()
}

// maprun measures Distributed Maps of growing size, each on a fresh server.
func (b *bench) maprun(ctx context.Context) error {
	for _, m := range mapRuns {
		for _, n := range b.lines {
			if err := b.oneMapRun(ctx, m, n); err != nil {
				return fmt.Errorf("%d lines, %s: %w", n, m, err)
			}
		}
	}
	return nil
}

func (b *bench) oneMapRun(ctx context.Context, m mapRun, n int) error {
	b.stop()
	if err := b.start(ctx, ""); err != nil {
		return err
	}
	if _, _, err := b.call(ctx, "s3", "PUT", "/bench", "", nil); err != nil {
		return err
	}
	if _, _, err := b.call(ctx, "s3", "PUT", "/bench/in", "", m.lines(n)); err != nil {
		return err
	}
	r := result{Workload: "maprun", Ops: n, Note: m.String()}
	arn, err := b.oneExecution(ctx, &r, m.definition(), `{}`)
	if err != nil {
		return err
	}
	if err := b.allSucceeded(ctx, arn, n); err != nil {
		return err
	}
	b.print(r)
	return nil
}

// oneExecution creates a machine, starts it and follows it to its success; r gets what that took.
func (b *bench) oneExecution(ctx context.Context, r *result, definition, input string) (arn string, err error) {
	var machine struct{ StateMachineArn string }
	if err := b.states(ctx, "CreateStateMachine", map[string]string{"name": "m", "definition": definition, "roleArn": role}, &machine); err != nil {
		return "", err
	}
	before := b.server.usage()
	commits, syncs, err := b.counters(ctx)
	if err != nil {
		return "", err
	}
	began := time.Now()
	var started struct{ ExecutionArn string }
	if err := b.states(ctx, "StartExecution", map[string]string{"stateMachineArn": machine.StateMachineArn, "input": input}, &started); err != nil {
		return "", err
	}
	for end := began.Add(10 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var out struct{ Status, Error, Cause string }
		if err := b.states(ctx, "DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &out); err != nil {
			return "", err
		}
		if out.Status == "SUCCEEDED" {
			break
		}
		if out.Status != "RUNNING" || time.Now().After(end) {
			return "", fmt.Errorf("the execution is %s after %s: %s %s", out.Status, time.Since(began), out.Error, out.Cause)
		}
	}
	r.Seconds = time.Since(began).Seconds()
	r.OpsPerSec = float64(r.Ops) / r.Seconds
	r.since(before, b.server.usage(), r.Ops)
	r.PeakMB = b.server.peak() / (1 << 20)
	c, y, err := b.counters(ctx)
	r.Commits, r.Flushes = (c-commits)/float64(r.Ops), (y-syncs)/float64(r.Ops)
	return started.ExecutionArn, err
}

// allSucceeded checks the counts of an execution's map run.
func (b *bench) allSucceeded(ctx context.Context, execution string, n int) error {
	var list struct{ MapRuns []struct{ MapRunArn string } }
	if err := b.states(ctx, "ListMapRuns", map[string]string{"executionArn": execution}, &list); err != nil {
		return err
	}
	if len(list.MapRuns) != 1 {
		return fmt.Errorf("the execution has %d map runs", len(list.MapRuns))
	}
	var run struct {
		ItemCounts      struct{ Succeeded, Total int }
		ExecutionCounts struct{ Succeeded, Total int }
	}
	if err := b.states(ctx, "DescribeMapRun", map[string]string{"mapRunArn": list.MapRuns[0].MapRunArn}, &run); err != nil {
		return err
	}
	if i, e := run.ItemCounts, run.ExecutionCounts; i.Succeeded != n || i.Total != n || e.Succeeded != n || e.Total != n {
		text, _ := json.Marshal(run)
		return fmt.Errorf("of %d items: %s", n, text)
	}
	return nil
}
