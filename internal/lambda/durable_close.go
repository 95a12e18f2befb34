package lambda

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
	"github.com/perdure/perdure/internal/engine"
)

// outcome is how an execution ended.
type outcome struct {
	Status string
	Result durop.Text
	Error  durop.Object
}

// row encodes it: {"v":1,"status":...,"result":...,"error":...}, result and error as they are shown.
func (o *outcome) row() []byte {
	b := append([]byte(`{"v":1,"status":`), durop.Quote(o.Status)...)
	if o.Result != nil {
		b = append(append(b, `,"result":`...), o.Result...)
	}
	if o.Error != nil {
		b = append(append(b, `,"error":`...), o.Error...)
	}
	return append(b, '}')
}

func readOutcome(row []byte) (*outcome, error) {
	o := &outcome{}
	ok := durop.Members(row, func(key string, v []byte) {
		switch key {
		case "status":
			o.Status = durop.Text(v).String()
		case "result":
			o.Result = v
		case "error":
			o.Error = v
		}
	})
	if !ok || o.Status == "" {
		return nil, fmt.Errorf("the outcome %.40q cannot be read", row)
	}
	return o, nil
}

// close ends the execution: the terminal event, the parent's message, and only the retention timer is left. Open
// operations stay as they are, and no token is valid any more.
func (d *Durable) close(tx engine.Tx, x *execution, status string, result durop.Text, failure durop.Object) {
	now := tx.Now()
	if status != durop.Succeeded && failure == nil {
		failure = durop.Object("{}")
	}
	out := outcome{status, result, failure}
	x.record(tx, x.identity().Closed(now.UnixMilli(), status, result, failure))
	h := tx.Head()
	x.ended = max(now.UnixMilli(), 1)
	h.Status, h.Ended = status, x.ended
	x.run.Nonce, x.text, x.run.Last, x.answer = "", "", nil, nil
	tx.Put("~end", out.row())
	for _, t := range []string{timerDeadline, timerRetry, timerWake} {
		tx.ClearTimer(t)
	}
	for _, index := range x.held {
		tx.Delete(opKey("held", index))
	}
	x.held = nil
	tx.SetTimer(timerRetention, time.UnixMilli(x.expires()))
	if x.Parent != "" {
		tx.Send(x.Parent, msgChild, strconv.Itoa(x.ParentOp), (&childOutcome{status, result, json.RawMessage(failure), x.Timeout}).row())
	}
	d.tell(tx, x, status)
}

// tell announces a change of status after the commit.
func (d *Durable) tell(tx engine.Tx, x *execution, status string) {
	if d.observe == nil {
		return
	}
	a := x.arn()
	c := StatusChange{
		ExecutionARN: a.String(), Name: x.Name, FunctionARN: a.FunctionARN(), Status: status, Started: time.UnixMilli(x.Started).UTC(),
		Operations: len(x.ops.Ops), Written: x.run.Written,
	}
	if x.ended != 0 {
		c.Ended = time.UnixMilli(x.ended).UTC()
	}
	tx.AfterCommit(func() { d.observe(c) })
}

// stop ends the execution from outside; a closed one stays as it is. The reply is when it ended, in Unix milliseconds.
func (d *Durable) stop(tx engine.Tx, x *execution, failure durop.Object) {
	if !x.closed() {
		d.close(tx, x, durop.Stopped, nil, failure)
	}
	tx.Reply(x.ended)
}

// remove deletes a closed execution with all it has.
func (d *Durable) remove(tx engine.Tx, x *execution) error {
	if !x.closed() {
		return &api.Error{
			Code: "ResourceConflictException", Status: 409,
			Message: "The durable execution is still running. Stop it or wait until it has ended, then delete it.",
		}
	}
	tx.Remove()
	return nil
}
