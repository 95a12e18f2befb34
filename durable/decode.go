package durable

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// invocation is the event the service invokes a durable function with.
type invocation struct {
	DurableExecutionArn   string
	CheckpointToken       string
	UpdatedOperationIds   []string
	InitialExecutionState statePage
}

// statePage is one page of recorded operations, in an invocation or in an answer of the service.
type statePage struct {
	Operations []wireOperation
	NextMarker string
}

// wireOperation decodes an Operation. The same members carry times in two encodings: whole milliseconds in the
// invocation, seconds in API answers; stamp keeps the number until the place is known.
type wireOperation struct {
	Operation
	StartTimestamp stamp
	EndTimestamp   stamp
	StepDetails    *struct {
		StepDetails
		NextAttemptTimestamp stamp
	}
	WaitDetails *struct {
		ScheduledEndTimestamp stamp
	}
}

func (w *wireOperation) operation(unit time.Duration) Operation {
	op := w.Operation
	op.StartTimestamp, op.EndTimestamp = w.StartTimestamp.in(unit), w.EndTimestamp.in(unit)
	if w.StepDetails != nil {
		d := w.StepDetails.StepDetails
		d.NextAttemptTimestamp = w.StepDetails.NextAttemptTimestamp.in(unit)
		op.StepDetails = &d
	}
	if w.WaitDetails != nil {
		op.WaitDetails = &WaitDetails{ScheduledEndTimestamp: w.WaitDetails.ScheduledEndTimestamp.in(unit)}
	}
	return op
}

func (p *statePage) operations(unit time.Duration) []Operation {
	ops := make([]Operation, len(p.Operations))
	for i := range p.Operations {
		ops[i] = p.Operations[i].operation(unit)
	}
	return ops
}

// stamp is a time as a number of some unit or as RFC 3339 text. What is neither is no time; it is never an error,
// because a time only informs.
type stamp struct {
	text   time.Time
	number float64
}

func (s *stamp) UnmarshalJSON(b []byte) error {
	*s = stamp{}
	b = bytes.TrimSpace(b)
	if len(b) > 1 && b[0] == '"' {
		var text string
		if json.Unmarshal(b, &text) == nil {
			s.text, _ = time.Parse(time.RFC3339Nano, text)
		}
		return nil
	}
	if n, err := strconv.ParseFloat(string(b), 64); err == nil {
		s.number = n
	}
	return nil
}

func (s stamp) in(unit time.Duration) *time.Time {
	if !s.text.IsZero() {
		return &s.text
	}
	millis := s.number * float64(unit/time.Millisecond)
	if millis == 0 || math.Abs(millis) > 1e15 {
		return nil
	}
	t := time.UnixMilli(int64(math.Round(millis))).UTC()
	return &t
}
