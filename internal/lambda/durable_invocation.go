package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/store"
)

// effectKindInvoke is the kind of the effect that runs the handler; its data is an invokeEffect.
const effectKindInvoke = "invoke"

type invokeEffect struct {
	Invocation uint64 `json:"n"`
}

// openRequest asks for the event of an invocation that is about to run.
type openRequest struct {
	invocation uint64
}

// opened is what runs; nil if the invocation is not wanted any more.
type opened struct {
	pinned
	request string
	event   []byte
}

// launch begins an invocation unless one is under way or a failed one waits to be repeated.
func (d *Durable) launch(tx engine.Tx, x *execution) {
	if _, waits := tx.Timer(timerRetry); waits || x.closed() || x.run.Flying {
		return
	}
	r := &x.run
	r.Invocation++
	r.Flying, r.Recorded = true, false
	r.Request, r.Nonce, r.Seq, r.Boot = tx.NewID(), newNonce(tx.NewID()), 0, d.boot
	r.Began = tx.Now().UnixMilli()
	x.text = ""
	x.ops.Show()
	data, _ := json.Marshal(invokeEffect{r.Invocation}) // a number always encodes
	tx.Effect(effectInvoke, effectKindInvoke, data)
}

// open gives the event of the invocation. One that was begun by an earlier run of the process gets a new token, and the old
// one dies; what changed since the launch is in the event and therefore counts as seen.
func (d *Durable) open(tx engine.Tx, x *execution, req *openRequest) error {
	r := &x.run
	if x.closed() || !r.Flying || r.Invocation != req.invocation {
		tx.Reply((*opened)(nil))
		return nil
	}
	if r.Boot != d.boot {
		r.Boot, r.Nonce, r.Seq = d.boot, newNonce(tx.NewID()), 0
		r.Began = tx.Now().UnixMilli()
	}
	event, err := d.event(tx, x)
	if err != nil {
		return err
	}
	x.ops.Show()
	tx.Reply(&opened{pinned: x.pinned, request: r.Request, event: event})
	return nil
}

// event is what the handler is given (section 3.1).
func (d *Durable) event(tx engine.Tx, x *execution) ([]byte, error) {
	input, err := x.inputText(tx)
	if err != nil {
		return nil, err
	}
	first := durop.AppendExecution(nil, x.identity(), x.Started, input, durop.Millis)
	page, err := durop.Collect(x.ops.Visible(), 0, durop.Millis,
		durop.Limits{Items: d.limits.Operations + 1, Bytes: d.limits.PageBytes, First: first}, x.result(tx))
	if err != nil {
		return nil, err
	}
	marker := ""
	if page.Next >= 0 {
		marker = x.marker(tx, 0, page.Next)
	}
	updated := x.ops.Updated()
	if !x.run.Well {
		updated = append([]string{x.ID}, updated...)
	}
	b := make([]byte, 0, len(page.Operations)+1024)
	b = append(append(b, `{"DurableExecutionArn":`...), durop.Quote(x.arn().String())...)
	b = append(append(b, `,"CheckpointToken":`...), durop.Quote(x.give())...)
	b = append(append(b, `,"InitialExecutionState":{"Operations":`...), page.Operations...)
	b = append(append(b, `,"NextMarker":`...), durop.Quote(marker)...)
	b = durop.AppendIDs(append(b, `},"UpdatedOperationIds":`...), updated)
	return append(b, '}'), nil
}

// runInvocation performs the effect: it fetches the event, runs the code, and reports how that ended.
func (d *Durable) runInvocation(ctx context.Context, e store.Effect) ([]byte, error) {
	var data invokeEffect
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, fmt.Errorf("effect of %s: %w", e.ID, err)
	}
	v, err := d.eng.Call(ctx, e.ID, engine.Message{Type: msgOpen, Value: &openRequest{data.Invocation}})
	if err != nil {
		return nil, err
	}
	o := v.(*opened)
	if o == nil {
		return (&ran{Void: true}).body(), nil
	}
	version, err := d.functions.VersionByNumber(ctx, o.Region, o.Account, o.Function, o.Version)
	if err != nil {
		return d.unresolved(ctx, err)
	}
	r, err := d.run(ctx, version, &host.Invocation{
		RequestID: o.request, Payload: o.event, InvokedARN: version.QualifiedARN(), TraceID: o.Trace, TenantID: o.Tenant,
	})
	if err != nil {
		return nil, err
	}
	d.setTail(e.ID, r.log)
	return r.body(), nil
}

// setTail keeps the log of an execution's latest invocation while somebody waits for it.
func (d *Durable) setTail(id store.ID, log []byte) {
	if _, ok := d.tails.Load(id); ok {
		d.tails.Store(id, log)
	}
}

// ended deals with the end of an invocation (sections 3.4, 3.6, 5.1).
func (d *Durable) ended(tx engine.Tx, x *execution, r *ran) error {
	was := x.run
	x.run.Flying, x.run.Nonce, x.text = false, "", ""
	if r.Void || !was.Flying {
		return nil
	}
	if x.closed() { // stopped, timed out, or closed by a checkpoint meanwhile
		if !was.Recorded {
			x.completed(tx, r, nil)
		}
		return nil
	}
	switch {
	case r.Throttled:
		d.later(tx, x)
	case r.Gone:
		d.close(tx, x, durop.Failed, nil, r.payload)
	case r.Failed:
		x.completed(tx, r, r.failure())
		d.later(tx, x)
	default:
		x.run.Fails, x.run.Well = 0, true
		return d.judge(tx, x, r)
	}
	return x.release(tx)
}

// completed records the end of the invocation.
func (x *execution) completed(tx engine.Tx, r *ran, failure durop.Object) {
	x.run.Recorded = true
	x.record(tx, durop.InvocationCompleted(tx.Now().UnixMilli(), r.Began, r.Ended, x.run.Request, failure))
}

// judge acts on what the handler returned.
func (d *Durable) judge(tx engine.Tx, x *execution, r *ran) error {
	v := durop.Judge(r.payload, x.maxResult())
	x.run.Written += int64(v.Result.Len() + len(v.Error))
	may, ready := x.ops.Suspends()
	if v.Status == durop.Pending && v.Breach == "" && !may {
		v.Breach = "Cannot return PENDING status with no pending operations."
	}
	switch {
	case v.Breach != "":
		failure := durop.NewError(v.Breach, "InvalidParameterValueException")
		x.completed(tx, r, failure)
		d.close(tx, x, durop.Failed, nil, failure)
	case v.Status == durop.Succeeded:
		x.completed(tx, r, nil)
		d.close(tx, x, durop.Succeeded, v.Result, nil)
	case v.Status == durop.Failed:
		x.completed(tx, r, v.Error)
		d.close(tx, x, durop.Failed, nil, v.Error)
	default:
		x.completed(tx, r, nil)
		if err := x.release(tx); err != nil {
			return err
		}
		d.suspend(tx, x, ready)
	}
	return nil
}

// suspend lets the execution sleep, or calls the handler again at once if it returned without having seen everything. One
// that leaves a ready step alone again and again is called ever more slowly.
func (d *Durable) suspend(tx engine.Tx, x *execution, ready bool) {
	unseen := x.ops.Unseen()
	x.ops.Told()
	switch {
	case unseen:
		x.run.Idle = 0
		d.launch(tx, x)
	case ready:
		if x.run.Idle++; x.run.Idle > 1 {
			tx.SetTimer(timerRetry, tx.Now().Add(backoff(x.run.Idle-1, tx.Random())))
			return
		}
		d.launch(tx, x)
	default:
		x.run.Idle = 0
	}
}

// later repeats an invocation that failed or could not run.
func (d *Durable) later(tx engine.Tx, x *execution) {
	x.run.Fails++
	tx.SetTimer(timerRetry, tx.Now().Add(backoff(x.run.Fails, tx.Random())))
}

// backoff is 1, 2, 4, 8, ... at most 60 seconds, give or take a tenth.
func backoff(failures int, random float64) time.Duration {
	d := time.Minute
	if failures <= 6 {
		d = min(time.Second<<(failures-1), d)
	}
	return time.Duration(float64(d) * (0.9 + 0.2*random))
}
