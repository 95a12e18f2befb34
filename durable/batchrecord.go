package durable

import (
	"encoding/json"
	"fmt"
)

// storedBatch is a batch on its record.
type storedBatch struct {
	All    []storedItem     `json:"all"`
	Reason CompletionReason `json:"completionReason"`
}

type storedItem struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *storedFailure  `json:"error,omitempty"`
	Index  int             `json:"index"`
	Name   string          `json:"name,omitempty"`
	Status BatchItemStatus `json:"status"`
}

// storedFailure is an item's error. Kind tells a failed item context from an error as it was.
type storedFailure struct {
	ErrorType    string
	ErrorMessage string   `json:",omitempty"`
	ErrorData    string   `json:",omitempty"`
	StackTrace   []string `json:",omitempty"`
}

func storedError(err error) *storedFailure {
	if e, ok := err.(*ChildContextError); ok {
		return &storedFailure{e.ErrorType, e.Message, e.ErrorData, e.StackTrace}
	}
	obj := objectOf(err, nil)
	return &storedFailure{deref(obj.ErrorType), deref(obj.ErrorMessage), deref(obj.ErrorData), obj.StackTrace}
}

func (f *storedFailure) object() *ErrorObject {
	if f == nil {
		return &ErrorObject{ErrorType: ptr("Error")}
	}
	return &ErrorObject{ErrorType: &f.ErrorType, ErrorMessage: &f.ErrorMessage, ErrorData: optional(f.ErrorData), StackTrace: f.StackTrace}
}

// itemError rebuilds an item's error: that of its context if it had one, else the body's.
func itemError(name string, f *storedFailure, flat bool) error {
	obj := f.object()
	if flat {
		return ErrorFromObject(obj)
	}
	return &ChildContextError{Name: name, ErrorType: deref(obj.ErrorType), Message: deref(obj.ErrorMessage), ErrorData: deref(obj.ErrorData),
		StackTrace: obj.StackTrace, Err: ErrorFromObject(obj)}
}

// batchSummary is the record of a batch that is too large: enough to make it again from the items.
type batchSummary struct {
	Type         string           `json:"type"`
	Total        int              `json:"totalCount"`
	Success      int              `json:"successCount"`
	Failure      int              `json:"failureCount"`
	Started      *int             `json:"startedCount,omitempty"`
	Reason       CompletionReason `json:"completionReason"`
	Status       BatchItemStatus  `json:"status"`
	ItemStatuses string           `json:"itemStatuses"`
	Summary      string           `json:"summary,omitempty"`
}

func (r *batchRun) summary() (string, error) {
	s := batchSummary{Type: r.kind.summary, Total: len(r.items), Reason: r.reason, Status: BatchItemSucceeded}
	started := 0
	for _, it := range r.items {
		switch it.status {
		case BatchItemSucceeded:
			s.Success++
			s.ItemStatuses += "S"
		case BatchItemFailed:
			s.Failure++
			s.ItemStatuses += "F"
		default:
			started++
			s.ItemStatuses += "-"
		}
	}
	if r.reason.failed() || s.Failure > 0 && r.reason != CompletionCustomSucceeded {
		s.Status = BatchItemFailed
	}
	if r.kind.countStarted {
		s.Started = &started
	}
	if r.cfg.summary != nil {
		text, err := r.cfg.summary(r.pack(r.items, r.reason))
		if err != nil {
			return "", err
		}
		s.Summary = text
	}
	for {
		b, err := marshalJSON(s)
		if err != nil || len(b) <= maxContextResult || s.Summary == "" {
			return string(b), err
		}
		over := len(b) - maxContextResult
		s.Summary = cut(s.Summary, max(0, len(s.Summary)-max(over/6, 1)))
	}
}

// replay gives the outcome of a batch that is on record, and moves on past the places it took.
func (r *batchRun) replay(rec *Operation) error {
	d := deref(rec.ContextDetails)
	if rec.Status != OperationStatusSucceeded {
		r.o.done(rec)
		f := r.o.failure(d.Error)
		return &ChildContextError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace, Err: f.Err}
	}
	var err error
	if deref(d.ReplayChildren) {
		err = r.redrive(deref(d.Result))
	} else {
		err = r.recall(deref(d.Result))
	}
	if err == nil {
		r.o.done(rec)
	}
	return err
}

// skip moves the caller's counter past the places of n admitted items.
func (r *batchRun) skip(n int) error {
	switch {
	case n > r.total:
		return errTooManyItems
	case r.cfg.nesting == NestingFlat, n == 0 && (r.reason == CompletionCustomSucceeded || r.reason == CompletionCustomFailed):
	case r.cfg.concurrency == 1:
		r.c.claimed += n
	default:
		r.c.claimed += r.total
	}
	return nil
}

// recall reads the whole outcome.
func (r *batchRun) recall(text string) (err error) {
	if r.cfg.result != nil {
		r.items, r.reason, err = r.unpack(text)
		if err != nil {
			return err
		}
		return r.skip(len(r.items))
	}
	var s storedBatch
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return r.c.ex.serdesFailed(r.o, "unmarshal", err)
	}
	r.reason = s.Reason
	if err := r.skip(len(s.All)); err != nil {
		return err
	}
	for _, st := range s.All {
		if st.Index < 0 || st.Index >= r.total {
			return errTooManyItems
		}
		it := &batchItem{index: st.Index, name: r.name(st.Index), status: st.Status}
		switch st.Status {
		case BatchItemFailed:
			it.err = itemError(it.name, st.Error, r.cfg.nesting == NestingFlat)
		case BatchItemSucceeded:
			it.text, it.value = string(st.Result), r.fresh()
			o := &operation{c: r.inner, name: it.name, position: r.position(it.index)}
			if err := r.c.ex.decode(r.serdes(it.index), o, it.text, it.value); err != nil {
				return err
			}
		}
		r.items = append(r.items, it)
	}
	return nil
}

// redrive makes the outcome again from the records of the items.
func (r *batchRun) redrive(text string) error {
	var s batchSummary
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return r.c.ex.serdesFailed(r.o, "unmarshal", err)
	}
	r.reason = s.Reason
	if err := r.skip(len(s.ItemStatuses)); err != nil {
		return err
	}
	r.inner.closed = true
	for i, mark := range s.ItemStatuses {
		if mark == '-' {
			r.items = append(r.items, &batchItem{index: i, name: r.name(i), status: BatchItemStarted})
			continue
		}
		it, err := r.admit(i)
		if err != nil {
			return err
		}
		if err := r.drive(it, r.inner.branch, r.c.owner); err != nil {
			return err
		}
		if got := map[BatchItemStatus]rune{BatchItemSucceeded: 'S', BatchItemFailed: 'F'}[it.status]; got != mark {
			return fmt.Errorf("durable: item %d of batch %q ended differently than recorded: %w", i, r.o.name, it.err)
		}
	}
	return nil
}
