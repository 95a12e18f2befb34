package durable

import (
	"reflect"
	"runtime"
	"sync/atomic"
)

// branchGoroutines counts the goroutines of branches that have not ended, over all executions of the process.
var branchGoroutines atomic.Int64

// branchEntry is where the stack of every such goroutine begins.
var branchEntry = reflect.ValueOf((*branch).run).Pointer()

// deepest is how many frames are looked at; from a deeper stack nothing is concluded.
const deepest = 64

// alone reports whether the calling goroutine is certainly the branch's: it is one of the branches', the branch has not
// ended, and there is no second one in the process. False says nothing. It exists because goid prints every frame of the
// stack, which costs ten times as much as this walk, at each operation of a handler that does one thing after the other.
func (b *branch) alone() bool {
	if b == nil || branchGoroutines.Load() != 1 {
		return false
	}
	var pcs [deepest]uintptr
	n := runtime.Callers(2, pcs[:])
	if n < 2 {
		return false
	}
	// The last is runtime.goexit, under which lies what the go statement called. What is cut off ends in another function.
	f := runtime.FuncForPC(pcs[n-2] - 1)
	if f == nil || f.Entry() != branchEntry {
		return false
	}
	b.ex.mu.Lock()
	defer b.ex.mu.Unlock()
	return !b.ended // set before the count falls: were this goroutine another branch's, this one would have ended
}
