// Package asl is the Amazon States Language: it parses and checks definitions, and runs them one pure step at a time.
//
// [Parse] compiles a definition into a [Machine], which is immutable and shared by all its executions, or says what is
// wrong with it in AWS's words. An [Exec] is one execution: a tree of threads (the root, branches of Parallel states,
// iterations of Map states), each at a state. [Exec.Step] takes one input (a start, the answer to a task, a timer that is
// due), runs every thread that can run until all of them wait for something, and returns what changed as a [Delta]: rows
// to keep, history events to append, timers, calls to make, and the end.
//
// Promises:
//
//   - No goroutine, clock, random source or I/O: time, ids and randomness come from the [Env]. The same inputs give the
//     same deltas.
//   - Loading the rows that the deltas left gives an Exec that goes on exactly as the one that wrote them.
//   - Deltas are small: what did not change is not in them. A finished iteration is a row of its own.
//   - Histories, ids and previous ids, error names and causes are those that AWS recorded.
//   - No definition and no input makes it panic or run without end: a Step has a budget of transitions, expressions have
//     budgets of their own.
//
// Rows: "x" the execution (status, queue); "n" its Info; "t<thread>" a thread that has not ended; "s<thread>" the input of the
// state it is at, if that is a Parallel or Map state; "v<thread>" its variables;
// "i<thread>" the items of a Map; "m<thread>" a map run; "r<thread>/<n>" the output of its n'th branch, iteration or batch. The root thread is
// "0", its n'th child "0.n".
//
// An Exec is not safe for concurrent use. Read next: exec.go for the interface, machine.go for the compiled form,
// step.go for the loop. The contract is section numbers of the Step Functions specification, named where they apply.
package asl
