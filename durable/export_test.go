package durable

import "time"

// WithStartGrace sets how long the start of a step waits for its outcome, so that tests that count calls do not depend
// on how fast the machine is: an hour for one call, nothing for two.
func WithStartGrace(d time.Duration) HandlerOption {
	return handlerOption(func(o *options) error { o.grace = d; return nil })
}
