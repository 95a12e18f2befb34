package durable

import (
	"fmt"
)

// completion decides when a batch has enough. It is used by the coordinating goroutine only.
type completion struct {
	cfg    CompletionConfig
	total  int
	name   func(i int) string
	status map[int]BatchItemStatus

	completed, succeeded, failed int
	done                         bool
	reason                       CompletionReason
}

// before judges a batch that has not begun.
func (p *completion) before() (bool, error) {
	if p.total == 0 && p.cfg.ShouldComplete == nil {
		p.end(CompletionAllCompleted)
		return true, nil
	}
	if p.cfg.ShouldComplete != nil {
		if err := p.custom(); err != nil {
			return false, err
		}
		if !p.done && p.total == 0 {
			p.end(CompletionAllCompleted)
		}
	}
	return p.done, nil
}

func (p *completion) end(r CompletionReason) { p.done, p.reason = true, r }

// ended takes in an item that came to its end.
func (p *completion) ended(it *batchItem) error {
	p.completed++
	p.status[it.index] = it.status
	if it.status == BatchItemSucceeded {
		p.succeeded++
	} else {
		p.failed++
	}
	if p.cfg.ShouldComplete != nil {
		if err := p.custom(); err != nil {
			return err
		}
		if !p.done && p.completed == p.total {
			p.end(CompletionAllCompleted)
		}
		return nil
	}
	switch {
	case p.exceeded():
		p.end(CompletionFailureToleranceExceeded)
	case p.completed == p.total:
		p.end(CompletionAllCompleted)
	case p.cfg.MinSuccessful > 0 && p.succeeded >= p.cfg.MinSuccessful:
		p.end(CompletionMinSuccessfulReached)
	}
	return nil
}

// exceeded reports whether more items failed than may.
func (p *completion) exceeded() bool {
	count, percent := p.cfg.ToleratedFailureCount, p.cfg.ToleratedFailurePercentage
	if count == nil && percent == nil {
		return p.cfg.MinSuccessful == 0 && p.failed > 0
	}
	return count != nil && p.failed > *count || percent != nil && int64(p.failed)*100 > int64(*percent)*int64(p.total)
}

// custom asks the user's policy, which may panic.
func (p *completion) custom() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("durable: the completion policy failed: %w", recovered(v))
		}
	}()
	progress := BatchProgress{TotalCount: p.total, CompletedCount: p.completed, SuccessCount: p.succeeded, FailureCount: p.failed}
	for i := range p.total {
		progress.Items = append(progress.Items, BatchItemProgress{Index: i, Name: p.name(i), Status: p.status[i]})
	}
	d := p.cfg.ShouldComplete(progress)
	if !d.complete {
		return nil
	}
	switch d.outcome {
	case CompletionOutcomeSucceeded:
		p.end(CompletionCustomSucceeded)
	case CompletionOutcomeFailed:
		p.end(CompletionCustomFailed)
	default:
		return fmt.Errorf("durable: the completion policy gave an unknown outcome, %d", int(d.outcome))
	}
	return nil
}

// check refuses configurations that cannot be meant.
func (c *CompletionConfig) check() error {
	if c.ShouldComplete != nil && (c.MinSuccessful != 0 || c.ToleratedFailureCount != nil || c.ToleratedFailurePercentage != nil) {
		return fmt.Errorf("durable: ShouldComplete cannot be combined with MinSuccessful or a failure tolerance")
	}
	if c.MinSuccessful < 0 {
		return fmt.Errorf("durable: MinSuccessful must not be negative, it is %d", c.MinSuccessful)
	}
	if n := c.ToleratedFailureCount; n != nil && *n < 0 {
		return fmt.Errorf("durable: ToleratedFailureCount must not be negative, it is %d", *n)
	}
	if n := c.ToleratedFailurePercentage; n != nil && (*n < 0 || *n > 100) {
		return fmt.Errorf("durable: ToleratedFailurePercentage must be from 0 to 100, it is %d", *n)
	}
	return nil
}
