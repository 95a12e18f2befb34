// Package durabletest runs a durable function inside a test: no server, no account, no real time.
//
//	r := durabletest.NewLocalRunner(handle)
//	res, err := r.RunUntilComplete(Order{ID: 7})
//	if err != nil {
//		t.Fatal(err)
//	}
//	receipt, err := durabletest.ResultAs[Receipt](res)
//
// The runner keeps the execution's operations in memory and judges every checkpoint by the same rules as a perdure
// server (internal/durop). Its clock stands still while the function works and jumps to the next timer when nothing else
// is left to do, or when the function asks for news while it works: to the earliest step retry or wait, one at a time. What only others can do, answering a callback, ends
// [LocalRunner.RunUntilComplete] with a PENDING result; answer with [LocalRunner.SendCallbackSuccess] and run on.
//
// A returned error is a fault of the run: the event cannot be encoded, an invocation ended with a Go error, its answer
// cannot be understood. A function that fails is a result with status FAILED.
//
// A runner is for one goroutine. [CloudRunner] runs the same assertions against a deployed function.
package durabletest
