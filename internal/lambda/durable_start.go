package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// defaultRetention is how many days a closed execution stays if the function does not say.
const defaultRetention = 14

// startRequest creates an execution. Input is the payload as a JSON string literal, nil if there was none.
type startRequest struct {
	pinned
	Input durop.Text
}

// startReply is what became of it.
type startReply struct {
	ARN     string
	Expired bool  // the name was held by an execution whose retention is over; it is gone now, ask again
	Err     error // the name is taken by another start
}

// Check implements Executions.
func (d *Durable) Check(in *DurableInvoke) error {
	if err := in.Version.Unqualified(); err != nil {
		return err
	}
	if in.Name != "" {
		if err := checkExecutionName(in.Name); err != nil {
			return err
		}
	}
	if !in.Event && in.Version.Durable.ExecutionTimeout > 900 {
		return api.Errorf("InvalidParameterValueException",
			"You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.")
	}
	return nil
}

func checkExecutionName(name string) error {
	if len(name) > 64 {
		return validation(name, "durableExecutionName", "Member must have length less than or equal to 64")
	}
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return validation(name, "durableExecutionName", "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+")
		}
	}
	return nil
}

func validation(value, at, constraint string) error {
	return api.Errorf("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, at, constraint)
}

// Invoke implements Executions.
func (d *Durable) Invoke(ctx context.Context, in *DurableInvoke) (*InvokeResult, error) {
	if err := d.Check(in); err != nil {
		return nil, err
	}
	req := d.pin(in.Version, in.Event)
	req.Trace, req.Tenant, req.Name = in.TraceID, in.TenantID, in.Name
	if req.Name == "" {
		req.Name = d.nameFor(in.RequestID)
	}
	if len(in.Payload) > 0 {
		req.Input = durop.Quote(in.Payload)
	}
	sum := sha256.Sum256(in.Payload)
	req.Hash = hex.EncodeToString(sum[:])
	id := executionID(req.Region, req.Account, req.Function, req.Name)
	if !in.Event {
		stop := d.keepTail(id)
		defer stop()
	}
	reply, err := d.begin(ctx, id, req)
	if err != nil {
		return nil, err
	}
	res := &InvokeResult{Status: 202, ExecutionARN: reply.ARN}
	if in.Event {
		return res, nil
	}
	res.Status, res.ExecutedVersion = 200, in.Version.Version
	return res, d.await(ctx, id, res)
}

// pin fixes what an execution of a version keeps; Name and the rest are the caller's.
func (d *Durable) pin(v *Version, event bool) *startRequest {
	p := pinned{
		Format: pinnedFormat, ID: d.eng.NewID(), Region: v.Region, Account: v.Account, Function: v.FunctionName, Version: v.Version,
		Timeout: int64(v.Durable.ExecutionTimeout), Retention: v.Durable.RetentionPeriodInDays, KMSKey: v.Durable.KMSKeyArn, Event: event,
	}
	if p.Retention == 0 {
		p.Retention = defaultRetention
	}
	return &startRequest{pinned: p}
}

// nameFor makes the name of an execution that was given none: a UUID, the same for the same request.
func (d *Durable) nameFor(request string) string {
	if request == "" {
		return d.eng.NewID()
	}
	sum := sha256.Sum256([]byte(request))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: made of other data
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (d *Durable) begin(ctx context.Context, id store.ID, req *startRequest) (*startReply, error) {
	for range 3 {
		v, err := d.eng.Call(ctx, id, engine.Message{Type: msgStart, Value: req})
		if err != nil {
			return nil, err
		}
		reply := v.(*startReply)
		if reply.Expired {
			continue
		}
		return reply, reply.Err
	}
	return nil, fmt.Errorf("execution name %q could not be taken over from an expired execution", req.Name)
}

// await waits for the execution to close and fills in how it ended (section 2.4).
func (d *Durable) await(ctx context.Context, id store.ID, res *InvokeResult) error {
	if _, err := d.eng.Closed(ctx, id); err != nil {
		return err
	}
	out, err := d.outcome(ctx, id)
	if err != nil {
		return err
	}
	res.Log = d.tail(id)
	switch {
	case out.Status != durop.Succeeded:
		res.FunctionError = "Unhandled"
		res.Payload = durop.InvokeError(out.Error)
	case out.Result == nil || out.Result.Len() == 0:
		res.Payload = []byte("null")
	default:
		res.Payload = []byte(out.Result.String())
	}
	return nil
}

// start creates the execution, or answers for the one that has its name (section 2.2).
func (d *Durable) start(tx engine.Tx, m engine.Message) error {
	req, ok := m.Value.(*startRequest)
	if !ok {
		req = &startRequest{}
		if err := json.Unmarshal(m.Body, &req); err != nil {
			return fmt.Errorf("start of %s: %w", tx.ID(), err)
		}
	}
	if tx.Exists() {
		return d.startAgain(tx, req)
	}
	now := tx.Now()
	x := &execution{pinned: req.pinned, input: req.Input, ops: durop.NewState(nil, 0, 0, 0), size: 1024}
	x.Started = now.UnixMilli()
	if x.Apart = len(x.input) >= apartAt; x.Apart {
		tx.Put("~in", x.input)
		x.input = nil
	} else if x.input != nil {
		tx.Put("in", x.input)
	}
	x.run.Written = int64(req.Input.Len())
	cfg, err := json.Marshal(&x.pinned)
	if err != nil {
		return err
	}
	tx.Put("cfg", cfg)
	h := tx.Head()
	h.Owner, h.Name, h.Status, h.Started = owner(x.Region, x.Account, x.Function), x.Name, statusRunning, x.Started
	if h.Data, err = json.Marshal(DurableHead{ID: x.ID, Version: x.Version, KMSKey: x.KMSKey}); err != nil {
		return err
	}
	x.record(tx, x.identity().Started(x.Started, req.Input, x.Timeout))
	if x.Timeout > 0 {
		tx.SetTimer(timerDeadline, now.Add(time.Duration(x.Timeout)*time.Second))
	}
	d.launch(tx, x)
	d.tell(tx, x, statusRunning)
	tx.Reply(&startReply{ARN: x.arn().String()})
	return x.save(tx)
}

func (d *Durable) startAgain(tx engine.Tx, req *startRequest) error {
	x, err := d.load(tx)
	if err != nil {
		return err
	}
	if x.closed() && tx.Now().UnixMilli() >= x.expires() {
		tx.Remove()
		tx.Reply(&startReply{Expired: true})
		return nil
	}
	reply := &startReply{ARN: x.arn().String()}
	if x.Hash != req.Hash || x.Version != req.Version {
		reply.Err = &api.Error{
			Code: "DurableExecutionAlreadyStartedException", Message: "Execution already started: " + reply.ARN, Status: 409, Upper: true,
		}
	}
	tx.Reply(reply)
	return nil
}

// expires is when a closed execution is forgotten, in Unix milliseconds.
func (x *execution) expires() int64 { return x.ended + int64(x.Retention)*24*time.Hour.Milliseconds() }

// keepTail makes the log tails of an execution's invocations available to a waiting caller; stop ends that.
func (d *Durable) keepTail(id store.ID) (stop func()) {
	d.tails.LoadOrStore(id, []byte(nil))
	return func() { d.tails.Delete(id) }
}

func (d *Durable) tail(id store.ID) []byte {
	v, _ := d.tails.Load(id)
	log, _ := v.([]byte)
	return log
}

// outcome reads how a closed execution ended.
func (d *Durable) outcome(ctx context.Context, id store.ID) (*outcome, error) {
	raw, err := d.eng.Store().ReadPart(ctx, id, "~end")
	if errors.Is(err, store.ErrNotFound) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	return readOutcome(raw)
}
