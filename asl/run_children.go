package asl

import (
	"slices"

	"github.com/perdure/perdure/asl/value"
)

// children asks for as many child executions as may run, and ends the run when none is left. Within one Step at most
// the budget's number is started; the thread then takes another turn.
func (x *Exec) children(t *thread) *failure {
	r, items := t.kids.run, &t.kids.items
	r.Items.Total = items.len()
	width := r.MaxConcurrency
	if width <= 0 || width > maxChildren {
		width = maxChildren
	}
	for len(r.live) < width && len(r.again) > 0 {
		i := r.again[0]
		r.again = r.again[1:]
		sp := r.failed[i].span
		_, in, f := x.childInput(t, sp.from, sp.to)
		if f != nil {
			return x.runFailed(t, f)
		}
		delete(r.failed, i)
		if t.kids.written[i] {
			delete(t.kids.written, i)
			x.d.Delete = append(x.d.Delete, resultKey(t.key, i))
		}
		x.d.Children = append(x.d.Children, Child{Run: r.Key, State: r.State, Index: i, Items: sp.to - sp.from, Input: in, Redrive: true,
			Attempt: r.RedriveCount, Wants: t.state.each.writer.wants()})
		r.open(i, sp)
	}
	for len(r.live) < width && r.nextItem < items.len() {
		if x.spent++; x.spent > x.limits.Transitions {
			x.enqueue(t)
			return nil
		}
		to, in, f := x.childInput(t, r.nextItem, 0)
		if f != nil {
			return x.runFailed(t, f)
		}
		i := r.Children
		r.Children++
		sp := span{r.nextItem, to}
		r.nextItem = to
		r.Executions.Total++
		x.d.Children = append(x.d.Children, Child{Run: r.Key, State: r.State, Index: i, Items: sp.to - sp.from, Input: in,
			Attempt: r.RedriveCount, Wants: t.state.each.writer.wants()})
		r.open(i, sp)
		x.spent += len(in) / bytesOfTransition
	}
	r.count()
	if len(r.live) == 0 && r.nextItem >= items.len() {
		return x.runDone(t)
	}
	return nil
}

func (r *runState) open(i int, sp span) {
	r.live[i] = sp
	r.spans[i] = sp
	r.Items.Running += sp.to - sp.from
	r.changed = true
}

// count brings the numbers that follow from others up to date. It is called for each child that closes, so it must not
// look at those that are open.
func (r *runState) count() {
	r.Executions.Running = len(r.live)
	c := r.Items
	r.Items.Pending = c.Total - c.Running - c.Succeeded - c.Failed - c.TimedOut - c.Aborted
	r.Items.ResultsWritten, r.Executions.ResultsWritten = r.Items.Succeeded, r.Executions.Succeeded
}

// childInput is the input of the child whose items begin at from. to is given when the child is run again; otherwise the
// batch is filled up to its limits.
func (x *Exec) childInput(t *thread, from, to int) (int, []byte, *failure) {
	r := t.kids.run
	s, f := x.effective(t)
	if f != nil {
		return 0, nil, f
	}
	if t.state.each.batcher == nil {
		v, f := x.selected(t, s, from)
		if f != nil {
			return 0, nil, f
		}
		in := v.JSON()
		if x.limits.Payload > 0 && len(in) > x.limits.Payload {
			return 0, nil, tooLarge(t.state.name)
		}
		return from + 1, in, nil
	}
	limit := int64(maxPayload)
	if r.batchBytes > 0 && r.batchBytes < limit {
		limit = r.batchBytes
	}
	head := `{"Items":[`
	if !r.batchInput.IsUndefined() {
		head = `{"BatchInput":` + r.batchInput.Text() + `,"Items":[`
	}
	batch := []byte(head)
	i := from
	for ; i < t.kids.items.len() && (to == 0 || i < to); i++ {
		if to == 0 && r.batchItems > 0 && int64(i-from) >= r.batchItems {
			break
		}
		v, f := x.selected(t, s, i)
		if f != nil {
			return 0, nil, f
		}
		item := v.JSON()
		if int64(len(batch)+len(item)+3) > limit {
			if i == from {
				return 0, nil, tooLarge(t.state.name)
			}
			break
		}
		if i > from {
			batch = append(batch, ',')
		}
		batch = append(batch, item...)
	}
	return i, append(batch, ']', '}'), nil
}

// selected is one item after ItemSelector.
func (x *Exec) selected(t *thread, s *scope, i int) (value.Value, *failure) {
	if t.state.each.selector == nil {
		return t.kids.items.input(i)
	}
	one := *s
	one.paths = nil
	var f *failure
	if one.item, f = t.kids.items.context(i, t.kids.run.source); f != nil {
		return value.Value{}, f
	}
	return t.state.each.selector.eval(&one)
}

func (x *Exec) childClosed(t *thread, in ChildClosed) *failure {
	r := t.kids.run
	sp := r.live[in.Index]
	n := sp.to - sp.from
	var out value.Value
	raw := in.Output
	if in.Status != Succeeded || t.state.each.writer.wants() == WantRecord {
		raw = in.Record
	}
	if !t.state.each.writer.exports() && len(raw) > 0 {
		if v, err := value.Decode(raw, value.Limits{}); err == nil {
			out = v
		}
	}
	x.closeChild(t, in.Index, in.Status, out)
	items, execs := &r.Items, &r.Executions
	switch in.Status {
	case Succeeded:
		items.Succeeded += n
		execs.Succeeded++
	case TimedOut:
		items.TimedOut += n
		execs.TimedOut++
	case Aborted:
		items.Aborted += n
		execs.Aborted++
	default:
		items.Failed += n
		execs.Failed++
	}
	if in.Status != Succeeded && r.exceeded(items.Total) {
		r.count()
		return x.runFailed(t, &failure{name: text(thresholdError), cause: text("The specified tolerated failure threshold was exceeded")})
	}
	return x.children(t)
}

// closeChild takes a child from those that are open. A successful one whose output is not needed leaves nothing behind,
// so that a run over many items does not grow with them.
func (x *Exec) closeChild(t *thread, i int, status Status, out value.Value) {
	r := t.kids.run
	sp := r.live[i]
	delete(r.live, i)
	delete(r.spans, i)
	r.Items.Running -= sp.to - sp.from
	r.dropped = append(r.dropped, i)
	if status != Succeeded {
		r.failed[i] = childResult{status, sp}
	}
	if !t.state.each.writer.exports() {
		r.keep(i, out)
	}
	t.kids.newResults = append(t.kids.newResults, i)
}

// keep remembers what a child adds to the result.
func (r *runState) keep(i int, out value.Value) {
	for len(r.outs) < r.Children {
		r.outs = append(r.outs, value.Value{})
	}
	r.outs[i] = out
}

// exports tells whether the results go to files.
func (w *resultWriter) exports() bool { return w != nil && w.resource != nil }

// wants tells what is needed of each child: files are written from what the service keeps of it; the state's output is made
// of whole execution records, or of outputs.
func (w *resultWriter) wants() Want {
	switch {
	case w.exports():
		return WantStatus
	case w != nil && w.config.Get("Transformation").Str() == "NONE":
		return WantRecord
	}
	return WantAll
}

// runDone ends a run in which no more failed than is tolerated.
func (x *Exec) runDone(t *thread) *failure {
	r, w := t.kids.run, t.state.each.writer
	if w.exports() {
		s, f := x.effective(t)
		if f != nil {
			return f
		}
		cmd := Write{Key: r.Key, Resource: *w.resource, Arguments: []byte("{}"), Config: []byte("{}")}
		if w.args != nil {
			v, f := w.args.eval(s)
			if f != nil {
				return x.runFailed(t, f)
			}
			cmd.Arguments = v.JSON()
		}
		if !w.config.IsUndefined() {
			cmd.Config = w.config.JSON()
		}
		r.writing = true
		x.d.Write = append(x.d.Write, cmd)
		return nil
	}
	var list []value.Value
	for _, out := range r.outs {
		if w != nil && w.config.Get("Transformation").Str() == "FLATTEN" && out.Kind() == value.KindArray {
			list = append(list, out.Items()...)
			continue
		}
		list = append(list, out)
	}
	return x.runSucceeded(t, value.Array(list...))
}

func (x *Exec) resultsWritten(t *thread, in ResultsWritten) *failure {
	r := t.kids.run
	r.writing = false
	if in.Error != "" {
		return x.runFailed(t, &failure{name: &in.Error, cause: &in.Cause})
	}
	details := value.NewObject(2)
	details.Set("Bucket", value.String(in.Bucket))
	details.Set("Key", value.String(in.Path))
	o := value.NewObject(2)
	o.Set("MapRunArn", value.String(r.ARN))
	o.Set("ResultWriterDetails", value.FromObject(details))
	return x.runSucceeded(t, value.FromObject(o))
}

// runSucceeded ends the run and the state. MapStateExited names MapRunStarted as its previous event, as AWS has it since
// November 2024; before, it named MapRunSucceeded.
func (x *Exec) runSucceeded(t *thread, result value.Value) *failure {
	r := t.kids.run
	x.closeRun(t, Succeeded)
	ended := x.event("MapRunSucceeded", r.begun, "")
	x.event("MapStateSucceeded", ended, "")
	t.prev = r.begun
	x.reportRun(r)
	x.dropKids(t)
	if x.limits.Payload > 0 && len(result.Text()) > x.limits.Payload {
		return tooLarge(t.state.name)
	}
	t.phase, t.gathered = running, true
	return x.complete(t, result)
}

// reportRun tells the service how the run stands.
func (x *Exec) reportRun(r *runState) {
	r.count()
	r.changed = false
	x.d.Runs = slices.DeleteFunc(x.d.Runs, func(m MapRun) bool { return m.Key == r.Key })
	x.d.Runs = append(x.d.Runs, r.MapRun)
}
