// Package durable is the SDK for durable functions written in Go: handlers whose progress is recorded operation by
// operation, so that they survive crashes, wait for a year without compute, and continue where they were.
//
// A handler is an ordinary function. What must happen once, or must be remembered, goes through an operation: [Step],
// [Wait], [Invoke], [CreateCallback], [WaitForCallback], [WaitForCondition], [RunInChildContext], [Map], [Parallel] and
// their asynchronous forms. On every invocation the handler runs from its first line; an operation that already ended
// answers from its record, and the first one that did not is where work goes on.
//
//	func main() { durable.Start(handle) }
//
//	func handle(ctx durable.Context, o Order) (Receipt, error) {
//		id, err := durable.Step(ctx, "reserve", func(durable.StepContext) (string, error) { return reserve(o) })
//		if err != nil {
//			return Receipt{}, err
//		}
//		if err := durable.Wait(ctx, "cool off", 24*time.Hour); err != nil {
//			return Receipt{}, err
//		}
//		return durable.Step(ctx, "charge", func(durable.StepContext) (Receipt, error) { return charge(o, id) })
//	}
//
// # Contract
//
// Names and signatures are those of the AWS Durable Execution SDK for Go: changing the import path moves a function
// between the two. It runs unchanged on AWS Lambda and on perdure.
//
// An operation takes its identity from its position: the n-th operation of a context has the positional id n, inside a
// child context p the id p-n. On the wire the id is the first 32 hex digits of the SHA-256 of the positional id. Type,
// subtype and name are compared with the record on replay; a difference is a [NonDeterministicExecutionError]. So code
// between operations has to be deterministic, and a Context belongs to the goroutine it was given to ([ErrWrongGoroutine]).
//
// Errors that are not understood must be returned unchanged: suspension travels as one of them.
//
// The SDK keeps one checkpoint call in flight per invocation; updates that gather meanwhile share the next call. The
// start of an at-least-once step is sent together with its outcome when the body ends within [startGrace], else by
// itself while the body goes on; at-most-once steps start durably before their body runs.
//
// The invocation answers PENDING as soon as every goroutine the SDK knows is parked in an operation and no checkpoint is
// on its way. That is counted, not guessed: there is no settling time.
//
// Read next: execution.go (what one invocation knows, and when it ends), flush.go (checkpoints), context.go (claims and
// replay), step.go (the first operation), durabletest (running a function in a test).
package durable

// Version is the version of this SDK, as it appears in the user agent.
const Version = "0.1.0"
