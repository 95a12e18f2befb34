package states

import (
	"context"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
)

// world is what the interpreter sees of it: an asl.Env made of a turn.
type world struct {
	tx engine.Tx
	s  *Service
	l  *live
}

var (
	_ asl.Env        = (*world)(nil)
	_ asl.Tokens     = (*world)(nil)
	_ asl.Activities = (*world)(nil)
	_ asl.Mocks      = (*world)(nil)
)

func (w *world) Now() time.Time    { return w.tx.Now() }
func (w *world) Random() float64   { return w.tx.Random() }
func (w *world) NewID() string     { return w.tx.NewID() }
func (w *world) NextEvent() uint64 { return w.tx.NextEvent() }

func (w *world) TaskToken(key string) string { return makeToken(w.tx.ID(), key) }

func (w *world) ActivityExists(activity string) bool {
	a, err := arn.ParseActivity(activity)
	if err != nil {
		return false
	}
	d, _, err := w.s.findActivity(context.Background(), a)
	return err == nil && d != nil
}

func (w *world) MockTask(state string, attempt int) (asl.TaskResult, bool) {
	if w.s.mocks == nil || w.l.record.Case == "" {
		return asl.TaskResult{}, false
	}
	machine, err := arn.ParseStateMachine(w.l.record.Machine)
	if err != nil {
		return asl.TaskResult{}, false
	}
	return w.s.mocks.Answer(machine.Name, w.l.record.Case, state, attempt)
}
