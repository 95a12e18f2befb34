package durable

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

// RetryStrategy decides what follows a failed attempt. It must be safe for concurrent use.
type RetryStrategy func(RetryAttempt) RetryDecision

// RetryAttempt describes the attempt that failed. Attempt counts from 1. Elapsed is zero: the service does not report it.
type RetryAttempt struct {
	_       [0]func()
	Err     error
	Attempt int
	Elapsed time.Duration
}

// RetryDecision asks for another attempt after Delay, rounded up to seconds; 0 means DefaultRetryDelay.
type RetryDecision struct {
	_     [0]func()
	Retry bool
	Delay time.Duration
}

// DefaultRetryDelay is used when a decision to retry names no delay.
const DefaultRetryDelay = time.Second

// JitterStrategy spreads delays.
type JitterStrategy string

const (
	// JitterFull draws from [0, d].
	JitterFull JitterStrategy = "FULL"
	// JitterHalf draws from [d/2, d].
	JitterHalf JitterStrategy = "HALF"
	// JitterNone keeps d.
	JitterNone JitterStrategy = "NONE"
)

func (j JitterStrategy) apply(d time.Duration) time.Duration {
	f := float64(d)
	switch j {
	case JitterFull:
		f *= random()
	case JitterHalf:
		f = f/2 + f/2*random()
	}
	return max(time.Second, time.Duration(f).Round(time.Second))
}

// RetryConfig configures NewRetryStrategy. Zero fields mean 3 attempts, 5 s, at most 5 min, rate 2, JitterFull, all
// errors. Note that this is not the default strategy, which is ExponentialBackoff.
type RetryConfig struct {
	_                      [0]func()
	MaxAttempts            int
	InitialDelay, MaxDelay time.Duration
	BackoffRate            float64
	Jitter                 JitterStrategy
	RetryableErrors        []ErrorMatcher
}

// NewRetryStrategy makes a strategy whose delay before retry n is InitialDelay times BackoffRate^(n-1), capped at
// MaxDelay, with jitter. All faults of cfg are reported together.
func NewRetryStrategy(cfg RetryConfig) (RetryStrategy, error) {
	err := errors.Join(checkCurve(cfg.MaxAttempts, cfg.InitialDelay, cfg.MaxDelay, cfg.BackoffRate, cfg.Jitter), checkMatchers(cfg.RetryableErrors))
	if err != nil {
		return nil, err
	}
	c := curve{or(cfg.MaxAttempts, 3), or(cfg.InitialDelay, 5*time.Second), or(cfg.MaxDelay, 5*time.Minute), or(cfg.BackoffRate, 2), or(cfg.Jitter, JitterFull)}
	matchers := append([]ErrorMatcher(nil), cfg.RetryableErrors...)
	return func(a RetryAttempt) RetryDecision {
		if a.Attempt >= c.attempts || !matches(matchers, a.Err) {
			return RetryDecision{}
		}
		return RetryDecision{Retry: true, Delay: c.delay(a.Attempt)}
	}, nil
}

// MustNewRetryStrategy is NewRetryStrategy for configurations that are known to be right; it panics otherwise.
func MustNewRetryStrategy(cfg RetryConfig) RetryStrategy { return must(NewRetryStrategy(cfg)) }

// ExponentialBackoff is the default strategy: 6 attempts, 5 s, doubling, at most 60 s, JitterFull.
func ExponentialBackoff() RetryStrategy {
	return MustNewRetryStrategy(RetryConfig{MaxAttempts: 6, InitialDelay: 5 * time.Second, MaxDelay: time.Minute, BackoffRate: 2, Jitter: JitterFull})
}

// NoRetry gives every attempt up.
func NoRetry() RetryStrategy { return func(RetryAttempt) RetryDecision { return RetryDecision{} } }

// LinearRetryConfig configures LinearBackoff. Zero fields mean 6 attempts, 1 s, 1 s, at most 5 min, JitterNone, all errors.
type LinearRetryConfig struct {
	_                                 [0]func()
	MaxAttempts                       int
	InitialDelay, Increment, MaxDelay time.Duration
	Jitter                            JitterStrategy
	RetryableErrors                   []ErrorMatcher
}

// LinearBackoff makes a strategy whose delay before retry n is InitialDelay plus (n-1) times Increment.
func LinearBackoff(cfg LinearRetryConfig) (RetryStrategy, error) {
	err := errors.Join(checkCurve(cfg.MaxAttempts, cfg.InitialDelay, cfg.MaxDelay, 0, cfg.Jitter), checkMatchers(cfg.RetryableErrors))
	if cfg.Increment < 0 {
		err = errors.Join(err, fmt.Errorf("durable: Increment must not be negative, it is %v", cfg.Increment))
	}
	if err != nil {
		return nil, err
	}
	attempts, initial, step := or(cfg.MaxAttempts, 6), or(cfg.InitialDelay, time.Second), or(cfg.Increment, time.Second)
	limit, jitter := or(cfg.MaxDelay, 5*time.Minute), or(cfg.Jitter, JitterNone)
	matchers := append([]ErrorMatcher(nil), cfg.RetryableErrors...)
	return func(a RetryAttempt) RetryDecision {
		if a.Attempt >= attempts || !matches(matchers, a.Err) {
			return RetryDecision{}
		}
		d := math.Min(float64(limit), float64(initial)+float64(step)*float64(a.Attempt-1))
		return RetryDecision{Retry: true, Delay: jitter.apply(time.Duration(d))}
	}, nil
}

// MustLinearBackoff is LinearBackoff for configurations that are known to be right; it panics otherwise.
func MustLinearBackoff(cfg LinearRetryConfig) RetryStrategy { return must(LinearBackoff(cfg)) }

// ErrorMatcher reports whether an error is one of those to retry.
type ErrorMatcher func(err error) bool

// ErrorIs matches as errors.Is does. A nil target gives a nil matcher, which constructors refuse.
func ErrorIs(target error) ErrorMatcher {
	if target == nil {
		return nil
	}
	return func(err error) bool { return errors.Is(err, target) }
}

// ErrorAs matches errors with a T in their chain.
func ErrorAs[T error]() ErrorMatcher {
	return func(err error) bool {
		var t T
		return errors.As(err, &t)
	}
}

// ErrorTypeIs matches the recorded type of an operation's failure, else the name the error would have on the wire.
func ErrorTypeIs(name string) ErrorMatcher {
	return func(err error) bool {
		var o *OperationError
		return errors.As(err, &o) && o.ErrorType == name || err != nil && typeOf(err) == name
	}
}

// ErrorContains matches a part of the error's text.
func ErrorContains(substr string) ErrorMatcher {
	return func(err error) bool { return err != nil && strings.Contains(err.Error(), substr) }
}

// ErrorMatches matches the error's text. A nil re gives a nil matcher, which constructors refuse.
func ErrorMatches(re *regexp.Regexp) ErrorMatcher {
	if re == nil {
		return nil
	}
	return func(err error) bool { return err != nil && re.MatchString(err.Error()) }
}

func matches(ms []ErrorMatcher, err error) bool {
	for _, m := range ms {
		if m(err) {
			return true
		}
	}
	return len(ms) == 0
}

// curve is a bounded exponential series of delays.
type curve struct {
	attempts       int
	initial, limit time.Duration
	rate           float64
	jitter         JitterStrategy
}

func (c curve) delay(attempt int) time.Duration {
	d := math.Min(float64(c.limit), float64(c.initial)*math.Pow(c.rate, float64(attempt-1)))
	return c.jitter.apply(time.Duration(d))
}

func checkCurve(attempts int, initial, limit time.Duration, rate float64, jitter JitterStrategy) error {
	var errs []error
	if attempts < 0 {
		errs = append(errs, fmt.Errorf("durable: MaxAttempts must not be negative, it is %d", attempts))
	}
	if initial != 0 && initial < time.Second {
		errs = append(errs, fmt.Errorf("durable: InitialDelay must be at least 1s, it is %v", initial))
	}
	if limit != 0 && limit < time.Second {
		errs = append(errs, fmt.Errorf("durable: MaxDelay must be at least 1s, it is %v", limit))
	}
	if math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0 {
		errs = append(errs, fmt.Errorf("durable: BackoffRate must be a number that is not negative, it is %v", rate))
	}
	switch jitter {
	case "", JitterFull, JitterHalf, JitterNone:
	default:
		errs = append(errs, fmt.Errorf("durable: unknown jitter strategy %q", jitter))
	}
	return errors.Join(errs...)
}

func checkMatchers(ms []ErrorMatcher) error {
	for i, m := range ms {
		if m == nil {
			return fmt.Errorf("durable: RetryableErrors[%d] is nil", i)
		}
	}
	return nil
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// wholeSeconds rounds d up to seconds; what the service cannot hold is an error.
func wholeSeconds(what string, d time.Duration) (int32, error) {
	if d < 0 {
		return 0, fmt.Errorf("durable: %s must not be negative, it is %v", what, d)
	}
	s := int64((d + time.Second - 1) / time.Second)
	if d > math.MaxInt64-time.Second {
		s = int64(d / time.Second)
	}
	if s > math.MaxInt32 {
		return 0, fmt.Errorf("durable: %s must not be above %d seconds, it is %v", what, math.MaxInt32, d)
	}
	return int32(s), nil
}
