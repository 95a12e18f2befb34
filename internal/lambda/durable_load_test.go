package lambda

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/store/mem"
)

// TestThousandStepsStayLinear counts what a thousand sequential steps write: the last hundred no more than the first.
func TestThousandStepsStayLinear(t *testing.T) {
	w, _, invocations := one(t)
	arn := w.start("f", "", "")
	h := <-invocations
	token := ""
	var written []uint64
	for i := range 1000 {
		if i%100 == 0 {
			written = append(written, w.eng.Store().Stats().Bytes)
		}
		var err error
		if token, _, err = h.send(token, fmt.Sprint("c", i), stepUpdates(i)); err != nil {
			t.Fatal(err)
		}
	}
	written = append(written, w.eng.Store().Stats().Bytes)
	first, last := written[1]-written[0], written[10]-written[9]
	if last > first+first/10 {
		t.Errorf("the first hundred steps wrote %d bytes, the last hundred %d", first, last)
	}
	h.fails("E", "again")
	w.next()
	h = <-invocations
	if n := len(h.event.InitialExecutionState.Operations); n != 1001 {
		t.Errorf("%d operations in the event", n)
	}
	h.returns(`{"Status":"SUCCEEDED"}`)
	if n := len(w.history(arn)); n != 2004 {
		t.Errorf("%d events", n)
	}
}

func stepUpdates(i int) string {
	return fmt.Sprintf(`{"Id":"s%04d","Name":"step","SubType":"Step","Type":"STEP","Action":"START"},`+
		`{"Id":"s%04d","Name":"step","SubType":"Step","Type":"STEP","Action":"SUCCEED","Payload":"{\"n\":%d}"}`, i, i, i)
}

// TestLargePayloadsArePaged fills an execution with 120 results of 250 KB, 30 MB, and reads them back page by page.
func TestLargePayloadsArePaged(t *testing.T) {
	w, _, invocations := one(t)
	w.start("f", "", "")
	h := <-invocations
	token, big := "", strings.Repeat("x", 250_000)
	for i := range 120 {
		var err error
		if token, _, err = h.send(token, "", fmt.Sprintf(`{"Id":"s%d","Type":"STEP","Action":"SUCCEED","Payload":"%s"}`, i, big)); err != nil {
			t.Fatal(err)
		}
	}
	h.fails("E", "again")
	w.next()
	h = <-invocations
	p := &program{w: w, arn: h.event.DurableExecutionArn, token: h.event.CheckpointToken, ops: map[string]*opView{}}
	p.root = p
	p.learn(h.event.InitialExecutionState.Operations)
	pages := 1
	for marker := h.event.InitialExecutionState.NextMarker; marker != ""; pages++ {
		marker = p.page(marker)
	}
	if len(p.ops) != 121 || len(*p.ops["s119"].StepDetails.Result) != len(big) {
		t.Errorf("%d operations", len(p.ops))
	}
	if pages < 6 || len(h.raw) > 6<<20 {
		t.Errorf("%d pages, the first of %d bytes", pages, len(h.raw))
	}
	h.returns(`{"Status":"SUCCEEDED"}`)
}

func BenchmarkStep(b *testing.B) {
	code := newScripted()
	invocations := code.hand("f")
	w := newBenchWorld(b, code)
	w.start("f", "", "")
	h := <-invocations
	token := ""
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var err error
		if token, _, err = h.send(token, "client", stepUpdates(i)); err != nil {
			b.Fatal(err)
		}
	}
	h.returns(`{"Status":"SUCCEEDED"}`)
}

func newBenchWorld(b *testing.B, code *scripted) *world {
	return newWorld(b, code, plan{outside: &outside{}, store: mem.New(), limits: DurableLimits{Operations: 1 << 30, Bytes: 1 << 40}})
}

// BenchmarkExecution is one execution from its Event invoke to its end, with one step: the floor of what a durable
// function costs beside its own process.
func BenchmarkExecution(b *testing.B) {
	code := newScripted()
	code.durable["f"] = durableFunc(func(p *program) (string, error) { return p.step(never, hello) })
	w := newBenchWorld(b, code)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w.start("f", "", "1")
		}
	})
	w.settle()
	b.ReportMetric(float64(w.eng.Store().Stats().Commits)/float64(b.N), "commits/op")
}
