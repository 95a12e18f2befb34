package asl

import "github.com/perdure/perdure/asl/value"

var undefined value.Value

// runState is a map run.
type runState struct{}

func (x *Exec) runDistributed(t *thread, s *scope, width int) *failure { return nil }
func (x *Exec) acceptRun(in Input) (func(), error)                     { return nil, ErrOrder }
func (x *Exec) abortRun(t *thread)                                     {}
func (x *Exec) reviveRun(t *thread)                                    {}
func (x *Exec) dropRun(t *thread)                                      {}
func (w *writer) run(t *thread)                                        {}
func (r *reader) run(t *thread) error                                  { return nil }
