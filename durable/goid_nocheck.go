//go:build durablenocheck

package durable

// goid answers that goroutines cannot be told apart, which switches the ownership checks off.
func goid() uint64 { return 0 }
