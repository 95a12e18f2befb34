package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// Types of messages. Those with a value come from operations, those with a body from other entities.
const (
	msgStart   = "start"   // Value *startCall
	msgBegin   = "begin"   // Body childStart: a map run's child
	msgInput   = "input"   // Value asl.Input, of tasks: SendTask...
	msgStop    = "stop"    // Value asl.Stop; or Body empty: the parent no longer wants it
	msgRedrive = "redrive" // Value *redriveCall
	msgWatch   = "watch"   // Body watcher
	msgClosed  = "closed"  // Key of the task, Body closedBody
	msgTaken   = "taken"   // Key of the task, Body the worker's name
	msgChild   = "child"   // Body childClosed
	msgShow    = "show"    // Value *reading: answers what only the entity knows
	msgMapRun  = "maprun"  // Value asl.MapRunChanged
	msgRun     = "run"     // Body the execution's id: a map run's entity
	msgForget  = "forget"  // a map run's entity goes with its execution
)

// Timers of the service; all others are asl's.
const timerRetention = "~retention" // patient: skipping time must not forget what has just ended

type behaviour struct{ s *Service }

// Turn implements engine.Behaviour. It reads documents and blobs where an entity is loaded that no cache holds.
func (b behaviour) Turn(tx engine.Tx, m engine.Message) error {
	if tx.ID().Kind() == kindQueue {
		return queueTurn(tx, m)
	}
	if tx.ID().Kind() == kindRun {
		return runTurn(tx, m)
	}
	switch m.Type {
	case msgStart:
		return b.s.startTurn(tx, m.Value.(*startCall))
	case msgBegin:
		return b.s.beginTurn(tx, m)
	}
	if !tx.Exists() {
		return b.s.missing(tx, m)
	}
	switch m.Type {
	case msgWatch:
		return b.s.watchTurn(tx, m)
	case msgShow:
		return b.s.showTurn(tx, m)
	case msgRedrive:
		return b.s.redriveTurn(tx, m.Value.(*redriveCall))
	case engine.TypeTimer:
		if m.Key == timerRetention {
			forget(tx)
			return nil
		}
	}
	if tx.Head().Ended != 0 {
		return closedTurn(tx, m)
	}
	return b.s.openTurn(tx, m)
}

// closedTurn answers messages to an execution that has ended.
func closedTurn(tx engine.Tx, m engine.Message) error {
	switch m.Type {
	case msgInput, msgMapRun:
		return asl.ErrClosed
	case msgStop:
		tx.Reply(stamp(tx.Head().Ended))
	}
	return nil
}

// missing answers messages to an execution that does not exist, or no longer.
func (s *Service) missing(tx engine.Tx, m engine.Message) error {
	switch m.Type {
	case msgWatch:
		var w watcher
		if err := json.Unmarshal(m.Body, &w); err != nil {
			return err
		}
		return sendClosed(tx, w, &closedBody{Status: asl.Failed, Cause: "The execution does not exist."})
	case msgInput, msgStop, msgShow, msgRedrive, msgMapRun:
		return errGone
	}
	return nil
}

// errGone: there is no such execution.
var errGone = errors.New("the execution does not exist")

// openTurn gives a running execution what has happened.
func (s *Service) openTurn(tx engine.Tx, m engine.Message) error {
	l, err := s.load(tx)
	if err != nil {
		return err
	}
	switch m.Type {
	case engine.TypeTimer:
		return s.late(tx, l, asl.TimerDue{Key: m.Key})
	case engine.TypeAgain:
		return s.late(tx, l, asl.Continue{})
	case engine.TypeEffect:
		return s.answered(tx, l, m)
	case msgInput:
		in := m.Value.(asl.Input)
		return s.step(tx, l, in)
	case msgMapRun:
		return s.step(tx, l, m.Value.(asl.MapRunChanged))
	case msgTaken:
		return s.late(tx, l, asl.TaskStarted{Key: m.Key, Worker: string(m.Body)})
	case msgClosed:
		return s.nestedClosed(tx, l, m)
	case msgChild:
		return s.childClosed(tx, l, m)
	case msgStop:
		stop, _ := m.Value.(asl.Stop)
		if err := s.step(tx, l, stop); err != nil {
			return err
		}
		tx.Reply(stamp(tx.Head().Ended))
		return nil
	}
	return fmt.Errorf("a message of the unknown type %q", m.Type)
}

// late is step for messages that may have been overtaken: what they are about may be over.
func (s *Service) late(tx engine.Tx, l *live, in asl.Input) error {
	err := s.step(tx, l, in)
	if errors.Is(err, asl.ErrNoTask) || errors.Is(err, asl.ErrClosed) || errors.Is(err, asl.ErrOrder) {
		return nil
	}
	return err
}

// step gives the interpreter an input and writes what changes. If it fails, nothing was changed.
func (s *Service) step(tx engine.Tx, l *live, in asl.Input) error {
	d, err := l.exec.Step(in, &world{tx: tx, s: s, l: l})
	if err != nil {
		return err
	}
	tx.SetState(l, l.size())
	return s.apply(tx, l, d)
}

// Run implements engine.Behaviour.
func (b behaviour) Run(ctx context.Context, e store.Effect) ([]byte, error) {
	switch e.Kind {
	case effectTask:
		return b.s.runTask(ctx, e)
	case effectRead:
		return b.s.runRead(ctx, e)
	case effectWrite:
		return b.s.runWrite(ctx, e)
	}
	return nil, fmt.Errorf("an effect of the unknown kind %q", e.Kind)
}
