// Package states is the AWS Step Functions service: state machines, their versions and aliases, executions, task tokens,
// activities, map runs.
//
// It is a list of operations for the wire ([Service.Operations]) and a behaviour for the engine ([Service.Behaviour]).
// What an execution does is decided by package asl; this package gives it to the engine and answers for it.
//
// Entities, by kind:
//
//	m/region/account/machine/name           a standard execution; machine is "name/label" for a map run's child
//	x/region/account/machine/name/id        an express execution, in a store that forgets
//	q/region/account/name                   the tasks of an activity that no worker has taken yet
//	r/region/account/machine/label/id       a map run: its owner is the execution that keeps it
//
// Parts of an execution: "@" its record (record.go), "@m..." its map runs (maprun.go), "@q..." and "@n..." what its tasks wait
// for (delta.go); the rows of asl under their own keys; "~" is not used by asl. Timers
// are asl's, and "@..." for retention and the express limit. Effects are task calls under the task's key. Head.Owner is
// "region/account/machine", Head.Data what lists show beyond the head.
//
// Documents: "states/machine", "states/version", "states/alias", "states/activity", by region/account/name. Definitions
// are blobs named by their hash, so that an execution keeps the one it was started with and equal ones are kept once.
//
// Order of checks and texts of errors follow sections 5.3 and 8.3 of the Step Functions specification; texts are protocol.
// Read next: service.go, behaviour.go, delta.go.
package states
