package states

import (
	"context"
	"fmt"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
)

// childStart begins a map run's child, or runs it again. Its input follows. A map run sends thousands of these, so they have
// no more than what a child cannot know from the run's ARN and its own number.
type childStart struct {
	revision
	childOf
	Trace   string `json:"trace,omitempty"`
	Case    string `json:"case,omitempty"`
	Express bool   `json:"express,omitempty"`
	Redrive bool   `json:"redrive,omitempty"`
}

func (s *Service) beginChild(tx engine.Tx, l *live, r *asl.MapRun, c *asl.Child) error {
	b := childStart{revision: l.record.revision, Trace: l.record.Trace, Case: l.record.Case,
		Express: r.ExecutionType == typeExpress, Redrive: c.Redrive}
	b.Role = l.exec.Info().Role
	b.childOf = childOf{Parent: tx.ID(), State: c.State, Run: c.Run, Arn: r.ARN, Index: c.Index, Items: c.Items, Attempt: c.Attempt, Wants: c.Wants}
	body, err := frame(&b, c.Input)
	if err != nil {
		return err
	}
	tx.Send(childID(l, r, c.Index), msgBegin, "", body)
	return nil
}

// execution is the child: its record and what it is for asl.
func (b *childStart) execution(input []byte) (record, asl.Info, error) {
	run, err := arn.ParseMapRun(b.Arn)
	if err != nil {
		return record{}, asl.Info{}, err
	}
	m := arn.StateMachine{Region: run.Region, Account: run.Account, Name: run.Machine, Label: run.Label}
	r := asl.MapRun{ID: run.ID}
	if b.Express {
		r.ExecutionType = typeExpress
	}
	e := child(m, &r, b.Index)
	return record{revision: b.revision, Arn: e.String(), Machine: m.String(), Trace: b.Trace, Case: b.Case, Express: b.Express, Child: &b.childOf},
		asl.Info{ID: e.String(), Name: e.Name, Role: b.Role, Machine: m.String(), MachineName: m.Name, Region: m.Region,
			Account: m.Account, Express: b.Express, MapRun: b.Arn, Input: input}, nil
}

// beginTurn starts a child, or runs it again if its run is redriven.
func (s *Service) beginTurn(tx engine.Tx, m engine.Message) error {
	var b childStart
	input, err := unframe(m.Body, &b)
	if err != nil {
		return fmt.Errorf("the body of a message %s cannot be read: %w", m.Type, err)
	}
	if !tx.Exists() {
		r, info, err := b.execution(input)
		if err != nil {
			return err
		}
		info.Start = tx.Now()
		return s.begin(tx, &live{record: r}, info)
	}
	if !b.Redrive || tx.Head().Ended == 0 {
		return nil
	}
	l, err := s.load(tx)
	if err != nil {
		return err
	}
	l.record.Child = &b.childOf
	if tx.Head().Status == string(asl.Succeeded) {
		return s.tellAgain(tx, l, m)
	}
	return s.again(tx, l, "")
}

// tellAgain tells a run how its child has ended that succeeded just when the run failed and was to stop it: the run took
// it for aborted, and has been redriven.
func (s *Service) tellAgain(tx engine.Tx, l *live, m engine.Message) error {
	h := tx.Head()
	last, err := s.engine.Store().History(context.Background(), h.ID, h.Events, 1, false)
	if err != nil {
		return err
	}
	if len(last) == 0 { // it ended in this very turn
		tx.Send(h.ID, m.Type, m.Key, m.Body)
		return nil
	}
	f, err := s.ending(tx)
	if err != nil {
		return err
	}
	return l.tellRun(tx, f)
}
