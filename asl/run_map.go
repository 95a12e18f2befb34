package asl

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/arn"
)

var undefined value.Value

// maxChildren is how many child executions of a map run may be open at once.
const maxChildren = 10000

// runState is the map run of a Distributed Map state that is under way (spec sections 3.3 to 3.7).
type runState struct {
	MapRun
	begun      uint64 // the MapRunStarted event
	hasCount   bool   // ToleratedFailureCount is given
	hasPercent bool   // ToleratedFailurePercentage is given
	batchItems int64
	batchBytes int64
	batchInput value.Value
	source     string // $$.Map.Item.Source
	reading    bool
	writing    bool
	nextItem   int
	live       map[int]span
	again      []int               // children to run again in a redrive
	failed     map[int]childResult // closed children that did not succeed
	outs       []value.Value       // by child, unless results go to files: what the state's result is made of
	changed    bool
	spans      map[int]span // of children not yet written (true) or whose row is to go
	dropped    []int
}

// span is the items that a child has: from to to-1.
type span struct{ from, to int }

// childResult is what is kept of a closed child that did not succeed.
type childResult struct {
	status Status
	span   span
}

// runDistributed starts a map run.
func (x *Exec) runDistributed(t *thread, s *scope, width int) *failure {
	m := t.state.each
	items := value.Array()
	var f *failure
	if m.reader == nil {
		if items, f = x.items(t, s); f != nil {
			return f
		}
	}
	t.prev = x.event("MapStateStarted", t.prev, "mapStateStarted", num("length", int64(items.Len())))
	r := newRun("STATE_DATA")
	r.MaxConcurrency = width
	if f := r.tolerance(m, s); f != nil {
		return f
	}
	var maxItems int64
	if m.reader != nil {
		if maxItems, f = m.reader.maxItems.integer(s); f != nil {
			return f
		}
	}
	if f := r.batches(m.batcher, s); f != nil {
		return f
	}
	var read Read
	if m.reader != nil {
		if read, f = m.reader.read(s, maxItems); f != nil {
			return f
		}
	}
	x.beginRun(t, r)
	t.kids = newContainer(0, 0)
	t.kids.run = r
	if m.reader == nil {
		t.kids.items = decodedItems(items)
	}
	t.phase = holding
	switch {
	case maxItems < 0:
		return x.runFailed(t, &failure{name: text(readerError), cause: text("field MaxItems must be positive")})
	case m.reader != nil:
		read.Key = r.Key
		r.reading = true
		x.d.Read = append(x.d.Read, read)
		return nil
	}
	return x.children(t)
}

func newRun(source string) *runState {
	return &runState{live: map[int]span{}, spans: map[int]span{}, failed: map[int]childResult{}, source: source}
}

func (r *runState) tolerance(m *mapFields, s *scope) *failure {
	var f *failure
	r.hasCount, r.hasPercent = m.tolCount != nil, m.tolPercent != nil
	if r.ToleratedCount, f = m.tolCount.integer(s); f != nil {
		return f
	}
	if r.ToleratedCount < 0 {
		return fault("ToleratedFailureCount cannot be negative.")
	}
	if r.ToleratedPercentage, f = m.tolPercent.float(s); f != nil {
		return f
	}
	if r.ToleratedPercentage < 0 || r.ToleratedPercentage > 100 {
		return fault("ToleratedFailurePercentage must be between 0 and 100.")
	}
	return nil
}

func (r *runState) batches(b *itemBatcher, s *scope) *failure {
	if b == nil {
		return nil
	}
	var f *failure
	if r.batchItems, f = b.maxItems.integer(s); f != nil {
		return f
	}
	if r.batchBytes, f = b.maxBytes.integer(s); f != nil {
		return f
	}
	if b.input != nil {
		r.batchInput, f = b.input.eval(s)
	}
	return f
}

// read is the command that gets the items.
func (r *itemReader) read(s *scope, maxItems int64) (Read, *failure) {
	out := Read{Resource: r.resource, MaxItems: maxItems, Config: []byte("{}"), Arguments: []byte("{}")}
	if r.args != nil {
		v, f := r.args.eval(s)
		if f != nil {
			return out, f
		}
		out.Arguments = v.JSON()
	}
	if !r.config.IsUndefined() {
		out.Config = r.config.JSON()
	}
	return out, nil
}

// beginRun gives the run its identity and records its start.
func (x *Exec) beginRun(t *thread, r *runState) {
	r.Key = t.key + ":" + strconv.FormatUint(x.last+1, 10)
	r.ID = x.env.NewID()
	r.State = t.state.name
	r.Label = t.state.each.label
	if r.Label == "" {
		r.Label = x.env.NewID()
	}
	r.ExecutionType = "STANDARD"
	if t.state.each.express {
		r.ExecutionType = "EXPRESS"
	}
	r.Status, r.Start = Running, x.now
	r.ARN = arn.New("states", x.info.Region, x.info.Account, "mapRun:"+x.info.MachineName+"/"+r.Label+":"+r.ID).String()
	r.begun = x.event("MapRunStarted", t.prev, "mapRunStarted", str("mapRunArn", r.ARN))
	t.prev = r.begun
	r.changed = true
	x.touch(t)
}

// acceptRun checks an input that is about a map run.
func (x *Exec) acceptRun(in Input) (func(), error) {
	var key string
	switch in := in.(type) {
	case ItemsRead:
		key = in.Key
	case ChildClosed:
		key = in.Run
	case ResultsWritten:
		key = in.Key
	case MapRunChanged:
		key = in.Key
	default:
		return nil, ErrOrder
	}
	t := x.threads[threadOf(key)]
	if t == nil || t.phase != holding || t.kids == nil || t.kids.run == nil || t.kids.run.Key != key {
		return nil, ErrNoTask
	}
	r := t.kids.run
	var act func() *failure
	switch in := in.(type) {
	case ItemsRead:
		if r.reading {
			act = func() *failure { return x.itemsRead(t, in) }
		}
	case ChildClosed:
		if _, open := r.live[in.Index]; open && in.Attempt == r.RedriveCount {
			act = func() *failure { return x.childClosed(t, in) }
		}
	case ResultsWritten:
		if r.writing {
			act = func() *failure { return x.resultsWritten(t, in) }
		}
	case MapRunChanged:
		act = func() *failure { return x.changeRun(t, in) }
	}
	if act == nil {
		return nil, ErrNoTask
	}
	return func() {
		x.touch(t)
		r.changed = true
		if f := act(); f != nil {
			x.fail(t, f)
		}
	}, nil
}

func (x *Exec) itemsRead(t *thread, in ItemsRead) *failure {
	r := t.kids.run
	r.reading = false
	if in.Error != "" {
		return x.runFailed(t, &failure{name: &in.Error, cause: &in.Cause})
	}
	list, ok := encodedItems(in.Items)
	if !ok {
		return x.runFailed(t, &failure{name: text(readerError), cause: text("Attempting to map over non-iterable node.")})
	}
	t.kids.items = list
	if in.Source != "" {
		r.source = in.Source
	}
	return x.children(t)
}

func (x *Exec) changeRun(t *thread, in MapRunChanged) *failure {
	r := t.kids.run
	if in.MaxConcurrency >= 0 {
		r.MaxConcurrency = in.MaxConcurrency
	}
	if in.ToleratedCount >= 0 {
		r.ToleratedCount, r.hasCount = in.ToleratedCount, true
	}
	if in.ToleratedPercentage >= 0 {
		r.ToleratedPercentage, r.hasPercent = in.ToleratedPercentage, true
	}
	if r.reading || r.writing {
		return nil
	}
	return x.children(t)
}

// runFailed records that the run has failed; the failure then goes to the Map state's retriers and catchers.
func (x *Exec) runFailed(t *thread, f *failure) *failure {
	r := t.kids.run
	x.closeRun(t, Failed)
	t.prev = x.event("MapRunFailed", r.begun, "mapRunFailed", some("error", f.name), some("cause", f.cause))
	return f
}

// closeRun ends the run: children that are still open are stopped.
func (x *Exec) closeRun(t *thread, status Status) {
	r := t.kids.run
	if r.Status != Running {
		return
	}
	r.Status, r.Stop, r.changed = status, x.now, true
	r.reading, r.writing = false, false
	begun := map[int]bool{} // by this Step: taken back rather than stopped
	x.d.Children = slices.DeleteFunc(x.d.Children, func(c Child) bool {
		if c.Run == r.Key {
			begun[c.Index] = true
		}
		return c.Run == r.Key
	})
	x.d.Read = slices.DeleteFunc(x.d.Read, func(c Read) bool { return c.Key == r.Key })
	x.d.Write = slices.DeleteFunc(x.d.Write, func(c Write) bool { return c.Key == r.Key })
	if len(r.live) > 0 {
		for _, i := range indexes(r.live) {
			sp := r.live[i]
			if !begun[i] {
				x.d.StopChildren = append(x.d.StopChildren, ChildRef{Run: r.Key, Index: i})
			}
			x.closeChild(t, i, Aborted, value.Value{})
			r.Items.Aborted += sp.to - sp.from
			r.Executions.Aborted++
		}
	}
	x.touch(t)
}

// abortRun ends a run because something else has ended it.
func (x *Exec) abortRun(t *thread) { x.closeRun(t, Aborted) }

// exceeded tells whether more has failed than is tolerated.
func (r *runState) exceeded(total int) bool {
	failed := r.Items.Failed + r.Items.TimedOut + r.Items.Aborted
	switch {
	case failed == 0:
		return false
	case r.hasCount && int64(failed) > r.ToleratedCount:
		return true
	case r.hasPercent && float64(failed)*100 > r.ToleratedPercentage*float64(total):
		return true
	}
	return !r.hasCount && !r.hasPercent
}

// reviveRun goes on with a run in a redrive: what failed or was aborted is run again.
func (x *Exec) reviveRun(t *thread) {
	r := t.kids.run
	r.Status, r.Stop, r.changed = Running, time.Time{}, true
	r.RedriveCount++
	r.Redriven = x.now
	r.Items.Failed, r.Items.TimedOut, r.Items.Aborted = 0, 0, 0
	r.Executions.Failed, r.Executions.TimedOut, r.Executions.Aborted = 0, 0, 0
	r.begun = x.event("MapRunRedriven", t.prev, "mapRunRedriven", str("mapRunArn", r.ARN), num("redriveCount", int64(r.RedriveCount)))
	t.prev = r.begun
	r.again = slices.Sorted(maps.Keys(r.failed))
	if f := x.children(t); f != nil {
		x.fail(t, f)
	}
}
