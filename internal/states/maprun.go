package states

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// runPart is the part of an execution that holds one of its map runs; the run's id follows.
const runPart = "@m"

// applyRuns keeps the map runs that have changed, and asks for what they want: children, items, files.
func (s *Service) applyRuns(tx engine.Tx, l *live, d *asl.Delta) error {
	runs := map[string]*asl.MapRun{}
	for i := range d.Runs {
		r := &d.Runs[i]
		runs[r.Key] = r
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if tx.Part(runPart+r.ID) == nil {
			tx.Send(runID(r.ARN), msgRun, "", []byte(tx.ID()))
		}
		tx.Put(runPart+r.ID, data)
	}
	for _, c := range d.Children {
		if err := s.beginChild(tx, l, runs[c.Run], &c); err != nil {
			return err
		}
	}
	for _, c := range d.StopChildren {
		tx.Send(childID(l, runs[c.Run], c.Index), msgStop, "", nil)
	}
	for _, c := range d.Read {
		if err := askObjects(tx, readPrefix+c.Key, effectRead, l, c); err != nil {
			return err
		}
	}
	for _, c := range d.Write {
		w := writing{Write: c, Run: *runs[c.Key], Machine: l.childMachine(runs[c.Key]).String()}
		if err := askObjects(tx, writePrefix+c.Key, effectWrite, l, w); err != nil {
			return err
		}
	}
	return nil
}

func askObjects(tx engine.Tx, key, kind string, l *live, what any) error {
	data, err := json.Marshal(what)
	if err == nil {
		data, err = json.Marshal(objectCall{l.exec.Info().Region, data})
	}
	if err == nil {
		tx.Effect(key, kind, data)
	}
	return err
}

// childMachine is the labelled machine under which a run's children are listed.
func (l *live) childMachine(r *asl.MapRun) arn.StateMachine {
	info := l.exec.Info()
	return arn.StateMachine{Region: info.Region, Account: info.Account, Name: info.MachineName, Label: r.Label}
}

// childName is the name of a run's child: made of the run and the child's number, so that it need not be remembered. It
// counts up from a start that depends on the run, so that the rows of one child lie beside those of the next: to begin
// children in order, and to export them, then reads and writes one place of the store rather than everywhere.
func childName(run string, index int, what string) string {
	sum := sha256.Sum256([]byte(run + "/" + strconv.Itoa(index) + what))
	start := sha256.Sum256([]byte(run))
	binary.BigEndian.PutUint32(sum[:], binary.BigEndian.Uint32(start[:])+uint32(index))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// child is the ARN of a run's child.
func child(m arn.StateMachine, r *asl.MapRun, index int) arn.Execution {
	e := arn.Execution{Region: m.Region, Account: m.Account, Machine: m.Name, Label: m.Label, Name: childName(r.ID, index, "")}
	if r.ExecutionType == typeExpress {
		e.ID = childName(r.ID, index, typeExpress)
	}
	return e
}

func childID(l *live, r *asl.MapRun, index int) store.ID {
	return entity(child(l.childMachine(r), r, index))
}

// childClosed is what a child tells its run when it ends.
type childClosed struct {
	Index   int             `json:"index"`
	Attempt int             `json:"attempt,omitempty"`
	Status  asl.Status      `json:"status"`
	Output  json.RawMessage `json:"output,omitempty"`
	Record  json.RawMessage `json:"record,omitempty"`
}

func (l *live) tellRun(tx engine.Tx, f *asl.Finish) error {
	c := l.record.Child
	closed := childClosed{Index: c.Index, Attempt: c.Attempt, Status: f.Status}
	switch {
	case c.Wants == asl.WantStatus:
	case c.Wants == asl.WantAll && f.Status == asl.Succeeded:
		closed.Output = f.Output
	default:
		closed.Record = l.runRecord(tx.Head(), f)
	}
	data, err := json.Marshal(&closed)
	if err != nil {
		return err
	}
	tx.Send(c.Parent, msgChild, c.Run, data)
	return nil
}

func (s *Service) childClosed(tx engine.Tx, l *live, m engine.Message) error {
	var c childClosed
	if err := decode(m, &c); err != nil {
		return err
	}
	return s.late(tx, l, asl.ChildClosed{Run: m.Key, Index: c.Index, Attempt: c.Attempt, Status: c.Status, Output: c.Output,
		Record: c.Record})
}

// runRecord is the child in the results of its run (specification, section 3.6).
func (l *live) runRecord(h *store.Head, f *asl.Finish) json.RawMessage {
	status, reason := redriveStatus(true, h.Status)
	e := exported{
		Cause: f.Cause, Error: f.Error, ExecutionArn: l.record.Arn, Input: string(l.exec.Info().Input),
		Name: h.Name, RedriveCount: l.record.Redrives, RedriveStatus: status, RedriveStatusReason: reason,
		StartDate: iso(h.Started), StateMachineArn: l.record.Machine, Status: h.Status, StopDate: iso(h.Ended),
	}
	if f.Status == asl.Succeeded {
		out := string(f.Output)
		e.Output = &out
	}
	return e.json()
}

// runID is the entity that tells which execution a map run belongs to.
func runID(run string) store.ID {
	r, err := arn.ParseMapRun(run)
	if err != nil {
		panic(fmt.Sprintf("%q was made as the ARN of a map run: %v", run, err))
	}
	return store.ID(key(string(rune(kindRun)), r.Region, r.Account, r.Machine, r.Label, r.ID))
}

// runTurn takes the messages to the entity of a map run: it is made, asked for its execution, or forgotten with it.
func runTurn(tx engine.Tx, m engine.Message) error {
	switch m.Type {
	case msgRun:
		h := tx.Head()
		h.Owner, h.Status, h.Started = string(m.Body), "OPEN", store.Millis(tx.Now())
	case msgForget:
		tx.Remove()
	case msgShow:
		if !tx.Exists() {
			return errGone
		}
		tx.Reply(store.ID(tx.Head().Owner))
	}
	return nil
}

// forget removes an execution, and the entities of its map runs.
func forget(tx engine.Tx) {
	for _, r := range runsOf(tx) {
		tx.Send(runID(r.ARN), msgForget, "", nil)
	}
	tx.Remove()
}

// runsOf reads the map runs of an execution, the latest first.
func runsOf(tx engine.Tx) []*asl.MapRun {
	var runs []*asl.MapRun
	tx.Parts(func(k string, v []byte) {
		if len(k) < len(runPart) || k[:len(runPart)] != runPart {
			return
		}
		r := &asl.MapRun{}
		if json.Unmarshal(v, r) == nil {
			runs = append(runs, r)
		}
	})
	latestFirst(runs)
	return runs
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return store.Millis(t)
}
