package states

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// closedBody tells a .sync task how the execution it waits for has ended.
type closedBody struct {
	Status asl.Status      `json:"status"`
	Result json.RawMessage `json:"result,omitempty"` // as DescribeExecution answers, in the integration's names
	Cause  string          `json:"cause,omitempty"`  // of a failure that has no result
}

// nestedStarted records that a .sync task's execution has started, and asks to be told of its end.
func (s *Service) nestedStarted(tx engine.Tx, l *live, key string, a *taskAnswer) error {
	e, err := arn.ParseExecution(a.Wait)
	if err != nil {
		return err
	}
	body, err := json.Marshal(watcher{Parent: tx.ID(), Key: key, Text: a.Text})
	if err != nil {
		return err
	}
	err = s.step(tx, l, asl.TaskSubmitted{Key: key, Output: a.Output})
	if errors.Is(err, asl.ErrNoTask) || errors.Is(err, asl.ErrClosed) {
		return nil // answered by its token meanwhile, or no longer wanted
	}
	if err != nil || tx.Head().Ended != 0 {
		return err
	}
	tx.Put(nestedPart+key, []byte(entity(e)))
	tx.Send(entity(e), msgWatch, key, body)
	return nil
}

// watchTurn notes who wants to know of the end, or tells at once if it has come.
func (s *Service) watchTurn(tx engine.Tx, m engine.Message) error {
	var w watcher
	if err := decode(m, &w); err != nil {
		return err
	}
	l, err := s.load(tx)
	if err != nil {
		return err
	}
	if tx.Head().Ended == 0 {
		l.record.Watchers = append(l.record.Watchers, w)
		return l.save(tx)
	}
	f, err := s.ending(tx)
	if err != nil {
		return err
	}
	return sendClosed(tx, w, l.closed(tx.Head(), f, w))
}

// closed describes the end of an execution to one who watches it.
func (l *live) closed(h *store.Head, f *asl.Finish, w watcher) *closedBody {
	return &closedBody{Status: f.Status, Result: l.nestedResult(h, f, w.Text)}
}

func sendClosed(tx engine.Tx, w watcher, body *closedBody) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	tx.Send(w.Parent, msgClosed, w.Key, data)
	return nil
}

// nestedClosed ends a .sync task.
func (s *Service) nestedClosed(tx engine.Tx, l *live, m engine.Message) error {
	var c closedBody
	if err := decode(m, &c); err != nil {
		return err
	}
	var in asl.Input = asl.TaskSucceeded{Key: m.Key, Output: c.Result}
	if c.Status != asl.Succeeded {
		name, cause := "States.TaskFailed", c.Cause
		if cause == "" {
			cause = string(c.Result)
		}
		in = asl.TaskFailed{Key: m.Key, Error: &name, Cause: &cause}
	}
	forgetTask(tx, m.Key)
	return s.late(tx, l, in)
}

// nestedResult is the result of states:startExecution.sync (text) and .sync:2, or the cause of its failure: members in
// alphabetical order, times in Unix milliseconds (specification, section 4.4).
func (l *live) nestedResult(h *store.Head, f *asl.Finish, text bool) json.RawMessage {
	info := l.exec.Info()
	o := &members{}
	if f.Status != asl.Succeeded {
		text = true
		o.text("Cause", f.Cause)
		o.text("Error", f.Error)
	}
	o.text("ExecutionArn", &info.ID)
	data := func(name string, v []byte) {
		if v == nil {
			return
		}
		if text {
			s := string(v)
			o.text(name, &s)
		} else {
			o.raw(name, string(v))
		}
		o.raw(name+"Details", `{"Included":true}`)
	}
	data("Input", info.Input)
	o.text("Name", &info.Name)
	if f.Status == asl.Succeeded {
		data("Output", f.Output)
	}
	status, reason := redriveStatus(l.record.Child != nil, h.Status)
	o.raw("RedriveCount", itoa(l.record.Redrives))
	o.text("RedriveStatus", &status)
	o.text("RedriveStatusReason", optional(reason))
	o.raw("StartDate", itoa(int(h.Started)))
	o.text("StateMachineArn", &l.record.Machine)
	o.text("Status", &h.Status)
	o.raw("StopDate", itoa(int(h.Ended)))
	return o.done()
}

// members builds a JSON object in a given order.
type members struct{ b bytes.Buffer }

func (o *members) raw(name, v string) {
	if o.b.Len() == 0 {
		o.b.WriteByte('{')
	} else {
		o.b.WriteByte(',')
	}
	o.b.WriteString(quote(name))
	o.b.WriteByte(':')
	o.b.WriteString(v)
}

// text leaves the member out if there is no value.
func (o *members) text(name string, v *string) {
	if v != nil {
		o.raw(name, quote(*v))
	}
}

func (o *members) done() json.RawMessage {
	if o.b.Len() == 0 {
		return json.RawMessage("{}")
	}
	o.b.WriteByte('}')
	return o.b.Bytes()
}
