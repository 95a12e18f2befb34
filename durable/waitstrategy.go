package durable

import (
	"fmt"
	"time"
)

// WaitDecision says how a condition goes on: another check after Delay (0 counts as 1 s), or the end, successful with
// the state unless Err is set.
type WaitDecision struct {
	_        [0]func()
	Continue bool
	Delay    time.Duration
	Err      error
}

// WaitStrategy looks at the state after check number attempt, counted from 1.
type WaitStrategy[S any] func(state S, attempt int) WaitDecision

// WaitConfig configures NewWaitStrategy. Zero fields mean 60 attempts, 5 s, at most 5 min, rate 1.5, JitterFull; a nil
// ShouldContinue always goes on.
type WaitConfig[S any] struct {
	_                      [0]func()
	MaxAttempts            int
	InitialDelay, MaxDelay time.Duration
	BackoffRate            float64
	Jitter                 JitterStrategy
	ShouldContinue         func(state S) bool
}

// NewWaitStrategy makes a strategy that goes on while ShouldContinue says so. A condition that is met counts even on the
// last attempt; one that is not fails there. All faults of cfg are reported together.
func NewWaitStrategy[S any](cfg WaitConfig[S]) (WaitStrategy[S], error) {
	if err := checkCurve(cfg.MaxAttempts, cfg.InitialDelay, cfg.MaxDelay, cfg.BackoffRate, cfg.Jitter); err != nil {
		return nil, err
	}
	c := curve{or(cfg.MaxAttempts, 60), or(cfg.InitialDelay, 5*time.Second), or(cfg.MaxDelay, 5*time.Minute), or(cfg.BackoffRate, 1.5), or(cfg.Jitter, JitterFull)}
	return func(state S, attempt int) WaitDecision {
		if cfg.ShouldContinue != nil && !cfg.ShouldContinue(state) {
			return WaitDecision{}
		}
		if attempt >= c.attempts {
			return WaitDecision{Err: fmt.Errorf("durable: condition not met after %d attempts", attempt)}
		}
		return WaitDecision{Continue: true, Delay: c.delay(attempt)}
	}, nil
}

// MustNewWaitStrategy is NewWaitStrategy for configurations that are known to be right; it panics otherwise.
func MustNewWaitStrategy[S any](cfg WaitConfig[S]) WaitStrategy[S] { return must(NewWaitStrategy(cfg)) }
