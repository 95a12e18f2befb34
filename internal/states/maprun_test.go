package states

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store/pebble"
	"github.com/perdure/perdure/internal/task"
)

// mapOf is a definition with a Distributed Map named "Each" whose children call a function.
func mapOf(fields string) string {
	return `{"StartAt":"Each","States":{"Each":{"Type":"Map",` + fields + `"Label":"l","ItemProcessor":{
		"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
		"StartAt":"Call","States":{"Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}}},"End":true}}}`
}

func echo(_ context.Context, args []byte) (*task.Result, error) {
	return &task.Result{Output: args}, nil
}

func counts(t *testing.T, run map[string]any, member string) string {
	t.Helper()
	c := run[member].(map[string]any)
	return fmt.Sprint("pending ", c["pending"], " running ", c["running"], " succeeded ", c["succeeded"], " failed ", c["failed"],
		" aborted ", c["aborted"], " total ", c["total"])
}

// theRun is the only map run of an execution.
func (s *service) theRun(arn string) map[string]any {
	s.t.Helper()
	list := s.call("ListMapRuns", `{"executionArn":%s}`, arn)["mapRuns"].([]any)
	if len(list) != 1 {
		s.t.Fatalf("map runs: %v", list)
	}
	return s.call("DescribeMapRun", `{"mapRunArn":%s}`, list[0].(map[string]any)["mapRunArn"])
}

func TestAMapRunListsItsChildren(t *testing.T) {
	s := newService(t, echo)
	arn := s.start(mapOf(`"ItemBatcher":{"MaxItemsPerBatch":2},`), `[1,2,3]`)
	if d := s.end(arn); d["output"] != `[{"Items":[1,2]},{"Items":[3]}]` {
		t.Errorf("%v", d)
	}
	run := s.theRun(arn)
	if got := counts(t, run, "itemCounts"); got != "pending 0 running 0 succeeded 3 failed 0 aborted 0 total 3" {
		t.Error(got)
	}
	if got := counts(t, run, "executionCounts"); got != "pending 0 running 0 succeeded 2 failed 0 aborted 0 total 2" {
		t.Error(got)
	}
	items := 0.0
	for _, c := range s.call("ListExecutions", `{"mapRunArn":%s}`, run["mapRunArn"])["executions"].([]any) {
		child := c.(map[string]any)
		items += child["itemCount"].(float64)
		d := s.call("DescribeExecution", `{"executionArn":%s}`, child["executionArn"])
		if d["mapRunArn"] != run["mapRunArn"] || d["stateMachineArn"] != "arn:aws:states:us-east-1:000000000000:stateMachine:m/l" {
			t.Errorf("%v", d)
		}
	}
	if items != 3 {
		t.Errorf("children hold %v items", items)
	}
	_, err := s.try("UpdateMapRun", body(`{"mapRunArn":%s,"maxConcurrency":2}`, run["mapRunArn"]))
	if err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("a run that has ended was updated: %v", err)
	}
}

func TestARedriveRunsOnlyFailedChildrenAgain(t *testing.T) {
	var broken atomic.Bool
	var calls atomic.Int32
	broken.Store(true)
	s := newService(t, func(_ context.Context, args []byte) (*task.Result, error) {
		calls.Add(1)
		if string(args) == "2" && broken.Load() {
			return &task.Result{Error: "Broken", Cause: "still"}, nil
		}
		return &task.Result{Output: args}, nil
	})
	arn := s.start(mapOf(`"MaxConcurrency":1,`), `[1,2,3]`)
	d := s.end(arn)
	if d["error"] != "States.ExceedToleratedFailureThreshold" || d["redriveStatus"] != "REDRIVABLE" {
		t.Fatalf("%v", d)
	}
	before := s.theRun(arn)
	if got := counts(t, before, "itemCounts"); got != "pending 1 running 0 succeeded 1 failed 1 aborted 0 total 3" {
		t.Error(got)
	}
	broken.Store(false)
	s.call("RedriveExecution", `{"executionArn":%s}`, arn)
	if d = s.end(arn); d["output"] != "[1,2,3]" {
		t.Fatalf("%v\n%v", d, s.types(arn))
	}
	after := s.theRun(arn)
	if after["mapRunArn"] != before["mapRunArn"] || after["redriveCount"] != 1.0 || after["status"] != "SUCCEEDED" {
		t.Errorf("%v", after)
	}
	if n := calls.Load(); n != 4 {
		t.Errorf("the function was called %d times", n)
	}
	if got := strings.Join(s.types(arn), " "); !strings.HasSuffix(got, "ExecutionFailed ExecutionRedriven MapRunRedriven MapRunSucceeded MapStateSucceeded MapStateExited ExecutionSucceeded") {
		t.Error(got)
	}
}

func TestStoppingAnExecutionStopsTheChildrenOfItsMapRun(t *testing.T) {
	running := make(chan struct{}, 2)
	s := newService(t, func(ctx context.Context, _ []byte) (*task.Result, error) {
		running <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	arn := s.start(mapOf(``), `[1,2]`)
	<-running
	<-running
	s.call("StopExecution", `{"executionArn":%s}`, arn)
	run := s.theRun(arn)
	if run["status"] != "ABORTED" || counts(t, run, "itemCounts") != "pending 0 running 0 succeeded 0 failed 0 aborted 2 total 2" {
		t.Errorf("%v", run)
	}
	for _, c := range s.call("ListExecutions", `{"mapRunArn":%s}`, run["mapRunArn"])["executions"].([]any) {
		if d := s.end(c.(map[string]any)["executionArn"].(string)); d["status"] != "ABORTED" {
			t.Errorf("%v", d)
		}
	}
}

func TestUpdatingAMapRunLetsMoreChildrenRun(t *testing.T) {
	running := make(chan struct{}, 3)
	release := make(chan struct{})
	s := newService(t, func(_ context.Context, args []byte) (*task.Result, error) {
		running <- struct{}{}
		<-release
		return &task.Result{Output: args}, nil
	})
	arn := s.start(mapOf(`"MaxConcurrency":1,`), `[1,2,3]`)
	<-running
	s.call("UpdateMapRun", `{"mapRunArn":%s,"maxConcurrency":3}`, s.theRun(arn)["mapRunArn"])
	<-running
	<-running
	close(release)
	if d := s.end(arn); d["output"] != "[1,2,3]" {
		t.Errorf("%v", d)
	}
}

func TestResultsAreExportedWithAManifest(t *testing.T) {
	s := newService(t, func(_ context.Context, args []byte) (*task.Result, error) {
		if string(args) == `"bad"` {
			return &task.Result{Error: "Bad"}, nil
		}
		return &task.Result{Output: args}, nil
	})
	arn := s.start(mapOf(`"ToleratedFailureCount":1,"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"p/"}},`),
		`["good","bad"]`)
	var out struct{ ResultWriterDetails struct{ Bucket, Key string } }
	d := s.end(arn)
	if err := json.Unmarshal([]byte(fmt.Sprint(d["output"])), &out); err != nil {
		t.Fatalf("%v: %v", d, err)
	}
	var m manifest
	data, err := s.bucket.Get(t.Context(), "", out.ResultWriterDetails.Bucket, out.ResultWriterDetails.Key)
	if err != nil || json.Unmarshal(data, &m) != nil || m.DestinationBucket != "b" {
		t.Fatalf("%s: %v", data, err)
	}
	for kind, want := range map[string]string{"SUCCEEDED": `"good"`, "FAILED": `"bad"`} {
		var list []struct{ Input, Status string }
		f := m.ResultFiles[kind]
		if len(f) != 1 {
			t.Fatalf("%s: %v", kind, m.ResultFiles)
		}
		data, err := s.bucket.Get(t.Context(), "", "b", f[0].Key)
		if err != nil || json.Unmarshal(data, &list) != nil || len(data) != f[0].Size {
			t.Fatalf("%s: %v", data, err)
		}
		if len(list) != 1 || list[0].Input != want || list[0].Status != kind {
			t.Errorf("%s: %s", kind, data)
		}
	}
}

// lines are n lines of JSON.
func lines(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"n\":%d,\"text\":\"some words that make a line of usual length\"}\n", i)
	}
	return []byte(b.String())
}

const manyChildren = `{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":200,"Label":"l",
	"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSONL"},"Parameters":{"Bucket":"b","Key":"in"}},
	"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},
	"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b"}},"End":true}}}`

func TestAMapRunOverManyLinesTakesTimeInProportion(t *testing.T) {
	took := map[int]time.Duration{}
	for _, n := range []int{250, 2000} {
		s := newService(t, echo)
		s.bucket.objects["in"] = lines(n)
		begin := time.Now()
		d := s.end(s.start(manyChildren, `{}`))
		took[n] = time.Since(begin)
		if d["status"] != "SUCCEEDED" {
			t.Fatalf("%v", d)
		}
		t.Logf("%d items in %v", n, took[n])
	}
	if took[2000] > 40*took[250] {
		t.Errorf("8 times the items took %.1f times as long", float64(took[2000])/float64(took[250]))
	}
}

// BenchmarkMapRun tells the time and the most memory that a Distributed Map takes in process; the
// bench workload maprun tells them of the server.
func BenchmarkMapRun(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n, "lines"), func(b *testing.B) {
			for range b.N {
				s := newServiceOn(b, onDisk(b), echo)
				s.bucket.objects["in"] = lines(n)
				most, before := watchMemory(), processorTime(b)
				d := s.end(s.start(manyChildren, `{}`))
				b.ReportMetric((processorTime(b) - before).Seconds(), "cpu-s")
				b.ReportMetric(float64(most())/(1<<20), "MB-heap")
				if d["status"] != "SUCCEEDED" {
					b.Fatalf("%v", d)
				}
			}
		})
	}
}

func onDisk(b *testing.B) *pebble.Store {
	st, err := pebble.Open(b.TempDir(), pebble.Options{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	return st
}

// processorTime is what this process has used so far, which busy neighbours change less than the time on the wall.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchMemory looks at the heap in use, garbage included, ten times a second. The function it returns ends that and tells
// the most it has seen, in bytes.
func watchMemory() func() uint64 {
	runtime.GC()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		var top uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapInuse)
			select {
			case <-tick.C:
			case <-stop:
				most <- top
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-most
	}
}
