package states

import (
	"context"
	"errors"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// Bounds of redrives (specification, section 5.9).
const (
	redriveWindow = 14 * 24 * time.Hour
	redriveEvents = 24_999
	maxOpenTime   = 366 * 24 * time.Hour
	tokenMemory   = 15 * time.Minute
	maxTokens     = 10
)

// redriveStatus is what DescribeExecution says of an execution's redrive.
func redriveStatus(child bool, status string) (word, reason string) {
	switch asl.Status(status) {
	case asl.Running, asl.Succeeded:
		return "NOT_REDRIVABLE", "Execution is " + status + " and cannot be redriven"
	}
	if child {
		return "REDRIVABLE_BY_MAP_RUN", ""
	}
	return "REDRIVABLE", ""
}

type redriveIn struct {
	Arn   *string `json:"executionArn"`
	Token *string `json:"clientToken"`
}

type redriveOut struct {
	Redriven stamp `json:"redriveDate"`
}

type redriveCall struct{ token string }

func (s *Service) redrive(ctx context.Context, _ *api.Request, in *redriveIn) (*redriveOut, error) {
	var c constraints
	c.need("executionArn", in.Arn, 1, maxLongArn)
	c.text("clientToken", in.Token, 1, 64)
	if err := c.err(); err != nil {
		return nil, err
	}
	e, err := executionArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	v, err := s.engine.Call(ctx, entity(e), engine.Message{Type: msgRedrive, Value: &redriveCall{str(in.Token)}})
	if errors.Is(err, errGone) {
		return nil, errNoExecution(*in.Arn)
	}
	if err != nil {
		return nil, err
	}
	return &redriveOut{v.(stamp)}, nil
}

// notRedrivable tells why an execution cannot be redriven; empty if it can.
func notRedrivable(h *store.Head, child bool, now time.Time) string {
	switch {
	case h.Ended == 0 || h.Status == string(asl.Succeeded):
		_, why := redriveStatus(child, h.Status)
		return why + "."
	case child:
		return "Execution can only be redriven by its map run."
	case h.Events >= redriveEvents:
		return "Execution history event limit exceeded."
	case now.Sub(time.UnixMilli(h.Ended)) > redriveWindow:
		return "Execution redrivable period exceeded."
	case h.Ended-h.Started > maxOpenTime.Milliseconds():
		return "Execution has exceeded the max execution time."
	}
	return ""
}

func (s *Service) redriveTurn(tx engine.Tx, call *redriveCall) error {
	l, err := s.load(tx)
	if err != nil {
		return err
	}
	now := tx.Now()
	for _, o := range l.record.Tokens {
		if call.token != "" && o.Token == call.token && now.Sub(time.UnixMilli(o.At)) < tokenMemory {
			tx.Reply(stamp(o.At))
			return nil
		}
	}
	if why := notRedrivable(tx.Head(), l.record.Child != nil, now); why != "" {
		return api.Errorf("ExecutionNotRedrivable", "Execution Not Redrivable: '%s'", why)
	}
	if err := s.again(tx, l, call.token); err != nil {
		return err
	}
	tx.Reply(stamp(store.Millis(now)))
	return nil
}

// again runs an execution that has ended once more.
func (s *Service) again(tx engine.Tx, l *live, token string) error {
	now := tx.Now()
	d, err := l.exec.Step(asl.Redrive{}, &world{tx: tx, s: s, l: l})
	if err != nil {
		return api.Errorf("ExecutionNotRedrivable", "Execution Not Redrivable: '%s'", err)
	}
	h := tx.Head()
	h.Status, h.Ended = string(asl.Running), 0
	tx.ClearTimer(timerRetention)
	l.record.Redrives++
	l.record.Redriven = store.Millis(now)
	if token != "" {
		l.record.Tokens = append(l.record.Tokens, once{token, store.Millis(now)})
		if n := len(l.record.Tokens); n > maxTokens {
			l.record.Tokens = l.record.Tokens[n-maxTokens:]
		}
	}
	if err := l.save(tx); err != nil {
		return err
	}
	tx.SetState(l, l.size())
	return s.apply(tx, l, d)
}
