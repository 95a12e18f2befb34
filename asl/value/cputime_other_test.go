//go:build !linux

package value_test

import "time"

var started = time.Now()

// cpuTime is the time on the clock, where a process is not asked for its own.
func cpuTime() time.Duration { return time.Since(started) }
