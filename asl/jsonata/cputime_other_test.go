//go:build !linux

package jsonata_test

import "time"

var started = time.Now()

// cpuTime is the time on the clock, where a thread cannot be asked for its own.
func cpuTime() time.Duration { return time.Since(started) }

func processTime() time.Duration { return time.Since(started) }
