package states

import (
	"encoding/json"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// Parts that say what a task waits for outside: the queue of an activity, a nested execution.
const (
	queuePart  = "@q"
	nestedPart = "@n"
)

// apply writes what a step changed and asks for what it wants.
func (s *Service) apply(tx engine.Tx, l *live, d *asl.Delta) error {
	for _, r := range d.Put {
		tx.Put(r.Key, r.Value)
	}
	for _, k := range d.Delete {
		tx.Delete(k)
	}
	for _, e := range d.Events {
		tx.Append(e)
	}
	s.deliver(tx, l, d.Events)
	for _, k := range d.ClearTimers {
		tx.ClearTimer(k)
	}
	for _, t := range d.SetTimers {
		tx.SetTimer(t.Key, t.Due)
	}
	for _, k := range d.Cancel {
		cancelTask(tx, k)
	}
	for i := range d.Schedule {
		if err := s.schedule(tx, l, &d.Schedule[i]); err != nil {
			return err
		}
	}
	if err := s.applyRuns(tx, l, d); err != nil {
		return err
	}
	if d.Finish != nil {
		if err := s.finish(tx, l, d.Finish); err != nil {
			return err
		}
	}
	if d.Again {
		tx.Again()
	}
	return nil
}

// schedule asks for a task: activities wait in their queue for a worker, the others are effects.
func (s *Service) schedule(tx engine.Tx, l *live, t *asl.Task) error {
	if t.Resource.Kind == asl.Activity {
		a, err := arn.ParseActivity(t.Resource.ARN)
		if err != nil {
			return err
		}
		body, err := json.Marshal(queued{Token: t.Token, Input: string(t.Arguments)})
		if err != nil {
			return err
		}
		queue := queueID(a)
		tx.Put(queuePart+t.Key, []byte(queue))
		tx.Send(queue, msgOffer, queueKey(tx.ID(), t.Key), body)
		return nil
	}
	data, err := taskData(l, t)
	if err != nil {
		return err
	}
	tx.Effect(t.Key, effectTask, data)
	return nil
}

// cancelTask forgets a task: its effect, its place in a queue, the execution it waits for.
func cancelTask(tx engine.Tx, key string) {
	tx.CancelEffect(key)
	if queue := tx.Part(queuePart + key); queue != nil {
		tx.Send(store.ID(queue), msgDrop, queueKey(tx.ID(), key), nil)
		tx.Delete(queuePart + key)
	}
	if nested := tx.Part(nestedPart + key); nested != nil {
		tx.Send(store.ID(nested), msgStop, "", nil)
		tx.Delete(nestedPart + key)
	}
}

// forgetTask removes what is kept of a task that has ended by itself.
func forgetTask(tx engine.Tx, key string) {
	for _, part := range []string{queuePart + key, nestedPart + key} {
		if tx.Part(part) != nil {
			tx.Delete(part)
		}
	}
}

// finish closes the execution: it tells those who wait for its end, and leaves when its retention is over.
func (s *Service) finish(tx engine.Tx, l *live, f *asl.Finish) error {
	h := tx.Head()
	h.Status, h.Ended = string(f.Status), store.Millis(tx.Now())
	tx.SetState(nil, 0) // few ask for an execution that has ended, and a map run ends thousands
	express := l.record.Express && l.record.Child == nil
	if express {
		tx.SetTimer(timerRetention, tx.Now().Add(expressRetention))
	} else {
		tx.SetTimer(timerRetention, tx.Now().Add(retention))
	}
	for _, w := range l.record.Watchers {
		if err := sendClosed(tx, w, l.closed(h, f, w)); err != nil {
			return err
		}
	}
	if len(l.record.Watchers) > 0 {
		l.record.Watchers = nil
		if err := l.save(tx); err != nil {
			return err
		}
	}
	if l.record.Child != nil {
		if err := l.tellRun(tx, f); err != nil {
			return err
		}
	}
	if express {
		return keepResult(tx, f)
	}
	return nil
}
