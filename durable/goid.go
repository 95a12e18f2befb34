//go:build !durablenocheck

package durable

import "runtime"

// goid is the number of the calling goroutine, from the header of its stack, "goroutine 12 [running]"; 0 when it cannot
// be read, which switches the ownership checks off. It costs half a microsecond a frame; the build tag durablenocheck
// removes it.
func goid() uint64 {
	var buf [40]byte
	n := runtime.Stack(buf[:], false)
	const prefix = "goroutine "
	if n < len(prefix) || string(buf[:len(prefix)]) != prefix {
		return 0
	}
	var id uint64
	for _, c := range buf[len(prefix):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}
