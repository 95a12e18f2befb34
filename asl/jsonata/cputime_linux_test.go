package jsonata_test

import (
	"syscall"
	"time"
)

// cpuTime is the processor time of the calling thread.
func cpuTime() time.Duration {
	const thread = 1
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
