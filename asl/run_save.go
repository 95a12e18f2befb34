package asl

import (
	"fmt"
	"strconv"

	"github.com/perdure/perdure/asl/value"
)

// The rows of a map run: "m<thread>" the run, "c<thread>/<n>" an open child, "r<thread>/<n>" what is kept of
// a closed one: that it did not succeed, and what it adds to the result.

func childRow(thread string, n int) string { return "c" + thread + "/" + strconv.Itoa(n) }

// dropRun forgets a run's rows. The run itself is reported as it ended.
func (x *Exec) dropRun(t *thread) {
	r := t.kids.run
	if r == nil {
		return
	}
	if r.Status == Running {
		x.closeRun(t, Aborted)
	}
	if r.changed {
		x.reportRun(r)
	}
	x.d.Delete = append(x.d.Delete, "m"+t.key)
	for i := range r.live {
		x.d.Delete = append(x.d.Delete, childRow(t.key, i))
	}
	for _, i := range r.dropped {
		x.d.Delete = append(x.d.Delete, childRow(t.key, i))
	}
}

func (w *writer) run(t *thread) {
	r := t.kids.run
	for _, i := range indexes(r.spans) {
		w.put(childRow(t.key, i), span2(r.spans[i]).JSON())
	}
	clear(r.spans)
	for _, i := range r.dropped {
		if _, open := r.live[i]; !open {
			w.deleted[childRow(t.key, i)] = true
		}
	}
	r.dropped = nil
	if !r.changed {
		return
	}
	w.x.reportRun(r)
	w.put("m"+t.key, r.encode())
}

func span2(sp span) value.Value {
	return value.Array(value.Int(int64(sp.from)), value.Int(int64(sp.to)))
}

func readSpan(v value.Value) span {
	return span{int(readInt(v.Index(0))), int(readInt(v.Index(1)))}
}

// encode is the run's row, which does not grow with its children.
func (r *runState) encode() []byte {
	o := object{value.NewObject(24)}
	o.text("key", r.Key)
	o.text("id", r.ID)
	o.text("arn", r.ARN)
	o.text("label", r.Label)
	o.text("type", r.ExecutionType)
	o.text("status", string(r.Status))
	o.time("start", r.Start)
	o.time("stop", r.Stop)
	o.num("width", int64(r.MaxConcurrency))
	o.flag("hasCount", r.hasCount)
	o.num("count", r.ToleratedCount)
	o.flag("hasPercent", r.hasPercent)
	o.Set("percent", value.Number(r.ToleratedPercentage))
	o.num("begun", int64(r.begun))
	o.num("batchItems", r.batchItems)
	o.num("batchBytes", r.batchBytes)
	if !r.batchInput.IsUndefined() {
		o.Set("batchInput", r.batchInput)
	}
	o.text("source", r.source)
	o.flag("reading", r.reading)
	o.flag("writing", r.writing)
	o.num("nextItem", int64(r.nextItem))
	o.num("children", int64(r.Children))
	o.num("redriveCount", int64(r.RedriveCount))
	o.time("redriven", r.Redriven)
	o.Set("items", r.Items.encode())
	o.Set("execs", r.Executions.encode())
	if len(r.again) > 0 {
		list := make([]value.Value, len(r.again))
		for i, n := range r.again {
			list[i] = value.Int(int64(n))
		}
		o.Set("again", value.Array(list...))
	}
	return value.FromObject(o.Object).JSON()
}

func (c *Counts) encode() value.Value {
	list := make([]value.Value, 0, 8)
	for _, n := range []int{c.Pending, c.Running, c.Succeeded, c.Failed, c.TimedOut, c.Aborted, c.Total, c.ResultsWritten} {
		list = append(list, value.Int(int64(n)))
	}
	return value.Array(list...)
}

func readCounts(v value.Value) Counts {
	n := func(i int) int { return int(readInt(v.Index(i))) }
	return Counts{n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7)}
}

// result is the row of a closed child; nil if nothing is kept of it.
func (r *runState) result(i int) []byte {
	o := value.NewObject(3)
	if c, ok := r.failed[i]; ok {
		o.Set("s", value.String(string(c.status)))
		o.Set("i", span2(c.span))
	}
	if i < len(r.outs) && !r.outs[i].IsUndefined() {
		o.Set("o", r.outs[i])
	}
	if o.Len() == 0 {
		return nil
	}
	return value.FromObject(o).JSON()
}

// run reads the map run of a container, if it has one.
func (r *reader) run(t *thread) error {
	v, ok := r.rows["m"+t.key]
	if !ok {
		return nil
	}
	run := newRun(v.Get("source").Str())
	run.MapRun = MapRun{
		Key: v.Get("key").Str(), ID: v.Get("id").Str(), ARN: v.Get("arn").Str(), State: t.state.name, Label: v.Get("label").Str(),
		ExecutionType: v.Get("type").Str(), Status: Status(v.Get("status").Str()), Start: readTime(v.Get("start")),
		Stop: readTime(v.Get("stop")), MaxConcurrency: int(readInt(v.Get("width"))), ToleratedCount: readInt(v.Get("count")),
		ToleratedPercentage: v.Get("percent").Float(), Items: readCounts(v.Get("items")), Executions: readCounts(v.Get("execs")),
		RedriveCount: int(readInt(v.Get("redriveCount"))), Redriven: readTime(v.Get("redriven")), Children: int(readInt(v.Get("children"))),
	}
	run.hasCount, run.hasPercent = v.Get("hasCount").Bool(), v.Get("hasPercent").Bool()
	run.begun = uint64(readInt(v.Get("begun")))
	run.batchItems, run.batchBytes, run.batchInput = readInt(v.Get("batchItems")), readInt(v.Get("batchBytes")), v.Get("batchInput")
	run.reading, run.writing = v.Get("reading").Bool(), v.Get("writing").Bool()
	run.nextItem = int(readInt(v.Get("nextItem")))
	for _, n := range v.Get("again").Items() {
		run.again = append(run.again, int(readInt(n)))
	}
	if run.Children < 0 || run.Children > 1<<27 {
		return fmt.Errorf("thread %q has an impossible number of child executions", t.key)
	}
	c := t.kids
	c.run = run
	for _, index := range r.open[t.key] {
		if n, ok := childNumber(index, run.Children); ok {
			run.live[n] = readSpan(r.rows["c"+t.key+"/"+index])
		}
	}
	for _, index := range r.results[t.key] {
		if n, ok := childNumber(index, run.Children); ok {
			row := r.rows["r"+t.key+"/"+index]
			if s := Status(row.Get("s").Str()); s != "" && s != Succeeded {
				run.failed[n] = childResult{s, readSpan(row.Get("i"))}
			}
			if out := row.Get("o"); !out.IsUndefined() {
				run.keep(n, out)
			}
			c.written[n] = true
		}
	}
	return nil
}

// childNumber reads the number of a child from a row's key.
func childNumber(index string, children int) (int, bool) {
	n, err := strconv.Atoi(index)
	return n, err == nil && n >= 0 && n < children
}
