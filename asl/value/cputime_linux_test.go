package value_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time of the process, collecting garbage included.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
