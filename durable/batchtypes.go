package durable

import (
	"encoding/json"
	"fmt"
)

// CompletionReason is why a batch ended. Its JSON form is its name.
type CompletionReason int

// Why batches end.
const (
	CompletionAllCompleted             CompletionReason = 1
	CompletionMinSuccessfulReached     CompletionReason = 2
	CompletionFailureToleranceExceeded CompletionReason = 3
	CompletionCustomSucceeded          CompletionReason = 4
	CompletionCustomFailed             CompletionReason = 5
)

var reasonNames = map[CompletionReason]string{
	CompletionAllCompleted:             "ALL_COMPLETED",
	CompletionMinSuccessfulReached:     "MIN_SUCCESSFUL_REACHED",
	CompletionFailureToleranceExceeded: "FAILURE_TOLERANCE_EXCEEDED",
	CompletionCustomSucceeded:          "CUSTOM_COMPLETION_SUCCEEDED",
	CompletionCustomFailed:             "CUSTOM_COMPLETION_FAILED",
}

func (r CompletionReason) String() string {
	if s, ok := reasonNames[r]; ok {
		return s
	}
	return "UNKNOWN"
}

// failed reports whether the batch as a whole failed.
func (r CompletionReason) failed() bool {
	return r == CompletionFailureToleranceExceeded || r == CompletionCustomFailed
}

// MarshalJSON writes the name.
func (r CompletionReason) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }

// UnmarshalJSON reads the name.
func (r *CompletionReason) UnmarshalJSON(b []byte) error { return byName(b, reasonNames, r) }

// BatchItemStatus is how far an item of a batch came. Its JSON form is its name.
type BatchItemStatus int

// How far items come. The value 3 is not used.
const (
	BatchItemNotStarted BatchItemStatus = 0
	BatchItemSucceeded  BatchItemStatus = 1
	BatchItemFailed     BatchItemStatus = 2
	BatchItemStarted    BatchItemStatus = 4
)

var itemStatusNames = map[BatchItemStatus]string{
	BatchItemNotStarted: "NOT_STARTED", BatchItemSucceeded: "SUCCEEDED", BatchItemFailed: "FAILED", BatchItemStarted: "STARTED",
}

func (s BatchItemStatus) String() string {
	if n, ok := itemStatusNames[s]; ok {
		return n
	}
	return "UNKNOWN"
}

// MarshalJSON writes the name.
func (s BatchItemStatus) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads the name.
func (s *BatchItemStatus) UnmarshalJSON(b []byte) error { return byName(b, itemStatusNames, s) }

func byName[T comparable](b []byte, names map[T]string, out *T) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	for v, n := range names {
		if n == s {
			*out = v
			return nil
		}
	}
	return fmt.Errorf("durable: %q is not known", s)
}

// CompletionOutcome is what a completion policy makes of a batch.
type CompletionOutcome int

// What a policy can decide. Other values fail the operation.
const (
	CompletionOutcomeSucceeded CompletionOutcome = 1
	CompletionOutcomeFailed    CompletionOutcome = 2
)

func (o CompletionOutcome) String() string {
	switch o {
	case CompletionOutcomeSucceeded:
		return "SUCCEEDED"
	case CompletionOutcomeFailed:
		return "FAILED"
	}
	return "UNKNOWN"
}

// CompletionDecision is what ShouldComplete answers. The zero value goes on.
type CompletionDecision struct {
	_        [0]func()
	complete bool
	outcome  CompletionOutcome
}

// Complete reports whether the batch ends.
func (d CompletionDecision) Complete() bool { return d.complete }

// Outcome is how it ends.
func (d CompletionDecision) Outcome() CompletionOutcome { return d.outcome }

// ContinueBatch lets the batch go on.
func ContinueBatch() CompletionDecision { return CompletionDecision{} }

// CompleteBatch ends the batch.
func CompleteBatch(outcome CompletionOutcome) CompletionDecision {
	return CompletionDecision{complete: true, outcome: outcome}
}

// CompletionConfig says when a batch ends before all items did. Without any field the first failure ends it. A tolerance
// that is set is exceeded by one more failure, a percentage counted against all items. ShouldComplete excludes the others.
type CompletionConfig struct {
	_                                                 [0]func()
	MinSuccessful                                     int
	ToleratedFailureCount, ToleratedFailurePercentage *int
	ShouldComplete                                    func(BatchProgress) CompletionDecision
}

// BatchProgress is what ShouldComplete sees: before the first item, and after each that ended.
type BatchProgress struct {
	_                                                      [0]func()
	TotalCount, CompletedCount, SuccessCount, FailureCount int
	Items                                                  []BatchItemProgress
}

// BatchItemProgress is one item, in the order of the input.
type BatchItemProgress struct {
	_      [0]func()
	Index  int
	Name   string
	Status BatchItemStatus
}

// NestingMode says whether items have records of their own.
type NestingMode int

const (
	// NestingNormal gives every item a context record.
	NestingNormal NestingMode = 0
	// NestingFlat files the items' operations under the batch.
	NestingFlat NestingMode = 1
)

// BatchItem is the outcome of one item.
type BatchItem[O any] struct {
	_      [0]func()
	Index  int
	Name   string
	Status BatchItemStatus
	Result O
	Err    error
	flat   bool // Err is the body's own, not that of an item context
}

// BatchResult is the outcome of Map or Parallel: the items that started, in the order of the input.
type BatchResult[O any] struct {
	_      [0]func()
	Items  []BatchItem[O]
	Reason CompletionReason
	flat   bool
	mixed  *mixedCall // of ParallelMixed, for TypedBranch.Result
}

// Results are those of the items that succeeded, never nil.
func (r BatchResult[O]) Results() []O {
	out := []O{}
	for _, i := range r.Items {
		if i.Status == BatchItemSucceeded {
			out = append(out, i.Result)
		}
	}
	return out
}

func (r BatchResult[O]) with(s BatchItemStatus) (out []BatchItem[O]) {
	for _, i := range r.Items {
		if i.Status == s {
			out = append(out, i)
		}
	}
	return out
}

// Succeeded are the items that did.
func (r BatchResult[O]) Succeeded() []BatchItem[O] { return r.with(BatchItemSucceeded) }

// Failed are the items that did.
func (r BatchResult[O]) Failed() []BatchItem[O] { return r.with(BatchItemFailed) }

// Started are the items that were under way when the batch ended.
func (r BatchResult[O]) Started() []BatchItem[O] { return r.with(BatchItemStarted) }

// StartedCount counts Started.
func (r BatchResult[O]) StartedCount() int { return len(r.Started()) }

// SuccessCount counts Succeeded.
func (r BatchResult[O]) SuccessCount() int { return len(r.Succeeded()) }

// FailureCount counts Failed.
func (r BatchResult[O]) FailureCount() int { return len(r.Failed()) }

// TotalCount counts the items that started.
func (r BatchResult[O]) TotalCount() int { return len(r.Items) }

// HasFailure reports whether an item failed.
func (r BatchResult[O]) HasFailure() bool { return r.FailureCount() > 0 }

// Errors are those of the items that failed.
func (r BatchResult[O]) Errors() []error {
	var out []error
	for _, i := range r.Failed() {
		out = append(out, i.Err)
	}
	return out
}

// Item is the first item with the name, nil if there is none.
func (r BatchResult[O]) Item(name string) *BatchItem[O] {
	for i := range r.Items {
		if r.Items[i].Name == name {
			return &r.Items[i]
		}
	}
	return nil
}

// Result is that of the first item with the name, if it succeeded.
func (r BatchResult[O]) Result(name string) (O, bool) {
	if i := r.Item(name); i != nil && i.Status == BatchItemSucceeded {
		return i.Result, true
	}
	var zero O
	return zero, false
}

// Status is that of the batch as a whole.
func (r BatchResult[O]) Status() BatchItemStatus {
	switch {
	case r.Reason == CompletionCustomSucceeded:
		return BatchItemSucceeded
	case r.Reason.failed(), r.HasFailure():
		return BatchItemFailed
	}
	return BatchItemSucceeded
}
