package durable

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

// MaxStackTraceFrames is how many frames of a stack are recorded, innermost first.
const MaxStackTraceFrames = 32

// panicError is a recovered panic. It behaves like any error, and keeps where it came from.
type panicError struct {
	value any
	trace []string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// StackTrace lists the frames of the panic.
func (e *panicError) StackTrace() []string { return e.trace }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// recovered makes an error of a recovered value; call it in the deferred function itself.
func recovered(value any) error {
	if e, ok := value.(*panicError); ok {
		return e // thrown on by a wrapper; where it began is what counts
	}
	return &panicError{value: value, trace: frames(3, 0)}
}

// entry is the code address of a function value, so that an error it returned can be traced to it.
func entry(fn any) uintptr {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Func || v.IsNil() {
		return 0
	}
	return v.Pointer()
}

// sdkPrefix begins the names of this package's own functions, which tell a reader nothing.
var sdkPrefix = reflect.TypeOf(panicError{}).PkgPath() + "."

// frames lists the calling goroutine's stack without frames of the runtime and of the SDK; first, when not 0, is put
// in front: an error value does not remember where it was made, but the function that returned it is known.
func frames(skip int, first uintptr) []string {
	var pcs [96]uintptr
	n := runtime.Callers(skip, pcs[:])
	out := make([]string, 0, 8)
	if f := runtime.FuncForPC(first); first != 0 && f != nil {
		file, line := f.FileLine(first)
		out = append(out, fmt.Sprintf("%s %s:%d", f.Name(), file, line))
	}
	it := runtime.CallersFrames(pcs[:n])
	for len(out) < MaxStackTraceFrames {
		f, more := it.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") && !strings.HasPrefix(f.Function, sdkPrefix) {
			out = append(out, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
		}
		if !more {
			break
		}
	}
	return out
}

// traceOf is the trace that an error of the chain carries itself.
func traceOf(err error) []string {
	var trace []string
	walk(err, 0, func(e error) bool {
		if s, ok := e.(interface{ StackTrace() []string }); ok {
			trace = s.StackTrace()
		} else if f, ok := e.(interface{ facts() facts }); ok {
			trace = f.facts().StackTrace
		}
		return trace != nil
	})
	if len(trace) > MaxStackTraceFrames {
		trace = trace[:MaxStackTraceFrames]
	}
	return trace
}
